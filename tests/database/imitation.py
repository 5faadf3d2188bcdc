"""A pyodbc whose SQL Server is a SQLite file, with logins, grants, application locks and time limits.

It knows as much of T-SQL as the tests in tests/integration ask of a server, so that they can be known to be sound
where there is none. It says nothing about a real one. `installed` makes a folder that puts it in the place of pyodbc
for whoever has that folder on the path, so that processes get it too.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.database.imitation_errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    of_server,
    of_sqlite,
)
from tests.database.imitation_sql import Result, answer, lock_answer, translated

__all__ = [
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "apilevel",
    "connect",
    "drivers",
    "paramstyle",
    "threadsafety",
    "version",
]

paramstyle, version, apilevel, threadsafety = "qmark", "5.5.0", "2.0", 1
ADMINISTRATOR, PASSWORD, DATABASE = "sa", "Pa;ss}w0rd @1", "people"
DRIVER = "ODBC Driver 18 for SQL Server"
_FOLDER = "IMITATION_FOLDER"
_PART = re.compile(r"([^=;]+)=(?:\{((?:[^}]|\}\})*)\}|([^;]*))(?:;|$)")
_TABLES = "CREATE TABLE IF NOT EXISTS {} (name, thing)"


def installed(folder: Path) -> dict[str, str]:
    """What a process has to have in its environment to find this server, which lives in `folder`."""
    place = folder / "instead of pyodbc"
    place.mkdir(parents=True)
    (place / "pyodbc.py").write_text("from tests.database.imitation import *\n")
    (folder / "locks").mkdir()
    root = Path(__file__).resolve().parents[2]
    return {"PYTHONPATH": os.pathsep.join(map(str, (place, root))), _FOLDER: str(folder)}


def tables(folder: Path) -> list[str]:
    """What tables, logins and users there are besides the server's own."""
    connection = sqlite3.connect(folder / "server.db")
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE name NOT IN ('logins', 'users', 'grants') "
        "UNION SELECT name FROM logins UNION SELECT name FROM users"
    ).fetchall()
    connection.close()
    return [name for (name,) in found]


def drivers() -> list[str]:
    """The only one."""
    return [DRIVER]


def connect(text: str, timeout: int = 0, **options: object) -> Connection:
    """Let somebody in who has the password, the right driver, port and database, and trusts the certificate."""
    parts = {name.upper(): braced.replace("}}", "}") or plain for name, braced, plain in _PART.findall(text)}
    if parts["DRIVER"] != DRIVER:
        raise Error("01000", f"[01000] [unixODBC][Driver Manager]Can't open lib '{parts['DRIVER']}' (0)")
    if parts["SERVER"] != "127.0.0.1,1433":
        time.sleep(timeout)
        raise OperationalError("HYT00", "[HYT00] Login timeout expired (0) (SQLDriverConnect)")
    if parts.get("ENCRYPT", "yes") == "yes" and parts.get("TRUSTSERVERCERTIFICATE", "no") != "yes":
        raise OperationalError("08001", "[08001] SSL Provider: certificate verify failed:self-signed certificate (-1)")
    database = _opened()
    passwords = {**dict(database.execute("SELECT name, thing FROM logins").fetchall()), ADMINISTRATOR: PASSWORD}
    if passwords.get(parts["UID"]) != parts["PWD"]:
        raise of_server(InterfaceError, "28000", f"Login failed for user '{parts['UID']}'.", 18456)
    if parts["DATABASE"] != DATABASE:
        raise of_server(ProgrammingError, "42000", f'Cannot open database "{parts["DATABASE"]}".', 4060)
    return Connection(database, parts["UID"], autocommit=bool(options.get("autocommit")))


def _opened() -> sqlite3.Connection:
    file = Path(os.environ[_FOLDER], "server.db")
    database = sqlite3.connect(file, timeout=30, detect_types=sqlite3.PARSE_DECLTYPES, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    for table in ("logins", "users", "grants"):
        database.execute(_TABLES.format(table))
    database.create_function("divided", 2, lambda number, by: number // by)
    database.commit()
    return database


class Connection:
    """A session: whose it is, and which locks it has."""

    def __init__(self, database: sqlite3.Connection, user: str, *, autocommit: bool) -> None:
        self.database, self.user, self.timeout = database, user, 0
        self.locks: dict[str, Any] = {}
        self.folder = Path(os.environ[_FOLDER])
        self.autocommit = autocommit

    @property
    def autocommit(self) -> bool:
        return self.database.isolation_level is None

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self.database.isolation_level = None if value else "DEFERRED"

    def cursor(self) -> Cursor:
        return Cursor(self)

    def commit(self) -> None:
        self.database.commit()

    def rollback(self) -> None:
        self.database.rollback()

    def close(self) -> None:
        for file in self.locks.values():
            file.close()
        self.database.close()

    def add_output_converter(self, _type: int, _function: object) -> None: ...


class Cursor:
    """One statement at a time."""

    rowcount, messages, fast_executemany = -1, (), False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.description: tuple[tuple[object, ...], ...] | None = None
        self._rows: Iterator[Sequence[object]] = iter(())

    def execute(self, statement: str, *_parameters: object) -> None:
        self.description, self._rows = None, iter(())
        result = lock_answer(self._connection, statement) or answer(self._connection, statement)
        if result is None:
            result = self._asked(statement)
        if result.names:
            self.description = tuple((name, str, None, None, None, None, True) for name in result.names)
            self._rows = iter(result.rows)

    def executemany(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        self._connection.database.executemany(translated(statement), [tuple(map(_stored, row)) for row in rows])

    def _asked(self, statement: str) -> Result:
        try:
            found = self._connection.database.execute(translated(statement))
        except sqlite3.OperationalError as error:
            raise of_sqlite(error) from None
        return Result([name for name, *_ in found.description or ()], found)

    def fetchmany(self, size: int) -> list[tuple[object, ...]]:
        taken: list[tuple[object, ...]] = []
        try:
            for row in self._rows:
                taken.append(tuple(row))
                if len(taken) == size:
                    break
        except sqlite3.OperationalError:
            raise of_server(DataError, "22012", "Divide by zero error encountered.", 8134) from None
        return taken

    def fetchone(self) -> tuple[object, ...] | None:
        return next(iter(self.fetchmany(1)), None)

    def fetchall(self) -> list[tuple[object, ...]]:
        return self.fetchmany(-1)

    def close(self) -> None:
        self._rows = iter(())


def _stored(value: object) -> object:
    if isinstance(value, uuid.UUID | Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, dt.datetime) else value
