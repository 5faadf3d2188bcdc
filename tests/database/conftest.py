"""Servers that never answer, or let everybody in, and the end of every thread that asks a database."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.database.builders import fake_pyodbc
from tests.database.identity import MetadataService, metadata_service

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


@pytest.fixture
def pyodbc(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A driver whose server lets everybody in."""
    module = fake_pyodbc()
    monkeypatch.setitem(sys.modules, "pyodbc", module)
    return module


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[MetadataService]:
    """The real azure-identity finds this one's managed identity, and no other."""
    with metadata_service(monkeypatch) as service:
        yield service
