"""Rate limits, with a clock that is moved by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.limits import OTHER, PROFILES, READ_USERS, Limiter
from tests.sandbox.caller import user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from sandbox import ManualClock
    from tests.sandbox.caller import Caller

    Serve = Callable[..., Caller]


def told(answer: requests.Response) -> tuple[int, int, int]:
    """Limit, remaining and reset of an answer."""
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    limit, remaining, reset = (int(answer.headers[name]) for name in names)
    return limit, remaining, reset


def test_every_answer_tells_what_is_left_also_a_429(serve: Serve, clock: ManualClock) -> None:
    caller = serve(profile="free")

    answers = [caller("GET", path) for path in ("/roles", f"/roles/{'rol_' + '0' * 16}", "/roles")]

    now = int(clock.time())
    assert [answer.status_code for answer in answers] == [200, 404, 429]
    assert [told(answer) for answer in answers] == [(2, 1, now + 1), (2, 0, now + 1), (2, 0, now + 1)]
    assert "retry-after" not in answers[2].headers
    assert answers[2].json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Global limit has been reached",
        "errorCode": "too_many_requests",
    }
    assert [entry.status for entry in caller.sandbox.log] == [200, 404, 429]
    assert [entry.remaining for entry in caller.sandbox.log] == [1, 0, 0]


def test_a_bucket_fills_as_time_passes(serve: Serve, clock: ManualClock) -> None:
    caller = serve(profile="free")
    for _ in range(2):
        caller("GET", "/roles")

    clock.advance(0.4)
    early = caller("GET", "/roles").status_code
    clock.advance(0.1)
    late = caller("GET", "/roles").status_code

    assert (early, late) == (429, 200)


def test_a_bucket_may_be_topped_up_at_the_full_second_instead(serve: Serve, clock: ManualClock) -> None:
    caller = serve(profile="free", refill="window")
    clock.advance(0.5)
    for _ in range(2):
        caller("GET", "/roles")

    clock.advance(0.4)
    early = caller("GET", "/roles")
    clock.advance(0.1)
    late = caller("GET", "/roles")

    assert (early.status_code, late.status_code) == (429, 200)
    assert told(late)[1] == 1
    assert told(early)[2] == int(clock.time())


def test_another_client_of_the_tenant_takes_its_share(serve: Serve, clock: ManualClock) -> None:
    caller = serve(profile="enterprise", rate=15)
    limiter = caller.sandbox.limiter
    assert limiter is not None

    limiter.steal(50)
    emptied = caller("GET", "/roles").status_code
    clock.advance(1)
    statuses = [caller("GET", "/roles").status_code for _ in range(2)]

    assert emptied == 429
    assert statuses == [200, 429]


def test_a_429_can_carry_retry_after(serve: Serve) -> None:
    caller = serve(profile="free", retry_after_on_429=True)

    answers = [caller("GET", "/roles") for _ in range(3)]

    assert answers[-1].headers["retry-after"] == "1"


def test_without_a_profile_there_are_no_headers(caller: Caller) -> None:
    assert "x-ratelimit-limit" not in caller("GET", "/roles").headers


def test_what_does_not_exist_counts_as_well(serve: Serve) -> None:
    caller = serve(profile="free")
    caller.off_spec = True

    assert told(caller("GET", "/nothing"))[:2] == (2, 1)


def test_tokens_are_not_counted(serve: Serve) -> None:
    caller = serve(profile="free")

    answers = [caller.ask_for_token() for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize(("group", "limit"), [("other", 10), ("users", 40)])
def test_self_service_limits_are_per_group(group: str, limit: int, serve: Serve) -> None:
    caller = serve(profile="self-service", self_service_roles_group=group)
    ann = caller.tenant.add_user("ann@example.com")

    assert told(caller("GET", "/users"))[:2] == (40, 39)
    assert told(caller("PATCH", user_path(ann), {}))[:2] == (20, 19)
    assert told(caller("GET", "/connections"))[:2] == (5, 4)
    assert told(caller("GET", user_path(ann, "/roles")))[0] == limit


@pytest.mark.parametrize(
    ("profile", "group", "burst", "per_minute"),
    [
        ("free", OTHER, 2, 120),
        ("enterprise", OTHER, 50, 960),
        ("enterprise-dev", OTHER, 10, 120),
        ("self-service", OTHER, 10, 150),
        ("self-service", READ_USERS, 40, 500),
    ],
)
def test_a_patient_client_gets_the_sustained_rate(
    profile: str, group: str, burst: int, per_minute: int, clock: ManualClock
) -> None:
    limiter = Limiter(PROFILES[profile], clock)
    passed = 0

    for _ in range(6000):
        passed += limiter.admit(group).allowed
        clock.advance(0.01)

    assert passed == pytest.approx(burst + per_minute, abs=2)


def test_reset_is_when_a_request_will_pass(clock: ManualClock) -> None:
    limiter = Limiter(PROFILES["enterprise-dev"], clock)
    while limiter.admit(OTHER).allowed:
        clock.advance(0.01)

    refused = limiter.admit(OTHER)
    clock.advance(refused.reset - clock.time())

    assert limiter.admit(OTHER).allowed
