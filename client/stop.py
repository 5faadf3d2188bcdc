"""SIGTERM and SIGINT: remembered by a flag that every wait of the run looks at."""

from __future__ import annotations

import signal
import time
from types import FrameType

_SLICE = 0.1  # seconds between two looks at the flag


class Stopped(Exception):
    """The operator or the scheduler asked the run to end."""


class Stop:
    """Whether the run was asked to end, and by which signal.

    The handler only sets a number: it runs between two instructions of the main thread, which may hold any
    lock, so it must not take one.
    """

    def __init__(self) -> None:
        self.signal = 0

    def listen(self) -> None:
        """Take over SIGTERM and SIGINT. Only the main thread may call it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or number

    def check(self) -> None:
        """Raise `Stopped` if the run is to end."""
        if self.signal:
            raise Stopped(signal.Signals(self.signal).name)

    def sleep(self, seconds: float) -> None:
        """Sleep, but raise `Stopped` as soon as the run is to end."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.check()
            time.sleep(min(_SLICE, left))
        self.check()
