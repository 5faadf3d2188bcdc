"""Carrying out a plan: in the order that fails safe, each change its own try, and what ends it all."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from client.apply import Applier
from client.auth0.errors import Auth0Error, Denied
from client.stop import Stopped
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync import desired
from sync.model import Change, Kind, Status
from sync.plan import build
from sync.roles import ManagedRoles
from tests.client.builders import (
    RawServer,
    Time,
    applier_of,
    asked,
    fill,
    http,
    new_run,
    plan_of,
    reader_of,
    roles_named,
    steps,
    transport_to,
    writer_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.auth0.reader import Reader
    from sync.plan import Plan

    Serve = Callable[..., Sandbox]

ROLES = "/api/v2/users/{id}/roles"
USER = "/api/v2/users/{id}"
CREATE, ADD, REMOVE, DELETE = Kind.CREATE, Kind.ADD_ROLES, Kind.REMOVE_ROLES, Kind.DELETE


@pytest.fixture(autouse=True)
def roles(tenant: Tenant) -> None:
    for name in ("admin", "editor"):
        tenant.add_role(name)


def run(sandbox: Sandbox, passing: Time, plan: Plan, **options: Any) -> dict[tuple[Kind, str], tuple[Status, str]]:
    """Apply `plan`; what became of each change, by kind and e-mail."""
    most = options.pop("most", 2)
    applier = applier_of(transport_to(sandbox, passing, most=most), passing, plan, **options)
    sandbox.clear_log()
    record = new_run()
    applier.apply(record)
    return told(record.outcomes)


def told(outcomes: Any) -> dict[tuple[Kind, str], tuple[Status, str]]:
    return {(one.change.kind, one.change.email): (one.status, one.why) for one in outcomes}


def statuses(outcomes: Any) -> list[Status]:
    return [outcome.status for outcome in outcomes]


def everything(tenant: Tenant) -> Plan:
    """A plan with all kinds of change: ann is new, ben changes roles, cy goes."""
    ben = tenant.add_user("ben@example.com", roles=["editor"])
    cy = tenant.add_user("cy@example.com", roles=["admin"])
    admin, editor = roles_named(tenant, "admin", "editor")
    return plan_of(
        Change(CREATE, "ann@example.com"),
        Change(ADD, "ann@example.com", None, (admin, editor)),
        Change(ADD, "ben@example.com", ben, (admin,)),
        Change(REMOVE, "ben@example.com", ben, (editor,)),
        Change(DELETE, "cy@example.com", cy),
    )


AGREED = {"ann@example.com": ["admin", "editor"], "ben@example.com": ["admin"]}


@pytest.mark.parametrize("workers", [1, 4])
def test_a_plan_is_carried_out_kind_by_kind(workers: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    outcomes = run(sandbox, passing, everything(tenant), workers=workers)

    assert tenant.snapshot() == AGREED
    assert {status for status, _ in outcomes.values()} == {Status.DONE}
    assert steps(sandbox) == [
        "POST /users",
        "POST /users/{id}/roles",
        "POST /users/{id}/roles",
        "DELETE /users/{id}/roles",
        "DELETE /users/{id}",
    ]


def test_a_kind_begins_when_the_one_before_it_is_done(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    (role,) = roles_named(tenant, "admin")
    emails = [f"p{number}@example.com" for number in range(12)]
    going = fill(tenant, 12, start=100)
    creations = [change for email in emails for change in (Change(CREATE, email), Change(ADD, email, None, (role,)))]
    deletions = [Change(DELETE, tenant.users[user_id]["email"], user_id) for user_id in going]

    run(sandbox, passing, plan_of(*creations, *deletions), workers=4)

    assert steps(sandbox) == ["POST /users"] * 12 + ["POST /users/{id}/roles"] * 12 + ["DELETE /users/{id}"] * 12
    assert tenant.snapshot() == {email: ["admin"] for email in emails}


def test_applying_a_plan_twice_is_harmless(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    run(sandbox, passing, plan)
    ids = set(tenant.users)

    outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == AGREED
    assert set(tenant.users) == ids
    assert outcomes[CREATE, "ann@example.com"] == (Status.DONE, "adopted: the account existed already")
    assert outcomes[DELETE, "cy@example.com"] == (Status.DONE, "it was gone already")


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_after", "html", "hang", "rate_limit"])
def test_a_new_account_has_its_roles_whatever_becomes_of_its_creation(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = everything(tenant)
    applier = applier_of(transport_to(sandbox, passing, timeout=0.4), passing, plan)
    sandbox.faults.add(Fault(kind=kind, method="POST", path="/api/v2/users", applied=True))

    applier.apply(new_run())

    assert tenant.snapshot() == AGREED


def test_an_adopted_account_gets_the_roles(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    tenant.add_user("ann@example.com")

    run(sandbox, passing, plan)

    assert tenant.snapshot() == AGREED


def test_who_could_not_be_created_gets_no_roles_and_the_others_go_on(
    sandbox: Sandbox, tenant: Tenant, passing: Time, caplog: pytest.LogCaptureFixture
) -> None:
    plan = everything(tenant)
    sandbox.faults.add(Fault(kind="status", method="POST", path="/api/v2/users", status=400))

    with caplog.at_level(logging.INFO):
        outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == {"ben@example.com": ["admin"]}
    assert outcomes[CREATE, "ann@example.com"][0] is Status.FAILED
    assert outcomes[ADD, "ann@example.com"] == (Status.SKIPPED, "the account was not created")
    assert "could not add ann@example.com: POST /users -> 400" in caplog.text
    assert "could not give roles to ann@example.com: the account was not created" in caplog.text


def test_who_did_not_get_new_roles_keeps_the_old_ones(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    ben = next(change.user_id for change in plan.changes if change.email.startswith("ben"))
    where = str(ben).removeprefix("auth0|")
    sandbox.faults.add(Fault(kind="status", method="POST", path=ROLES, where=where, status=403, times=None))

    outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == {"ann@example.com": ["admin", "editor"], "ben@example.com": ["editor"]}
    assert outcomes[REMOVE, "ben@example.com"] == (Status.SKIPPED, "the new roles could not be given first")
    assert asked(sandbox, "DELETE", "/users/{id}/roles") == []


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_one_bad_account_does_not_stop_the_others(status: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    (admin,) = roles_named(tenant, "admin")
    user_ids = fill(tenant, 20)
    bad = user_ids[7]
    where = bad.removeprefix("auth0|")
    sandbox.faults.add(Fault(kind="status", method="POST", path=ROLES, where=where, status=status, times=None))
    plan = plan_of(*[Change(ADD, tenant.users[one]["email"], one, (admin,)) for one in user_ids])

    outcomes = run(sandbox, passing, plan, workers=4)

    failed = [email for (_, email), (status, _) in outcomes.items() if status is Status.FAILED]
    assert failed == [tenant.users[bad]["email"]]
    assert [email for email, roles in tenant.snapshot().items() if not roles] == failed


def test_a_429_between_two_role_changes_is_waited_for(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    sandbox.faults.add(Fault(kind="rate_limit", path=ROLES, after=1, retry_after=5))
    sandbox.faults.add(Fault(kind="rate_limit", method="DELETE", path=ROLES, reset="absent"))

    outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == AGREED
    assert {status for status, _ in outcomes.values()} == {Status.DONE}


def deletion(tenant: Tenant) -> tuple[str, Plan]:
    user_id = tenant.add_user("cy@example.com", roles=["admin"])
    return user_id, plan_of(Change(DELETE, "cy@example.com", user_id))


def test_an_account_is_looked_at_again_before_it_is_deleted(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_id, plan = deletion(tenant)

    run(sandbox, passing, plan)

    assert [(entry.method, entry.path) for entry in sandbox.log] == [("GET", USER), ("DELETE", USER)]
    assert user_id not in tenant.users


def test_an_account_whose_email_changed_meanwhile_is_left_alone(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id, plan = deletion(tenant)
    tenant.update_user(user_id, email="di@example.com")

    outcomes = run(sandbox, passing, plan)

    why = "it is no longer the account that was planned: di@example.com"
    assert outcomes == {(DELETE, "cy@example.com"): (Status.SKIPPED, why)}
    assert tenant.snapshot() == {"di@example.com": ["admin"]}


def test_an_account_without_an_email_by_now_is_left_alone(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_id, plan = deletion(tenant)
    tenant.update_user(user_id, email=None)

    run(sandbox, passing, plan)

    assert user_id in tenant.users


def test_an_account_whose_connection_changed_meanwhile_is_left_alone(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id, plan = deletion(tenant)
    identity = {**tenant.users[user_id]["identities"][0], "connection": "another"}
    tenant.update_user(user_id, identities=[identity])

    outcomes = run(sandbox, passing, plan)

    assert [status for status, _ in outcomes.values()] == [Status.SKIPPED]
    assert user_id in tenant.users


def test_an_email_in_other_letters_is_the_same_account(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_id, plan = deletion(tenant)
    tenant.update_user(user_id, email="Cy@Example.com")

    run(sandbox, passing, plan)

    assert tenant.users == {}


def test_an_account_that_is_gone_is_not_deleted_again(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_id, plan = deletion(tenant)
    tenant.remove_user(user_id)

    outcomes = run(sandbox, passing, plan)

    assert outcomes == {(DELETE, "cy@example.com"): (Status.DONE, "it was gone already")}
    assert sandbox.writes() == []


@pytest.mark.parametrize("kind", ["status", "html", "garbage", "drop_before", "truncate"])
def test_an_account_that_cannot_be_looked_at_is_not_deleted(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id, plan = deletion(tenant)
    sandbox.faults.add(Fault(kind=kind, method="GET", path=USER, times=None))

    outcomes = run(sandbox, passing, plan)

    assert [status for status, _ in outcomes.values()] == [Status.FAILED]
    assert user_id in tenant.users
    assert sandbox.writes() == []


def giving(tenant: Tenant, how_many: int) -> Plan:
    (admin,) = roles_named(tenant, "admin")
    return plan_of(*[Change(ADD, tenant.users[one]["email"], one, (admin,)) for one in fill(tenant, how_many)])


@pytest.mark.parametrize("kind", ["status", "drop_before", "html", "rate_limit"])
def test_ten_changes_in_a_row_without_a_proper_answer_end_the_run(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = giving(tenant, 30)
    sandbox.faults.add(Fault(kind=kind, status=503, path=ROLES, times=None))
    applier = applier_of(transport_to(sandbox, passing, most=0), passing, plan)
    record = new_run()

    with pytest.raises(Auth0Error) as caught:
        applier.apply(record)

    assert caught.value is applier.broken
    assert statuses(record.outcomes) == [Status.FAILED] * 10 + [Status.NOT_TRIED] * 20
    assert record.outcomes[-1].why == "the run had given up"
    assert len(asked(sandbox, "POST", "/users/{id}/roles")) == 10


def test_a_change_that_succeeds_begins_the_count_anew(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = giving(tenant, 25)
    for after in (0, 1):
        sandbox.faults.add(Fault(kind="status", status=503, path=ROLES, times=9, after=after))

    outcomes = run(sandbox, passing, plan, most=0)

    assert [status for status, _ in outcomes.values()].count(Status.FAILED) == 18


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_refusals_in_a_row_are_about_the_accounts_and_do_not_end_the_run(
    status: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = giving(tenant, 25)
    sandbox.faults.add(Fault(kind="status", status=status, path=ROLES, times=20))

    outcomes = run(sandbox, passing, plan)

    assert [status for status, _ in outcomes.values()] == [Status.FAILED] * 20 + [Status.DONE] * 5


@pytest.mark.parametrize("status", [401, 403])
def test_a_lost_login_ends_the_run_at_once(status: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = giving(tenant, 10)
    applier = applier_of(transport_to(sandbox, passing), passing, plan)
    tenant.revoke_client(status)
    record = new_run()

    with pytest.raises(Denied, match="POST /oauth/token"):
        applier.apply(record)

    assert statuses(record.outcomes) == [Status.FAILED] + [Status.NOT_TRIED] * 9
    assert {tuple(roles) for roles in tenant.snapshot().values()} == {()}


def test_a_token_that_is_refused_for_good_ends_the_run_at_once(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = giving(tenant, 10)
    sandbox.faults.add(Fault(kind="status", status=401, path=ROLES, times=None))
    record = new_run()

    with pytest.raises(Denied):
        applier_of(transport_to(sandbox, passing), passing, plan).apply(record)

    assert statuses(record.outcomes) == [Status.FAILED] + [Status.NOT_TRIED] * 9


def test_a_token_that_ends_in_the_middle_is_not_noticed(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    applier = applier_of(transport_to(sandbox, passing), passing, plan)
    tenant.revoke_tokens()

    applier.apply(new_run())

    assert tenant.snapshot() == AGREED


def test_what_was_not_tried_takes_nothing_from_anybody(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    admin, editor = roles_named(tenant, "admin", "editor")
    user_ids = fill(tenant, 15, roles=["editor"])
    changes = [Change(ADD, tenant.users[one]["email"], one, (admin,)) for one in user_ids]
    changes += [Change(REMOVE, tenant.users[one]["email"], one, (editor,)) for one in user_ids]
    changes += [Change(DELETE, "cy@example.com", tenant.add_user("cy@example.com"))]
    sandbox.faults.add(Fault(kind="status", status=503, method="POST", path=ROLES, times=None))
    record = new_run()

    with pytest.raises(Auth0Error):
        applier_of(transport_to(sandbox, passing, most=0), passing, plan_of(*changes)).apply(record)

    assert all("editor" in roles for email, roles in tenant.snapshot().items() if email != "cy@example.com")
    assert "cy@example.com" in tenant.snapshot()
    assert statuses(record.outcomes) == [Status.FAILED] * 10 + [Status.NOT_TRIED] * 21


@pytest.mark.parametrize("who", ["transport", "applier", "both"])
def test_a_stop_leaves_the_rest_and_finishes_the_write_in_hand(
    who: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = everything(tenant)

    def check() -> None:
        if sandbox.writes():
            raise Stopped("SIGTERM")

    def ignore() -> None:
        pass

    transport = transport_to(sandbox, passing, check=ignore if who == "applier" else check)
    applier = applier_of(transport, passing, plan, check=ignore if who == "transport" else check)
    record = new_run()
    applier.apply(record)

    outcomes = told(record.outcomes)
    assert outcomes.pop((CREATE, "ann@example.com")) == (Status.DONE, "")
    assert set(outcomes.values()) == {(Status.NOT_TRIED, "the run was stopped")}
    assert sorted(tenant.snapshot()) == ["ann@example.com", "ben@example.com", "cy@example.com"]
    assert len(sandbox.writes()) == 1


def test_a_stop_between_the_look_and_the_deletion_deletes_nothing(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id, plan = deletion(tenant)

    def check() -> None:
        if asked(sandbox, "GET", "/users/{id}"):
            raise Stopped("SIGINT")

    record = new_run()
    applier_of(transport_to(sandbox, passing, check=check), passing, plan).apply(record)

    assert statuses(record.outcomes) == [Status.NOT_TRIED]
    assert user_id in tenant.users


def test_outcomes_are_told_for_every_change_however_it_ends(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    applier = applier_of(transport_to(sandbox, passing), passing, plan)

    before = applier.outcomes
    applier.apply(new_run())

    assert [outcome.change for outcome in before] == list(plan.changes)
    assert set(statuses(before)) == {Status.NOT_TRIED}
    assert set(statuses(applier.outcomes)) == {Status.DONE}


def test_so_many_changes_are_under_way_at_a_time_and_no_more(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = giving(tenant, 6)
    together = threading.Barrier(3, timeout=10)

    def answer(_: str) -> list[bytes]:
        together.wait()
        return [http(b"", status="204 No Content")]

    with RawServer(answer) as server:
        transport = transport_to(sandbox, passing)
        reader, writer = reader_of(transport, passing), writer_of(transport, passing)
        transport.url = server.url
        slow = transport.for_writing()
        slow._pace._unmetered.add("POST /users/{id}/roles")  # noqa: SLF001 - else the pace lets one go first
        writer._transport = slow  # noqa: SLF001 - the same token, at a server that waits for three
        record = new_run()
        Applier(plan, reader, writer, 3).apply(record)

    assert statuses(record.outcomes) == [Status.DONE] * 6


def a_plan_for(reader: Reader, rows: list[tuple[str, str]]) -> Plan:
    """The plan that makes the tenant agree with `rows`."""
    managed = ManagedRoles(reader.roles())
    accounts = reader.accounts(reader.connection())
    wanted = desired.build(pd.DataFrame(rows, columns=["email", "role"], dtype="string"), managed)
    memberships = reader.memberships(accounts, list(managed))
    return build(wanted, accounts, memberships, connection=DEFAULT_CONNECTION, roles=managed)


@pytest.mark.parametrize("stopped_after", range(8))
@pytest.mark.parametrize("lost", [False, True])
def test_wherever_a_run_stops_the_next_one_converges_and_the_one_after_writes_nothing(
    stopped_after: int,
    lost: bool,  # noqa: FBT001 - parametrized
    sandbox: Sandbox,
    tenant: Tenant,
    passing: Time,
) -> None:
    everything(tenant)
    rows = [(email, role) for email, names in AGREED.items() for role in names]
    reader = reader_of(transport_to(sandbox, passing), passing, role_read="members")
    if lost:
        sandbox.faults.add(Fault(kind="drop_after", method="POST", path="/api/v2/users"))

    def check() -> None:
        if len(sandbox.writes()) >= stopped_after and begun:
            raise Stopped("SIGTERM")

    begun: list[bool] = []
    plan = a_plan_for(reader, rows)
    applier = applier_of(transport_to(sandbox, passing, check=check), passing, plan, check=check)
    begun.append(True)
    applier.apply(new_run())
    applier_of(transport_to(sandbox, passing), passing, a_plan_for(reader, rows)).apply(new_run())

    assert tenant.snapshot() == AGREED
    assert a_plan_for(reader, rows).changes == ()


def test_a_plan_without_changes_asks_for_nothing(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    before = tenant.snapshot(DEFAULT_CONNECTION)

    outcomes = run(sandbox, passing, plan_of())

    assert outcomes == {}
    assert sandbox.log == []
    assert tenant.snapshot() == before
