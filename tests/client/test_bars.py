"""Bars on a terminal: what they say, and what of it fits."""

from __future__ import annotations

import io
import os
import pty
import sys
import termios

import pytest

from client.bars import Bars
from client.phases import Step
from tests.client.shown import Clock, Terminal, left, step_of
from tests.functional.terminal import COLOUR, CONTROL, seen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def bar_of(step: Step, terminal: Terminal, *, seconds: float = 10, before: int = 0) -> str:
    """What is on the terminal of 80 columns that does not say how wide it is, so long after the beginning."""
    clock, done = Clock(), step.done
    bars = Bars(terminal, clock)
    step.done = before
    bars.begin(step)
    clock.now += seconds
    step.done = done
    bars.tick()
    (line,) = seen(terminal.getvalue())
    bars.end(step)
    return line


def test_a_bar_says_what_and_how_much_how_fast_and_how_long_still(terminal: Terminal) -> None:
    line = bar_of(step_of(250, 1000), terminal)

    assert line.startswith("read accounts ━━━")
    assert line.endswith(" 250 of 1,000 accounts 30 s left 25/s")
    assert len(line) <= 79


def test_a_bar_says_what_is_left_of_the_limit_once_an_answer_told(terminal: Terminal) -> None:
    step = Step("create", "accounts", 9, 3)
    said = [left(20, 20)]
    step.budget = lambda: said[-1]
    clock = Clock()
    bars = Bars(terminal, clock)

    bars.begin(step)
    clock.now += 1
    bars.tick()
    before = seen(terminal.getvalue())
    said.append(left(16, 20))
    bars.tick()
    after = seen(terminal.getvalue())
    bars.end(step)

    assert "requests left" not in before[0]  # it was said of an earlier phase
    assert after[0].endswith("3 of 9 accounts 16 of 20 requests left")


def test_a_phase_of_an_unknown_end_has_a_bar_without_a_measure(terminal: Terminal) -> None:
    line = bar_of(Step("read the source", "rows", None, 40_000), terminal)

    assert line.startswith("read the source ━━━")
    assert line.endswith(" 40,000 rows 4,000/s")


def test_what_a_job_says_of_itself_is_there(terminal: Terminal) -> None:
    line = bar_of(step_of(0, 5000, note="Auth0 makes the export 40 %"), terminal)

    assert line.endswith(" 0 of 5,000 accounts Auth0 makes the export 40 %")


@pytest.mark.parametrize("width", [12, 20, 40, 41, 60, 79, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_what_matters_most_stays(
    width: int, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bars, "_width", lambda _self: width - 1)

    line = bar_of(step_of(12_345, 99_999, budget=lambda: left(3, 50)), terminal)

    assert len(line) < width
    assert line.startswith("read accounts"[: width - 1])
    assert ("12,345 of 99,999 accounts" in line) is (width >= 40)
    assert ("requests left" in line) is (width >= 120)


def test_a_terminal_that_is_resized_is_looked_at_each_time() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream, os.fdopen(ours, "rb", buffering=0):
        bars = Bars(stream)
        widths = []
        for columns in (80, 40):
            os.environ.pop("COLUMNS", None)
            termios.tcsetwinsize(theirs, (24, columns))
            widths.append(bars._width())  # noqa: SLF001 - the terminal is what is looked at

    assert widths == [79, 39]


def test_a_short_phase_shows_nothing(terminal: Terminal) -> None:
    clock = Clock()
    bars = Bars(terminal, clock)

    for seconds in (0.1, 0.2, 0.1):
        step = step_of(1, 2)
        bars.begin(step)
        clock.now += seconds
        bars.tick()
        bars.end(step)

    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (step_of(1000, 1000), "read accounts: 1,000 accounts in 10 s"),
        (step_of(800, 1000), "read accounts: 800 of 1,000 accounts in 10 s"),
        (Step("read the source", "rows", None, 71), "read the source: 71 rows in 10 s"),
        (Step("plan"), "plan: done in 10 s"),
    ],
    ids=["whole", "ended early", "of an unknown end", "without numbers"],
)
def test_of_a_phase_that_is_over_a_line_stays(step: Step, line: str, terminal: Terminal) -> None:
    bar_of(step, terminal)

    assert seen(terminal.getvalue()) == [line, ""]


def test_nothing_but_the_beginning_of_the_line_and_its_rest_is_controlled(terminal: Terminal) -> None:
    bar_of(step_of(1, 2), terminal)

    assert {control for control in CONTROL.findall(terminal.getvalue()) if not COLOUR.fullmatch(control)} == {"\x1b[K"}


def test_without_colours_there_are_none(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    bar_of(step_of(1, 2), terminal)

    assert COLOUR.findall(terminal.getvalue()) == []
    assert "━" in terminal.getvalue()


def test_a_terminal_that_knows_no_such_letters_gets_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    old = Old(raw, encoding="ascii", errors="backslashreplace", write_through=True)
    monkeypatch.setattr(sys, "stderr", old)
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(old, clock)

    bars.begin(step)
    clock.now += 1
    bars.tick()
    bars.end(step)

    assert b"\\u" not in raw.getvalue()
    assert b"read accounts" in raw.getvalue()
