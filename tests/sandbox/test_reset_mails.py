"""The change-password mail of the Authentication API: no token, and a limit of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox import DEFAULT_CONNECTION, Fault
from sandbox.limits import MailLimits
from sandbox.routes import CHANGE_PASSWORD_PATH
from tests.sandbox.test_limits import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import ManualClock
    from tests.sandbox.caller import Caller

    Serve = Callable[..., Caller]

SENT = "We've just sent you an email to reset your password."


def ask(caller: Caller, email: object = "ann@example.com", **changes: Any) -> requests.Response:
    """Ask for a mail; a change to None leaves the property out."""
    body = {"client_id": caller.tenant.client_id, "connection": DEFAULT_CONNECTION, "email": email} | changes
    sent = {name: value for name, value in body.items() if value is not None}
    return requests.post(f"{caller.sandbox.url}{CHANGE_PASSWORD_PATH}", json=sent, timeout=5)


def test_it_tells_nobody_who_exists(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")

    known, unknown = ask(caller, "Ann@example.com"), ask(caller, "nobody@example.com")

    assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (200, SENT)
    assert known.headers["content-type"].startswith("text/plain")
    assert caller.tenant.mails == [{"kind": "change_password", "to": "ann@example.com", "user_id": ann}]


def test_or_it_does_tell(serve: Serve) -> None:
    caller = serve(reset_mail_unknown_status=404)
    caller.tenant.add_user("ann@example.com")

    assert [ask(caller).status_code, ask(caller, "nobody@example.com").status_code] == [200, 404]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": 7},
        {"email": None},
        {"email": ["ann@example.com"]},
        {"connection": None},
        {"connection": "Nowhere"},
        {"connection": "email"},
        {"connection": "acme"},
    ],
)
def test_a_request_that_cannot_be_met_is_refused_and_nobody_is_mailed(changes: dict[str, Any], caller: Caller) -> None:
    caller.tenant.add_user("ann@example.com")
    caller.tenant.add_user("ann@example.com", connection="email", provider="email")
    caller.tenant.add_user("ann@example.com", connection="acme", provider="waad")

    answer = ask(caller, **changes)

    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}
    assert caller.tenant.mails == []


def test_a_body_that_is_no_object_is_refused(caller: Caller) -> None:
    url = f"{caller.sandbox.url}{CHANGE_PASSWORD_PATH}"

    answers = [requests.post(url, data=data, timeout=5) for data in (b"", b"{", b"[]")]

    assert [answer.status_code for answer in answers] == [400, 400, 400]


@pytest.mark.parametrize("profile", ["none", "enterprise", "free"])
def test_ten_mails_may_go_to_an_address_and_then_one_a_minute(profile: str, serve: Serve, clock: ManualClock) -> None:
    caller = serve(profile=profile)
    now = int(clock.time())

    answers = [ask(caller, email) for email in ["ann@example.com", "ANN@example.com"] * 5]
    refused = ask(caller)
    clock.advance(59)
    early = ask(caller)
    clock.advance(1)
    late = ask(caller)

    assert [told(answer) for answer in answers] == [(10, left, now + 60) for left in range(9, -1, -1)]
    assert [refused.status_code, early.status_code, late.status_code] == [429, 429, 200]
    assert told(refused) == (10, 0, now + 60)
    assert "retry-after" not in refused.headers
    assert refused.json() == {"error": "too_many_requests", "error_description": "Rate limit exceeded."}


def test_another_address_has_a_limit_of_its_own(caller: Caller) -> None:
    for _ in range(10):
        ask(caller)

    assert ask(caller).status_code == 429
    assert told(ask(caller, "ben@example.com"))[:2] == (10, 9)


def test_another_host_has_a_limit_of_its_own(clock: ManualClock) -> None:
    limits = MailLimits(clock)
    for _ in range(10):
        limits.admit("10.0.0.1", "ann@example.com")

    assert not limits.admit("10.0.0.1", "ann@example.com").allowed
    assert limits.admit("10.0.0.2", "ann@example.com").allowed


def test_it_may_be_filled_up_at_the_full_minute(clock: ManualClock) -> None:
    clock.advance(30 - clock.time() % 60)
    limits = MailLimits(clock, "window")
    for _ in range(10):
        limits.admit("10.0.0.1", "ann@example.com")

    refused = limits.admit("10.0.0.1", "ann@example.com")
    clock.advance(refused.reset - clock.time())

    assert refused.reset % 60 == 0
    assert limits.admit("10.0.0.1", "ann@example.com").allowed


def test_a_refusal_may_carry_retry_after_instead(serve: Serve) -> None:
    caller = serve(reset_mail_429_headers="retry-after")

    answers = [ask(caller) for _ in range(11)]

    assert told(answers[0])[:2] == (10, 9)
    assert answers[-1].headers["retry-after"] == "60"
    assert "x-ratelimit-reset" not in answers[-1].headers
    assert caller.sandbox.log[-1].remaining is None


def test_it_does_not_draw_on_the_limit_of_the_plan(serve: Serve) -> None:
    caller = serve(profile="free")

    for _ in range(5):
        ask(caller)

    assert told(caller("GET", "/roles"))[:2] == (2, 1)


def test_every_request_is_logged_as_one_that_could_change_something(caller: Caller) -> None:
    ask(caller)
    ask(caller, client_id=None)

    logged = caller.sandbox.writes()
    assert [(entry.path, entry.status, entry.remaining) for entry in logged] == [
        (CHANGE_PASSWORD_PATH, 200, 9),
        (CHANGE_PASSWORD_PATH, 400, 8),
    ]
    assert logged[0].body["email"] == "ann@example.com"
    assert not logged[0].authorization


@pytest.mark.parametrize(
    ("kind", "mails"),
    [("status", 0), ("status_after", 1), ("rate_limit", 0), ("html", 0), ("garbage", 0), ("trickle", 1)],
)
def test_it_can_go_wrong_with_an_answer(kind: Any, mails: int, caller: Caller) -> None:
    caller.tenant.add_user("ann@example.com")
    fault = Fault(kind=kind, method="POST", path=CHANGE_PASSWORD_PATH, status=503, where="ann@", pause=0.001)
    caller.sandbox.faults.add(fault)

    other, hit = ask(caller, "ben@example.com"), ask(caller)

    assert (other.status_code, len(caller.tenant.mails)) == (200, mails)
    assert hit.status_code == {"status": 503, "status_after": 503, "rate_limit": 429}.get(kind, 200)
    assert [entry.fault for entry in caller.sandbox.log] == [None, kind]
    assert not caller.sandbox.faults


@pytest.mark.parametrize(
    ("fault", "mails"),
    [
        (Fault(kind="drop_before"), 0),
        (Fault(kind="drop_after"), 1),
        (Fault(kind="truncate"), 1),
    ],
    ids=lambda value: getattr(value, "kind", value),
)
def test_it_can_go_wrong_without_one(fault: Fault, mails: int, caller: Caller) -> None:
    caller.tenant.add_user("ann@example.com")
    caller.sandbox.faults.add(fault)

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask(caller)

    assert len(caller.tenant.mails) == mails
    assert [entry.fault for entry in caller.sandbox.log] == [fault.kind]


def test_a_rate_limit_on_demand_speaks_as_the_authentication_api_does(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="rate_limit", path=CHANGE_PASSWORD_PATH, retry_after=7))

    answer = ask(caller)

    assert answer.json() == {"error": "too_many_requests", "error_description": "Rate limit exceeded."}
    assert (answer.headers["retry-after"], answer.headers["x-ratelimit-remaining"]) == ("7", "0")


def test_a_request_beyond_the_limit_uses_up_no_fault(caller: Caller) -> None:
    for _ in range(10):
        ask(caller)
    caller.sandbox.faults.add(Fault(kind="status", path=CHANGE_PASSWORD_PATH))

    assert ask(caller).status_code == 429
    assert caller.sandbox.faults
