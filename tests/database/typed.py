"""A table of any columns, and an engine whose values are of any type."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, create_engine


def typed(converter: Callable[[bytes], object], file: Path) -> Callable[..., Engine]:
    """An engine whose columns named `... [typed]` hold what `converter` makes of them."""
    sqlite3.register_converter("typed", converter)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(file, detect_types=sqlite3.PARSE_COLNAMES, check_same_thread=False)

    return lambda _url, **_timeouts: create_engine("sqlite://", creator=connect)


def table(folder: Path, columns: str, rows: Iterable[Sequence[object]]) -> Path:
    """A SQLite file with a table `people` of these columns, whose columns have no type."""
    file = folder / "people.db"
    marks = ", ".join("?" for _ in columns.split(","))
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"CREATE TABLE people ({columns})")
        connection.executemany(f"INSERT INTO people VALUES ({marks})", rows)  # noqa: S608 - a test's own text
    return file
