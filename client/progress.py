"""Who shows how far a run has come: bars on a terminal, log lines elsewhere, nobody where silence was asked for."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TextIO

from client.bars import Bars
from client.course import Course, amount, pace, span
from client.phases import Show, Step, Unseen

logger = logging.getLogger(__name__)

_EVERY = 10.0  # seconds between two log lines
_LOOK = 1.0  # seconds between two looks at how far it is
_PATIENCE = 1.0  # seconds that the end of a phase waits for a reader of stderr that takes nothing


class Looking(Show, Protocol):
    """A show that wants to be called now and then while a phase goes on."""

    def tick(self) -> None:
        """Look how far it is."""


class LogLines:
    """A log line each ten seconds of a phase, also while nothing moves; none of a phase that is shorter."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._course: Course | None = None
        self._told = 0.0
        self._told_of: int | None = None

    def begin(self, step: Step) -> None:
        """A phase begins."""
        self._told = self._clock()
        self._course, self._told_of = Course(step, self._told), None

    def tick(self) -> None:
        """Tell how far it is, if it is time for that."""
        course, now = self._course, self._clock()
        if course is None:
            return
        course.look(now)
        if now - self._told < _EVERY:
            return
        step, done, left = course.step, course.step.done, course.left
        still = "still " if done == (self._told_of or 0) else ""
        self._told, self._told_of = now, done
        speed = f", {pace(course.rate)}" if course.rate else ""
        rest = f", about {span(left)} left" if left else ""
        note = f"; {step.note}" if step.note else ""
        self._say(step, f"{still}{amount(step) or 'going on'} after {span(now - course.began)}{speed}{rest}{note}")

    def end(self, step: Step) -> None:
        """It is over: that is told of those that were told of."""
        course, self._course = self._course, None
        if course is not None and self._told_of is not None:
            self._say(step, f"{amount(step) or 'done'} in {span(self._clock() - course.began)}")

    def _say(self, step: Step, text: str) -> None:
        extra = {"event": "progress", "phase": step.name, "done": step.done, "total": step.total}
        logger.info("%s: %s", step.name, text, extra=extra)


class Ticking:
    """Calls a show every few moments of a phase, in a thread.

    The thread may be alive while the pool of processes starts: its workers are spawned, so nothing of this process
    runs in them, and no lock that the thread holds is copied. It is a daemon, and gone with its phase.
    """

    def __init__(self, show: Looking, every: float) -> None:
        """`every`: seconds."""
        self._show, self._every = show, every
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, step: Step) -> None:
        """A phase begins."""
        self._show.begin(step)
        self._over = threading.Event()
        self._thread = None
        thread = threading.Thread(target=self._look, args=(self._over,), name="progress", daemon=True)
        with suppress(RuntimeError):  # no thread is to be had: then nothing is shown
            thread.start()
            self._thread = thread

    def end(self, step: Step) -> None:
        """It is over."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        self._show.end(step)

    def _look(self, over: threading.Event) -> None:
        while not over.wait(self._every):
            self._show.tick()


def make_show(*, quiet: bool, log_format: str) -> Show:
    """What suits stderr. `quiet`: nothing at all. `log_format`: `text` or `json`, which machines read."""
    if quiet or sys.stderr is None:
        return Unseen()
    if log_format == "text" and is_live(sys.stderr):
        return Bars(sys.stderr)
    return Ticking(LogLines(), _LOOK)


def is_live(stream: TextIO) -> bool:
    """Whether a line on it can be written over."""
    try:
        return stream.isatty() and os.environ.get("TERM", "dumb").lower() not in {"dumb", "unknown", ""}
    except ValueError:  # it is closed
        return False
