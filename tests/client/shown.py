"""Plans and phases for the tests of what a person sees, and a stream that is taken for a terminal."""

from __future__ import annotations

import io
from dataclasses import fields

from client.phases import Budget, Step
from sync.model import Cause, Change, Edit, Held, Kind, Role
from sync.plan import Counts, Plan

EDITOR = Role("editor", "rol_1")


class Terminal(io.StringIO):
    """Takes what is written to it, as a terminal does."""

    def isatty(self) -> bool:
        """It says so, unless it is closed."""
        return not super().isatty()


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


def step_of(done: int = 0, total: int | None = None, **more: object) -> Step:
    """A phase that has come so far."""
    step = Step("read accounts", "accounts", total, done)
    for name, value in more.items():
        setattr(step, name, value)
    return step


def left(remaining: int, limit: int) -> Budget:
    """What an answer said of the limit."""
    return Budget(remaining, limit)


def large_plan(number: int) -> Plan:
    """So many people come, so many change, and so many go."""
    edits = (Edit("name", "Old", "New"), Edit("app_metadata.team", None, "Sales"))
    changes = [
        *(Change(Kind.CREATE, f"new{n}@x.io", edits=(Edit("name", None, f"Person {n}"),)) for n in range(number)),
        *(Change(Kind.UPDATE, f"old{n}@x.io", f"auth0|{n}", edits=edits) for n in range(number)),
        *(Change(Kind.ADD_ROLES, f"new{n}@x.io", roles=(EDITOR,)) for n in range(number)),
        *(Change(Kind.DELETE, f"gone{n}@x.io", f"auth0|{n}", cause=Cause.MISSING) for n in range(number)),
    ]
    return plan_of(*changes)


def plan_of(*changes: Change, held: tuple[Held, ...] = ()) -> Plan:
    """A plan of these changes, in this order."""
    return Plan("people", changes, held, Counts(*(0 for _ in fields(Counts))), "0123456789abcdef")
