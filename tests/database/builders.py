"""Settings for a database of people, SQLite files, and a pyodbc that needs no unixODBC."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import URL, Engine, event

from config.settings import Settings
from database.engine import make_engine
from tests.config.builders import settings

QUERY = "SELECT email, role FROM people"


def sqlite_settings(file: Path, query: str = QUERY, **more: str) -> Settings:
    """Settings that read a SQLite file."""
    return settings(USERS_DB_URL=f"sqlite:///{file}", MSSQL_SERVER=None, USERS_DB_QUERY=query, **more)


def people(folder: Path, rows: Iterable[Sequence[object]]) -> Path:
    """A SQLite file with a table `people` of `id`, `email` and `role`, whose columns have no type."""
    file = folder / "people.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email, role)")
        connection.executemany("INSERT INTO people (email, role) VALUES (?, ?)", rows)
    return file


def with_function(name: str, function: Callable[..., object]) -> Callable[..., Engine]:
    """An engine whose SQLite connections know one more function of one argument."""

    def engine_for(url: URL, **timeouts: int) -> Engine:
        engine = make_engine(url, **timeouts)
        event.listen(engine, "connect", lambda connection, _: connection.create_function(name, 1, function))
        return engine

    return engine_for


def fake_pyodbc(refuse: Callable[[ModuleType], Exception] | None = None) -> Any:
    """A module that SQLAlchemy takes for pyodbc, with pyodbc's exceptions and a server that only says hello.

    `refuse` makes the exception with which it answers a login. What was asked of it is in `calls`, what it gave
    in `connections`.
    """
    module: Any = ModuleType("pyodbc")
    module.paramstyle, module.version, module.apilevel = "qmark", "5.5.0", "2.0"
    module.Error = type("Error", (Exception,), {})
    for name in ("DatabaseError", "InterfaceError"):
        setattr(module, name, type(name, (module.Error,), {}))
    for name in ("OperationalError", "ProgrammingError", "InternalError", "DataError", "IntegrityError"):
        setattr(module, name, type(name, (module.DatabaseError,), {}))
    module.calls, module.connections = [], []
    module.drivers = lambda: ["SQL Server 2042", "FreeTDS"]

    def connect(text: str, **arguments: object) -> _Connection:
        module.calls.append((text, arguments))
        if refuse is not None:
            raise refuse(module)
        module.connections.append(_Connection())
        return module.connections[-1]  # type: ignore[no-any-return]

    module.connect, module.Cursor = connect, _Cursor
    return module


class _Connection:
    timeout = 0
    autocommit = False
    closed = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[object, ...], bool]] = []  # statement, parameters, autocommit

    def cursor(self) -> _Cursor:
        return _Cursor(self)

    def add_output_converter(self, _type: int, _function: object) -> None: ...

    def rollback(self) -> None: ...

    def commit(self) -> None: ...

    def close(self) -> None:
        self.closed = True


class _Cursor:
    """Answers what SQLAlchemy asks of a server that it meets, and the query with no rows."""

    description: tuple[tuple[object, ...], ...] | None = None
    rowcount = -1
    messages = ()

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, *parameters: object) -> None:
        self._connection.asked.append((statement, parameters, self._connection.autocommit))
        greetings: dict[str, object] = {"ProductVersion": "16.0.4000.1", "schema_name": "dbo", "fn_listextended": 0}
        greetings |= {"TRANSACTION_ISOLATION_LEVEL": "READ COMMITTED"}
        values = [value for part, value in greetings.items() if part in statement] or [1]
        self._rows: list[tuple[object, ...]] = [] if "people" in statement else [(values[0],)]
        columns = ("email", "role") if "people" in statement else ("answer",)
        self.description = tuple((name, str, None, None, None, None, True) for name in columns)

    def fetchone(self) -> tuple[object, ...] | None:
        return self._rows.pop() if self._rows else None

    def fetchall(self) -> list[tuple[object, ...]]:
        return [self._rows.pop() for _ in list(self._rows)]

    def fetchmany(self, _size: int) -> list[tuple[object, ...]]:
        return self.fetchall()

    def close(self) -> None: ...
