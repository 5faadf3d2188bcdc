"""The errors of the imitation of pyodbc, with the states and numbers of SQL Server."""

from __future__ import annotations

import sqlite3


class Error(Exception):
    """As pyodbc has it."""


class DatabaseError(Error):
    """The same."""


class InterfaceError(Error):
    """The same."""


class OperationalError(DatabaseError):
    """The same."""


class ProgrammingError(DatabaseError):
    """The same."""


class InternalError(DatabaseError):
    """The same."""


class DataError(DatabaseError):
    """The same."""


class IntegrityError(DatabaseError):
    """The same."""


class NotSupportedError(DatabaseError):
    """The same."""


def of_server(kind: type[Error], state: str, text: str, number: int) -> Error:
    """What the server says, as Microsoft's driver passes it on."""
    return kind(state, f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{text} ({number})")


def of_sqlite(error: sqlite3.OperationalError) -> Error:
    """What SQL Server would have said."""
    *_, name = str(error).split()
    if "no such table" in str(error):
        return of_server(ProgrammingError, "42S02", f"Invalid object name '{name}'.", 208)
    if "no such column" in str(error):
        return of_server(ProgrammingError, "42S22", f"Invalid column name '{name}'.", 207)
    return of_server(ProgrammingError, "42000", "Incorrect syntax.", 102)
