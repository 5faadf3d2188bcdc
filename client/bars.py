"""Progress on a terminal: a bar on its last line while a phase goes on, and log lines above it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from rich.console import Console as Rich
from rich.progress_bar import ProgressBar
from rich.style import Style

from client.course import Course, amount, pace, span
from client.phases import Step
from client.table import colours_of, columns

if TYPE_CHECKING:
    from client.phases import Budget

_SHORT = 0.5  # seconds; what is over by then would only flicker
_WIDEST_BAR, _NARROWEST_BAR = 40, 10  # columns
_USUAL = 80  # columns of a terminal that does not say
_PLAIN = Style.null()
_ERASE = "\r\x1b[K"


class LastLine:
    """The last line of a terminal. What others write to stderr meanwhile is put above it.

    The cursor is never hidden: however the process ends, there is nothing to be put right. Nothing here raises: a
    terminal that has gone away ends no run.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._line, self._lock = stream, "", threading.Lock()
        self._at_start = True  # whether the cursor stands at the beginning of a line, but for ours
        self._above = cast("TextIO", _Above(self, stream))
        self._before: TextIO = stream

    def show(self, line: str) -> None:
        """Put `line` there instead of what is there."""
        with self._lock:
            if not self._line:
                self._before, sys.stderr = sys.stderr, self._above
            self._line = line
            if self._at_start:
                self._put(f"\r{line}\x1b[K")

    def clear(self) -> None:
        """Leave nothing of it behind."""
        with self._lock:
            if self._line and self._at_start:
                self._put(_ERASE)
            self._line = ""
            if sys.stderr is self._above:
                sys.stderr = self._before

    def write_above(self, text: str) -> None:
        """Write what somebody else has to say. A thread may do so after the line is gone."""
        with self._lock:
            erase = _ERASE if self._line and self._at_start else ""
            self._at_start = text.endswith("\n") if text else self._at_start
            self._put(f"{erase}{text}{self._line if self._at_start else ''}")

    def _put(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


class _Above:
    """Stands for stderr while a line is shown."""

    def __init__(self, last_line: LastLine, stream: TextIO) -> None:
        self._last_line, self._stream = last_line, stream

    def write(self, text: str) -> int:
        self._last_line.write_above(text)
        return len(text)

    def flush(self) -> None:
        """What was written is out already."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Bars:
    """A bar for each phase that takes a while; when it is over, a line says how long it took."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """`stream`: the terminal."""
        self._stream, self._clock = stream, clock
        self._rich = Rich(file=stream, force_terminal=True)  # to draw with: it never writes
        self._colours = colours_of(self._rich)
        self._last_line = LastLine(stream)
        self._course: Course | None = None
        self._budget: Budget | None = None
        self._shown = False

    def begin(self, step: Step) -> None:
        """A phase begins."""
        self._course, self._budget, self._shown = Course(step, self._clock()), step.budget(), False

    def tick(self) -> None:
        """Show how far it is now."""
        course, now = self._course, self._clock()
        if course is None or now - course.began < _SHORT:
            return
        course.look(now)
        self._shown = True
        self._last_line.show(self._line(course, now))

    def end(self, step: Step) -> None:
        """It is over."""
        course, self._course = self._course, None
        self._last_line.clear()
        if course is not None and self._shown:
            took = span(self._clock() - course.began)
            self._last_line.write_above(f"{step.name}: {_finished(step) or 'done'} in {took}\n")

    def _line(self, course: Course, now: float) -> str:
        """As much as fits: who and how much first, the bar before the rest."""
        step, width = course.step, self._width()
        head = _cut(step.name, width)
        room = width - columns(head)
        pieces = []
        for text, is_bar in ((amount(step), False), ("", True), *((text, False) for text in self._asides(course))):
            needed = 1 + (_NARROWEST_BAR if is_bar else columns(text))
            if (is_bar or text) and needed <= room:
                pieces.append((text, is_bar))
                room -= needed
        bar = _NARROWEST_BAR + min(room, _WIDEST_BAR - _NARROWEST_BAR)
        pieces.sort(key=lambda piece: not piece[1])
        return " ".join([head, *(self._bar(step, bar, now) if is_bar else text for text, is_bar in pieces)])

    def _asides(self, course: Course) -> list[str]:
        step, budget = course.step, course.step.budget()
        left = course.left
        return [
            step.note,
            f"{span(left)} left" if left else "",
            pace(course.rate) if course.rate else "",
            # What was said in an earlier phase says nothing of this one.
            f"{budget.remaining} of {budget.limit} requests left" if budget and budget is not self._budget else "",
        ]

    def _bar(self, step: Step, width: int, now: float) -> str:
        bar = ProgressBar(step.total, step.done, width=width, pulse=not step.total, animation_time=now)
        drawn = self._rich.render(bar, self._rich.options.update_width(width))
        return "".join((part.style or _PLAIN).render(part.text, color_system=self._colours) for part in drawn)

    def _width(self) -> int:
        """The columns that a line may have: not the last one, after which some terminals begin a new line."""
        try:
            found = os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            found = 0
        return (found or _USUAL) - 1


def _cut(text: str, width: int) -> str:
    """As much as fits; for names of our own, which are ASCII."""
    return text if len(text) <= width else text[: max(width, 0)]


def _finished(step: Step) -> str:
    whole = step.total is None or step.done == step.total
    return amount(Step(step.name, step.unit, None, step.done)) if whole else amount(step)
