"""Listings that trail the accounts, with a clock that is moved by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import DEFAULT_CONNECTION
from tests.sandbox.caller import STRONG, emails, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import ManualClock
    from tests.sandbox.caller import Caller, emails

    Serve = Callable[..., Caller]


def test_search_trails_the_accounts_while_reads_by_id_and_email_do_not(serve: Serve, clock: ManualClock) -> None:
    caller = serve(search_lag_seconds=5)
    body = {"connection": DEFAULT_CONNECTION, "email": "ann@example.com", "password": STRONG}

    user_id = caller("POST", "/users", body).json()["user_id"]

    assert caller("GET", "/users").json() == []
    assert caller("GET", user_path(user_id)).status_code == 200
    assert emails(caller("GET", "/users-by-email?email=ann@example.com")) == ["ann@example.com"]
    clock.advance(5)
    assert emails(caller("GET", "/users")) == ["ann@example.com"]
    caller("DELETE", user_path(user_id))
    assert emails(caller("GET", "/users")) == ["ann@example.com"]
    clock.advance(5)
    assert caller("GET", "/users").json() == []


def test_members_of_a_role_trail_the_assignments(serve: Serve, clock: ManualClock) -> None:
    caller = serve(members_lag_seconds=5)
    role_id = caller.tenant.add_role("admin")
    ann = caller.tenant.add_user("ann@example.com", roles=["admin"])

    fresh = caller("GET", f"/roles/{role_id}/users").json()
    clock.advance(5)
    settled = caller("GET", f"/roles/{role_id}/users").json()
    caller.tenant.remove_user(ann)
    gone = caller("GET", f"/roles/{role_id}/users").json()

    assert fresh == []
    assert [user["email"] for user in settled] == ["ann@example.com"]
    assert gone == [{"user_id": ann}]


def test_what_was_there_at_the_start_is_settled(serve: Serve) -> None:
    serve().tenant.add_user("ann@example.com")

    assert emails(serve(search_lag_seconds=60)("GET", "/users")) == ["ann@example.com"]
