"""Progress on a terminal: a bar on its last line while a phase goes on, and log lines above it. Rich draws both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import IO, TextIO, cast

from rich.console import Console, RenderableType
from rich.constrain import Constrain
from rich.progress import BarColumn, Progress, RenderableColumn, Task
from rich.table import Column
from rich.text import Text

from client.course import amount, finished, pace, span
from client.phases import Step
from client.table import Lasting

_SHORT = 0.5  # seconds; what is over by then would only flicker
_BAR = "━" * 10  # as long as a bar has to be; it is drawn up to four times as long


class Bars:
    """A bar for each phase that takes a while; when it is over, a line says how long it took."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """`stream`: the terminal."""
        file = cast("IO[str]", Lasting(stream))
        self._console = _Terminal(file=file, force_terminal=True, soft_wrap=True, markup=False, highlight=False)
        self._clock = clock
        self.bar: Bar | None = None

    def begin(self, step: Step) -> None:
        """A phase begins. Rich looks at it ten times a second, in a thread."""
        self.bar = Bar(step, self._console, self._clock)
        with suppress(RuntimeError):  # no thread is to be had: then nothing is shown
            self.bar.start()

    def end(self, _step: Step) -> None:
        """It is over."""
        if self.bar is not None:
            self.bar.is_over = True
            self.bar.stop()


class Bar(Progress):
    """One phase. Its numbers are read whenever it is drawn."""

    def __init__(self, step: Step, console: Console, clock: Callable[[], float]) -> None:
        self._step, self._budget, self.is_over = step, step.budget(), False
        self._clock, self._began = clock, clock()
        super().__init__(console=console, redirect_stdout=False, get_time=clock)
        self.add_task(step.name, total=step.total)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Nothing at first, then the bar, and in the end the line that stays."""
        took = self._clock() - self._began
        for task in self.tasks if took >= _SHORT else ():
            if self.is_over:
                said = f"{self._step.name}: {finished(self._step) or 'done'} in {span(took)}"
                yield Text(said, no_wrap=False, overflow="fold")
                continue
            if self._step.done < task.completed:  # it counts something else from here on
                self.reset(task.id)
            task.total = self._step.total
            self.update(task.id, completed=self._step.done)
            room = self.console.width - 1  # after the last column some terminals begin a new line
            self.columns = tuple(map(_column, _fitting(self._texts(task), room)))
            yield Constrain(self.make_tasks_table([task]), room)

    def _texts(self, task: Task) -> list[str]:
        step, left, speed, budget = self._step, task.time_remaining, task.speed, self._step.budget()
        return [
            step.name,
            _BAR,
            amount(step),
            step.note,
            f"{span(left)} left" if left else "",
            pace(speed) if speed else "",
            # What was said in an earlier phase says nothing of this one.
            f"{budget.remaining} of {budget.limit} requests left" if budget and budget is not self._budget else "",
        ]


class _Terminal(Console):
    """The cursor is never hidden: however the process ends, there is nothing to be put right."""

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT001, FBT002 - so rich has it
        return False


def _fitting(texts: Iterable[str], room: int) -> list[str]:
    """As much as fits: who and how much first, the bar before the rest."""
    fitting = [text for text in texts if text]
    while len(fitting) > 1 and len(" ".join(fitting)) > room:
        fitting.pop(1 if len(fitting) == 3 else -1)  # noqa: PLR2004 - the bar stands before how much
    return fitting


def _column(text: str) -> RenderableColumn | BarColumn:
    if text == _BAR:
        return BarColumn(None, table_column=Column(min_width=len(_BAR), max_width=4 * len(_BAR)))
    return RenderableColumn(Text(text), table_column=Column(no_wrap=True, overflow="crop"))
