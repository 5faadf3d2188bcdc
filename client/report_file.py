"""The report as a file: written whole or not at all, whatever happens."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


class ReportError(Exception):
    """The report cannot be written where it was asked for."""


def check_place(path: Path) -> None:
    """Raise `ReportError` if a report could not be written to `path`; leaves nothing behind."""
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise ReportError(f"the report cannot be written to {path}: {error.strerror}") from None


def write(path: Path, text: str) -> None:
    """Replace `path` by `text`, at once. Only its owner may read it: it names people."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ReportError(f"the report cannot be written to {path}: {error.strerror}") from None
