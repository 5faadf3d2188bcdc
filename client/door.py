"""Around the story: settings, lock, signals, report. Every way to end becomes an exit code and a sentence."""

from __future__ import annotations

import argparse
import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from client import __version__, report_file
from client.app import App
from client.auth0.errors import Auth0Error
from client.console import Console
from client.report_file import ReportError
from client.stop import Stop, Stopped
from config import logs
from config.loading import SettingsError, load
from config.settings import Settings
from database.failures import SourceError
from sync.model import Status
from sync.report import Exit, Run, document

logger = logging.getLogger(__name__)


class LockHeld(Exception):
    """Another run is going on."""


def run_job(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Exit:
    """Run `sync` or `plan` from the first setting to the last line of the report."""
    run_id = uuid.uuid4().hex
    stop = Stop()
    stop.listen()
    try:
        settings = load(environ, arguments.env_file)
    except SettingsError as error:
        logs.configure("INFO", arguments.log_format or "text", run_id)
        for fault in error.faults:
            logger.error("setting %s", fault)  # noqa: TRY400 - the operator needs no traceback
        return Exit.SETTINGS
    level = "DEBUG" if arguments.verbose else "WARNING" if arguments.quiet else settings.log_level
    logs.configure(level, arguments.log_format or settings.log_format, run_id)
    try:
        reports = _reports(arguments, settings)
        with _only_one(settings.sync_state_dir, needed=arguments.command == "sync"):
            return _tell(arguments, settings, stop, run_id, reports)
    except ReportError as error:
        logger.error("%s", error)  # noqa: TRY400
        return Exit.USAGE
    except LockHeld as error:
        logger.error("%s", error)  # noqa: TRY400
        return Exit.LOCKED
    except SettingsError as error:
        logger.error("setting %s", error)  # noqa: TRY400
        return Exit.SETTINGS


def _reports(arguments: argparse.Namespace, settings: Settings) -> list[Path]:
    """Where the report is to go; told now if that cannot be, not after the work is done."""
    if arguments.report is not None:
        report_file.check_place(arguments.report)
    last = [settings.sync_state_dir / "last-report.json"] if arguments.command == "sync" else []
    return last + ([arguments.report] if arguments.report is not None else [])


@contextmanager
def _only_one(state_dir: Path, *, needed: bool) -> Iterator[None]:
    """Hold the lock of this state folder; the system releases it when the process ends, however it ends."""
    if not needed:
        yield
        return
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(state_dir / "lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise LockHeld(f"another run is going on (it holds {state_dir / 'lock'}); nothing was done") from None
    except OSError as error:
        raise SettingsError([f"SYNC_STATE_DIR: {state_dir} cannot be used ({error.strerror})"]) from None
    with lock:
        yield


def _tell(arguments: argparse.Namespace, settings: Settings, stop: Stop, run_id: str, reports: list[Path]) -> Exit:
    record = Run(run_id, __version__, arguments.command, settings.auth0_connection, datetime.now(UTC))
    console = Console(everything=arguments.command == "plan", quiet=arguments.quiet)
    app = App(settings, record, console=console, stop=stop)
    try:
        app.run()
        record.exit_code = _verdict(record, detailed=arguments.detailed_exitcode)
    except Stopped:
        pass
    except (SourceError, Auth0Error) as error:
        record.exit_code, record.error = Exit.FAILED, str(error)
    except Exception as error:
        logger.exception("this is a bug; please report it with the lines below")
        record.exit_code, record.error = Exit.FAILED, f"unexpected: {type(error).__name__}"
    if stop.signal:
        record.exit_code = Exit(128 + stop.signal)
    traffic = app.transport.traffic
    record.requests, record.retries, record.answered_429 = traffic.by_endpoint, traffic.retries, traffic.refused
    record.finished_at = datetime.now(UTC)
    _publish(record, console, reports)
    return record.exit_code


def _verdict(record: Run, *, detailed: bool) -> Exit:
    if record.refusals:
        return Exit.REFUSED
    changes = record.plan is not None and bool(record.plan.changes)
    if record.mode == "plan":
        return Exit.PENDING if detailed and changes else Exit.OK
    incomplete = any(outcome.status is not Status.DONE for outcome in record.outcomes)
    return Exit.PARTIAL if incomplete or (record.plan and record.plan.held) else Exit.OK


def _publish(record: Run, console: Console, reports: list[Path]) -> None:
    if record.error:
        logger.error("%s", record.error)
    for path in reports:
        try:
            report_file.write(path, document(record))
        except ReportError as error:
            logger.error("%s", error)  # noqa: TRY400
            record.exit_code = record.exit_code or Exit.FAILED
    if record.refusals:
        console.refusals(record.refusals)
    console.summary(record)
