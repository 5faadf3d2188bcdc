"""SQL Server as far as its application locks go, behind engines that record what is asked of them; a lock of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL

from database.lock import SourceLock
from tests.config.builders import settings

RESOURCE = "https://example.eu.auth0.com/Users"
TARGET = "SQL Server db.example:1433, database hr"  # as the settings of the tests name it

_NAME = re.compile(r"@Resource = N'([^']*)'")

Answer = int | None | Exception | Callable[[], object]


class LockServer:
    """Grants each lock to one connection at a time.

    `answers` are given first, in this order: a value, an exception to raise, or a function to call. `login` is
    called by each connection that is made. A lock outlives its connection, as in a pool of sessions.
    """

    def __init__(self, *answers: Answer, login: Callable[[], object] = lambda: None) -> None:
        self.answers, self.login = list(answers), login
        self.holders: dict[str, LockConnection] = {}
        self.statements: list[str] = []
        self.options: dict[str, object] = {}  # of the connections
        self.threads: set[int | None] = set()  # that did something with a connection
        self.engines: list[tuple[URL, dict[str, int]]] = []
        self.connected = self.closed = self.disposed = 0

    def engine_for(self, url: URL, **timeouts: int) -> Any:
        self.engines.append((url, timeouts))
        return LockEngine(self)

    @property
    def let_go(self) -> bool:
        """Whether nobody has a lock, and every connection that was made is closed."""
        return not self.holders and self.connected == self.closed == self.disposed

    @property
    def questions(self) -> int:
        """How often somebody asked for a lock."""
        return sum("sp_getapplock" in statement for statement in self.statements)

    def lock(self, resource: str = RESOURCE, **changes: str | None) -> SourceLock:
        """A lock on this server; `changes` are of the settings."""
        return SourceLock(settings(**changes), resource, engine_for=self.engine_for)


class LockEngine:
    def __init__(self, server: LockServer) -> None:
        self._server = server

    def connect(self) -> LockConnection:
        self._server.threads.add(threading.get_ident())
        self._server.login()
        self._server.connected += 1
        return LockConnection(self._server)

    def dispose(self) -> None:
        self._server.disposed += 1
        self._server.threads.add(threading.get_ident())


class LockConnection:
    def __init__(self, server: LockServer) -> None:
        self._server = server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._server.closed += 1
        self._server.threads.add(threading.get_ident())

    def execution_options(self, **options: object) -> Self:
        self._server.options |= options
        return self

    def invalidate(self) -> None: ...

    def exec_driver_sql(self, statement: str) -> LockResult:
        server = self._server
        server.statements.append(statement)
        server.threads.add(threading.get_ident())
        if server.answers:
            answer = server.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return LockResult(answer() if callable(answer) else answer)
        match = _NAME.search(statement)
        assert match is not None
        if "sp_getapplock" in statement:
            return LockResult(0 if server.holders.setdefault(match[1], self) is self else -1)
        assert "sp_releaseapplock" in statement
        if server.holders.get(match[1]) is self:
            del server.holders[match[1]]
        return LockResult(None)


class LockResult:
    def __init__(self, value: object) -> None:
        self._value = value

    def scalar(self) -> object:
        return self._value
