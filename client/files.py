"""A file that is there as a whole or not at all, whatever happens."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

_NO_LOOP = "its links go in a circle"


def place(path: Path) -> Path:
    """Where a file of this name is: a link stays one. Raises `OSError` for what is there and is no ordinary file."""
    try:
        found = path.resolve()
    except RuntimeError:
        raise OSError(0, _NO_LOOP) from None
    if path.is_dir():
        raise OSError(0, "it is a folder")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):  # what /dev/stdout leads to may have no name
        raise OSError(0, "it is no ordinary file")
    return found


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace `path` by `content`, at once. By default only its owner may read it. Raises `OSError`."""
    found = place(path)
    with tempfile.NamedTemporaryFile(dir=found.parent, prefix=f".{found.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            Path(file.name).replace(found)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
