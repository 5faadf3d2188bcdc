"""What ends a run before its plan is done: a dead Auth0, a lost login, a signal."""

from __future__ import annotations

from typing import Any

import pytest

from client.auth0.errors import Auth0Error, Denied
from client.stop import Stopped
from sandbox import Fault, Sandbox, Tenant
from sync.model import Change, Status
from tests.client.builders import (
    Time,
    applier_of,
    asked,
    fill,
    new_run,
    plan_of,
    roles_named,
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
    everything,
    run,
    statuses,
    taking,
    told,
)

pytestmark = pytest.mark.usefixtures("roles")


@pytest.mark.parametrize("kind", ["status", "drop_before", "html", "rate_limit"])
def test_ten_changes_in_a_row_without_a_proper_answer_end_the_run(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = taking(tenant, 30)
    sandbox.faults.add(Fault(kind=kind, status=503, method="DELETE", path=ROLES, times=None))
    applier = applier_of(transport_to(sandbox, passing, most=0), passing, plan)
    record = new_run()

    with pytest.raises(Auth0Error) as caught:
        applier.apply(record)

    assert caught.value is applier.tries.breaker.broken
    assert statuses(record.outcomes) == [Status.FAILED] * 10 + [Status.NOT_TRIED] * 20
    assert record.outcomes[-1].why == "the run had given up"
    assert len(asked(sandbox, "DELETE", "/users/{id}/roles")) == 10


def test_a_change_that_succeeds_begins_the_count_anew(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = taking(tenant, 25)
    for after in (0, 1):
        sandbox.faults.add(Fault(kind="status", status=503, method="DELETE", path=ROLES, times=9, after=after))

    outcomes = run(sandbox, passing, plan, most=0)

    assert [status for status, _ in outcomes.values()].count(Status.FAILED) == 18


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_nine_accounts_in_a_row_that_are_refused_do_not_end_the_run(
    status: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = taking(tenant, 12)
    sandbox.faults.add(Fault(kind="status", status=status, method="DELETE", path=ROLES, times=9))

    outcomes = run(sandbox, passing, plan)

    assert [status for status, _ in outcomes.values()] == [Status.FAILED] * 9 + [Status.DONE] * 3


@pytest.mark.parametrize("status", [400, 403, 404, 409])
def test_ten_accounts_in_a_row_that_are_refused_end_the_run(
    status: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = taking(tenant, 12)
    sandbox.faults.add(Fault(kind="status", status=status, method="DELETE", path=ROLES, times=None))
    record = new_run()

    with pytest.raises(Auth0Error):
        applier_of(transport_to(sandbox, passing), passing, plan).apply(record)

    assert statuses(record.outcomes) == [Status.FAILED] * 10 + [Status.NOT_TRIED] * 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_lost_login_ends_the_run_at_once(status: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = taking(tenant, 10)
    applier = applier_of(transport_to(sandbox, passing), passing, plan)
    tenant.revoke_client(status)
    record = new_run()

    with pytest.raises(Denied, match="POST /oauth/token"):
        applier.apply(record)

    assert statuses(record.outcomes) == [Status.FAILED] + [Status.NOT_TRIED] * 9
    assert {tuple(roles) for roles in tenant.snapshot().values()} == {("admin",)}


def test_a_token_that_is_refused_for_good_ends_the_run_at_once(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = taking(tenant, 10)
    sandbox.faults.add(Fault(kind="status", status=401, path=ROLES, times=None))
    record = new_run()

    with pytest.raises(Denied):
        applier_of(transport_to(sandbox, passing), passing, plan).apply(record)

    assert statuses(record.outcomes) == [Status.FAILED] + [Status.NOT_TRIED] * 9


@pytest.mark.parametrize("mode", ["requests", "import"])
def test_a_token_that_ends_in_the_middle_is_not_noticed(
    mode: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = everything(tenant)
    applier = applier_of(transport_to(sandbox, passing), passing, plan, mode=mode)
    tenant.revoke_tokens()

    applier.apply(new_run())

    assert tenant.snapshot() == AGREED


def test_what_was_not_tried_takes_nothing_from_anybody(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    admin, editor = roles_named(tenant, "admin", "editor")
    user_ids = fill(tenant, 15, roles=["editor"])
    changes = [Change(ADD, tenant.users[one]["email"], one, (admin,)) for one in user_ids]
    changes += [Change(REMOVE, tenant.users[one]["email"], one, (editor,)) for one in user_ids]
    changes += [Change(DELETE, "cy@example.com", tenant.add_user("cy@example.com"))]
    sandbox.faults.add(Fault(kind="status", status=503, method="POST", path=MEMBERS, times=None))
    applier = applier_of(transport_to(sandbox, passing, most=0), passing, plan_of(*changes), batch_size=1)
    record = new_run()

    with pytest.raises(Auth0Error):
        applier.apply(record)

    assert all("editor" in roles for email, roles in tenant.snapshot().items() if email != "cy@example.com")
    assert "cy@example.com" in tenant.snapshot()
    assert statuses(record.outcomes) == [Status.FAILED] * 10 + [Status.NOT_TRIED] * 21


@pytest.mark.parametrize("who", ["transport", "breaker", "both"])
def test_a_stop_leaves_the_rest_and_finishes_the_write_in_hand(
    who: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = everything(tenant)

    def stop() -> None:
        if sandbox.writes():
            raise Stopped("SIGTERM")

    def ignore() -> None:
        pass

    transport = transport_to(sandbox, passing, check=ignore if who == "breaker" else stop)
    applier = applier_of(transport, passing, plan, check=ignore if who == "transport" else stop)
    record = new_run()
    applier.apply(record)

    outcomes = told(record.outcomes)
    stopped = (Status.NOT_TRIED, "the run was stopped")
    lacking = (Status.SKIPPED, "the new roles could not be given first")
    assert outcomes == {
        (CREATE, "ann@example.com"): (Status.DONE, ""),
        (ADD, "ann@example.com"): stopped,
        (ADD, "ben@example.com"): stopped,
        (REMOVE, "ben@example.com"): lacking if who == "transport" else stopped,
        (DELETE, "cy@example.com"): stopped,
    }
    assert sorted(tenant.snapshot()) == ["ann@example.com", "ben@example.com", "cy@example.com"]
    assert len(sandbox.writes()) == 1


def test_what_was_done_is_told_even_if_the_run_ends_with_a_bug(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = everything(tenant)

    def bug() -> None:
        if sandbox.writes():
            raise ZeroDivisionError

    applier = applier_of(transport_to(sandbox, passing), passing, plan, check=bug)
    record = new_run()

    with pytest.raises(ZeroDivisionError):
        applier.apply(record)

    assert statuses(record.outcomes) == [Status.DONE] + [Status.NOT_TRIED] * 4
