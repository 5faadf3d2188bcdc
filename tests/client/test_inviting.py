"""Invitations: for whom, how often, and what becomes of the mark and of the link."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from client.lines import Lines
from sandbox import Fault
from sync.model import Change, Edit, Kind, Status
from tests.client.builders import applier_of, asked, new_run, plan_of, steps, transport_to
from tests.client.plans import told

if TYPE_CHECKING:
    from pathlib import Path

    from client.apply import Applier
    from sandbox import Sandbox, Tenant
    from tests.client.builders import Time

ANN, BEN = "ann@example.com", "ben@example.com"
MARKS = (Edit("app_metadata.sync.id", None, "7"), Edit("app_metadata.sync.invite", None, "pending"))
COMING = (Change(Kind.CREATE, ANN, edits=MARKS), Change(Kind.INVITE, ANN))
PATCH = "PATCH /users/{id}"
WAYS = {"email": "POST /dbconnections/change_password", "ticket": "POST /tickets/password-change"}


def inviting(sandbox: Sandbox, passing: Time, way: Any, folder: Path, *changes: Change, **options: Any) -> Applier:
    applier = applier_of(transport_to(sandbox, passing, most=2), passing, plan_of(*changes), **options)
    links = Lines(folder / "invitations" / "links.jsonl")
    applier.inviter = replace(applier.inviter, mode=way, client_id="an-app", links=links)
    sandbox.clear_log()
    return applier


def apply(applier: Applier) -> tuple[dict[tuple[Kind, str], tuple[Status, str]], str]:
    record = new_run()
    applier.apply(record)
    return told(record.outcomes), record.invitations


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["requests", "import"])
def test_a_new_person_is_invited_once_and_then_the_mark_goes(
    way: str, mode: Any, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    applier = inviting(sandbox, passing, way, tmp_path, *COMING, mode=mode)

    outcomes, named = apply(applier)

    ((user_id, account),) = tenant.users.items()
    assert set(outcomes.values()) == {(Status.DONE, "")}
    assert steps(sandbox)[1:] == [WAYS[way], PATCH]
    assert account["app_metadata"] == {"sync": {"id": "7"}}
    assert (len(tenant.mails), len(tenant.tickets)) == ((1, 0) if way == "email" else (0, 1))
    path = applier.inviter.links.path
    assert named == (str(path) if way == "ticket" else "")
    assert path.parent.exists() == (way == "ticket")
    if way == "ticket":
        link = tenant.tickets[0]["link"]
        assert [json.loads(line) for line in path.read_text().splitlines()] == [
            {"email": ANN, "user_id": user_id, "link": link}
        ]


@pytest.mark.parametrize("way", WAYS)
def test_who_is_yet_to_be_invited_from_an_earlier_run_is_looked_at_again(
    way: str, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    marks = {"sync": {"id": "7", "invite": "pending", "theirs": 1}, "plan": "gold"}
    ann, ben = tenant.add_user(ANN, app_metadata=marks), tenant.add_user(BEN, app_metadata=marks)
    tenant.update_user(ben, app_metadata={"sync": {"id": "7"}})  # another run was faster
    changes = (Change(Kind.INVITE, ANN, ann), Change(Kind.INVITE, BEN, ben))

    outcomes, _ = apply(inviting(sandbox, passing, way, tmp_path, *changes))

    assert outcomes == {(Kind.INVITE, ANN): (Status.DONE, ""), (Kind.INVITE, BEN): (Status.DONE, "invited already")}
    assert steps(sandbox) == [WAYS[way], PATCH]
    assert tenant.users[ann]["app_metadata"] == {"sync": {"id": "7", "theirs": 1}, "plan": "gold"}


@pytest.mark.parametrize("way", WAYS)
def test_an_invitation_that_fails_leaves_the_mark_for_the_next_run(
    way: str, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    applier = inviting(sandbox, passing, way, tmp_path, *COMING)
    path = "/dbconnections/change_password" if way == "email" else "/api/v2/tickets/password-change"
    sandbox.faults.add(Fault(kind="status", path=path, status=400))

    outcomes, _ = apply(applier)

    (account,) = tenant.users.values()
    assert outcomes[Kind.INVITE, ANN][0] is Status.FAILED
    assert account["app_metadata"] == {"sync": {"id": "7", "invite": "pending"}}
    assert asked(sandbox, "PATCH", "/users/{id}") == []


@pytest.mark.parametrize("mode", ["requests", "import"])
def test_somebody_who_had_an_account_already_is_not_invited(
    mode: Any, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    tenant.add_user(ANN)

    outcomes, _ = apply(inviting(sandbox, passing, "email", tmp_path, *COMING, mode=mode))

    assert outcomes[Kind.INVITE, ANN] == (Status.DONE, "not invited: the account existed already")
    assert (tenant.mails, asked(sandbox, "PATCH", "/users/{id}")) == ([], [])


@pytest.mark.parametrize("kind", ["drop_before", "status"])
def test_nor_if_the_answer_was_lost_that_would_have_said_so(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    tenant.add_user(ANN, app_metadata={"plan": "gold"})
    applier = inviting(sandbox, passing, "email", tmp_path, *COMING)
    sandbox.faults.add(Fault(kind=kind, method="POST", path="/api/v2/users", status=503))

    apply(applier)

    assert tenant.mails == []
    assert [account["app_metadata"] for account in tenant.users.values()] == [{"plan": "gold"}]


def test_somebody_whose_account_could_not_be_created_is_skipped(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    applier = inviting(sandbox, passing, "email", tmp_path, *COMING)
    sandbox.faults.add(Fault(kind="status", method="POST", path="/api/v2/users", status=400))

    outcomes, _ = apply(applier)

    assert outcomes[Kind.INVITE, ANN] == (Status.SKIPPED, "the account was not created")
    assert tenant.mails == []


def test_a_link_that_cannot_be_written_ends_the_run_and_leaves_the_mark(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applier = inviting(sandbox, passing, "ticket", tmp_path, *COMING, Change(Kind.INVITE, BEN, "auth0|1"))
    monkeypatch.setattr("client.lines.os.write", lambda _file, data: len(data) - 1)
    record = new_run()

    with pytest.raises(Exception, match="cannot be written"):
        applier.apply(record)

    outcomes = told(record.outcomes)
    assert outcomes[Kind.INVITE, ANN][0] is Status.FAILED
    assert outcomes[Kind.INVITE, BEN][0] is Status.NOT_TRIED
    assert tenant.tickets[0]["link"] not in outcomes[Kind.INVITE, ANN][1]
    assert asked(sandbox, "PATCH", "/users/{id}") == []


def test_where_links_cannot_be_written_nothing_is_begun(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    (tmp_path / "invitations").write_text("a file where the folder should be")

    with pytest.raises(Exception, match="cannot be written"):
        apply(inviting(sandbox, passing, "ticket", tmp_path, *COMING))

    assert tenant.users == {}
