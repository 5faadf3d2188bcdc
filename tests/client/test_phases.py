"""The phases of a run: how long each took, and what whoever shows them is told."""

from __future__ import annotations

import pytest

from client.phases import Budget, Phases, Step
from tests.client.shown import Clock


class Remembering:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, int, int | None]] = []

    def begin(self, step: Step) -> None:
        self.told.append(("begin", step.name, step.done, step.total))

    def end(self, step: Step) -> None:
        self.told.append(("end", step.name, step.done, step.total))


def test_whoever_shows_a_phase_is_told_of_its_beginning_and_its_end() -> None:
    show = Remembering()

    with Phases(show).phase("create", "accounts", 3) as step:
        step.advance()
        step.advance(2)

    assert show.told == [("begin", "create", 0, 3), ("end", "create", 3, 3)]


def test_a_phase_that_fails_is_ended_all_the_same() -> None:
    show, clock = Remembering(), Clock()
    phases = Phases(show, clock)

    def fail() -> None:
        with phases.phase("create"):
            clock.now += 2
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert [what for what, *_ in show.told] == ["begin", "end"]
    assert phases.seconds == {"create": 2}


def test_a_phase_that_comes_twice_has_the_time_of_both() -> None:
    clock = Clock()
    phases = Phases(clock=clock)

    for seconds in (1.5, 2.5):
        with phases.phase("read roles"):
            clock.now += seconds
    with phases.phase("plan"):
        clock.now += 1

    assert phases.seconds == {"read roles": 4, "plan": 1}


def test_what_counts_something_else_from_here_on_begins_anew() -> None:
    step = Step("read who has which role", "roles", 5, 4)

    step.count("accounts", 100)

    assert (step.unit, step.total, step.done) == ("accounts", 100, 0)


def test_a_phase_knows_the_limit_that_the_last_answer_told_of() -> None:
    phases = Phases()
    said = [Budget(7, 10)]
    phases.budget = lambda: said[-1]

    with phases.phase("create") as step:
        said.append(Budget(6, 10))
        heard = step.budget()

    assert heard == Budget(6, 10)
