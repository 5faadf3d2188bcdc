"""Bars on a terminal: what they say, and what of it fits."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from client.bars import Bars
from client.phases import Phases, Step
from tests.client.shown import Clock, Terminal, left, step_of
from tests.functional.terminal import COLOUR, CONTROL, ERASED, seen


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the tests is nobody's terminal."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


def look(bars: Bars) -> None:
    """What rich's thread does ten times a second; it would see the same."""
    assert bars.bar is not None
    bars.bar.refresh()


def bar_of(step: Step, terminal: Terminal, *, seconds: float = 10) -> str:
    """What is on the terminal so long after the beginning, when a tenth was done after a tenth of the time."""
    clock, done = Clock(), step.done
    bars = Bars(terminal, clock)
    step.done = 0
    bars.begin(step)
    for part in (1, 10):
        clock.now = 1000 + seconds * part / 10
        step.done = done * part // 10
        look(bars)
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
    look(bars)
    before = seen(terminal.getvalue())
    said.append(left(16, 20))
    look(bars)
    after = seen(terminal.getvalue())
    bars.end(step)

    assert "requests left" not in before[0]  # it was said of an earlier phase
    assert after[0].endswith("3 of 9 accounts 16 of 20 requests left")


def test_a_phase_of_an_unknown_end_has_a_bar_without_a_measure(terminal: Terminal) -> None:
    line = bar_of(Step("read the source", "rows", None, 40_000), terminal)

    assert line.startswith("read the source ━━━")
    assert line.endswith(" 40,000 rows 4,000/s")


def test_what_begins_to_count_something_else_has_no_speed_of_before(terminal: Terminal) -> None:
    clock, step = Clock(), step_of(0, 10)
    bars = Bars(terminal, clock)
    bars.begin(step)
    lines = []
    for done in (4, 8):
        clock.now += 1
        step.done = done
        look(bars)
        lines += seen(terminal.getvalue())
    step.count("people", None)
    step.advance(3)
    look(bars)
    lines += seen(terminal.getvalue())
    bars.end(step)

    assert [line.partition("━ ")[2] for line in lines] == [
        "4 of 10 accounts",
        "8 of 10 accounts 1 s left 4.0/s",
        "3 people",
    ]


def test_a_total_that_becomes_known_is_that_of_the_bar(terminal: Terminal) -> None:
    clock, step = Clock(), step_of()
    bars = Bars(terminal, clock)
    bars.begin(step)
    step.count("accounts", 100)
    for done in (10, 20):
        clock.now += 1
        step.done = done
        look(bars)
    (line,) = seen(terminal.getvalue())
    bars.end(step)

    assert line.endswith("20 of 100 accounts 8 s left 10/s")


def test_what_a_job_says_of_itself_is_there_and_is_no_markup(terminal: Terminal) -> None:
    line = bar_of(step_of(0, 5000, note="{0} [red]of the export: 40 %"), terminal)

    assert line.endswith(" 0 of 5,000 accounts {0} [red]of the export: 40 %")


@pytest.mark.parametrize("width", [12, 20, 40, 41, 60, 79, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_what_matters_most_stays(
    width: int, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    line = bar_of(step_of(12_345, 99_999, budget=lambda: left(3, 50)), terminal)

    assert len(line) < width
    assert line.startswith("read accounts"[: width - 1])
    assert ("12,345 of 99,999 accounts" in line) is (width >= 40)
    assert ("━━━━━━━━━━" in line) is (width >= 60)
    assert ("requests left" in line) is (width >= 120)


def test_a_short_phase_shows_nothing(terminal: Terminal) -> None:
    clock = Clock()
    bars = Bars(terminal, clock)

    for seconds in (0.1, 0.2, 0.1):
        step = step_of(1, 2)
        bars.begin(step)
        clock.now += seconds
        look(bars)
        bars.end(step)

    assert CONTROL.sub("", terminal.getvalue()).strip("\r") == ""


def test_a_thread_looks_while_a_phase_goes_on() -> None:
    class Watched(Terminal):
        def __init__(self) -> None:
            super().__init__()
            self.has_bar = threading.Event()

        def write(self, text: str) -> int:
            if "━" in text:
                self.has_bar.set()
            return super().write(text)

    watched, clock = Watched(), Clock()

    with Phases(Bars(watched, clock)).phase("plan"):
        clock.now += 1
        looked = watched.has_bar.wait(10)

    assert looked
    assert seen(watched.getvalue()) == ["plan: done in 1 s", ""]


def test_where_no_thread_is_to_be_had_the_work_is_done_all_the_same(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    before = sys.stderr

    with Phases(Bars(terminal)).phase("plan"):
        pass

    assert sys.stderr is before
    assert seen(terminal.getvalue()) == [""]


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


def test_on_a_narrow_terminal_the_line_that_stays_is_all_there(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")

    bar_of(step_of(800, 1000), terminal)

    assert [line for line in seen(terminal.getvalue()) if line] == [
        "read accounts: 800",
        "of 1,000 accounts in",
        "10 s",
    ]


def test_nothing_but_the_last_line_is_controlled_and_the_cursor_is_never_hidden(terminal: Terminal) -> None:
    bar_of(step_of(1, 2), terminal)

    controls = {control for control in CONTROL.findall(terminal.getvalue()) if not COLOUR.fullmatch(control)}
    assert controls == {ERASED}


def test_without_colours_there_are_none(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    bar_of(step_of(1, 2), terminal)

    assert COLOUR.findall(terminal.getvalue()) == []
    assert "━" in terminal.getvalue()


def test_a_terminal_that_knows_no_such_letters_gets_others(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    old = io.TextIOWrapper(raw, encoding="ascii", errors="strict", write_through=True)
    monkeypatch.setattr(sys, "stderr", old)
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(old, clock)

    bars.begin(step)
    clock.now += 1
    look(bars)
    bars.end(step)

    assert b"read accounts" in raw.getvalue()
    assert b"---" in COLOUR.sub("", raw.getvalue().decode()).encode()
