"""Around the story: settings, locks, signals, report. Every way to end becomes an exit code and a sentence."""

from __future__ import annotations

import argparse
import logging
import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime

from client import __version__, report_file
from client.app import App, Orders
from client.auth0.errors import Auth0Error
from client.checkup import Finding, check
from client.console import Console
from client.journal import JournalUnreadable, forget_old
from client.lines import Unwritable
from client.locks import LockHeld, Locks
from client.phases import Phases
from client.progress import make_show
from client.publishing import Publisher, leave_word
from client.report_file import ReportError
from client.stop import Stop, Stopped
from client.watching import Watch
from config import logs
from config.loading import SettingsError, load, load_the_rest
from config.settings import Settings
from config.sources import without_quotes
from database.failures import SourceError
from database.lock import SourceLockHeld
from sync import address
from sync.brakes import Brakes
from sync.guard import Approval
from sync.model import Status
from sync.report import Exit, Run
from sync.roles import UnknownRole

logger = logging.getLogger(__name__)


def run_job(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Exit:
    """Run a command from the first setting to the last line of the report."""
    stop = Stop()
    stop.listen()
    record = Run(uuid.uuid4().hex, __version__, arguments.command, "", datetime.now(UTC))
    record.writes, record.command = not arguments.dry_run, arguments.again
    form = arguments.log_format or _log_format(environ)  # until all settings are known
    logs.configure(_level(arguments, "INFO"), form, record.run_id)
    try:
        if arguments.command == "check":
            logs.configure(_level(arguments, "WARNING"), form, record.run_id)
            return _check(arguments, environ, stop)
        settings = load(environ, arguments.env_file)
    except (Stopped, SettingsError) as error:
        _not_begun(record, stop, error, arguments)
    else:
        logs.configure(
            _level(arguments, settings.log_level), arguments.log_format or settings.log_format, record.run_id
        )
        _Job(arguments, settings, stop, record).run()
    return record.exit_code


def _level(arguments: argparse.Namespace, settled: str) -> str:
    return "DEBUG" if arguments.verbose else "WARNING" if arguments.quiet else settled


def _log_format(environ: Mapping[str, str]) -> str:
    return "json" if without_quotes(environ.get("LOG_FORMAT", "")).lower() == "json" else "text"


def _not_begun(record: Run, stop: Stop, error: Exception, arguments: argparse.Namespace) -> None:
    """Say why there is no run to report of."""
    if isinstance(error, Stopped):
        record.exit_code = Exit(128 + stop.signal)
    elif isinstance(error, SettingsError):
        for fault in error.faults:
            logger.error("setting %s", fault, extra={"event": "settings_fault", "setting": fault.partition(":")[0]})
        record.exit_code, record.error = Exit.SETTINGS, str(error)
    else:
        logger.error("%s", error, extra={"event": "not_begun"})
        record.exit_code = Exit.USAGE if isinstance(error, ReportError) else Exit.LOCKED
        record.error = str(error)
    # Where another run is going on, the report is that run's.
    leave_word(record, arguments, at_place=isinstance(error, Stopped | SettingsError))


def _check(arguments: argparse.Namespace, environ: Mapping[str, str], stop: Stop) -> Exit:
    fault, console = None, Console(everything=True, quiet=arguments.quiet, check=stop.check)
    try:
        settings = load(environ, arguments.env_file)
    except SettingsError as error:
        settings, fault = load_the_rest(environ, arguments.env_file, error), error
    found: list[Finding] = []
    try:
        for finding in check(settings, stop, fault):
            console.finding(finding)
            found.append(finding)
    except Stopped:
        raise
    except Exception as error:  # noqa: BLE001 - an operator gets a sentence
        _tell_of_bug(error)
        return Exit.FAILED
    wrong = [one for one in found if not one.is_good]
    code = Exit.SETTINGS if any(one.is_setting for one in wrong) else Exit.FAILED if wrong else Exit.OK
    console.verdict(len(found), len(wrong), code)
    return code


def _tell_of_bug(error: Exception) -> None:
    logger.error("this is a bug; please report it with the lines below", exc_info=error, extra={"event": "bug"})


class _Job:
    """One run that can begin. Whatever comes now ends with a report."""

    def __init__(self, arguments: argparse.Namespace, settings: Settings, stop: Stop, record: Run) -> None:
        self.arguments, self.settings, self.stop, self.record = arguments, settings, stop, record
        record.connection, record.journal = settings.auth0_connection, str(arguments.journal or "")
        self.locks = Locks(settings, stop, timeout=arguments.lock_timeout)
        muted = arguments.format != "text"
        self.console = Console(everything=not record.writes, quiet=arguments.quiet, muted=muted, check=stop.check)
        log_format = arguments.log_format or settings.log_format
        self.phases = Phases(make_show(quiet=arguments.quiet, log_format=log_format))
        # Whether everybody is to be brought into agreement, not just some.
        whole = record.writes and record.mode == "sync" and not arguments.only
        self.publisher = Publisher(arguments, record, settings.sync_state_dir, stop, log_format, whole=whole)
        self.orders = Orders(
            Approval(arguments.approve, arguments.expect),
            Brakes(arguments.no_delete, arguments.no_role_removal, only=frozenset(map(address.key, arguments.only))),
            tuple(arguments.only),
            arguments.journal,
        )
        self.watch = Watch(settings, stop.check) if whole else None

    def run(self) -> None:
        try:
            if self.arguments.report is not None:
                report_file.check_place(self.arguments.report)  # not after the work is done
            if self.record.writes:
                self._write()
            else:
                self._tell()
        except (Stopped, SettingsError, ReportError, LockHeld, SourceLockHeld) as error:
            _not_begun(self.record, self.stop, error, self.arguments)
        except Exception as error:  # noqa: BLE001 - nor without being told
            self._unexpected(error)
            leave_word(self.record, self.arguments)
        finally:
            if self.watch is not None:
                self.watch.end(self.record)

    def _unexpected(self, error: Exception) -> None:
        _tell_of_bug(error)
        self.record.exit_code, self.record.error = Exit.FAILED, f"unexpected: {type(error).__name__}"

    def _write(self) -> None:
        with self.locks.on_this_host():
            if self.watch is not None:
                self.watch.begin()
            if self.record.mode == "sync":  # a restore may want just the oldest
                for folder in (self.settings.journal_dir, self.settings.invitations_dir):
                    forget_old(folder, self.settings.sync_journal_days, self.record.started_at)
            self._tell()

    def _tell(self) -> None:
        record = self.record
        app = App(self.settings, record, self.orders, console=self.console, stop=self.stop, phases=self.phases)
        try:
            if record.mode == "explain":
                self.console.explanation(self.arguments.email, app.explanation(self.arguments.email))
            else:
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
        except Exception as error:  # noqa: BLE001 - nothing ends without a report
            self._unexpected(error)
        if self.stop.signal:
            record.exit_code = Exit(128 + self.stop.signal)
        traffic = app.transport.traffic
        record.requests, record.retries, record.answered_429 = traffic.by_endpoint, traffic.retries, traffic.refused
        record.seconds = self.phases.seconds
        record.finished_at = datetime.now(UTC)
        self.publisher.publish(self.console)

    def _verdict(self) -> Exit:
        record = self.record
        if record.plan is None or record.guard.refusals:
            return Exit.REFUSED
        if not record.writes:
            return Exit.PENDING if self.arguments.detailed_exitcode and record.plan.changes else Exit.OK
        incomplete = any(outcome.status is not Status.DONE for outcome in record.outcomes)
        held = sum(self.orders.brakes.concern(one.email) and not one.shadow for one in record.plan.held)
        return Exit.PARTIAL if incomplete or held > self.settings.sync_tolerate_held else Exit.OK
