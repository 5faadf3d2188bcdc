"""A SQL Server as its ODBC driver shows it: it lets us in or not, and its rows come one by one, or stop to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import ModuleType
from typing import Any

import pytest

from tests.database.builders import fake_pyodbc

PASSWORD = "p;w}d hunter2"
"""The login's, with all that has to be escaped somewhere."""
SQL_SERVER: Mapping[str, str] = {
    "USERS_DB_URL": "",
    "MSSQL_SERVER": "db.example",
    "MSSQL_DATABASE": "hr",
    "MSSQL_USERNAME": "reader",
    "MSSQL_PASSWORD": PASSWORD,
}
"""The settings that lead there instead of to the usual file."""
TARGET = "SQL Server db.example:1433, database hr"

Row = tuple[object, object]
Rows = Callable[[ModuleType], Iterable[Row]]


def install(
    patch: pytest.MonkeyPatch, rows: Rows = lambda _: (), *, refuse: Callable[[ModuleType], Exception] | None = None
) -> list[int]:
    """Put the driver in the place of pyodbc; returns how many rows were fetched each time.

    `rows` is asked when the query is, `refuse` when a login is; both get the driver's module with its exceptions.
    """
    module: Any = fake_pyodbc(refuse)
    plain, fetched = module.connect, list[int]()

    class Cursor(module.Cursor):  # type: ignore[misc]
        _coming: Iterator[Row] | None = None

        def execute(self, statement: str, *parameters: object) -> None:
            super().execute(statement, *parameters)
            self._coming = iter(rows(module)) if "FROM people" in statement else None

        def fetchmany(self, size: int) -> list[Any]:
            if self._coming is None:
                return super().fetchmany(size)  # type: ignore[no-any-return]
            found = list(islice(self._coming, size))
            fetched.append(len(found))
            return found

    def connect(text: str, **arguments: object) -> Any:
        connection = plain(text, **arguments)
        connection.cursor = lambda: Cursor(connection)
        return connection

    module.connect, module.Cursor = connect, Cursor
    patch.setitem(sys.modules, "pyodbc", module)
    return fetched
