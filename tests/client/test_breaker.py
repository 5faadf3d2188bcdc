"""The breaker alone: what it counts, what ends it, and what it lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from client.auth0.errors import (
    Auth0Error,
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Rejected,
    Retriable,
    Uncertain,
    Where,
)
from client.breaker import DONE, Breaker, Tried
from client.lines import Unwritable
from client.stop import Stopped
from sync.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable

GIVEN_UP = Tried(Status.NOT_TRIED, "the run had given up")
STOPPED = Tried(Status.NOT_TRIED, "the run was stopped")
ABOUT_AUTH0 = [Auth0Error, Retriable, Uncertain, Malformed]
ABOUT_ONE = [Rejected, Denied, NotFound, Conflict]


def failing(error: Exception) -> Callable[[], NoReturn]:
    def step() -> NoReturn:
        raise error

    return step


def error_of(kind: type[Auth0Error], status: int = 403) -> Auth0Error:
    return kind("Not so.", Where("DELETE", "/users/auth0|1", status))


def tried(breaker: Breaker, *errors: Auth0Error) -> list[Tried]:
    return [breaker.attempt(failing(error)) for error in errors]


def test_what_a_step_makes_is_handed_on() -> None:
    breaker = Breaker()

    assert breaker.attempt(lambda: DONE) is DONE
    assert breaker.attempt(lambda: ["anything"]) == ["anything"]


def test_a_failure_is_told_with_its_reason_and_its_error() -> None:
    error = error_of(NotFound, 404)

    ended = Breaker().attempt(failing(error))

    assert ended == Tried(Status.FAILED, "DELETE /users/auth0|1 -> 404: Not so.", error)


@pytest.mark.parametrize("kind", [*ABOUT_AUTH0, *ABOUT_ONE])
def test_the_tenth_failure_in_a_row_is_the_last(kind: type[Auth0Error]) -> None:
    breaker = Breaker()
    errors = [error_of(kind, 200) for _ in range(10)]

    first = tried(breaker, *errors[:9])
    before = breaker.broken
    tenth = breaker.attempt(failing(errors[9]))

    assert before is None
    assert {one.status for one in (*first, tenth)} == {Status.FAILED}
    assert breaker.broken is errors[9]
    assert breaker.attempt(failing(AssertionError("a step after the end"))) == GIVEN_UP


@pytest.mark.parametrize("kind", ABOUT_ONE)
def test_what_is_wrong_with_one_of_many_accounts_is_not_counted(kind: type[Auth0Error]) -> None:
    breaker = Breaker()

    ended = [breaker.attempt(failing(error_of(kind)), accounts=50) for _ in range(50)]

    assert {one.status for one in ended} == {Status.FAILED}
    assert breaker.broken is None


def test_a_dead_auth0_is_counted_also_where_many_accounts_are_asked_for_at_once() -> None:
    breaker = Breaker()

    for _ in range(10):
        breaker.attempt(failing(error_of(Uncertain, 503)), accounts=50)

    assert breaker.broken is not None


def test_a_step_that_succeeds_begins_the_count_anew() -> None:
    breaker = Breaker()
    tried(breaker, *[error_of(Uncertain, 503) for _ in range(9)])

    breaker.attempt(lambda: DONE)
    tried(breaker, *[error_of(Uncertain, 503) for _ in range(9)])

    assert breaker.broken is None


def test_a_journal_that_cannot_be_written_ends_it_at_once() -> None:
    breaker = Breaker()
    error = Unwritable("The disk is full.")

    ended = breaker.attempt(failing(error))

    assert ended == Tried(Status.FAILED, "The disk is full.")
    assert breaker.broken is error
    assert breaker.attempt(lambda: DONE) == GIVEN_UP


@pytest.mark.parametrize(
    "where", [None, Where("POST", "/oauth/token", 403), Where("POST", "/oauth/token", 401), Where("GET", "/users", 401)]
)
def test_a_lost_login_ends_it_at_once(where: Where | None) -> None:
    breaker = Breaker()
    error = Denied("Not you.", where)

    assert breaker.attempt(failing(error)).status is Status.FAILED
    assert breaker.broken is error
    assert breaker.attempt(lambda: DONE) == GIVEN_UP


def test_the_error_that_ended_it_is_remembered_and_not_a_later_one() -> None:
    breaker = Breaker()
    lost, later = Denied("Not you."), Denied("Nor you.")

    def first_while_a_later_one_fails() -> NoReturn:
        breaker.attempt(failing(lost))
        raise later

    ended = breaker.attempt(first_while_a_later_one_fails)

    assert ended.error is later
    assert breaker.broken is lost


def test_a_stop_before_a_step_leaves_it_untried() -> None:
    breaker = Breaker(check=failing(Stopped("SIGTERM")))

    assert breaker.attempt(failing(AssertionError("a step after the stop"))) == STOPPED
    assert breaker.broken is None


def test_a_stop_inside_a_step_leaves_it_untried() -> None:
    assert Breaker().attempt(failing(Stopped("SIGTERM"))) == STOPPED


def test_a_run_that_has_given_up_says_so_rather_than_that_it_was_stopped() -> None:
    signals: list[Stopped] = []

    def check() -> None:
        if signals:
            raise signals[0]

    breaker = Breaker(check)
    breaker.attempt(failing(Denied("Not you.")))
    signals.append(Stopped("SIGTERM"))

    assert breaker.attempt(lambda: DONE) == GIVEN_UP


def test_what_is_no_trouble_with_auth0_is_a_bug_and_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        Breaker().attempt(failing(ZeroDivisionError()))
