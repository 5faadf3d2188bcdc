"""Logs: to stderr, one line an event, as text for people or JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from sync.text import visible


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


class _Json(logging.Formatter):
    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "run_id": self._run_id,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(level: str, form: str, run_id: str) -> None:
    """Send all logs to stderr. `level`: a logging level's name; `form`: `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(run_id) if form == "json" else _Line())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # its DEBUG lines show signed URLs
    logging.getLogger("filelock").setLevel(logging.WARNING)  # its DEBUG lines are about nothing
