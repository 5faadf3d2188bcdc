"""A signal is remembered, and ends a wait."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from client.stop import Stop, Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Listens to the signals as long as the test takes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    listening = Stop()
    listening.listen()
    yield listening
    for number, handler in before.items():
        signal.signal(number, handler)


def test_nothing_happens_as_long_as_no_signal_came(stop: Stop) -> None:
    stop.check()
    stop.sleep(0)

    assert stop.signal == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_told_by_name_at_the_next_look(number: signal.Signals, stop: Stop) -> None:
    signal.raise_signal(number)

    with pytest.raises(Stopped, match=f"^{number.name}$"):
        stop.check()


def test_the_first_signal_is_the_one_that_counts(stop: Stop) -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)

    assert stop.signal == signal.SIGINT


def test_who_is_stopped_does_not_sleep(stop: Stop) -> None:
    signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Stopped):
        stop.sleep(86_400)
    with pytest.raises(Stopped):
        stop.sleep(0)


def test_a_signal_ends_a_long_sleep(stop: Stop) -> None:
    timer = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()

    with pytest.raises(Stopped, match="SIGTERM"):
        stop.sleep(86_400)

    timer.join()
