"""The report as a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from client import files


class ReportError(Exception):
    """The report cannot be written where it was asked for."""


def check_place(path: Path) -> None:
    """Raise `ReportError` if a report could not be written to `path`; leaves nothing behind."""
    try:
        found = files.place(path)
        with tempfile.NamedTemporaryFile(dir=found.parent, prefix=f".{found.name}."):
            pass
    except OSError as error:
        raise _unwritable(path, error) from None


def write(path: Path, text: str) -> None:
    """Replace `path` by `text`. Only its owner may read it: it names people."""
    try:
        files.replace(path, text.encode(errors="backslashreplace"))
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ReportError:
    return ReportError(f"the report cannot be written to {path}: {error.strerror}")
