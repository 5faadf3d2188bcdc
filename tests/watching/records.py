"""Runs as they end, and the settings of whoever watches them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from config.settings import Settings
from sync.guard import Judgement, Refusal
from sync.model import Kind, Outcome, Status
from sync.report import Exit, Run
from tests.config import builders
from tests.sync.builders import CONNECTION, Tenant, make_plan

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=12.5)
NAMES = ("ann", "bob", "x.io")
"""What nobody outside may get to read."""
TOO_MANY = Refusal(
    "deletes", "1 of 1 accounts in scope would be deleted; at most 0 may in one run", 1, 0, 1, ("bob@x.io",)
)


def watched(**changes: str | None) -> Settings:
    """The required settings with changes."""
    return builders.settings(**changes)


def ended(code: Exit = Exit.OK, **facts: Any) -> Run:
    """A sync of which nothing else is known; `facts` are attributes of it."""
    run = Run("run-1", "1.2.3", "sync", CONNECTION, BEGAN, command=("python", "main.py", "sync"), finished_at=ENDED)
    run.exit_code = code
    for name, value in facts.items():
        setattr(run, name, value)
    return run


def changed(code: Exit = Exit.OK, **facts: Any) -> Run:
    """A sync that created ann, gave her a role and failed to delete bob; a row without an e-mail was held."""
    run = ended(code, **facts)
    run.plan = make_plan(Tenant.of(bob=[]), ("ann@x.io", "admin"), (None, "admin"))
    run.outcomes = [
        Outcome(change, Status.FAILED if change.kind is Kind.DELETE else Status.DONE, "503 for bob@x.io")
        for change in run.plan.changes
    ]
    run.requests, run.retries, run.answered_429 = {"GET /users": 7, "POST /users": 2}, 3, 1
    run.seconds = {"read accounts": 1.25, "apply": 2.5}
    return run


def refused(**facts: Any) -> Run:
    """A sync whose plan the guard did not let pass."""
    run = changed(Exit.REFUSED, **facts)
    run.outcomes, run.guard = (), Judgement((TOO_MANY,))
    return run
