"""Deletions: each account is looked at again first, and left alone in any doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from client.stop import Stopped
from sandbox import Fault, Sandbox, Tenant
from sync.model import Change, Status
from tests.client.builders import Time, applier_of, asked, new_run, plan_of, transport_to
from tests.client.plans import DELETE, ROLES, USER, run, statuses

if TYPE_CHECKING:
    from sync.plan import Plan

pytestmark = pytest.mark.usefixtures("roles")


def deletion(tenant: Tenant) -> tuple[str, Plan]:
    user_id = tenant.add_user("cy@example.com", roles=["admin"])
    return user_id, plan_of(Change(DELETE, "cy@example.com", user_id))


def test_an_account_is_looked_at_again_before_it_is_deleted(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_id, plan = deletion(tenant)

    run(sandbox, passing, plan)

    assert [(entry.method, entry.path) for entry in sandbox.log] == [("GET", USER), ("GET", ROLES), ("DELETE", USER)]
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
