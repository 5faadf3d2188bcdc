"""What is left of a run: the report in every form, the history, the last success, the last line of the log."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from client import history, report_file
from client.console import Console
from client.formats import FORM_OF, render
from client.output import Output
from client.report_file import ReportError
from client.stop import Stop
from sync.model import Status
from sync.report import Exit, Run, document, success

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes one run."""

    arguments: argparse.Namespace
    record: Run
    state_dir: Path
    stop: Stop
    log_format: str
    whole: bool = field(kw_only=True)
    """Whether everybody was to be brought into agreement, not just some; for whoever watches the job."""

    def publish(self, console: Console) -> None:
        """Tell people and machines how the run ended. What cannot be told makes it end with 1."""
        record, whole = self.record, document(self.record)  # of a hundred thousand changes it takes a while
        if record.error:
            logger.error("%s", record.error, extra={"event": "run_failed", "exit_code": int(record.exit_code)})
        if self.arguments.format != "text":
            output = Output(self.stop.check)
            output.write(self._rendered(whole, self.arguments.format))
            if output.has_failed:
                record.exit_code = record.exit_code or Exit.FAILED
        if (path := self.arguments.report) is not None:
            self._write_file(path, self._rendered(whole, _form_of(path)))
        if record.exit_code is Exit.OK and self.whole:
            self._write_file(self.state_dir / "last-success.json", render(success(record), "json"))
        if record.writes:  # the last of them, so that it has the last word on how it ended
            self._write_file(self.state_dir / "last-report.json", self._rendered(whole, "json"))
        if self.whole:
            history.append(self.state_dir, self._now(whole))
        console.refusals(record)
        console.summary(record)
        if self.log_format == "json":
            self._tell_machines()

    def _tell_machines(self) -> None:
        """What the summary tells people."""
        record, plan = self.record, self.record.plan
        seconds = (record.finished_at - record.started_at).total_seconds() if record.finished_at else 0.0
        extra = {
            "event": "run_ended",
            "mode": record.mode,
            "exit_code": int(record.exit_code),
            "digest": plan.digest if plan else None,
            "seconds": round(seconds, 3),
            "requests": sum(record.requests.values()),
            "changes_done": sum(outcome.status is Status.DONE for outcome in record.outcomes),
            "held": len(plan.held) if plan else None,
        }
        logger.info("the run is over, exit %s", int(record.exit_code), extra=extra)

    def _write_file(self, path: Path, text: str) -> None:
        try:
            report_file.write(path, text)
        except ReportError as error:
            logger.error("%s", error, extra={"event": "report_not_written"})  # noqa: TRY400
            self.record.exit_code = self.record.exit_code or Exit.FAILED

    def _rendered(self, whole: Mapping[str, Any], form: str) -> str:
        recent = history.recent(self.state_dir) if form == "html" else ()
        return render(self._now(whole), form, recent)

    def _now(self, whole: Mapping[str, Any]) -> dict[str, Any]:
        """The report as it is by now: what cannot be written changes how a run ends."""
        return {**whole, "exit_code": int(self.record.exit_code)}


def leave_word(record: Run, arguments: argparse.Namespace, *, at_place: bool = True) -> None:
    """What a program waits for, also where there is nothing to report of: it must not take an old report for this."""
    record.finished_at = datetime.now(UTC)
    if at_place and arguments.report is not None:
        try:
            report_file.write(arguments.report, render(document(record), _form_of(arguments.report)))
        except ReportError as error:
            logger.error("%s", error, extra={"event": "no_place_for_word"})  # noqa: TRY400
    if arguments.format != "text":
        Output().write(render(document(record), arguments.format))


def _form_of(path: Path) -> str:
    return FORM_OF.get(path.suffix.lower(), "json")
