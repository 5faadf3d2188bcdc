"""The report of a run: the same facts for the summary on the screen and for the JSON file."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from sync.guard import SHORT_DIGEST, Judgement
from sync.model import Kind, Outcome, Status
from sync.plan import Plan

SCHEMA_VERSION = 1


class Exit(IntEnum):
    """The exit codes of the job."""

    OK = 0
    """Converged, or planned."""
    FAILED = 1
    """Database or Auth0 unreachable, or something unexpected; retrying is reasonable."""
    PENDING = 2
    """Only `plan --detailed-exitcode`: changes are pending."""
    PARTIAL = 3
    """Applied, but someone was held or a change failed."""
    REFUSED = 4
    """Refused by a guard, nothing written."""
    LOCKED = 5
    """Another run holds the lock."""
    USAGE = 64
    SETTINGS = 78
    INTERRUPTED = 130
    """SIGINT, after the write in hand."""
    TERMINATED = 143
    """SIGTERM, after the write in hand."""


@dataclass(slots=True)
class Run:
    """What is known of a run; filled in from left to right as it goes on."""

    run_id: str
    version: str
    mode: str
    """`sync`, `plan` or `restore`."""
    connection: str
    started_at: datetime
    writes: bool = True
    """False for a dry run."""
    command: Sequence[str] = ()
    """How the run was started, without what was said of a digest."""
    finished_at: datetime | None = None
    plan: Plan | None = None
    guard: Judgement = field(default_factory=Judgement)
    journal: str = ""
    """The file with what was there before: written by this run or, in mode `restore`, read by it."""
    invitations: str = ""
    """The file with the links that the people who got an account are to be sent."""
    notes: Sequence[tuple[str, str]] = ()
    """E-mail and what the person has to do or know."""
    outcomes: Sequence[Outcome] = ()
    requests: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    answered_429: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each phase took, by its name."""
    error: str = ""
    exit_code: Exit = Exit.OK

    def tally(self) -> Counter[tuple[Kind, Status]]:
        """How many changes of each kind ended how; a change that was not carried out counts as not tried."""
        return Counter((outcome.change.kind, outcome.status) for outcome in self.all_outcomes())

    def all_outcomes(self) -> Sequence[Outcome]:
        """An outcome for each change of the plan, also when none was applied, and for what was kept back."""
        if self.plan is None:
            return self.outcomes
        if self.outcomes:
            return [*self.outcomes, *self.plan.kept_back]
        why = "refused" if self.guard.refusals else "" if self.writes else "planned"
        return [*(Outcome(change, Status.NOT_TRIED, why) for change in self.plan.changes), *self.plan.kept_back]

    def way_back(self) -> str | None:
        """The command that brings back what this run took or overwrote; None if it was nothing."""
        if not self.journal or self.mode != "sync":
            return None
        settings = (word for word in self.command if word.startswith("--env-file="))
        return shlex.join(["python", "main.py", "restore", self.journal, *settings])

    def way_out(self) -> str | None:
        """The command that carries out this plan in spite of the refusals; None if nothing does."""
        refusals = self.guard.refusals
        if self.plan is None or not refusals or not all(refusal.can_be_approved for refusal in refusals):
            return None
        beyond = any(refusal.guard != "another plan" for refusal in refusals)
        if not beyond and not self.plan.changes:
            return None
        flag = "--approve" if beyond else "--expect"
        return shlex.join([*self.command, flag, self.plan.digest[:SHORT_DIGEST]])


def document(run: Run) -> dict[str, Any]:
    """`run` as JSON-ready values; everything that a reader needs to know what happened and to whom."""
    plan = run.plan
    finished = run.finished_at or run.started_at
    return {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.run_id,
        "version": run.version,
        "mode": run.mode,
        "dry_run": not run.writes,
        "connection": run.connection,
        "started_at": run.started_at.isoformat(),
        "finished_at": finished.isoformat(),
        "seconds": round((finished - run.started_at).total_seconds(), 3),
        "exit_code": int(run.exit_code),
        "error": run.error or None,
        "digest": plan.digest if plan else None,
        "whole": plan.whole if plan else None,
        "guard": {
            "refused": bool(run.guard.refusals),
            "refusals": [asdict(refusal) for refusal in run.guard.refusals],
            "approved": [asdict(refusal) for refusal in run.guard.approved],
            "way_out": run.way_out(),
        },
        "counts": _counts(run) if plan else None,
        "changes": [_change(outcome) for outcome in run.all_outcomes()],
        "held": [
            {"email": held.email, "reason": held.reason, "rows": list(held.rows)}
            for held in (plan.held if plan else ())
        ],
        "protected": [asdict(one) for one in (plan.protected if plan else ())],
        "possible_renames": [asdict(pair) for pair in (plan.possible_renames if plan else ())],
        "role_minimum": [
            {"role": one.role.name, "least": one.least, "before": one.before, "after": one.after}
            for one in (plan.holders if plan else ())
        ],
        "roles": [
            {"role": one.role.name, "before": one.before, "after": one.after} for one in (plan.roles if plan else ())
        ],
        "invitations": run.invitations or None,
        "journal": run.journal or None,
        "way_back": run.way_back(),
        "notes": [{"email": email, "note": note} for email, note in run.notes],
        "requests": {
            "total": sum(run.requests.values()),
            "by_endpoint": dict(sorted(run.requests.items())),
            "retries": run.retries,
            "answered_429": run.answered_429,
        },
        "seconds_by_phase": {phase: round(seconds, 3) for phase, seconds in run.seconds.items()},
    }


def success(run: Run) -> dict[str, Any]:
    """What is kept of the last run that ended well."""
    whole = document(run)
    return {name: whole[name] for name in ("run_id", "version", "connection", "started_at", "finished_at", "digest")}


def _counts(run: Run) -> dict[str, Any]:
    assert run.plan is not None  # noqa: S101 - for the type checker
    tally = run.tally()
    kinds = {kind.value: {status.value: tally[kind, status] for status in Status} for kind in Kind}
    return {**asdict(run.plan.counts), "in_scope": run.plan.counts.in_scope, "changes": kinds}


def _change(outcome: Outcome) -> dict[str, Any]:
    change = outcome.change
    return {
        "kind": change.kind.value,
        "email": change.email or None,
        "user_id": change.user_id,
        "roles": [role.name for role in change.roles],
        "edits": [asdict(edit) for edit in change.edits],
        "cause": change.cause,
        "outcome": outcome.status.value,
        "why": outcome.why or None,
    }
