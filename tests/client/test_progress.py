"""How far a run has come, as log lines; and who is told at all. No test waits: the time is told."""

from __future__ import annotations

import logging
import sys
import threading
from io import StringIO

import pytest

from client import progress
from client.bars import Bars
from client.course import Course, pace, span
from client.phases import Phases, Step, Unseen
from client.progress import LogLines, Ticking, make_show
from tests.client.shown import Clock, Terminal, step_of


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "client.progress")
    return caplog


def play(lines: LogLines, clock: Clock, step: Step, *course: tuple[float, int]) -> None:
    """A phase with a look each second: until when, and how much is done from then on."""
    lines.begin(step)
    for until, done in course:
        while clock.now < until:
            clock.now += 1
            lines.tick()
        step.done = done
    lines.end(step)


def test_a_long_phase_has_a_line_each_ten_seconds_and_one_at_its_end(told: pytest.LogCaptureFixture) -> None:
    clock, step = Clock(), step_of(total=4000)
    lines = LogLines(clock)

    lines.begin(step)
    for _ in range(25):
        clock.now += 1
        step.advance(100)
        lines.tick()
    lines.end(step)

    assert told.messages == [
        "read accounts: 1,000 of 4,000 accounts after 10 s, 100/s, about 30 s left",
        "read accounts: 2,000 of 4,000 accounts after 20 s, 100/s, about 20 s left",
        "read accounts: 2,500 of 4,000 accounts in 25 s",
    ]


def test_a_line_has_the_numbers_for_machines(told: pytest.LogCaptureFixture) -> None:
    clock, step = Clock(), step_of(total=4000)

    play(LogLines(clock), clock, step, (1005, 30), (1011, 40))

    record = told.records[0]
    fields = [getattr(record, name) for name in ("event", "phase", "done", "total")]
    assert fields == ["progress", "read accounts", 30, 4000]


def test_a_short_phase_has_no_line(told: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    play(LogLines(clock), clock, step_of(total=4000), (1009, 4000))

    assert told.messages == []


def test_a_phase_in_which_nothing_moves_says_so(told: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    step = Step("read the source", "rows")

    play(LogLines(clock), clock, step, (1025, 0), (1031, 500))

    assert told.messages == [
        "read the source: still 0 rows after 10 s",
        "read the source: still 0 rows after 20 s",
        "read the source: still 0 rows after 30 s",
        "read the source: 500 rows in 31 s",
    ]


def test_what_came_to_a_halt_is_said_to_be_still_where_it_was(told: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    play(LogLines(clock), clock, step_of(total=100), (1005, 50), (1060, 50))

    assert told.messages[0].startswith("read accounts: 50 of 100 accounts after 10 s, 5.0/s")
    assert told.messages[-2] == "read accounts: still 50 of 100 accounts after 60 s"


def test_what_a_job_says_of_itself_is_told(told: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    play(LogLines(clock), clock, step_of(note="Auth0 makes the export 40 %"), (1011, 0))

    assert told.messages[0] == "read accounts: still 0 accounts after 10 s; Auth0 makes the export 40 %"


def test_a_phase_that_counts_nothing_tells_its_time(told: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    play(LogLines(clock), clock, Step("plan"), (1012, 0))

    assert told.messages == ["plan: still going on after 10 s", "plan: done in 12 s"]


def test_no_line_comes_between_phases(told: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    lines = LogLines(clock)

    lines.tick()
    play(lines, clock, step_of(), (1005, 1))
    clock.now += 100
    lines.tick()

    assert told.messages == []


def test_the_speed_is_that_of_late() -> None:
    step = step_of(total=10_000)
    course = Course(step, 0.0)

    for second in range(1, 121):
        step.advance(100 if second <= 60 else 10)
        course.look(second)

    assert course.rate == 10
    assert course.left == (10_000 - 6600) / 10


def test_what_begins_to_count_something_else_has_no_speed_of_before() -> None:
    step = step_of(total=10)
    course = Course(step, 0.0)
    step.advance(10)
    course.look(5)
    before = course.rate

    step.count("accounts", 1000)
    course.look(6)
    at_first = course.rate
    step.advance(30)
    course.look(8)

    assert [before, at_first, course.rate] == [2, 0, 15]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (8, "8 s"), (119, "119 s"), (150, "2 min"), (7100, "118 min"), (7800, "2 h 10 min")],
)
def test_a_time_is_told_in_as_few_words_as_it_takes(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_a_speed_is_told_with_two_digits_or_more() -> None:
    assert [pace(rate) for rate in (0.25, 2.0, 16.4, 12_345.6)] == ["0.2/s", "2.0/s", "16/s", "12,346/s"]


class Counting:
    """Counts its looks, and says when it has had three."""

    def __init__(self) -> None:
        self.enough = threading.Event()
        self.ticks = 0
        self.ended: list[str] = []

    def begin(self, step: Step) -> None:
        self.ended.append(f"begin {step.name}")

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks >= 3:
            self.enough.set()

    def end(self, step: Step) -> None:
        self.ended.append(f"end {step.name}")


def test_a_thread_looks_while_a_phase_goes_on_and_is_gone_with_it() -> None:
    show = Counting()

    with Phases(Ticking(show, 0.001)).phase("plan"):
        looked = show.enough.wait(10)
        during = [thread for thread in threading.enumerate() if thread.name == "progress"]
    after = [thread for thread in threading.enumerate() if thread.name == "progress"]

    assert looked
    assert (len(during), after) == (1, [])
    assert show.ended == ["begin plan", "end plan"]


def shown_on(stream: object, monkeypatch: pytest.MonkeyPatch, term: str = "xterm", **wishes: object) -> type:
    """What is made for this stderr: the kind of show."""
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", term)
    show = make_show(**{"quiet": False, "log_format": "text", **wishes})  # type: ignore[arg-type]
    return type(show._show) if isinstance(show, Ticking) else type(show)  # noqa: SLF001


def test_a_terminal_gets_bars_and_everything_else_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Terminal()
    closed.close()

    assert shown_on(Terminal(), monkeypatch) is Bars
    assert shown_on(StringIO(), monkeypatch) is LogLines
    assert shown_on(closed, monkeypatch) is LogLines
    assert shown_on(Terminal(), monkeypatch, term="dumb") is LogLines
    assert shown_on(Terminal(), monkeypatch, term="") is LogLines
    assert shown_on(Terminal(), monkeypatch, log_format="json") is LogLines


def test_whoever_wants_silence_or_has_no_stderr_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_on(Terminal(), monkeypatch, quiet=True) is Unseen
    assert shown_on(StringIO(), monkeypatch, quiet=True) is Unseen
    assert shown_on(None, monkeypatch) is Unseen


def test_a_line_comes_every_ten_seconds() -> None:
    assert progress._EVERY == 10  # noqa: SLF001 - README says so
