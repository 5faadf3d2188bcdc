"""Waiting for a thread that talks to the database, so that no driver makes the run wait longer than it was told to."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import TypeVar

from database.failures import SourceError

_GRACE = 1.0  # seconds that the driver's own timeout, which says more, has before ours
_POLL = 0.1  # seconds between two looks at whether the run is to stop

Message = TypeVar("Message")


def awaited(
    messages: queue.Queue[Message],
    explain: Callable[[BaseException], SourceError],
    patience: float,
    check: Callable[[], None],
) -> Message:
    """The thread's next message. `patience`: seconds, the driver's own time limit.

    `check` is called about ten times a second and may raise to give up. Raises the message itself if it is an
    exception, and what `explain` makes of a timeout when the driver's own did not hold.
    """
    deadline = time.monotonic() + patience + _GRACE
    while time.monotonic() < deadline:
        check()
        try:
            message = messages.get(timeout=_POLL)
        except queue.Empty:
            continue
        if isinstance(message, BaseException):
            raise message
        return message
    raise explain(TimeoutError("HYT00 timeout expired"))
