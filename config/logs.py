"""Logs: to stderr, one line an event, as text for people or JSON for machines. docs/logs.md has the events."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from sync.text import visible

FOREIGN = "other"
"""The event of a line that a library writes."""
_CHATTY = {
    "urllib3": logging.ERROR,  # its DEBUG lines show signed URLs, and so does a WARNING about a header
    "azure": logging.ERROR,  # where there is no token it warns with pages of what our own error says in a sentence
    "msal": logging.WARNING,  # its INFO lines are about each request
    "filelock": logging.WARNING,  # its DEBUG lines are about nothing
}


class _Line(logging.Formatter):
    """One line whatever the message holds: nothing from a database or a server can forge a log line.

    A traceback's lines follow, set in, so that no line of an exception's message looks like an event either.
    """

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = f"{when} {record.levelname:<7} {visible(record.getMessage())}"
        if not record.exc_info:
            return line
        traceback = self.formatException(record.exc_info).splitlines()
        return "\n".join([line, *(f"    {visible(part)}" for part in traceback)])


class _Json(JsonFormatter):
    """One object a line. Every line begins with the same keys; the fields of its event follow.

    What a library adds to a line of its own is left out: nobody here knows what is in it.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["run_id"] = self._run_id
        log_data["event"] = FOREIGN
        log_data["message"] = record.getMessage()
        exception = message_dict.pop("exc_info", None)
        if hasattr(record, "event"):
            super().add_fields(log_data, record, message_dict)
        else:
            log_data["logger"] = record.name
        if exception:
            log_data["exception"] = exception


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is at that moment: while a progress bar is shown, that is not what it was before."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def configure(level: str, form: str, run_id: str) -> None:
    """Send all logs to stderr. `level`: a logging level's name; `form`: `text` or `json`."""
    handler = _Stderr()
    handler.setFormatter(_Json(run_id) if form == "json" else _Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(form == "json")  # else a library's warning is a line that no machine can read
    for name, least in _CHATTY.items():
        logging.getLogger(name).setLevel(least)
