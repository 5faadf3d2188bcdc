"""What the run is at, how far it has come and how long each part took; told to whoever shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Budget:
    """What an answer said of the tenant's rate limit. Over which time it is spread is not said."""

    remaining: int
    limit: int


def unknown() -> Budget | None:
    """Nothing was said yet."""
    return None


@dataclass(slots=True)
class Step:
    """A phase that is going on. Threads may share it: a count that is off by one for a moment harms nobody."""

    name: str
    """What is being done, such as `read accounts`."""
    unit: str = ""
    """What is counted, such as `accounts`."""
    total: int | None = None
    """How many there will be, if that is known."""
    done: int = 0
    note: str = ""
    """What else there is to say, such as how far a job of Auth0's has come."""
    budget: Callable[[], Budget | None] = unknown

    def advance(self, number: int = 1) -> None:
        """So many more are done."""
        self.done += number

    def count(self, unit: str, total: int | None) -> None:
        """What is counted from here on, from the beginning."""
        self.unit, self.total, self.done = unit, total, 0


class Show(Protocol):
    """Who shows the phases."""

    def begin(self, step: Step) -> None:
        """A phase begins. Its numbers change while it goes on."""

    def end(self, step: Step) -> None:
        """It is over, in whatever way."""


class Unseen:
    """Shows nothing."""

    def begin(self, step: Step) -> None:
        """Nobody looks."""

    def end(self, step: Step) -> None:
        """Nobody looks."""


@dataclass(slots=True)
class Phases:
    """The phases of one run. There is one at a time, in the main thread."""

    show: Show = field(default_factory=Unseen)
    clock: Callable[[], float] = time.monotonic
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each phase took, by name; one that came twice has both."""
    budget: Callable[[], Budget | None] = unknown
    """Asks what the last answer said of the rate limit; whoever speaks to Auth0 sets it."""

    @contextmanager
    def phase(self, name: str, unit: str = "", total: int | None = None) -> Iterator[Step]:
        """Do what comes as a phase of its own."""
        step, began = Step(name, unit, total, budget=self.budget), self.clock()
        self.show.begin(step)
        try:
            yield step
        finally:
            self.show.end(step)
            self.seconds[name] = self.seconds.get(name, 0.0) + self.clock() - began
