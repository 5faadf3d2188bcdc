"""Roles given in batches while something goes wrong that no account is to blame for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.errors import Auth0Error, Denied
from client.breaker import DONE, Breaker
from client.giving import RoleGiver
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
    writer_of,
)
from tests.client.plans import ADD, DELETE, MEMBERS, REMOVE, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.plan import Plan

pytestmark = pytest.mark.usefixtures("roles")


def no_check() -> None:
    """Never ends a run."""


def giver_of(
    sandbox: Sandbox, passing: Time, *, check: Callable[[], None] = no_check, workers: int = 1, **options: Any
) -> RoleGiver:
    writer = writer_of(transport_to(sandbox, passing, check=check, **options), passing)
    sandbox.clear_log()
    return RoleGiver(writer, Breaker(check), workers, 50)


def posts(sandbox: Sandbox) -> int:
    return len(asked(sandbox, "POST", "/roles/{id}/users"))


def have(tenant: Tenant, role: str) -> list[str]:
    return [user_id for user_id in tenant.users if role in tenant.roles_of(user_id)]


def swaps(tenant: Tenant, how_many: int) -> Plan:
    """So many editors who become admins, and one account to delete."""
    admin, editor = roles_named(tenant, "admin", "editor")
    changes = [Change(DELETE, "cy@example.com", tenant.add_user("cy@example.com"))]
    for one in fill(tenant, how_many, roles=["editor"]):
        email = tenant.users[one]["email"]
        changes += [Change(ADD, email, one, (admin,)), Change(REMOVE, email, one, (editor,))]
    return plan_of(*changes)


def test_a_role_that_is_gone_fails_at_once_and_the_other_roles_are_given(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_ids = fill(tenant, 120)
    admin, editor = roles_named(tenant, "admin", "editor")
    tenant.remove_role(admin.id)

    ends = dict(giver_of(sandbox, passing).give({user_id: [admin, editor] for user_id in user_ids}))

    gone = f"admin: POST /roles/{admin.id}/users -> 404: The role does not exist."
    assert {(tried.status, tried.why) for tried in ends.values()} == {(Status.FAILED, f"{gone} (given: editor)")}
    assert have(tenant, "editor") == user_ids
    assert posts(sandbox) == 3 + 3


def test_without_the_scope_it_fails_at_once_and_the_rest_of_the_plan_goes_on(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.scopes.discard("create:role_members")
    plan = swaps(tenant, 120)

    outcomes = run(sandbox, passing, plan)

    assert {status for (kind, _), (status, _) in outcomes.items() if kind is ADD} == {Status.FAILED}
    assert all("Insufficient scope" in why for (kind, _), (_, why) in outcomes.items() if kind is ADD)
    assert posts(sandbox) == 3
    assert len(have(tenant, "editor")) == 120
    assert outcomes[DELETE, "cy@example.com"] == (Status.DONE, "")


@pytest.mark.parametrize("kind", ["status", "drop_before", "html", "rate_limit", "garbage"])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_dead_auth0_ends_it_soon_and_the_rest_is_not_tried(
    workers: int, kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_ids = fill(tenant, 1000)
    (admin,) = roles_named(tenant, "admin")
    sandbox.faults.add(Fault(kind=kind, status=503, path=MEMBERS, times=None))
    giver = giver_of(sandbox, passing, most=0, workers=workers)

    ends = dict(giver.give({user_id: [admin] for user_id in user_ids}))

    assert giver.breaker.broken is not None
    assert 10 <= posts(sandbox) <= 10 + workers
    assert {tried.status for tried in ends.values()} <= {Status.FAILED, Status.NOT_TRIED}
    assert (ends[user_ids[-1]].status, ends[user_ids[-1]].why) == (Status.NOT_TRIED, "the run had given up")
    assert have(tenant, "admin") == []


def test_a_dead_auth0_takes_nothing_from_those_who_were_to_get_something(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = swaps(tenant, 120)
    before = tenant.snapshot()
    sandbox.faults.add(Fault(kind="status", status=503, path=MEMBERS, times=None))
    record = new_run()

    with pytest.raises(Auth0Error, match="-> 503"):
        applier_of(transport_to(sandbox, passing, most=0), passing, plan).apply(record)

    assert tenant.snapshot() == before
    assert [entry.path for entry in sandbox.writes()] == [MEMBERS] * 10
    assert {outcome.status for outcome in record.outcomes if outcome.change.kind is not ADD} == {Status.NOT_TRIED}


def test_a_token_that_is_refused_for_good_ends_it_at_once(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_ids = fill(tenant, 120)
    (admin,) = roles_named(tenant, "admin")
    sandbox.faults.add(Fault(kind="status", status=401, path=MEMBERS, times=None))
    giver = giver_of(sandbox, passing)

    ends = dict(giver.give({user_id: [admin] for user_id in user_ids}))

    assert isinstance(giver.breaker.broken, Denied)
    assert posts(sandbox) == 2  # the second with a new token
    assert Status.DONE not in {tried.status for tried in ends.values()}
    assert {ends[user_id].why for user_id in user_ids[50:]} == {"the run had given up"}


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html"},
        {"kind": "garbage"},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "truncate"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 408},
        {"kind": "status_after", "status": 500},
        {"kind": "status", "status": 401},
        {"kind": "rate_limit"},
        {"kind": "hang"},
        {"kind": "hang", "applied": True},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_whatever_becomes_of_a_batch_everybody_has_the_role_in_the_end(
    fault: Any, after: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_ids = fill(tenant, 120)
    (admin,) = roles_named(tenant, "admin")
    sandbox.faults.add(Fault(path=MEMBERS, after=after, **fault))

    ends = dict(giver_of(sandbox, passing, timeout=0.4).give({user_id: [admin] for user_id in user_ids}))

    assert ends == dict.fromkeys(user_ids, DONE)
    assert have(tenant, "admin") == user_ids
    assert posts(sandbox) <= 3 + 2


def test_a_stop_in_the_middle_tells_what_was_given(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    admin, editor = roles_named(tenant, "admin", "editor")
    both, first, second = fill(tenant, 3)

    def stop() -> None:
        if posts(sandbox):
            raise Stopped("SIGTERM")

    ends = dict(giver_of(sandbox, passing, check=stop).give({both: [editor, admin], first: [admin], second: [editor]}))

    assert {user_id: (tried.status, tried.why) for user_id, tried in ends.items()} == {
        both: (Status.FAILED, "editor: the run was stopped (given: admin)"),
        first: (Status.DONE, ""),
        second: (Status.NOT_TRIED, "the run was stopped"),
    }
    assert (have(tenant, "admin"), have(tenant, "editor")) == ([both, first], [])


def test_who_was_refused_one_role_and_not_tried_for_the_other_has_failed(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    admin, editor = roles_named(tenant, "admin", "editor")

    def stop() -> None:
        if posts(sandbox):
            raise Stopped("SIGTERM")

    ends = dict(giver_of(sandbox, passing, check=stop).give({"auth0|gone": [editor, admin]}))

    refused = f"admin: POST /roles/{admin.id}/users -> 404: One or more of the users do not exist."
    assert ends["auth0|gone"].status is Status.FAILED
    assert ends["auth0|gone"].why == f"{refused}; editor: the run was stopped"


def test_a_stop_in_the_middle_of_halving_gives_no_more(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    (admin,) = roles_named(tenant, "admin")
    user_ids = [*fill(tenant, 9), "auth0|gone"]

    def stop() -> None:
        if posts(sandbox) >= 2:
            raise Stopped("SIGTERM")

    ends = dict(giver_of(sandbox, passing, check=stop).give({user_id: [admin] for user_id in user_ids}))

    assert [user_id for user_id, tried in ends.items() if tried == DONE] == user_ids[:5]
    assert have(tenant, "admin") == user_ids[:5]
    assert posts(sandbox) == 2


def test_who_got_only_one_of_two_new_roles_keeps_the_old_ones_and_the_others_do_not(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("author")
    plan = swaps(tenant, 20)
    (also,) = roles_named(tenant, "author")
    bad = next(change for change in plan.changes if change.kind is ADD)
    changes = [
        Change(ADD, change.email, change.user_id, (*change.roles, also)) if change.kind is ADD else change
        for change in plan.changes
    ]
    tenant.give_roles(str(bad.user_id), [tenant.add_role(f"z{number}") for number in range(48)])

    outcomes = run(sandbox, passing, plan_of(*changes))

    assert outcomes[ADD, bad.email][0] is Status.FAILED
    assert outcomes[ADD, bad.email][1].endswith("(given: admin)")
    assert outcomes[REMOVE, bad.email] == (Status.SKIPPED, "the new roles could not be given first")
    assert have(tenant, "editor") == [bad.user_id]
    assert len(have(tenant, "author")) == 19
