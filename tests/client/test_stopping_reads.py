"""A stop while an export comes in, or while the workers of the pool read."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from client.auth0.exports import export_users
from client.auth0.http import Call
from client.auth0.pool import process_pool
from client.stop import Stopped
from sandbox import Sandbox
from tests.client.builders import RawServer, Time, http, http_json, transport_at
from tests.client.test_pool import comes_true, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 600.0  # seconds; nothing here may take so long
BACKSTOP = 20.0  # seconds; then what hangs goes on, and the test fails
LINE = b'{"user_id": "auth0|1"}\n'


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What hangs waits for this, which comes at the end of the test."""
    event = threading.Event()
    backstop = threading.Timer(BACKSTOP, event.set)
    backstop.start()
    yield event
    backstop.cancel()
    event.set()


def stop() -> None:
    raise Stopped("SIGTERM")


@pytest.mark.parametrize("start", [b"", http(LINE * 5)[:40], http(LINE * 5)[:-10]], ids=["link", "head", "body"])
def test_a_download_that_hangs_is_left_behind_wherever_it_is(
    start: bytes, released: threading.Event, passing: Time
) -> None:
    hangs = threading.Event()

    def answer(request: str) -> Iterator[bytes]:
        if not request.startswith("GET /file"):
            yield http_json({"id": "job_1", "status": "completed", "location": f"{server.url}/file"})
            return
        yield start
        hangs.set()
        released.wait(LONG)

    looks: list[bool] = []

    def check() -> None:
        looks.append(hangs.is_set())
        if sum(looks) > 1:  # not when the last part has just come, but while nothing comes
            stop()

    with RawServer(answer, closes=True) as server:
        transport = transport_at(server.url, passing, timeout=LONG)
        records = export_users(transport, "con_1", ["user_id"], sleep=passing.sleep, check=check)

        with pytest.raises(Stopped):
            list(records)

        assert not released.is_set()


def test_workers_are_deaf_to_ctrl_c_from_their_first_moment_on_and_the_parent_is_not() -> None:
    with process_pool(1) as pool:
        executor = pool._executor  # noqa: SLF001 - to look inside a worker
        blocked = executor.submit(signal.pthread_sigmask, signal.SIG_BLOCK, []).result(timeout=30)

    assert signal.SIGINT in blocked
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_signal_to_the_workers_as_well_is_a_stop_and_no_breakdown(sandbox: Sandbox) -> None:
    signals: list[int] = []

    def check() -> None:
        if signals:
            stop()

    def read_in_a_pool() -> None:
        with process_pool(1, check) as pool:
            executor = pool._executor  # noqa: SLF001 - to know when it has noticed
            for pid in pool.pids:
                os.kill(pid, signal.SIGTERM)
            assert comes_true(lambda: executor._broken)  # noqa: SLF001
            assert not any(map(is_alive, pool.pids))
            signals.append(signal.SIGTERM)
            pool(Call("GET", sandbox.url))

    with pytest.raises(Stopped):
        read_in_a_pool()
