"""Where the sandbox gets its time from: the machine, or a test that moves it by hand."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Anything with `.time()` in epoch seconds; the `time` module is one."""

    def time(self) -> float:
        """Seconds since the epoch."""
        ...


class ManualClock:
    """A clock that stands still until `advance` is called, so that lag and expiry need no sleeping."""

    def __init__(self, now: float = 1_780_000_000.0) -> None:
        self._now = now
        self._lock = threading.Lock()

    def time(self) -> float:
        """Seconds since the epoch, as last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        with self._lock:
            self._now += seconds


def timestamp(seconds: float) -> str:
    """Epoch seconds as Auth0 writes a moment: `2023-07-11T16:30:16.736Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
