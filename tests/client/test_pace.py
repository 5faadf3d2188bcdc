"""The request budget against a simulated tenant, on a time that jumps: it uses what there is and meets no 429."""

from __future__ import annotations

import itertools
import threading
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.pace import Pace, asked_wait
from tests.client.metered import LATENCY, START, Bucket, EventTime, Metered, drive

if TYPE_CHECKING:
    from collections.abc import Callable

A, B = "GET /a", "GET /b"
WARM_UP = 60.0
Headers = dict[str, str]


def paced(time: EventTime, cap: float = 0.0, wall_ahead: float = 0.0) -> Pace:
    return Pace(cap, sleep=time.sleep, clock=lambda: time.now - START, wall=lambda: time.now + wall_ahead)


def answer(time: EventTime, limit: object, remaining: object, reset: object, **more: str) -> Headers:
    numbers = {"limit": limit, "remaining": remaining, "reset": reset}
    told = {f"x-ratelimit-{name}": str(number) for name, number in numbers.items()}
    return {**told, "date": formatdate(time.now, usegmt=True), **more}


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("share_of_another", [0.0, 1 / 3])
@pytest.mark.parametrize("refill", ["continuous", "window"])
@pytest.mark.parametrize(
    ("burst", "sustained", "period"),
    [(2, 2, 1.0), (50, 16, 1.0), (10, 2, 1.0), (40, 500, 60.0), (20, 200, 60.0), (10, 150, 60.0)],
    ids=["free", "enterprise", "enterprise-dev", "read users", "write users", "other endpoints"],
)
@pytest.mark.sweep
def test_nine_tenths_of_the_rate_are_used_and_none_is_refused(
    burst: int, sustained: float, period: float, refill: Any, share_of_another: float, threads: int
) -> None:
    bucket = Bucket(burst, sustained, period, refill)
    bucket.foreign = share_of_another * bucket.rate
    server = Metered(EventTime(threads), {A: bucket})
    seconds = 120.0

    drive(server, paced(server.time), [A], WARM_UP + seconds, threads)

    passed = [moment for moment, _ in server.passed if moment >= START + WARM_UP]
    most_of_one = threads / LATENCY * seconds
    hard = burst < 10 and share_of_another > 0  # of two tokens, another client may take just the one that we know of
    assert len(server.refused) <= (1 if hard else 0)
    assert len(passed) >= min((0.85 if hard else 0.9) * bucket.rate * seconds - 1, 0.95 * most_of_one)


@pytest.mark.parametrize("latency", [0.004, 0.06, 0.2])
@pytest.mark.parametrize("share_of_another", [0.0, 1 / 3])
def test_two_tokens_that_come_back_bit_by_bit_are_used_however_far_away_the_tenant_is(
    share_of_another: float, latency: float
) -> None:
    bucket = Bucket(2, 2, 1.0, foreign=share_of_another * 2)
    server = Metered(EventTime(4), {A: bucket}, latency=latency)

    drive(server, paced(server.time), [A], WARM_UP + 120, 4)

    late = [moment for moment, _ in server.passed if moment >= START + WARM_UP]
    assert len(server.refused) <= (2 if share_of_another else 0)  # until it is known how much the other one takes
    assert len(late) >= (0.85 if share_of_another else 0.9) * bucket.rate * 120


def test_two_tokens_are_used_and_none_is_refused_although_the_server_does_not_tell_the_time() -> None:
    server = Metered(EventTime(4), {A: Bucket(2, 2, 1.0, "window")}, header=dropped("date"))

    drive(server, paced(server.time), [A], WARM_UP + 120, 4)

    assert server.refused == []
    assert len(server.passed) >= 0.9 * 2 * 180


def test_another_client_that_begins_to_take_most_of_two_tokens_is_given_way() -> None:
    time, bucket = EventTime(), Bucket(2, 2)
    server = Metered(time, {A: bucket})
    pace = paced(time)
    while time.now < START + 30:
        server.ask(pace, A)
    bucket.foreign = 1.0

    while time.now < START + 150:
        server.ask(pace, A)

    assert len(server.refused) <= 3


def test_a_second_429_of_a_small_bucket_leaves_one_token_to_the_others() -> None:
    time = EventTime()
    pace = paced(time)
    for _ in range(2):
        pace.learn(pace.acquire(A), answer(time, 2, 0, int(time.now) + 1), refused=True)
    pace.learn(pace.acquire(A), answer(time, 2, 1, int(time.now) + 20))
    before = time.now

    pace.acquire(A)

    assert time.now - before >= 19


def dropped(name: str) -> Callable[[Headers], Headers]:
    return lambda headers: {key: value for key, value in headers.items() if key != name}


def moved(seconds: int) -> Callable[[Headers], Headers]:
    return lambda headers: headers | {"x-ratelimit-reset": str(int(headers["x-ratelimit-reset"]) + seconds)}


def changed(name: str, value: str) -> Callable[[Headers], Headers]:
    return lambda headers: headers | {name: value}


@pytest.mark.parametrize(
    "header",
    [
        dropped("x-ratelimit-reset"),
        moved(-1),
        moved(-1000),
        moved(1_000_000),
        changed("x-ratelimit-reset", "soon"),
        changed("x-ratelimit-reset", "nan"),
        changed("x-ratelimit-reset", "inf"),
        dropped("date"),
        changed("date", "yesterday"),
    ],
    ids=["absent", "a second early", "past", "far future", "words", "nan", "inf", "no date", "a bad date"],
)
def test_a_reset_that_cannot_be_believed_does_no_harm(header: Callable[[Headers], Headers]) -> None:
    bucket = Bucket(20, 5)
    server = Metered(EventTime(4), {A: bucket}, header=header)

    drive(server, paced(server.time), [A], 120.0, 4)

    assert len(server.passed) >= 0.85 * 5 * 120
    assert len(server.refused) <= 1


@pytest.mark.parametrize("skew", [-7200.0, -20.0, -0.5, 0.5, 20.0, 7200.0])
def test_a_server_whose_clock_is_wrong_is_read_by_its_own_clock(skew: float) -> None:
    server = Metered(EventTime(4), {A: Bucket(20, 5)}, skew=skew)

    drive(server, paced(server.time), [A], 120.0, 4)

    assert len(server.passed) >= 0.85 * 5 * 120
    assert server.refused == []


def test_a_server_clock_that_is_set_is_followed() -> None:
    time = EventTime()
    server = Metered(time, {A: Bucket(20, 5)})
    pace = paced(time)
    for skew in (0.0, 300.0, -300.0):
        server.skew = skew
        before = len(server.passed)
        end = time.now + 60

        while time.now < end:
            server.ask(pace, A)

        assert len(server.passed) - before >= 0.85 * 5 * 60
    assert server.refused == []


def test_without_any_headers_nobody_waits() -> None:
    time = EventTime()
    server = Metered(time, {A: Bucket(10_000, 10_000)}, header=lambda _: {})
    pace = paced(time)

    for _ in range(100):
        server.ask(pace, A)

    assert time.now - START == pytest.approx(100 * 0.06)


@pytest.mark.parametrize(("limit", "remaining"), [("0", "0"), ("-1", "5"), ("nan", "5"), ("many", "5"), ("5", "nan")])
def test_headers_that_make_no_sense_are_as_good_as_none(limit: str, remaining: str) -> None:
    time = EventTime()
    senseless = {"x-ratelimit-limit": limit, "x-ratelimit-remaining": remaining}
    server = Metered(time, {A: Bucket(10_000, 10_000)}, header=lambda headers: headers | senseless)
    pace = paced(time)

    for _ in range(20):
        server.ask(pace, A)

    assert time.now - START < 20 * 0.06 + 1


@pytest.mark.parametrize("threads", [1, 6])
def test_buckets_with_different_limits_are_kept_apart(threads: int) -> None:
    fast, slow = Bucket(40, 10), Bucket(10, 2)
    server = Metered(EventTime(threads), {A: fast, B: slow})

    drive(server, paced(server.time), [A, B, A, A, A, A], WARM_UP + 180, threads)

    assert len(server.refused) <= 1
    late = [endpoint for moment, endpoint in server.passed if moment >= START + WARM_UP]
    assert len(late) >= 0.85 * 6 * 2 * 180


def test_endpoints_of_one_bucket_share_its_budget() -> None:
    shared = Bucket(20, 5)
    server = Metered(EventTime(6), {A: shared, B: shared})

    drive(server, paced(server.time), [A, B], WARM_UP + 120, 6)

    assert server.refused == []
    assert len(server.passed) >= 0.85 * 5 * 180


@pytest.mark.parametrize("refill", ["continuous", "window"])
@pytest.mark.parametrize("threads", [1, 4, 8])
@pytest.mark.parametrize("together", [{A, B}, {A}], ids=["a third bucket", "three buckets"])
def test_buckets_that_only_look_alike_do_not_slow_each_other(together: set[str], threads: int, refill: Any) -> None:
    """As many requests as if the other buckets were not there, and no 429."""
    shared = Bucket(20, 200, 60.0, refill)
    own = {endpoint: Bucket(20, 200, 60.0, refill) for endpoint in (A, B, "GET /c")}
    server = Metered(EventTime(threads), own | dict.fromkeys(together, shared))

    drive(server, paced(server.time), [A, B, "GET /c"], WARM_UP + 180, threads)

    late = [endpoint for moment, endpoint in server.passed if moment >= START + WARM_UP]
    each_its_turn = 3 * min(shared.rate, shared.rate / len(together))  # who waits for the scarcest waits for all
    assert server.refused == []
    assert len(late) >= 0.75 * each_its_turn * 180


def drained(pace: Pace, time: EventTime, endpoint: str) -> None:
    """Take all that may be taken at once."""
    before = time.now
    while time.now == before:
        pace.acquire(endpoint)


def test_answers_out_of_order_do_not_part_a_bucket() -> None:
    time = EventTime()
    pace = paced(time)
    far = int(time.now) + 60
    pace.learn(pace.acquire(A), answer(time, 20, 19, far))
    later, earlier = pace.acquire(A), pace.acquire(B)
    time.now += 0.06
    pace.learn(later, answer(time, 20, 4, far))
    pace.learn(earlier, answer(time, 20, 17, far))
    drained(pace, time, B)
    before = time.now

    pace.acquire(A)

    assert time.now > before


def test_a_bucket_that_was_filled_up_when_it_was_due_is_still_the_same() -> None:
    time = EventTime()
    pace = paced(time)
    time.now += 0.75  # a second begins: now the server's clock is known exactly
    pace.learn(pace.acquire(A), answer(time, 50, 49, int(time.now) + 1))
    time.now += 0.5
    pace.learn(pace.acquire(A), answer(time, 50, 5, int(time.now) + 1))
    time.now += 0.5
    pace.learn(pace.acquire(B), answer(time, 50, 49, int(time.now) + 60))
    drained(pace, time, B)
    before = time.now

    pace.acquire(A)

    assert time.now > before


def test_an_endpoint_not_yet_heard_of_need_not_wait_for_a_drained_bucket_that_may_not_be_its_own() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(A), answer(time, 20, 2, int(time.now) + 60))

    pace.acquire(B)

    assert time.now - START == 0


def test_endpoints_not_yet_heard_of_may_use_the_reserve_and_no_more() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(A), answer(time, 20, 2, int(time.now) + 60))
    for endpoint in (B, "GET /c"):
        pace.acquire(endpoint)

    pace.acquire("GET /d")

    assert time.now - START >= 59


def test_an_endpoint_not_yet_heard_of_is_let_out_although_its_assumed_bucket_is_drained() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(A), answer(time, 10, 0, int(time.now) + 2))

    pace.acquire(B)

    assert time.now - START <= 3


def test_an_endpoint_not_yet_heard_of_is_let_out_although_nothing_is_known_of_the_reset() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(A), {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0"})

    for endpoint in (B, "GET /c", "GET /d"):
        pace.acquire(endpoint)

    assert time.now - START <= 4


def test_until_the_first_answer_only_one_request_is_out() -> None:
    time = EventTime()
    pace = Pace(sleep=give_up_after(100), clock=time.time, wall=time.time)
    pace.acquire(A)

    with pytest.raises(GaveUp):
        pace.acquire(B)


class GaveUp(Exception):
    """The test waited long enough."""


def give_up_after(sleeps: int) -> Callable[[float], None]:
    left = [sleeps]

    def sleep(_seconds: float) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise GaveUp

    return sleep


def test_a_first_request_without_an_answer_lets_the_next_one_out() -> None:
    time = EventTime()
    pace = paced(time)

    for _ in range(3):
        pace.lost(pace.acquire(A))

    assert time.now - START == 0


def test_requests_whose_answers_are_lost_do_not_drain_the_budget_for_ever() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(A), answer(time, 10, 9, int(time.now) + 1))

    for _ in range(100):
        pace.lost(pace.acquire(A))

    assert time.now - START <= 101


def test_a_429_of_an_empty_bucket_pauses_who_draws_on_it_until_the_reset_and_nobody_else() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(B), answer(time, 50, 49, int(time.now) + 1))
    refused = pace.acquire(A)

    pause = pace.learn(refused, answer(time, 10, 0, int(time.now) + 9), refused=True)
    pace.acquire(B)
    others_waited = time.now - START
    pace.acquire(A)

    assert 8 <= pause <= 9
    assert others_waited == 0
    assert time.now - START >= 8


def test_a_429_although_its_bucket_is_not_empty_pauses_everybody() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(B), answer(time, 50, 49, int(time.now) + 1))

    pace.learn(pace.acquire(A), answer(time, 10, 7, int(time.now) + 9), refused=True)
    pace.acquire(B)

    assert time.now - START >= 8


def test_after_a_429_one_token_more_is_left_to_the_others() -> None:
    time = EventTime()
    pace = paced(time)
    pace.learn(pace.acquire(A), answer(time, 10, 0, int(time.now) + 1), refused=True)
    pace.learn(pace.acquire(A), answer(time, 10, 3, int(time.now) + 20))
    before = time.now

    pace.acquire(A)
    at_once = time.now - before
    pace.acquire(A)

    assert at_once == 0
    assert time.now - before >= 19


@pytest.mark.parametrize(("asked", "pause"), [("7", 7), ("0", 0), ("250", 250), ("3600", 60), ("later", 4)])
def test_a_429_pauses_as_long_as_retry_after_asks(asked: str, pause: float) -> None:
    time = EventTime()
    pace = paced(time)
    headers = answer(time, 10, 0, int(time.now) + 4, **{"retry-after": asked})

    pace.learn(pace.acquire(A), headers, refused=True)
    pace.acquire(A)

    assert pause - 0.5 <= time.now - START <= pause + 4


def test_a_429_without_any_header_pauses_everybody_for_a_second() -> None:
    time = EventTime()
    pace = paced(time)

    pace.learn(pace.acquire(A), {}, refused=True)
    pace.acquire(B)

    assert time.now - START == pytest.approx(1)


def test_a_tenth_of_a_bucket_is_left_to_the_others() -> None:
    time = EventTime()
    server = Metered(time, {A: Bucket(50, 1)})
    pace = paced(time)

    while time.now < START + 8:
        server.ask(pace, A)

    assert min(server.buckets[A].tokens, 5) >= 4


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("header", [lambda headers: headers, lambda _: {}], ids=["headers", "none"])
def test_the_cap_is_a_hard_one(header: Callable[[Headers], Headers], threads: int) -> None:
    server = Metered(EventTime(threads), {A: Bucket(1000, 1000)}, header=header)

    drive(server, paced(server.time, cap=4), [A], 30, threads)

    moments = [moment for moment, _ in server.passed]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert min(gaps) >= 0.25 - 1e-6
    assert len(moments) >= 0.85 * 4 * 30


def test_threads_that_wait_are_all_let_out_in_the_end() -> None:
    threads = 16
    time = EventTime(threads)
    server = Metered(time, {A: Bucket(3, 1)})
    pace = paced(time)
    done: list[bool] = []

    def one() -> None:
        done.append(server.ask(pace, A))
        time.leave()

    workers = [threading.Thread(target=one, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert done == [True] * threads


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0", 0.0), ("1.5", 1.5), ("-1", None), ("nan", None), ("inf", None), ("x", None)],
)
def test_retry_after_is_a_number_of_seconds_or_nothing(header: str, seconds: float | None) -> None:
    assert asked_wait({"retry-after": header}) == seconds


def test_no_retry_after_is_nothing() -> None:
    assert asked_wait({}) is None


def test_a_reset_at_the_end_of_a_minute_is_believed_although_the_date_is_rounded() -> None:
    time = EventTime()
    time.now += 0.74  # just before a second ends
    pace = paced(time)
    begun = time.now
    pace.learn(pace.acquire(A), answer(time, 10, 0, int(time.now) + 61))

    pace.acquire(A)

    assert time.now - begun >= 60


def test_the_limits_of_the_authentication_api_say_nothing_of_those_of_the_management_api() -> None:
    time = EventTime()
    pace, mail = paced(time), "POST /dbconnections/change_password"
    for group, left in ((A, 9), (mail, 0)):
        pace.learn(pace.acquire(group), answer(time, 10, left, time.now + 30))
    before = time.now

    pace.acquire(A)
    passed = time.now - before
    pace.acquire(mail)

    assert passed == 0
    assert time.now - before >= 29
