"""Around the story: settings, locks, signals, report. Every way to end becomes an exit code and a sentence."""

from __future__ import annotations

import argparse
import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from client import __version__, report_file
from client.app import App, Orders
from client.auth0.errors import Auth0Error
from client.console import Console
from client.journal import JournalUnreadable, forget_old
from client.lines import Unwritable
from client.locks import LockHeld, Locks
from client.report_file import ReportError
from client.stop import Stop, Stopped
from config import logs
from config.loading import SettingsError, load
from config.settings import Settings
from database.failures import SourceError
from database.lock import SourceLockHeld
from sync import address
from sync.brakes import Brakes
from sync.guard import Approval
from sync.model import Status
from sync.report import Exit, Run, document, success
from sync.roles import UnknownRole

logger = logging.getLogger(__name__)


def run_job(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Exit:
    """Run `sync`, `plan` or `restore` from the first setting to the last line of the report."""
    stop = Stop()
    stop.listen()
    record = Run(uuid.uuid4().hex, __version__, arguments.command, "", datetime.now(UTC))
    record.writes, record.command = not arguments.dry_run, arguments.again
    logs.configure("INFO", arguments.log_format or "text", record.run_id)
    try:
        settings = load(environ, arguments.env_file)
        level = "DEBUG" if arguments.verbose else "WARNING" if arguments.quiet else settings.log_level
        logs.configure(level, arguments.log_format or settings.log_format, record.run_id)
        return _Job(arguments, settings, stop, record).run()
    except Stopped:
        return Exit(128 + stop.signal)
    except SettingsError as error:
        for fault in error.faults:
            logger.error("setting %s", fault)  # noqa: TRY400 - the operator needs no traceback
        return Exit.SETTINGS
    except (ReportError, LockHeld, SourceLockHeld) as error:
        logger.error("%s", error)  # noqa: TRY400
        return Exit.USAGE if isinstance(error, ReportError) else Exit.LOCKED


class _Job:
    """One run that can begin. Whatever comes now ends with a report."""

    def __init__(self, arguments: argparse.Namespace, settings: Settings, stop: Stop, record: Run) -> None:
        self.arguments, self.settings, self.stop, self.record = arguments, settings, stop, record
        record.connection, record.journal = settings.auth0_connection, str(arguments.journal or "")
        self.state_dir = settings.sync_state_dir
        self.locks = Locks(settings, stop, timeout=arguments.lock_timeout)
        self.console = Console(everything=not record.writes, quiet=arguments.quiet)
        self.orders = Orders(
            Approval(arguments.approve, arguments.expect),
            Brakes(arguments.no_delete, arguments.no_role_removal, only=frozenset(map(address.key, arguments.only))),
            arguments.journal,
        )

    def run(self) -> Exit:
        if self.arguments.report is not None:
            report_file.check_place(self.arguments.report)  # not after the work is done
        if not self.record.writes:
            return self._tell()
        with self.locks.on_this_host():
            if self.record.mode == "sync":  # a restore may want just the oldest
                for folder in (self.settings.journal_dir, self.settings.invitations_dir):
                    forget_old(folder, self.settings.sync_journal_days, self.record.started_at)
            return self._tell()

    def _tell(self) -> Exit:
        record = self.record
        app = App(self.settings, record, self.orders, console=self.console, stop=self.stop)
        try:
            with self.locks.at_the_source(needed=record.mode == "sync") if record.writes else nullcontext():
                app.run()
            record.exit_code = self._verdict()
        except SourceLockHeld:
            raise
        except Stopped:
            pass
        except JournalUnreadable as error:
            record.exit_code, record.error = Exit.USAGE, str(error)
        except UnknownRole as error:
            record.exit_code, record.error = Exit.SETTINGS, str(error)
        except (SourceError, Auth0Error, Unwritable) as error:
            record.exit_code, record.error = Exit.FAILED, str(error)
        except Exception as error:
            logger.exception("this is a bug; please report it with the lines below")
            record.exit_code, record.error = Exit.FAILED, f"unexpected: {type(error).__name__}"
        if self.stop.signal:
            record.exit_code = Exit(128 + self.stop.signal)
        traffic = app.transport.traffic
        record.requests, record.retries, record.answered_429 = traffic.by_endpoint, traffic.retries, traffic.refused
        record.finished_at = datetime.now(UTC)
        self._publish()
        return record.exit_code

    def _verdict(self) -> Exit:
        record = self.record
        if record.plan is None or record.guard.refusals:
            return Exit.REFUSED
        if not record.writes:
            return Exit.PENDING if self.arguments.detailed_exitcode and record.plan.changes else Exit.OK
        incomplete = any(outcome.status is not Status.DONE for outcome in record.outcomes)
        held = sum(self.orders.brakes.concern(one.email) and not one.shadow for one in record.plan.held)
        return Exit.PARTIAL if incomplete or held > self.settings.sync_tolerate_held else Exit.OK

    def _publish(self) -> None:
        record = self.record
        if record.error:
            logger.error("%s", record.error)
        try:
            for path in self._reports():
                report_file.write(path, document(record))
            if record.exit_code is Exit.OK and self._is_whole():
                report_file.write(self.state_dir / "last-success.json", success(record))
        except ReportError as error:
            logger.error("%s", error)  # noqa: TRY400
            record.exit_code = record.exit_code or Exit.FAILED
        self.console.refusals(record)
        self.console.summary(record)

    def _reports(self) -> Sequence[Path]:
        last = [self.state_dir / "last-report.json"] if self.record.writes else []
        return last + ([self.arguments.report] if self.arguments.report is not None else [])

    def _is_whole(self) -> bool:
        """Whether everybody was brought into agreement, not just some; for whoever watches the job."""
        return self.record.writes and self.record.mode == "sync" and not self.arguments.only
