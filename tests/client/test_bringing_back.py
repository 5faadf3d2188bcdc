"""Blocks of our own, and accounts that come back: what is written to Auth0, and what is left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from sync.model import Change, Kind, Status
from tests.client.builders import applier_of, asked, new_run, plan_of, roles_named, steps, transport_to
from tests.client.plans import run, told

if TYPE_CHECKING:
    from sandbox import Sandbox, Tenant
    from tests.client.builders import Time

pytestmark = pytest.mark.usefixtures("roles")


def test_a_block_leaves_a_mark_beside_what_is_there_and_an_unblock_takes_just_that_away(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id = tenant.add_user("cy@example.com", app_metadata={"plan": "gold", "sync": {"ours": "too"}})
    run(sandbox, passing, plan_of(Change(Kind.BLOCK, "cy@example.com", user_id)))
    blocked = dict(tenant.users[user_id])

    run(sandbox, passing, plan_of(Change(Kind.UNBLOCK, "cy@example.com", user_id)))

    today = datetime.now(UTC).date().isoformat()
    assert blocked["blocked"] is True
    assert blocked["app_metadata"] == {"plan": "gold", "sync": {"ours": "too", "blocked_at": today}}
    assert tenant.users[user_id]["blocked"] is False
    assert tenant.users[user_id]["app_metadata"] == {"plan": "gold", "sync": {"ours": "too"}}


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ({"blocked": False}, Status.DONE),
        ({"app_metadata": {"sync": {}}}, Status.SKIPPED),
        ({"email": "di@example.com"}, Status.SKIPPED),
    ],
)
def test_somebody_is_only_unblocked_if_the_block_is_still_ours(
    now: dict[str, Any], status: Status, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    ours: dict[str, Any] = {"blocked": True, "app_metadata": {"sync": {"blocked_at": "2026-01-02"}}}
    user_id = tenant.add_user("cy@example.com", **ours)
    tenant.update_user(user_id, **now)

    outcomes = run(sandbox, passing, plan_of(Change(Kind.UNBLOCK, "cy@example.com", user_id)))

    assert [one for one, _ in outcomes.values()] == [status]
    assert asked(sandbox, "PATCH", "/users/{id}") == []


def test_a_deleted_account_comes_back_with_its_id_and_all_that_it_had(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    attributes = {"given_name": "Cy", "email_verified": True, "app_metadata": {"plan": "gold"}, "blocked": True}
    change = Change(Kind.CREATE, "cy@example.com", "auth0|0123456789abcdef01234567", attributes=attributes)
    giving = Change(Kind.ADD_ROLES, "cy@example.com", None, roles_named(tenant, "admin"))

    run(sandbox, passing, plan_of(change, giving), mode="import")

    account = tenant.users["auth0|0123456789abcdef01234567"]
    assert {name: account[name] for name in attributes} == attributes
    assert tenant.roles_of("auth0|0123456789abcdef01234567") == {"admin"}
    assert tenant.mails == []
    assert steps(sandbox) == ["POST /users", "POST /roles/{id}/users"]


def test_an_account_that_auth0_makes_under_an_id_of_its_own_gets_its_roles_all_the_same(
    sandbox: Sandbox, tenant: Tenant, passing: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    (admin,) = roles_named(tenant, "admin")
    change = Change(Kind.CREATE, "cy@example.com", "auth0|0123456789abcdef01234567")
    applier = applier_of(
        transport_to(sandbox, passing), passing, plan_of(change, Change(Kind.ADD_ROLES, change.email, None, (admin,)))
    )
    create = applier.creator.writer.create
    monkeypatch.setattr(applier.creator.writer, "create", lambda email, _, attributes: create(email, "", attributes))
    record = new_run()

    applier.apply(record)

    (user_id,) = tenant.users
    assert tenant.roles_of(user_id) == {"admin"}
    why = f"under another id: {user_id} instead of auth0|0123456789abcdef01234567"
    assert told(record.outcomes)[Kind.CREATE, "cy@example.com"] == (Status.DONE, why)


def test_an_account_that_came_back_under_another_id_meanwhile_is_not_taken_for_it(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    other = tenant.add_user("cy@example.com")
    change = Change(Kind.CREATE, "cy@example.com", "auth0|0123456789abcdef01234567")
    giving = Change(Kind.ADD_ROLES, "cy@example.com", None, roles_named(tenant, "admin"))
    record = new_run()

    applier_of(transport_to(sandbox, passing), passing, plan_of(change, giving)).apply(record)

    assert told(record.outcomes) == {
        (Kind.CREATE, "cy@example.com"): (Status.FAILED, f"another account has this e-mail by now: {other}"),
        (Kind.ADD_ROLES, "cy@example.com"): (Status.SKIPPED, "the account was not created"),
    }
    assert tenant.snapshot() == {"cy@example.com": []}
