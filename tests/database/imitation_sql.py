"""As much of T-SQL as the tests in tests/integration ask of a SQL Server, in SQLite or by rote."""

from __future__ import annotations

import datetime as dt
import fcntl
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.database.imitation_errors import OperationalError, ProgrammingError, of_server

if TYPE_CHECKING:
    from tests.database.imitation import Connection

# By the first word of a column's declared type; nothing is converted that is empty.
sqlite3.register_converter("uniqueidentifier", lambda raw: raw.decode().upper())
sqlite3.register_converter("bit", lambda raw: raw == b"1")
sqlite3.register_converter("datetime2", lambda raw: dt.datetime.fromisoformat(raw.decode()))
sqlite3.register_converter("decimal", lambda raw: Decimal(raw.decode()).quantize(Decimal("0.01")))
sqlite3.register_converter("char", lambda raw: raw.decode().ljust(10))


@dataclass(frozen=True, slots=True)
class Result:
    """The names of the columns, none if there is no result, and the rows."""

    names: Sequence[str] = ()
    rows: Iterable[Sequence[object]] = ()


_TYPES = "id email role active name cost number since premium"
_ROWS_OF_TYPES = [
    (101, "ann@x.io", "admin", True, "Ann  ", Decimal("10.50"), 7, dt.datetime(2026, 1, 2, 3, 4, 5), False),  # noqa: DTZ001
    (None, "bob@x.io", "admin", *[None] * 6),
]
_BY_ROTE: tuple[tuple[str, Result], ...] = (  # what SQLAlchemy asks of a server that it meets, and what SQLite cannot
    (r"SERVERPROPERTY\('ProductVersion'\)", Result(["version"], [("16.0.4000.1",)])),
    (r"sys\.system_views", Result(["name"], [("dm_exec_sessions",)])),
    (r"(?i)^SET TRANSACTION ISOLATION|^DECLARE @x|^SET NOCOUNT ON$|^\s*DECLARE @chosen", Result()),
    (r"fn_listextended", Result(["number"], [(0,)])),
    (r"(?i)CASE transaction_isolation_level", Result(["level"], [("READ COMMITTED",)])),
    (r"schema_name\(\)", Result(["name"], [("dbo",)])),
    (r"DB_NAME\(\)", Result(["name", "place"], [("people", "dbo")])),
    (r"@chosen", Result(["email", "role"], [("ann@x.io", "admin")])),
    (r"sys\.all_objects", Result(["object_id"], [(number,) for number in range(50_000)])),
    (r"AS uniqueidentifier\)", Result(["id", "email", "role"], [("6F9619FF-8B86-D011-B42D-00C04FC964FF", "a@x", "b")])),
    (r"CAST\(10\.50 AS decimal", Result(_TYPES.split(), _ROWS_OF_TYPES)),
)
_OF_LOGINS: tuple[tuple[str, str], ...] = (
    (r"CREATE LOGIN \[(\w+)\] WITH PASSWORD = N'([^']*)'$", "INSERT INTO logins VALUES (?1, ?2)"),
    (r"DROP LOGIN \[(\w+)\]$", "DELETE FROM logins WHERE name = ?1"),
    (r"CREATE USER \[(\w+)\] FOR LOGIN \[\w+\]$", "INSERT INTO users VALUES (?1, NULL)"),
    (r"DROP USER \[(\w+)\]$", "DELETE FROM users WHERE name = ?1"),
    (r"GRANT SELECT ON (\S+) TO \[(\w+)\]$", "INSERT INTO grants VALUES (?2, ?1)"),
)
_SPELT_OTHERWISE: tuple[tuple[str, str], ...] = (
    (r"^(?:SET NOCOUNT ON; )?WAITFOR DELAY '[\d:]+'; ", ""),
    (r"COLLATE \w+", ""),
    (r"\(max\)", ""),
    (r"\bdbo\.", ""),
    (r"\bN'", "'"),
    (r"THEN ''", "THEN ' '"),  # the converter of char fills it up
    (r"1 / \((\d+ - \w+)\)", r"divided(1, \1)"),  # by zero, SQLite has NULL
)


def translated(statement: str) -> str:
    """The same in SQLite's words."""
    for theirs, ours in _SPELT_OTHERWISE:
        statement = re.sub(theirs, ours, statement)
    return statement


def lock_answer(connection: Connection, statement: str) -> Result | None:
    """What the server says to a question for an application lock: a file that is locked here."""
    name = re.search(r"@Resource = N'([^']*)'", statement)
    if name is None:
        return None
    if "sp_releaseapplock" in statement:
        connection.locks.pop(name[1]).close()
        return Result()
    file = (connection.folder / "locks" / name[1]).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return Result(["result"], [(-1,)])
    connection.locks[name[1]] = file
    return Result(["result"], [(0,)])


def answer(connection: Connection, statement: str) -> Result | None:
    """What the server says, if SQLite need not be asked. Raises what it says to whoever may not, or waits too long."""
    steps: tuple[Callable[[Connection, str], Result | None], ...] = (_by_rote, _of_logins, _waited, _permitted)
    return next((result for step in steps if (result := step(connection, statement)) is not None), None)


def _by_rote(_connection: Connection, statement: str) -> Result | None:
    return next((result for pattern, result in _BY_ROTE if re.search(pattern, statement)), None)


def _of_logins(connection: Connection, statement: str) -> Result | None:
    for pattern, ours in _OF_LOGINS:
        if match := re.match(pattern, statement):
            connection.database.execute(ours, match.groups())
            return Result()
    return None


def _waited(connection: Connection, statement: str) -> None:
    if match := re.search(r"WAITFOR DELAY '00:00:(\d\d)'", statement):
        seconds = int(match[1])
        if connection.timeout and seconds > connection.timeout:
            time.sleep(connection.timeout)
            raise OperationalError("HYT00", "[HYT00] Query timeout expired (0) (SQLExecDirectW)")
        time.sleep(seconds)


def _permitted(connection: Connection, statement: str) -> None:
    for thing in re.findall(r"(?:FROM|UPDATE|INTO) (dbo\.\w+)", statement):
        granted = connection.database.execute(
            "SELECT 1 FROM grants WHERE (name, thing) = (?, ?)", (connection.user, thing)
        )
        if connection.user != "sa" and not (statement.startswith("SELECT") and granted.fetchone()):
            raise of_server(ProgrammingError, "42000", f"The permission was denied on the object '{thing}'.", 229)
