"""Standard output as it can be: without a reader, full, closed, slow."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TextIO

import pytest

from client.console import Console
from client.output import Output
from client.stop import Stopped
from sync.model import Change, Kind, Outcome, Status
from sync.report import Exit, Run

MORE_THAN_A_PIPE_HOLDS = "a line of the plan\n" * 20_000


@dataclass
class Pipe:
    """A pipe whose near end stands for stdout."""

    reader: int
    stdout: TextIO

    def read(self) -> str:
        """All that comes until the near end is closed."""
        with os.fdopen(self.reader, encoding="utf-8") as stream:
            return stream.read()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    stdout = os.fdopen(writer, "w", encoding="utf-8")
    yield Pipe(reader, stdout)
    with suppress(OSError):
        stdout.close()
    with suppress(OSError):
        os.close(reader)


def stopped() -> None:
    raise Stopped("SIGTERM")


def test_whoever_reads_slowly_gets_all_of_it(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", pipe.stdout)
    got: list[str] = []
    reading = threading.Thread(target=lambda: got.append(pipe.read()))
    reading.start()

    output = Output()
    output.write(MORE_THAN_A_PIPE_HOLDS)
    output.write("the end\n")
    pipe.stdout.close()
    reading.join()

    assert got == [f"{MORE_THAN_A_PIPE_HOLDS}the end\n"]


def test_what_was_written_before_in_another_way_comes_first(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", pipe.stdout)
    pipe.stdout.write("first\n")

    Output().write("second\n")
    pipe.stdout.close()

    assert pipe.read() == "first\nsecond\n"


def test_a_reader_that_goes_away_ends_it_without_a_word(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "stdout", pipe.stdout)
    os.close(pipe.reader)
    output = Output()

    output.write("nobody reads this\n")
    output.write("nor this\n")
    sys.stdout.write("what Python has in its buffer at the end\n")
    sys.stdout.flush()

    assert output.is_over
    assert caplog.records == []


def test_a_full_disk_is_told_once_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full, caplog.at_level(logging.WARNING):  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", full)
        output = Output()

        output.write("a line\n")
        output.write("another\n")

    assert caplog.messages == ["stdout cannot be written: OSError: [Errno 28] No space left on device"]
    assert output.is_over


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "none at all"])
def test_a_stdout_that_is_closed_ends_nothing(closed: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    stream = io.TextIOWrapper(io.BytesIO())
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream if closed else None)
    output = Output()

    output.write("a line\n")
    output.write("another\n")

    assert output.is_over


def test_a_run_that_is_to_stop_does_not_wait_for_a_reader_for_long(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", pipe.stdout)
    seconds = count(step=0.6)

    output = Output(stopped, lambda: next(seconds))
    output.write(MORE_THAN_A_PIPE_HOLDS)  # nobody reads: without an end to the waiting, the test would hang here

    assert output.is_over


def test_a_run_that_is_to_stop_still_says_how_it_ended(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", pipe.stdout)

    output = Output(stopped)
    output.write(f"exit {int(Exit.TERMINATED)}\n")
    pipe.stdout.close()

    assert pipe.read() == "exit 143\n"


def test_the_table_is_drawn_with_what_the_terminal_can_spell(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1", errors="backslashreplace"))
    change = Change(Kind.CREATE, "ann@x.io")
    run = Run("run", "0", "sync", "people", datetime.now(UTC), outcomes=[Outcome(change, Status.DONE)])

    Console(everything=True).summary(run)

    assert b"\n ------" in raw.getvalue()
    assert b"\\u" not in raw.getvalue()


def test_what_a_terminal_cannot_spell_is_written_out(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    ascii_only = os.fdopen(os.dup(pipe.stdout.fileno()), "w", encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", ascii_only)

    Output().write("jürgen → 日本\n")
    ascii_only.close()
    pipe.stdout.close()

    assert pipe.read() == "j\\xfcrgen \\u2192 \\u65e5\\u672c\n"
