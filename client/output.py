"""Standard output, whatever stands at its other end: a terminal, a pipe that nobody reads any more, a full disk."""

from __future__ import annotations

import io
import logging
import os
import select
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from client.stop import Stopped

logger = logging.getLogger(__name__)

_PIECE = 4096  # bytes; a pipe that has room for anything takes so many at once
_SLICE = 0.1  # seconds between two looks at whether the run is to stop
_GRACE = 1.0  # seconds that a run which is to stop waits for a reader


class Output:
    """Writes text to stdout and never raises: that nobody reads it is no reason to end a run."""

    def __init__(self, check: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic) -> None:
        """`check` raises `Stopped` when the run is to end; then nothing waits for a slow reader any more."""
        self._check, self._clock = check, clock
        self._gone = sys.stdout is None  # it was closed before we began
        self.has_failed = False
        """Whether something was lost that somebody may have wanted to read: the disk is full, say."""

    @property
    def is_over(self) -> bool:
        """Whether there is no use in a long text: the run is to stop, or nobody reads."""
        return self._gone or self._is_stopped()

    def write(self, text: str) -> None:
        """Write all of it, or what can be written."""
        if self._gone:
            return
        try:
            self._write(text)
        except BrokenPipeError:
            self._give_up()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            self._give_up()
            self.has_failed = True
            why = f"{type(error).__name__}: {error}"
            logger.warning("stdout cannot be written: %s", why, extra={"event": "output_lost"})

    def _write(self, text: str) -> None:
        descriptor = _descriptor()
        if descriptor is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        sys.stdout.flush()
        data = text.encode(sys.stdout.encoding, sys.stdout.errors or "backslashreplace")
        deadline = None
        while data and not self._gone:
            if not select.select([], [descriptor], [], _SLICE)[1]:
                deadline = deadline or (self._clock() + _GRACE if self._is_stopped() else None)
                self._gone = deadline is not None and self._clock() > deadline
                continue
            data = data[os.write(descriptor, data[:_PIECE]) :]

    def _is_stopped(self) -> bool:
        try:
            self._check()
        except Stopped:
            return True
        return False

    def _give_up(self) -> None:
        """Python writes out at the end what is still in its buffer: that must not fail once more."""
        self._gone = True
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _descriptor() -> int | None:
    """The file behind stdout, if there is one."""
    try:
        return sys.stdout.fileno() if isinstance(sys.stdout, io.TextIOWrapper) else None
    except (OSError, ValueError):
        return None
