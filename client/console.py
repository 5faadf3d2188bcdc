"""What a person sees on stdout: the plan as a table, the guard's refusal, the summary."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console as Rich
from rich.table import Table
from rich.text import Text

from sync.guard import SHORT_DIGEST
from sync.model import Change, Kind, Outcome, Status
from sync.plan import Plan
from sync.report import Exit, Run
from sync.text import visible

_NARROWEST, _NOT_A_TERMINAL = 60, 140  # columns
_LONGEST_VALUE = 200  # characters; the report and the journal have the whole
_SHOWN = 20  # lines of each kind, unless all are wanted
Row = tuple[str, tuple[str, ...]]
"""Who, and what there is to say, a line each."""

_VERBS = {
    Kind.CREATE_ROLE: ("create role", "green"),
    Kind.CREATE: ("create", "green"),
    Kind.ADOPT: ("adopt", "cyan"),
    Kind.UPDATE: ("update", "cyan"),
    Kind.UNBLOCK: ("unblock", "green"),
    Kind.ADD_ROLES: ("give roles", "green"),
    Kind.INVITE: ("invite", "green"),
    Kind.REMOVE_ROLES: ("take roles", "yellow"),
    Kind.BLOCK: ("block", "red"),
    Kind.DELETE: ("delete", "red"),
}
_RESULTS = {
    Exit.OK: "in agreement",
    Exit.PENDING: "changes are pending",
    Exit.PARTIAL: "applied, but not for everyone",
    Exit.REFUSED: "refused, nothing was written",
    Exit.FAILED: "failed",
    Exit.INTERRUPTED: "stopped by SIGINT",
    Exit.TERMINATED: "stopped by SIGTERM",
}


class Console:
    """Writes to stdout. A reader that goes away (`| head`) does not end a run."""

    def __init__(self, *, everything: bool, quiet: bool = False) -> None:
        """`everything`: show each line of a plan, not just the first of each kind.
        `quiet`: speak only of what went wrong."""
        self._everything, self._quiet = everything, quiet
        width = max(Rich().width, _NARROWEST) if sys.stdout.isatty() else _NOT_A_TERMINAL
        self._rich = Rich(file=sys.stdout, width=width, highlight=False)

    def _command(self, line: str) -> None:
        """On one line, however long, so that it can be copied."""
        self._print(_text(("  " + line, "bold")), soft_wrap=True)

    def _say(self, *parts: str | tuple[str, str]) -> None:
        self._print(_text(*parts))

    def _print(self, what: Text | Table, *, soft_wrap: bool = False) -> None:
        with self._rich.capture() as capture:
            self._rich.print(what, soft_wrap=soft_wrap)
        lines = (line.rstrip() for line in capture.get().splitlines())  # tables are padded
        try:
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def plan(self, plan: Plan) -> None:
        """The changes, what is kept back and the held, before anything is done."""
        if self._quiet:
            return
        counts = plan.counts
        self._say(
            (f"Plan {plan.digest[:SHORT_DIGEST]}", "bold"),
            f" for connection {plan.connection}: {counts.people + counts.held} people in {plan.source.source}, "
            f"{counts.in_scope} accounts in scope",
        )
        if not plan.changes:
            self._say("Nothing to change.")
        for kind in Kind:
            verb, colour = _VERBS[kind]
            rows = [_row(change) for change in plan.by_kind(kind)]
            self._table(f"{verb} ({len(rows)})", rows, colour)
        for (kind, brake), changes in _by_brake(plan.kept_back).items():
            self._table(f"{_VERBS[kind][0]}, kept back by {brake} ({len(changes)})", list(map(_row, changes)), "dim")
        pairs = [
            (f"{pair.old_email} → {pair.new_email}", (f"same {', '.join(pair.shared)}",))
            for pair in plan.possible_renames
        ]
        self._table(f"possible rename: one goes, one comes, and they are alike ({len(pairs)})", pairs, "yellow")
        protected = [(one.email or one.user_id or "", (one.reason,)) for one in plan.protected]
        self._table(f"protected, left as they are ({len(protected)})", protected, "blue")
        held = [(held.email or f"(row {held.rows[0]})", (held.reason,)) for held in plan.held]
        self._table(f"held, left as they are ({len(held)})", held, "magenta")

    def _table(self, title: str, rows: Sequence[Row], colour: str) -> None:
        if not rows:
            return
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column(overflow="fold")
        table.add_column(overflow="fold")
        shown = rows if self._everything else rows[:_SHOWN]
        for who, what in shown:
            for name, line in zip_longest([who], what, fillvalue=""):
                table.add_row(_text(name), _text(line))
        self._say((title, colour))
        self._print(table)
        if len(shown) < len(rows):
            self._say(f"  ... and {len(rows) - len(shown)} more (all of them: python main.py plan, or --report FILE)")

    def refusals(self, run: Run) -> None:
        """Who would have gone, over which limit, and the way out."""
        for refusal in run.guard.refusals:
            self._say((f"Refused by the guard '{refusal.guard}':", "bold red"), f" {refusal.sentence}.")
            for name in refusal.concerned[:_SHOWN]:
                self._say(f"  {name}")
            if (more := len(refusal.concerned) - _SHOWN) > 0:
                self._say(f"  ... and {more} more (all of them: --report FILE)")
            if not refusal.can_be_approved:
                self._say("  No setting and no approval lifts this guard. Look at the query and at the database.")
        if way_out := run.way_out():
            self._say("If all of this is meant, this carries out this plan, and no other:")
            self._command(way_out)

    def _notes(self, run: Run) -> None:
        """What a restored account lacks, each thing once, with those whom it concerns."""
        concerned: dict[str, list[str]] = {}
        for email, note in run.notes:
            concerned.setdefault(note, []).append(email)
        for note, emails in concerned.items():
            more = f" and {len(emails) - _SHOWN} more" if len(emails) > _SHOWN else ""
            self._say(("Not brought back:", "bold"), f" {note} ({', '.join(emails[:_SHOWN])}{more})")
        if run.mode == "restore":
            self._say("The next sync does again what the source says. Set the source, or the query, right first.")

    def summary(self, run: Run) -> None:
        """The balance of the run: it must add up."""
        if self._quiet and run.exit_code in {Exit.OK, Exit.PENDING}:
            return
        if run.plan is not None:
            self._print(_balance(run.plan))
        if run.outcomes:
            self._print(_outcomes(run))
        for lifted in run.guard.approved:
            self._say(("Approved by --approve:", "bold"), f" {lifted.sentence}.")
        self._notes(run)
        if run.invitations:
            self._say(("Links for invitations", "bold"), f" (each is as good as a password): {run.invitations}")
        if run.journal and run.mode == "sync":
            self._say("What was taken or overwritten is written down; this brings it back:")
            self._command(shlex.join(["python", "main.py", "restore", run.journal]))
        if not run.writes and run.plan is not None and run.plan.changes and not run.guard.refusals:
            self._say("This carries out this plan, and no other:")
            flag = "--approve" if run.guard.approved else "--expect"
            self._command(shlex.join([*run.command, flag, run.plan.digest[:SHORT_DIGEST]]))
        if run.error:
            self._say(("Error:", "bold red"), f" {run.error}")
        requests = f"{sum(run.requests.values())} requests, {run.retries} retries, {run.answered_429} answered 429"
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
        self._say(f"{_result(run)} ({requests}, {seconds:.1f} s); exit {int(run.exit_code)}")


def _result(run: Run) -> str:
    if run.exit_code is Exit.PARTIAL and all(outcome.status is Status.DONE for outcome in run.outcomes):
        return "in agreement, but for the people held"
    if not run.writes and run.exit_code is Exit.OK:
        return "planned, nothing was written"
    if run.mode == "restore" and run.exit_code is Exit.OK:
        return "restored"
    return _RESULTS.get(run.exit_code, "ended")


def _row(change: Change) -> Row:
    roles = ", ".join(role.name for role in change.roles)
    if change.kind is Kind.CREATE_ROLE:
        return roles, ()
    if change.kind is Kind.CREATE:
        return change.email, ("; ".join(f"{edit.field}: {_value(edit.new)}" for edit in change.edits),)
    edits = (f"{edit.field}: {_value(edit.old)} → {_value(edit.new)}" for edit in change.edits)
    return change.email, tuple(filter(None, (roles, *edits, change.cause)))


def _value(value: Any) -> str:
    return "(none)" if value is None else visible(json.dumps(value, ensure_ascii=False), _LONGEST_VALUE)


def _by_brake(kept_back: Iterable[Outcome]) -> dict[tuple[Kind, str], list[Change]]:
    grouped: dict[tuple[Kind, str], list[Change]] = {}
    for one in kept_back:
        grouped.setdefault((one.change.kind, one.why), []).append(one.change)
    return grouped


def _balance(plan: Plan) -> Table:
    counts = plan.counts
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row(
        f"{counts.source_rows} {plan.source.rows}",
        f"= {counts.people} people + {counts.held} held + {counts.duplicates} duplicates (rows that name them again)",
    )
    table.add_row(
        f"{counts.accounts} accounts",
        f"= {counts.unchanged} unchanged + {counts.changed} changed + {counts.kept_back} kept back "
        f"+ {counts.protected} protected + {counts.held_accounts} held + {counts.out_of_scope} out of scope",
    )
    return table


def _outcomes(run: Run) -> Table:
    tally = run.tally()
    table = Table(box=SIMPLE_HEAD)
    table.add_column("change")
    for status in Status:
        table.add_column(status.value.replace("_", " "), justify="right")
    for kind in Kind:
        if any(tally[kind, status] for status in Status):
            table.add_row(_VERBS[kind][0], *(str(tally[kind, status]) for status in Status))
    return table


def _text(*parts: str | tuple[str, str]) -> Text:
    """Each part as it is, or with a style: nothing in a name or a reason is markup."""
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((visible(text), style) for text, style in styled))
