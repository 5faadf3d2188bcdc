"""The last line of a terminal: a bar that is in nobody's way."""

from __future__ import annotations

import logging
import sys
import threading
import time

import pytest

from client.bars import Bars
from config import logs
from tests.client.shown import Clock, Terminal, step_of
from tests.functional.terminal import seen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def look(bars: Bars) -> None:
    """What rich's thread does ten times a second; it would see the same."""
    assert bars.bar is not None
    bars.bar.refresh()


def test_log_lines_are_above_the_bar_and_whole(terminal: Terminal) -> None:
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(terminal, clock)
    bars.begin(step)
    clock.now += 1
    look(bars)

    long = "x" * 300
    sys.stderr.write(f"{long}\n")
    sys.stderr.write("and in ")
    during = seen(terminal.getvalue())
    look(bars)
    sys.stderr.write("two parts\n")
    after = seen(terminal.getvalue())
    bars.end(step)

    assert during[0] == long
    assert during[1].startswith("read accounts ━")  # what is no line yet is kept
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
        look(bars)
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
    look(bars)

    def log(name: str) -> None:
        for number in range(50):
            sys.stderr.write(f"{name} {number}\n")

    threads = [threading.Thread(target=log, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for _ in range(50):
        look(bars)
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

    crowded, clock, step = Crowded(), Clock(), step_of(1, 2)
    bars = Bars(crowded, clock)
    bars.begin(step)
    clock.now += 1
    threads = [threading.Thread(target=sys.stderr.write, args=("a line\n",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    look(bars)
    for thread in threads:
        thread.join()
    bars.end(step)

    assert crowded.most == 1


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
    look(bars)
    sys.stderr.write("a line\n")
    bars.end(step)

    assert sys.stderr is gone


def test_whoever_has_the_stream_still_can_write_when_the_line_is_gone(terminal: Terminal) -> None:
    clock, step = Clock(), step_of(1, 2)
    bars = Bars(terminal, clock)
    bars.begin(step)
    late = sys.stderr
    bars.end(step)

    late.write("a late word\n")
    late.flush()

    assert seen(terminal.getvalue()) == ["a late word", ""]
