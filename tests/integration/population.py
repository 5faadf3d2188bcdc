"""Ten thousand people with all that a table of people may hold, and how a frame has to show them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError

COUNT = 10_000
ROLES = ("viewer", "rédacteur", "Größe", "admin")  # what a varchar of code page 1252 can hold
TEAM_WIDTH = 10
TEXT_FIELDS = ("email", "role", "id", "active", "name")
METADATA = ("number", "level", "ratio", "premium", "since", "notes", "team")
NAMES = (
    "Zoë Müller",
    "李小龍",
    "𐍈𝄞 🎉",
    "O'Brien; DROP TABLE--",
    "ends with spaces   ",
    "",
    " \t",
    "عمر\u200f",
    "a%b_[c]?:d",
)

COLUMNS = """
    number int NOT NULL, id uniqueidentifier NULL, email nvarchar(200) NULL,
    role varchar(40) COLLATE Latin1_General_CI_AS NULL, active bit NULL, name nvarchar(200) NULL, level int NULL,
    ratio decimal(9, 2) NULL, premium bit NULL, since datetime2(3) NULL, notes nvarchar(max) NULL,
    team char(10) COLLATE Latin1_General_CI_AS NULL
"""
_INSERTED = ("number", "id", "email", "active", "name", "level", "ratio", "premium", "since", "notes")

Row = Mapping[str, Any]


def people(count: int = COUNT) -> list[Row]:
    """The rows by the names of their columns, as Python has the values. One in a hundred has no e-mail, and another
    no role."""
    return [_person(number) for number in range(count)]


def _person(number: int) -> Row:
    def null_each(nth: int, value: object) -> Any:
        return None if number % nth == nth - 1 else value

    long = number % 500 == 250
    return {
        "number": number,
        "id": null_each(97, uuid.uuid5(uuid.NAMESPACE_URL, f"https://example.com/{number}")),
        "email": None if number % 100 == 7 else f"person{number}@example.com",
        "role": None if number % 100 == 13 else ROLES[number % len(ROLES)],
        "active": null_each(5, number % 3 == 0),
        "name": null_each(11, NAMES[number % len(NAMES)]),
        "level": null_each(7, number - 5_000),
        "ratio": null_each(13, Decimal(number).scaleb(-2)),
        "premium": null_each(3, number % 2 == 0),
        "since": null_each(17, dt.datetime(2026, 1, 1) + dt.timedelta(minutes=number, milliseconds=number % 1_000)),  # noqa: DTZ001
        "notes": null_each(19, "🎉ä" * 5_000 if long else f"note {number}"),
        "team": null_each(23, ("ops", "größer", "")[number % 3]),
    }


def expected(rows: Sequence[Row]) -> dict[str, list[object]]:
    """The columns of a frame of these rows by `database.users`' rules, with None for what is missing."""
    columns: dict[str, list[object]] = {field: [_text(row[field]) for row in rows] for field in TEXT_FIELDS}
    for field in METADATA:
        columns[f"app_metadata.{field}"] = [_json(row[field]) for row in rows]
    columns["app_metadata.team"] = [None if row["team"] is None else row["team"].ljust(TEAM_WIDTH) for row in rows]
    return columns


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _json(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, dt.datetime) else value


def query(table: str, *, ordered: bool = True) -> str:
    """What reads all of it."""
    columns = ", ".join([*TEXT_FIELDS, *METADATA])
    return f"SELECT {columns} FROM {table}" + (" ORDER BY number" if ordered else "")  # noqa: S608 - a test's own text


def assert_shows(frame: pd.DataFrame, rows: Sequence[Row]) -> None:
    """The frame is that of these rows. A key's letters may be of either case: drivers differ."""
    wanted = expected(rows)
    assert list(frame.columns) == list(wanted)
    assert len(frame) == len(rows)
    for field, values in wanted.items():
        found = [None if pd.isna(value) else value for value in frame[field].tolist()]
        if field == "id":
            found = [value and value.lower() for value in found]
        different = [
            (number, came, value)
            for number, (came, value) in enumerate(zip(found, values, strict=True))
            if (type(came), came) != (type(value), value)
        ]
        assert different[:3] == [], f"{field}: {len(different)} differ; row, found, wanted"
    assert [str(frame[field].dtype) for field in TEXT_FIELDS] == ["str"] * len(TEXT_FIELDS)


def fill(url: URL, table: str, rows: Sequence[Row]) -> None:
    """Put the rows into an empty table of `COLUMNS`, all or none."""
    fast = url.get_driver_name() == "pyodbc"
    try:
        _insert(url, table, rows, **({"fast_executemany": True} if fast else {}))
    except (DBAPIError, MemoryError, TypeError, ValueError):
        if not fast:
            raise
        _insert(url, table, rows)  # not every driver can bind whole columns; row by row takes some seconds


def _insert(url: URL, table: str, rows: Sequence[Row], **options: bool) -> None:
    engine = create_engine(url, hide_parameters=True, **options)
    mark = "?" if engine.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join([mark] * len(_INSERTED))
    statement = f"INSERT INTO {table} ({', '.join(_INSERTED)}) VALUES ({marks})"  # noqa: S608 - a test's own text
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement, [tuple(row[name] for name in _INSERTED) for row in rows])
            for text in single_bytes(table):
                connection.execution_options(no_parameters=True).exec_driver_sql(text)
    finally:
        engine.dispose()


def single_bytes(table: str) -> list[str]:
    """What sets the columns of one byte a character: the server converts the text, whatever the driver thinks of it."""
    roles = " ".join(f"WHEN {at} THEN N'{role}'" for at, role in enumerate(ROLES))
    teams = " ".join(f"WHEN {at} THEN N'{team}'" for at, team in enumerate(("ops", "größer", "")))
    return [
        f"UPDATE {table} SET role = CASE number % {len(ROLES)} {roles} END WHERE number % 100 <> 13",  # noqa: S608
        f"UPDATE {table} SET team = CASE number % 3 {teams} END WHERE number % 23 <> 22",  # noqa: S608
    ]
