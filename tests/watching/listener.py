"""A server on loopback that listens to what a watch tells, and answers well, badly or never."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

_PATIENCE = 10.0  # seconds after which a test has failed

Answer = Callable[["Listener", socket.socket], None]


@dataclass(frozen=True, slots=True)
class Heard:
    """A request."""

    method: str
    target: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer(status: int, *headers: str) -> Answer:
    """Answers with a status, at once."""
    head = "\r\n".join([f"HTTP/1.1 {status} Whatever", "Content-Length: 2", *headers])
    return lambda _listener, connection: connection.sendall(f"{head}\r\n\r\nok".encode())


def silence(listener: Listener, _connection: socket.socket) -> None:
    """Answers nothing."""
    listener.closing.wait()


def trickle(listener: Listener, connection: socket.socket) -> None:
    """Answers a byte a second, for ever."""
    while not listener.closing.wait(1.0):
        connection.sendall(b"H")


class Listener:
    """Serves from `with` on until its end. `answers` are given in this order, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers or (answer(200),))
        self.heard: list[Heard] = []
        self.closing = threading.Event()
        self._arrived = threading.Condition()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._server.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_PATIENCE)
        self._server.close()

    @property
    def targets(self) -> list[str]:
        """Where the requests went, in the order in which they came."""
        return [heard.target for heard in self.heard]

    def wait_for(self, number: int) -> None:
        """Until so many requests have come."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.heard) >= number, _PATIENCE), self.targets

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            connection.settimeout(_PATIENCE)
            method, target, _ = stream.readline().decode().split()
            headers = dict(_header(line) for line in iter(stream.readline, b"\r\n"))
            body = stream.read(int(headers.get("content-length", 0)))
            with self._arrived:
                self.heard.append(Heard(method, target, headers, body))
                respond = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                self._arrived.notify_all()
            try:
                respond(self, connection)
            except OSError:
                return  # who asked has gone


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode().partition(":")
    return name.lower(), value.strip()
