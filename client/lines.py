"""A private file that grows by one line at a time, each on the disk before anything depends on it."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from pathlib import Path


class Unwritable(Exception):
    """A file without which it makes no sense to go on cannot be written."""


class Lines:
    """A file of its own, which is there from the first line on. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file: int | None = None
        self._failure: Unwritable | None = None

    @property
    def begun(self) -> bool:
        """Whether there is such a file."""
        return self._file is not None

    def check_place(self) -> None:
        """Raise `Unwritable` if it could not be written: to be known before the first change, not in the middle."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=".try-"):
                pass
        except OSError as error:
            raise self._broken(error) from None

    def append(self, line: str) -> None:
        """Add a line, and see it on the disk. Raises `Unwritable`."""
        with self._lock:
            if self._failure is None:
                try:
                    self._append(line.encode() + b"\n")
                except OSError as error:
                    self._failure = self._broken(error)
            if self._failure is not None:  # a line after half a line would make all of the file unreadable
                raise self._failure

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._opened()
        if os.write(self._file, data) != len(data):
            raise OSError(errno.ENOSPC, "only a part of a line was taken")
        os.fsync(self._file)

    def _opened(self) -> int:
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return file

    def _broken(self, error: OSError) -> Unwritable:
        return Unwritable(f"{self.path} cannot be written ({error.strerror})")

    def close(self) -> None:
        """No more lines."""
        if self._file is not None:
            os.close(self._file)
