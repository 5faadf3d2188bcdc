"""What a person sees on stdout: the plan, the guard's refusal, the summary."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD, Box
from rich.table import Table

from client.listing import VERBS, Listing, held_ones, legend, listings
from client.output import Output
from client.table import Part, Screen
from sync.guard import SHORT_DIGEST
from sync.model import Kind, Status
from sync.plan import Plan
from sync.report import Exit, Run

if TYPE_CHECKING:
    from client.checkup.findings import Finding
    from client.explain import Section

_SHOWN = 20  # lines of each kind, unless all are wanted
_TALLY = 70  # columns of the table of what became of the changes

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

    def __init__(
        self,
        *,
        everything: bool,
        quiet: bool = False,
        muted: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """`everything`: show each line of a plan, not just the first of each kind. `quiet`: speak only of what went
        wrong. `muted`: say nothing at all. `check` raises `Stopped` when the run is to end: so does a long list then.
        """
        self._first, self._quiet, self._muted = None if everything else _SHOWN, quiet, muted
        self._output, self._screen = Output(check), Screen()

    def _command(self, line: str) -> None:
        self._write(self._screen.line("  ", (line, "bold")))

    def _say(self, *parts: str | Part) -> None:
        self._write(self._screen.paragraph(*parts))

    def _write(self, text: str) -> None:
        if not self._muted:
            self._output.write(text)

    def plan(self, plan: Plan) -> None:
        """The changes, what is kept back and the held, before anything is done."""
        if self._quiet or self._muted:
            return
        self._screen = Screen()
        counts = plan.counts
        self._say(
            (f"Plan {plan.digest[:SHORT_DIGEST]}", "bold"),
            f" for connection {plan.connection}: {counts.people + counts.held} people in {plan.source.source}, "
            f"{counts.in_scope} {'accounts in scope' if plan.whole else 'of their accounts read, as --only says'}",
        )
        if plan.changes:
            self._say(*legend(plan))
        else:
            self._say("Nothing to change.")
        for listing in listings(plan):
            self._list(listing)

    def _list(self, listing: Listing[Any]) -> None:
        if not (number := len(listing.items)):
            return
        self._say((f"{listing.title} ({number})", f"bold {listing.colour}"))
        for block in self._screen.entries(listing.entries(self._first), listing.longest(self._first)):
            if self._output.is_over:
                return
            self._write(block)
        if self._first is not None and number > self._first:
            more = number - self._first
            self._say(f"  ... and {more} more (all of them: python main.py plan, or --report FILE)")

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

    def explanation(self, email: str, sections: Iterable[Section]) -> None:
        """Why one person is treated so."""
        self._say((email, "bold"))
        for section in sections:
            for title, line in zip_longest([section.title], section.lines or [""], fillvalue=""):
                text = line.lstrip()
                head = f"{title:<12}{' ' * (len(line) - len(text))}"
                self._write(self._screen.item((head, "bold"), text))

    def finding(self, finding: Finding) -> None:
        """A line of a check."""
        if self._quiet and finding.is_good:
            return
        good, bad = ("✔", "✘") if self._screen.spells("✔✘") else ("ok", "!!")
        mark = (f"{good} ", "green") if finding.is_good else (f"{bad} ", "bold red")
        self._write(self._screen.item(mark, f"{finding.subject}: {finding.text}"))
        for line in finding.details:
            self._write(self._screen.item(("    ", ""), line))

    def verdict(self, tried: int, wrong: int, code: Exit) -> None:
        """The last line of a check."""
        if not (self._quiet and not wrong):
            sentence = f"{wrong} of {tried} are wrong" if wrong else f"all {tried} are well, a run can begin"
            self._say(f"{sentence}; nothing was changed; exit {int(code)}")

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
        self._screen = Screen()
        if self._quiet and run.exit_code is Exit.PARTIAL and run.plan is not None:
            self._list(held_ones(run.plan))  # the plan was not shown
        if run.plan is not None:
            self._balance(run.plan)
        if run.outcomes:
            self._outcomes(run)
        for lifted in run.guard.approved:
            self._say(("Approved by --approve:", "bold"), f" {lifted.sentence}.")
        self._notes(run)
        if run.invitations:
            self._say(("Links for invitations", "bold"), f" (each is as good as a password): {run.invitations}")
        if way_back := run.way_back():
            self._say("What was taken or overwritten is written down; this brings it back:")
            self._command(way_back)
        if not run.writes and run.plan is not None and run.plan.changes and not run.guard.refusals:
            self._say("This carries out this plan, and no other:")
            flag = "--approve" if run.guard.approved else "--expect"
            self._command(shlex.join([*run.command, flag, run.plan.digest[:SHORT_DIGEST]]))
        if run.error:
            self._say(("Error:", "bold red"), f" {run.error}")
        requests = f"{sum(run.requests.values())} requests, {run.retries} retries, {run.answered_429} answered 429"
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
        self._say(f"{_result(run)} ({requests}, {seconds:.1f} s); exit {int(run.exit_code)}")

    def _balance(self, plan: Plan) -> None:
        counts = plan.counts
        rows, accounts = f"{counts.source_rows} {plan.source.rows}", f"{counts.accounts} accounts"
        width = max(len(rows), len(accounts))
        self._say(
            f"{rows:<{width}}  = {counts.people} people + {counts.held} held + {counts.duplicates} duplicates "
            "(rows that name them again)"
        )
        self._say(
            f"{accounts:<{width}}  = {counts.unchanged} unchanged + {counts.changed} changed + {counts.kept_back} kept "
            f"back + {counts.protected} protected + {counts.held_accounts} held + {counts.out_of_scope} out of scope"
        )

    def _outcomes(self, run: Run) -> None:
        tally = run.tally()
        rows = [
            (VERBS[kind][0], [tally[kind, status] for status in Status])
            for kind in Kind
            if any(tally[kind, status] for status in Status)
        ]
        titles = [status.value.replace("_", " ") for status in Status]
        if self._screen.width is not None and self._screen.width < _TALLY:
            for verb, numbers in rows:
                told = (f"{number} {title}" for number, title in zip(numbers, titles, strict=True) if number)
                self._say(f"{verb}: {', '.join(told)}")
            return
        box = SIMPLE_HEAD if self._screen.spells("─") else Box(str(SIMPLE_HEAD).replace("─", "-"), ascii=True)
        table = Table("change", box=box, header_style="")
        for title in titles:
            table.add_column(title, justify="right")
        for verb, numbers in rows:
            table.add_row(verb, *map(str, numbers))
        self._write(self._screen.drawn(table))


def _result(run: Run) -> str:
    if run.exit_code is Exit.PARTIAL and all(outcome.status is Status.DONE for outcome in run.outcomes):
        return "in agreement, but for the people held"
    if not run.writes and run.exit_code is Exit.OK:
        return "looked, nothing was written" if run.mode == "explain" else "planned, nothing was written"
    if run.mode == "restore" and run.exit_code is Exit.OK:
        return "restored"
    return _RESULTS.get(run.exit_code, "ended")
