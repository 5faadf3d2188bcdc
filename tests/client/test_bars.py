"""Bars on a terminal: what they say, what of it fits, and that nothing of them is in anybody's way."""

from __future__ import annotations

import io
import logging
import os
import pty
import sys
import threading
import time

import pytest

from client.bars import Bars, LastLine
from client.phases import Step
from config import logs
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
            set_columns(theirs, columns)
            widths.append(bars._width())  # noqa: SLF001 - the terminal is what is looked at

    assert widths == [79, 39]


def set_columns(descriptor: int, columns: int) -> None:
    import fcntl  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


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


def test_log_lines_are_above_the_bar_and_whole(terminal: Terminal) -> None:
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(terminal, clock)
    bars.begin(step)
    clock.now += 1
    bars.tick()

    long = "x" * 300
    sys.stderr.write(f"{long}\n")
    sys.stderr.write("and in ")
    during = seen(terminal.getvalue())
    bars.tick()
    sys.stderr.write("two parts\n")
    after = seen(terminal.getvalue())
    bars.end(step)

    assert during == [long, "and in"]
    assert after[:2] == [long, "and in two parts"]
    assert after[2].startswith("read accounts ━")
    assert seen(terminal.getvalue())[:2] == [long, "and in two parts"]


def test_the_logs_of_the_job_go_above_the_bar(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    root = logging.getLogger()
    before, level = [*root.handlers], root.level
    logs.configure("INFO", "text", "run")
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(terminal, clock)
    try:
        bars.begin(step)
        clock.now += 1
        bars.tick()
        logging.getLogger("client.apply").info("added ann@x.io", extra={"event": "change_done"})
        bars.end(step)
        logging.getLogger("client.apply").info("added bob@x.io", extra={"event": "change_done"})
    finally:
        root.handlers[:] = before
        root.setLevel(level)

    lines = seen(terminal.getvalue())
    assert [line.partition("INFO")[2].strip() or line for line in lines] == [
        "added ann@x.io", "read accounts: 1 of 2 accounts in 1 s", "added bob@x.io", "",
    ]  # fmt: skip


def test_many_threads_that_log_do_not_mix_with_the_bar(terminal: Terminal) -> None:
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(terminal, clock)
    bars.begin(step)
    clock.now += 1
    bars.tick()

    def log(name: str) -> None:
        for number in range(50):
            sys.stderr.write(f"{name} {number}\n")

    threads = [threading.Thread(target=log, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for _ in range(50):
        bars.tick()
    for thread in threads:
        thread.join()
    bars.end(step)

    lines = seen(terminal.getvalue())
    assert sorted(lines[:-2]) == sorted(f"{name} {number}" for name in "abc" for number in range(50))


def test_two_never_write_to_the_terminal_at_the_same_time() -> None:
    class Crowded(Terminal):
        inside = most = 0

        def write(self, text: str) -> int:
            self.inside += 1
            self.most = max(self.most, self.inside)
            time.sleep(0.0005)  # the others get a turn
            self.inside -= 1
            return len(text)

    crowded = Crowded()
    line = LastLine(crowded)
    threads = [threading.Thread(target=line.write_above, args=("a line\n",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    line.show("a bar")
    for thread in threads:
        thread.join()
    line.clear()

    assert crowded.most == 1


def test_nothing_but_the_beginning_of_the_line_and_its_rest_is_controlled(terminal: Terminal) -> None:
    bar_of(step_of(1, 2), terminal)

    assert {control for control in CONTROL.findall(terminal.getvalue()) if not COLOUR.fullmatch(control)} == {"\x1b[K"}


def test_without_colours_there_are_none(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    bar_of(step_of(1, 2), terminal)

    assert COLOUR.findall(terminal.getvalue()) == []
    assert "━" in terminal.getvalue()


class Gone(Terminal):
    """A terminal that has been closed on the other side."""

    def write(self, _text: str) -> int:
        """Fails as the kernel has it."""
        raise OSError(5, "Input/output error")


def test_a_terminal_that_went_away_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Gone()
    monkeypatch.setattr(sys, "stderr", gone)
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(gone, clock)

    bars.begin(step)
    clock.now += 1
    bars.tick()
    sys.stderr.write("a line\n")
    bars.end(step)

    assert sys.stderr is gone


def test_whoever_has_the_stream_still_can_write_when_the_line_is_gone(terminal: Terminal) -> None:
    line = LastLine(terminal)
    line.show("12 of 20")
    late = sys.stderr
    line.clear()

    late.write("a late word\n")
    late.flush()

    assert seen(terminal.getvalue()) == ["a late word", ""]
    assert late.isatty()


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
