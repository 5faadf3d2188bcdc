"""Carrying out a plan: in the order that fails safe, each change its own try, with its own outcome."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from client.stop import Stopped
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync import desired
from sync.model import Change, Status
from sync.plan import build
from sync.roles import ManagedRoles
from tests.client.builders import (
    RawServer,
    Time,
    applier_of,
    asked,
    fill,
    http_json,
    new_run,
    plan_of,
    reader_of,
    roles_named,
    steps,
    transport_to,
)
from tests.client.plans import (
    ADD,
    AGREED,
    CREATE,
    DELETE,
    MEMBERS,
    REMOVE,
    ROLES,
    USERS,
    everything,
    joining,
    run,
    statuses,
    taking,
)

if TYPE_CHECKING:
    from client.auth0.reader import Reader
    from sync.plan import Plan

pytestmark = pytest.mark.usefixtures("roles")


@pytest.mark.parametrize("workers", [1, 4])
def test_a_plan_is_carried_out_kind_by_kind(workers: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    outcomes = run(sandbox, passing, everything(tenant), workers=workers)

    assert tenant.snapshot() == AGREED
    assert {status for status, _ in outcomes.values()} == {Status.DONE}
    assert steps(sandbox) == [
        "POST /users",
        "POST /roles/{id}/users",
        "POST /roles/{id}/users",
        "DELETE /users/{id}/roles",
        "DELETE /users/{id}",
    ]


def test_a_kind_begins_when_the_one_before_it_is_done(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    creations = joining(tenant, [f"p{number}@example.com" for number in range(12)], "admin")
    admin, editor = roles_named(tenant, "admin", "editor")
    staying = fill(tenant, 12, start=50, roles=["editor"])
    going = fill(tenant, 12, start=100)
    swaps = [
        change
        for one in staying
        for email in [tenant.users[one]["email"]]
        for change in (Change(ADD, email, one, (admin,)), Change(REMOVE, email, one, (editor,)))
    ]
    deletions = [Change(DELETE, tenant.users[user_id]["email"], user_id) for user_id in going]

    run(sandbox, passing, plan_of(*creations.changes, *swaps, *deletions), workers=4, batch_size=4)

    assert steps(sandbox) == (
        ["POST /users"] * 12
        + ["POST /roles/{id}/users"] * 6
        + ["DELETE /users/{id}/roles"] * 12
        + ["DELETE /users/{id}"] * 12
    )
    assert list(tenant.snapshot().values()) == [["admin"]] * 24


@pytest.mark.parametrize("mode", ["requests", "import"])
def test_applying_a_plan_twice_is_harmless(mode: str, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    run(sandbox, passing, plan, mode=mode)
    ids = set(tenant.users)

    outcomes = run(sandbox, passing, plan, mode=mode)

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
    sandbox.faults.add(Fault(kind=kind, method="POST", path=USERS, applied=True))

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
    sandbox.faults.add(Fault(kind="status", method="POST", path=USERS, status=400))

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
    sandbox.faults.add(Fault(kind="status", method="POST", path=MEMBERS, where=ben, status=403, times=None))

    outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == {"ann@example.com": ["admin", "editor"], "ben@example.com": ["editor"]}
    assert outcomes[REMOVE, "ben@example.com"] == (Status.SKIPPED, "the new roles could not be given first")
    assert asked(sandbox, "DELETE", "/users/{id}/roles") == []


def test_what_becomes_of_each_change_is_logged(
    sandbox: Sandbox, tenant: Tenant, passing: Time, caplog: pytest.LogCaptureFixture
) -> None:
    plan = everything(tenant)
    tenant.add_user("ann@example.com")

    with caplog.at_level(logging.INFO, "client.apply"):
        run(sandbox, passing, plan)

    assert [record.getMessage() for record in caplog.records if record.name == "client.apply"] == [
        "added ann@example.com (adopted: the account existed already)",
        "gave ben@example.com: admin",
        "gave ann@example.com: admin, editor",
        "took from ben@example.com: editor",
        "deleted cy@example.com",
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_one_bad_account_does_not_stop_the_others(status: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = taking(tenant, 20)
    bad = plan.changes[7]
    where = str(bad.user_id).removeprefix("auth0|")
    sandbox.faults.add(Fault(kind="status", method="DELETE", path=ROLES, where=where, status=status, times=None))

    outcomes = run(sandbox, passing, plan, workers=4)

    failed = [email for (_, email), (status, _) in outcomes.items() if status is Status.FAILED]
    assert failed == [bad.email]
    assert [email for email, roles in tenant.snapshot().items() if roles] == failed


def test_a_429_between_two_role_changes_is_waited_for(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    sandbox.faults.add(Fault(kind="rate_limit", method="POST", path=MEMBERS, after=1, retry_after=5))
    sandbox.faults.add(Fault(kind="rate_limit", method="DELETE", path=ROLES, reset="absent"))

    outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == AGREED
    assert {status for status, _ in outcomes.values()} == {Status.DONE}
    assert [entry.status for entry in sandbox.writes()].count(429) == 2


def test_outcomes_are_told_for_every_change_however_it_ends(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)
    applier = applier_of(transport_to(sandbox, passing), passing, plan)

    before = applier.outcomes
    applier.apply(new_run())

    assert [outcome.change for outcome in before] == list(plan.changes)
    assert set(statuses(before)) == {Status.NOT_TRIED}
    assert set(statuses(applier.outcomes)) == {Status.DONE}


@pytest.mark.parametrize(
    ("kind", "endpoint"), [(REMOVE, "DELETE /users/{id}/roles"), (ADD, "POST /roles/{id}/users")], ids=str
)
def test_so_many_requests_are_under_way_at_a_time_and_no_more(
    kind: Any, endpoint: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    (admin,) = roles_named(tenant, "admin")
    plan = plan_of(*[Change(kind, tenant.users[one]["email"], one, (admin,)) for one in fill(tenant, 6)])
    together = threading.Barrier(3, timeout=10)
    under_way: set[int] = set()
    most: list[int] = []

    def answer(_: str) -> list[bytes]:
        under_way.add(threading.get_ident())
        most.append(len(under_way))
        together.wait()
        under_way.discard(threading.get_ident())
        return [http_json({})]

    transport = transport_to(sandbox, passing)
    applier = applier_of(transport, passing, plan, workers=3, batch_size=1)
    with RawServer(answer) as server:
        slow = transport.for_writing()
        slow.url = server.url
        slow._pace._unmetered.add(endpoint)  # noqa: SLF001 - else the pace lets one go first
        applier.creator.writer._transport = slow  # noqa: SLF001 - the same token, at a server that waits for three
        record = new_run()
        applier.apply(record)

    assert statuses(record.outcomes) == [Status.DONE] * 6
    assert max(most) == 3


def a_plan_for(reader: Reader, rows: list[tuple[str, str]]) -> Plan:
    """The plan that makes the tenant agree with `rows`."""
    managed = ManagedRoles(reader.roles())
    accounts = reader.accounts(reader.connection())
    wanted = desired.build(pd.DataFrame(rows, columns=["email", "role"], dtype="string"), managed)
    memberships = reader.memberships(accounts, list(managed))
    return build(wanted, accounts, memberships, connection=DEFAULT_CONNECTION, roles=managed)


@pytest.mark.parametrize("stopped_after", range(8))
@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("mode", ["requests", "import"])
@pytest.mark.sweep
def test_wherever_a_run_stops_the_next_one_converges_and_the_one_after_writes_nothing(
    mode: Any,
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
        path = USERS if mode == "requests" else "/api/v2/jobs/users-imports"
        sandbox.faults.add(Fault(kind="drop_after", method="POST", path=path))

    def check() -> None:
        if len(sandbox.writes()) >= stopped_after and begun:
            raise Stopped("SIGTERM")

    begun: list[bool] = []
    plan = a_plan_for(reader, rows)
    applier = applier_of(transport_to(sandbox, passing, check=check), passing, plan, mode=mode, check=check)
    begun.append(True)
    applier.apply(new_run())
    applier_of(transport_to(sandbox, passing), passing, a_plan_for(reader, rows), mode=mode).apply(new_run())

    assert tenant.snapshot() == AGREED
    assert a_plan_for(reader, rows).changes == ()


@pytest.mark.parametrize("mode", ["auto", "requests", "import"])
def test_a_plan_without_changes_asks_for_nothing(mode: str, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    before = tenant.snapshot(DEFAULT_CONNECTION)

    outcomes = run(sandbox, passing, plan_of(), mode=mode)

    assert outcomes == {}
    assert sandbox.log == []
    assert tenant.snapshot() == before
