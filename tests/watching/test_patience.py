"""A watch holds up a run for so long and no longer, whatever those outside do."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from client.stop import Stopped
from client.watching import Watch
from client.watching.errands import Errand
from sync.report import Exit, Run
from tests.watching.listener import Answer, Listener, answer, silence, trickle
from tests.watching.records import changed, ended, watched

NOT_IN_TIME = "no answer within the time limit; the sync itself is not affected"


class Clock:
    """Goes on by so many seconds each time that the watch, while it waits, looks whether the run is to end."""

    def __init__(self, step: float) -> None:
        self.now, self._step = 0.0, step

    def __call__(self) -> float:
        return self.now

    def check(self) -> None:
        self.now += self._step


def all_of(outside: Listener, folder: Path) -> dict[str, str]:
    """Every kind of watcher."""
    return {
        "SYNC_PING_URL": outside.url,
        "SYNC_NOTIFY_URL": outside.url,
        "SYNC_METRICS_FILE": str(folder / "sync.prom"),
        "SYNC_STATE_DIR": str(folder),
    }


@pytest.mark.parametrize("manner", [silence, trickle])
@pytest.mark.parametrize(
    ("run", "most"), [(ended(Exit.FAILED), 10.0), (ended(Exit.TERMINATED), 2.0), (ended(Exit.INTERRUPTED), 2.0)]
)
def test_who_never_answers_costs_ten_seconds_at_most_and_two_when_the_run_was_stopped(
    manner: Answer, run: Run, most: float, tmp_path: Path
) -> None:
    clock = Clock(step=1.0)
    with Listener(manner) as outside:
        watch = Watch(watched(**all_of(outside, tmp_path)), clock.check, clock=clock)
        watch.begin()
        watch.end(run)

        assert 1.0 < clock.now <= most


def test_the_time_is_for_all_of_them_together_and_each_that_failed_is_a_warning(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "last-success.json")
    with Listener(silence) as outside:
        watch = Watch(watched(**all_of(outside, tmp_path)), limit=0.1)
        watch.begin()
        watch.end(ended(Exit.FAILED))

        assert {line.levelno for line in caplog.records} == {logging.WARNING}
        assert sorted(line.getMessage() for line in caplog.records) == [
            f"{setting}: {NOT_IN_TIME}" for setting in ("SYNC_METRICS_FILE", "SYNC_NOTIFY_URL", "SYNC_PING_URL")
        ]
    (tmp_path / "last-success.json").write_text("{}")  # lets the one go that waits for it


def test_a_signal_that_comes_while_the_watch_waits_shortens_the_wait() -> None:
    clock = Clock(step=1.0)

    def check() -> None:
        clock.check()
        if clock.now >= 3.0:
            raise Stopped("SIGTERM")

    with Listener(silence) as outside:
        Watch(watched(SYNC_PING_URL=outside.url), check, clock=clock).end(ended())

    assert clock.now - 3.0 <= 2.0


def test_a_signal_is_noticed_while_an_answer_is_awaited() -> None:
    looks: list[None] = []

    def check() -> None:
        looks.append(None)
        if len(looks) >= 3:
            raise Stopped("SIGTERM")

    with Listener(silence) as outside:
        Watch(watched(SYNC_PING_URL=outside.url), check, limit=20, limit_when_stopped=0.1).end(ended())

    assert len(looks) >= 3  # and not one before 20 s, and one after


def test_the_beginning_is_told_in_the_background() -> None:
    with Listener(silence) as monitor:
        Watch(watched(SYNC_PING_URL=monitor.url)).begin()

        monitor.wait_for(1)

        assert monitor.targets == ["/start"]


def test_the_end_waits_for_a_slow_beginning() -> None:
    told: list[str] = []

    def slow(listener: Listener, connection: socket.socket) -> None:
        listener.closing.wait(0.2)
        told.append("the beginning is answered")
        answer(200)(listener, connection)

    def prompt(listener: Listener, connection: socket.socket) -> None:
        told.append("the end is heard")
        answer(200)(listener, connection)

    with Listener(slow, prompt) as monitor:
        watch = Watch(watched(SYNC_PING_URL=monitor.url))
        watch.begin()
        monitor.wait_for(1)
        watch.end(ended())

    assert told == ["the beginning is answered", "the end is heard"]


def test_the_end_is_told_though_the_beginning_is_never_answered(caplog: pytest.LogCaptureFixture) -> None:
    with Listener(silence, answer(200)) as monitor:
        watch = Watch(watched(SYNC_PING_URL=monitor.url), limit=0.6)
        watch.begin()
        monitor.wait_for(1)
        watch.end(ended())

        monitor.wait_for(2)
        assert monitor.targets == ["/start", "/0"]

    assert [line.getMessage() for line in caplog.records] == [f"SYNC_PING_URL: {NOT_IN_TIME}"]


def test_a_host_that_never_takes_the_connection_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(address)

        Watch(watched(SYNC_PING_URL=f"http://127.0.0.1:{address[1]}/"), limit=0.1).end(ended())

        for one in waiting:
            one.close()
    (line,) = caplog.records
    assert re.match(r"SYNC_PING_URL: no (answer|connection) within the time limit; ", line.getMessage())


def test_one_that_does_not_answer_keeps_nothing_from_the_others(tmp_path: Path) -> None:
    with Listener(silence) as monitor, Listener() as chat:
        settings = all_of(chat, tmp_path) | {"SYNC_PING_URL": monitor.url, "SYNC_NOTIFY_ON": "always"}
        Watch(watched(**settings), limit=0.3).end(changed())

        chat.wait_for(1)
        for thread in threading.enumerate():
            if thread.name == "SYNC_METRICS_FILE":
                thread.join(10)
        assert chat.targets == ["/"]
        assert (tmp_path / "sync.prom").exists()


def test_a_system_that_gives_no_thread_is_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Listener() as outside:
        watch = Watch(watched(**all_of(outside, tmp_path)))
        monkeypatch.setattr(threading.Thread, "start", _refuse)

        watch.begin()
        watch.end(ended(Exit.FAILED))

        monkeypatch.undo()
        assert outside.heard == []
    assert len(caplog.records) == 3
    assert all("gives us no further thread" in line.getMessage() for line in caplog.records)


def _refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    "spoil", [lambda run: setattr(run, "finished_at", "never"), lambda run: setattr(run, "outcomes", 7)]
)
def test_whatever_is_wrong_with_a_run_is_a_warning_and_never_raised(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, spoil: Callable[[Run], None]
) -> None:
    run = changed(Exit.FAILED)
    spoil(run)

    with Listener() as outside:
        Watch(watched(**all_of(outside, tmp_path))).end(run)

    assert caplog.records
    assert all("unexpected: " in line.getMessage() for line in caplog.records)


def test_what_nobody_expected_is_told_by_its_kind_alone() -> None:
    def fail() -> str:
        raise KeyError("https://chat.example/hunter2")

    errand = Errand("SYNC_NOTIFY_URL", fail).start()

    errand.wait(10)
    assert errand.is_over
    assert errand.trouble == "unexpected: KeyError"
