"""Documents of runs, small, large and hostile, for the tests of their forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sync import guard
from sync.brakes import Brakes
from sync.guard import Approval
from sync.model import Change, Kind, Outcome, Status
from sync.plan import Plan
from sync.policy import Policy
from sync.protection import Protection
from sync.report import Exit, Run, document
from tests.sync.builders import CONNECTION, ROLES, WRITER, limits
from tests.sync.mapped import account, planned

START = datetime(2026, 11, 23, 8, 30, 5, tzinfo=UTC)
HOSTILE = (
    "</script><img src=http://evil.test/a onerror=\"document.title='owned'\">",
    "<script>document.title='owned'</script>",
    "\"'><svg/onload=document.title='owned'>",
    "--><style>*{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "a | b\\| c \\\\| d |",
    "`code` ``more`` ```",
    "\n# heading\n\n---\n- item\r\n| a |\u2028x\u2029y",
    "![x](http://evil.test/b) [y](javascript:alert(1)) <http://evil.test/c>",
    "@everyone #1 $`x`$ http://evil.test/d www.evil.test ann@evil.test",
    "=HYPERLINK(\"http://evil.test\",\"x\")",
    "  +cmd|' /C calc'!A0",
    "a;=1+1;\t-2",
    "```",
    "\u202egnp.exe\u2066 \ud800 \x1b[31m\x9b31m \x00",
    "\uff1d1+1",
    "",
    " ",
)  # fmt: skip
"""Names and values as somebody might choose them who does not mean well."""
_OURS = {"kind", "outcome", "mode", "started_at", "finished_at"}


def run(mode: str = "sync", *, writes: bool = True, plan: Plan | None = None, exit_code: Exit = Exit.OK) -> Run:
    """A run that took a second and a half."""
    record = Run("run-1", "1.0", mode, CONNECTION, START, writes=writes, plan=plan, exit_code=exit_code)
    record.finished_at = START + timedelta(seconds=1.5)
    record.command = ["python", "main.py", "sync"]
    return record


def some_plan(brakes: Brakes | None = None) -> Plan:
    """A plan with most kinds of change, someone held, someone protected, and two who seem to be one."""
    source: list[dict[str, Any]] = [
        {"email": "new@x.io", "name": "Nia New", "app_metadata.team": {"size": 3, "remote": True}},
        {"email": "ann@x.io", "name": "Ann Berg", "role": "writer"},
        {"email": "off@x.io", "active": "no"},
        {"email": "held@x.io", "role": None},
        {"email": "safe@x.io"},
        {"email": "moved@x.io", "name": "Mo Ved"},
    ]
    accounts = [
        account("ann", profile={"name": "Ann"}),
        account("off"),
        account("gone"),
        account("safe"),
        account("before", profile={"name": "Mo Ved"}),
    ]
    policy = Policy(Protection(["safe@x.io"]), minimum={ROLES[0]: 1})
    made = planned(source, *accounts, policy=policy)
    if brakes is None:
        return made
    changes, kept_back = brakes.divide(made.changes)
    return Plan(made.connection, changes, made.held, made.counts, made.digest, kept_back)


def planned_run() -> dict[str, Any]:
    return document(run("plan", writes=False, plan=some_plan()))


def synced_run() -> dict[str, Any]:
    """A sync of which one change failed and one was skipped."""
    plan = some_plan()
    record = run(plan=plan, exit_code=Exit.PARTIAL)
    ends = {Kind.UPDATE: (Status.FAILED, "503 from Auth0"), Kind.DELETE: (Status.SKIPPED, "it has changed since")}
    record.outcomes = [Outcome(change, *ends.get(change.kind, (Status.DONE, ""))) for change in plan.changes]
    record.journal, record.invitations = ".sync/journal/one.jsonl", ".sync/invitations/one.jsonl"
    record.requests, record.retries, record.answered_429 = {"GET /users": 3, "POST /users": 1}, 2, 1
    record.seconds = {"read accounts": 0.5, "carry out": 0.75}
    record.notes = [("ann@x.io", "has to enrol again")]
    return document(record)


def refused_run() -> dict[str, Any]:
    record = run(plan=some_plan(), exit_code=Exit.REFUSED)
    assert record.plan is not None
    record.guard = guard.judge(record.plan, limits(deletes=0))
    return document(record)


def approved_run() -> dict[str, Any]:
    plan = some_plan(Brakes(no_delete=True))
    record = run(plan=plan)
    record.guard = guard.judge(plan, limits(role_removals=0), Approval(plan.digest))
    record.outcomes = [Outcome(change, Status.DONE) for change in plan.changes]
    return document(record)


def idle_run() -> dict[str, Any]:
    """A plan that finds all as it should be."""
    return document(run("plan", writes=False, plan=planned([{"email": "ann@x.io"}], account("ann"))))


def failed_run() -> dict[str, Any]:
    record = run(exit_code=Exit.FAILED)
    record.error = "the database people cannot be reached"
    return document(record)


def unbegun_run(exit_code: Exit = Exit.SETTINGS) -> dict[str, Any]:
    record = run(exit_code=exit_code)
    record.connection, record.error = "", "setting AUTH0_URL: it is not set"
    return document(record)


def every_run() -> Mapping[str, dict[str, Any]]:
    """A document of each way in which a run can end."""
    return {
        "planned": planned_run(), "synced": synced_run(), "refused": refused_run(), "approved": approved_run(),
        "idle": idle_run(), "failed": failed_run(), "settings": unbegun_run(), "locked": unbegun_run(Exit.LOCKED),
    }  # fmt: skip


def large_run(number: int = 10_000, outcome: Status = Status.DONE) -> dict[str, Any]:
    """A sync of so many changes."""
    changes = tuple(
        Change(Kind.ADD_ROLES, f"person.{one}@example.com", f"auth0|{one:024x}", roles=(WRITER,))
        for one in range(number)
    )
    small = some_plan()
    record = run(plan=Plan(CONNECTION, changes, (), small.counts, small.digest))
    record.outcomes = [Outcome(change, outcome) for change in changes]
    return document(record)


def poisoned(something: Any, text: str, name: str = "") -> Any:
    """The same document in which every text that is not from a list of ours is `text`."""
    if isinstance(something, Mapping):
        return {key: poisoned(value, text, key) for key, value in something.items()}
    if isinstance(something, str):
        return something if name in _OURS else text
    if isinstance(something, Iterable):
        return [poisoned(value, text, name) for value in something]
    return something
