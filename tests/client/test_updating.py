"""Updates, adoptions and blocks that end sessions: what is looked at, written down and sent, and in which order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.errors import Conflict, Malformed, Uncertain
from client.taking import Taker
from sandbox import DEFAULT_CONNECTION, Fault
from sync.model import Cause, Change, Edit, Kind, Status
from tests.client.builders import (
    RawServer,
    Remembered,
    asked,
    http_json,
    reader_of,
    steps,
    transport_at,
    transport_to,
    writer_of,
)

if TYPE_CHECKING:
    from sandbox import Sandbox, Tenant
    from sync.model import Prior
    from tests.client.builders import Time

ANN = "ann@example.com"
NAME, TEAM = Edit("name", "Ann", "Anna"), Edit("app_metadata.team", "red", "blue")
RENAME = Edit("email", ANN, "anna@example.com")
KEY, OWNER = Edit("app_metadata.sync.id", None, "7"), Edit("app_metadata.sync.owner", None, "hr")


@pytest.fixture
def ann(tenant: Tenant) -> str:
    metadata = {"team": "red", "plan": "gold", "sync": {"theirs": 1}}
    return tenant.add_user(ANN, name="Ann", app_metadata=metadata, user_metadata={"tea": "green"})


def taker_of(sandbox: Sandbox, passing: Time, **options: Any) -> tuple[Taker, list[Prior]]:
    transport, journal = transport_to(sandbox, passing), Remembered()
    taker = Taker(reader_of(transport, passing), writer_of(transport, passing), journal, **options)
    sandbox.clear_log()
    return taker, journal.priors


def change(user_id: str, *edits: Edit, kind: Kind = Kind.UPDATE, **further: Any) -> Change:
    email = next((edit.new for edit in edits if edit.field == "email"), ANN)
    return Change(kind, email, user_id, edits=edits, **further)


def test_attributes_are_set_in_one_request_and_written_down_before(
    sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str
) -> None:
    taker, priors = taker_of(sandbox, passing)

    tried = taker.update(change(ann, NAME, TEAM))

    assert tried.status is Status.DONE
    assert [entry.method for entry in sandbox.log] == ["PATCH"]
    assert sandbox.log[0].body == {"name": "Anna", "app_metadata": {"team": "blue"}}
    assert tenant.users[ann]["app_metadata"] == {"team": "blue", "plan": "gold", "sync": {"theirs": 1}}
    (prior,) = priors
    assert (prior.kind, prior.user_id, prior.email, prior.edits) == (Kind.UPDATE, ann, ANN, (NAME, TEAM))
    assert (prior.roles, prior.taken, prior.profile) == ((), (), {})


@pytest.mark.parametrize("edits", [(RENAME,), (KEY,), (OWNER, NAME)])
def test_who_is_to_be_who_is_looked_at_again_and_written_down_whole(
    edits: tuple[Edit, ...], sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str
) -> None:
    taker, priors = taker_of(sandbox, passing)
    tenant.update_user(ann, user_metadata={"tea": "black"})  # after the plan was made

    tried = taker.update(change(ann, *edits))

    assert tried.status is Status.DONE
    assert [entry.method for entry in sandbox.log] == ["GET", "PATCH"]  # its roles are not at stake
    (prior,) = priors
    assert (prior.user_metadata, prior.email, prior.profile["name"]) == ({"tea": "black"}, ANN, "Ann")
    assert tenant.users[ann]["app_metadata"]["sync"]["theirs"] == 1
    assert tenant.mails == []


@pytest.mark.parametrize(
    ("edits", "now", "why"),
    [
        ((RENAME,), {"email": "else@example.com"}, "else@example.com"),
        ((KEY,), {"email": "anna@example.com"}, "anna@example.com"),
        ((KEY,), {"app_metadata": {"sync": {"id": "9"}}}, "app_metadata.sync.id is '9' by now"),
        ((OWNER,), {"app_metadata": {"sync": {"owner": "it"}}}, "app_metadata.sync.owner is 'it' by now"),
    ],
)
def test_an_account_that_has_become_another_is_left_alone(
    edits: tuple[Edit, ...], now: dict[str, Any], why: str, sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str
) -> None:
    taker, priors = taker_of(sandbox, passing)
    tenant.update_user(ann, **now)

    tried = taker.update(change(ann, *edits))

    assert tried.status is Status.SKIPPED
    assert tried.why.startswith("it is no longer the account that was planned: ")
    assert why in tried.why
    assert (steps(sandbox), priors) == ([], [])


def test_half_an_update_can_be_done_again(sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str) -> None:
    taker, _ = taker_of(sandbox, passing)
    tenant.update_user(ann, email="anna@example.com", app_metadata={"sync": {"id": "7"}})

    tried = taker.update(change(ann, RENAME, KEY))

    assert tried.status is Status.DONE
    assert tenant.users[ann]["email"] == "anna@example.com"


@pytest.mark.parametrize("edits", [(NAME,), (RENAME,)])
def test_an_account_that_is_gone_is_told_and_not_made_up(
    edits: tuple[Edit, ...], sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str
) -> None:
    taker, _ = taker_of(sandbox, passing)
    tenant.remove_user(ann)

    tried = taker.update(change(ann, *edits))

    assert (tried.status, tried.why) == (Status.SKIPPED, "the account is gone; the next run makes a new one")


def test_a_username_is_sent_after_the_email_it_cannot_go_with(
    sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str
) -> None:
    tenant.connections.clear()
    tenant.add_connection(DEFAULT_CONNECTION, requires_username=True)
    taker, _ = taker_of(sandbox, passing)

    taker.update(change(ann, RENAME, Edit("email_verified", old=True, new=True), Edit("username", None, "anna")))

    assert [entry.body for entry in sandbox.writes()] == [
        {"email": "anna@example.com", "email_verified": True, "verify_email": False}, {"username": "anna"},
    ]  # fmt: skip
    assert (tenant.users[ann]["username"], tenant.users[ann]["email_verified"]) == ("anna", True)


def blocking(user_id: str) -> Change:
    return Change(Kind.BLOCK, ANN, user_id, cause=Cause.MISSING)


def test_a_block_that_ends_sessions_says_so_until_it_has(
    sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str
) -> None:
    tenant.scopes |= {"delete:sessions", "delete:refresh_tokens"}
    taker, _ = taker_of(sandbox, passing, revoke=True)
    today = datetime.now(UTC).date().isoformat()

    assert taker.block(blocking(ann)).status is Status.DONE

    assert steps(sandbox) == ["PATCH /users/{id}", "POST /users/{id}/revoke-access", "PATCH /users/{id}"]
    first, revoking, last = (entry.body for entry in sandbox.writes())
    marks = {"theirs": 1, "blocked_at": today}
    assert first == {"blocked": True, "app_metadata": {"sync": {**marks, "revoke": "pending"}}}
    assert revoking == {}
    assert last == {"app_metadata": {"sync": marks}}
    assert tenant.revoked_access == [ann]


def test_who_is_blocked_by_us_keeps_the_day_of_it(sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str) -> None:
    tenant.scopes |= {"delete:sessions", "delete:refresh_tokens"}
    marks = {"blocked_at": "2026-01-02", "revoke": "pending"}
    tenant.update_user(ann, blocked=True, app_metadata={"sync": marks})
    taker, _ = taker_of(sandbox, passing, revoke=True)

    taker.block(blocking(ann))

    assert tenant.users[ann]["app_metadata"]["sync"] == {"blocked_at": "2026-01-02"}


def test_a_stale_mark_gives_a_new_block_no_old_day(sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str) -> None:
    tenant.update_user(ann, app_metadata={"sync": {"blocked_at": "2020-01-02"}})
    taker, _ = taker_of(sandbox, passing)

    taker.block(blocking(ann))

    assert tenant.users[ann]["app_metadata"]["sync"]["blocked_at"] == datetime.now(UTC).date().isoformat()
    assert tenant.revoked_access == []


def test_a_role_whose_answer_is_lost_is_not_created_twice(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    writer = writer_of(transport_to(sandbox, passing), passing)
    for number, kind in enumerate(("drop_after", "status_after", "truncate", "drop_before", "html", "garbage")):
        sandbox.faults.add(Fault(kind=kind, method="POST", path="/api/v2/roles"))  # type: ignore[arg-type]

        role_id = writer.create_role(f"role {number}")

        assert [one["name"] for one in tenant.roles.values()].count(f"role {number}") == 1
        assert tenant.role_id(f"role {number}") == role_id


def test_a_role_that_came_meanwhile_is_as_good_whatever_its_case(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    writer = writer_of(transport_to(sandbox, passing), passing)
    role_id = tenant.add_role("Auditor")
    sandbox.faults.add(Fault(kind="status", method="POST", path="/api/v2/roles", status=409, times=None))

    assert writer.create_role(" auditor") == role_id
    with pytest.raises(Conflict):
        writer.create_role("viewer")
    tenant.add_role("AUDITOR")
    with pytest.raises(Conflict):  # which of the two?
        writer.create_role("auditor")


@pytest.mark.parametrize("answer", [{}, {"ticket": 7}, {"id": 7}, [], "https://x.io"])
def test_what_is_no_role_and_no_ticket_is_an_error_that_tells_nothing_of_it(answer: object, passing: Time) -> None:
    connections = [{"id": "con_0123456789abcdef", "name": DEFAULT_CONNECTION, "strategy": "auth0"}]

    def said(request: str) -> list[bytes]:
        if request.startswith("GET"):
            none = {"roles": [], "start": 0, "limit": 100, "total": 0}
            return [http_json(connections if "/connections" in request else none)]
        return [http_json(answer)]

    with RawServer(said) as server:
        writer = writer_of(transport_at(server.url, passing, most=0), passing)

        with pytest.raises(Malformed, match="the answer is no ticket"):
            writer.ticket("auth0|1")
        with pytest.raises((Malformed, Uncertain), match="no role"):
            writer.create_role("viewer")


def test_a_ticket_is_for_an_application_only_if_one_is_named(
    sandbox: Sandbox, tenant: Tenant, passing: Time, ann: str
) -> None:
    writer = writer_of(transport_to(sandbox, passing), passing)

    links = [writer.ticket(ann), writer.ticket(ann, "an-app")]

    assert links == [ticket["link"] for ticket in tenant.tickets]
    bodies = [entry.body for entry in asked(sandbox, "POST", "/tickets/password-change")]
    assert bodies == [{"user_id": ann}, {"user_id": ann, "client_id": "an-app"}]
    assert tenant.mails == []
