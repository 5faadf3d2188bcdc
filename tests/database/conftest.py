"""A server that accepts and never answers, and the end of every thread that asks a database."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

Silence = Callable[[], None]


@pytest.fixture
def silence() -> Iterator[Silence]:
    """Calls a TCP server that never answers; returns only after the test, as a call that has failed."""
    listener = socket.create_server(("127.0.0.1", 0))

    def call() -> None:
        with socket.create_connection(listener.getsockname()) as connection:
            connection.recv(1)
        raise ConnectionError("the silent server has gone")

    yield call
    listener.close()


@pytest.fixture(autouse=True)
def _reading_ends() -> Iterator[None]:
    """Set up before `silence`, so torn down after it: whatever waits for the silent server ends."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("database"):
            thread.join(30)
            assert not thread.is_alive()
