"""Metadata: each value as JSON has it, and as text where JSON or JavaScript would alter it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.users import Users
from tests.database.builders import sqlite_settings
from tests.database.typed import table, typed

FIELD = "app_metadata.dept"
NOON = dt.datetime(2026, 1, 2, 12, 30, tzinfo=dt.UTC)


class Point:
    """What no one expects in a cell."""

    def __str__(self) -> str:
        return "(1, 2)"


def exactly(values: list[object]) -> list[tuple[type, object]]:
    """The values with their types: True is not 1, and 1 is not 1.0."""
    return [(type(value), value) for value in values]


def read(file: Path) -> list[object]:
    """What SQLite itself gives."""
    frame = Users(sqlite_settings(file, "SELECT * FROM people", DB_COLUMNS_APP_METADATA="dept")).read()
    return list(frame[FIELD].tolist())


def read_as(value: object, folder: Path) -> object:
    """What becomes of a driver's value, in a column that also has a NULL."""
    file = table(folder, "email, role, dept", [("ann@x.io", "admin", "any"), ("bob@x.io", "admin", None)])
    query = 'SELECT email, role, dept AS "dept [typed]" FROM people'
    found = sqlite_settings(file, query, DB_COLUMNS_APP_METADATA="dept")
    cell, null = Users(found, engine_for=typed(lambda _: value, file)).read()[FIELD].tolist()
    assert null is None
    return cell


def test_the_values_of_one_column_keep_each_its_own_type_and_null_is_none(tmp_path: Path) -> None:
    values: list[object] = ["ops", 7, None, 2.5, 1.0, "", "007", 0, b"raw \xff"]
    file = table(tmp_path, "email, role, dept", [(f"u{n}@x.io", "admin", v) for n, v in enumerate(values)])

    found = read(file)

    assert exactly(found) == exactly(["ops", 7, None, 2.5, 1.0, "", "007", 0, "raw \\xff"])


@pytest.mark.parametrize("rest", [None, "text", 2.5])
def test_a_number_stays_one_whatever_else_is_in_the_column_and_over_the_edge_of_a_chunk(
    tmp_path: Path, rest: object
) -> None:
    values = [number if number < 10_000 else rest for number in range(10_002)]
    file = table(tmp_path, "email, role, dept", [(f"u{n}@x.io", "admin", v) for n, v in enumerate(values)])

    found = read(file)

    assert exactly(found) == exactly(values)


def test_a_column_of_text_alone_is_not_made_a_column_of_pandas_strings(tmp_path: Path) -> None:
    file = table(tmp_path, "email, role, dept", [("ann@x.io", "admin", "ops"), ("bob@x.io", "admin", None)])

    found = read(file)

    assert exactly(found) == exactly(["ops", None])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("jö", "jö"),
        (True, True),
        (False, False),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**53) + 1, -(2**53) + 1),
        (-(2**53), "-9007199254740992"),
        (2.5, 2.5),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (Decimal(101), 101),
        (Decimal("1E+3"), 1000),
        (Decimal("-0"), 0),
        (Decimal("101.00"), 101.0),
        (Decimal("2.50"), 2.5),
        (Decimal("0.1"), 0.1),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (Decimal("1E-400"), "1E-400"),
        (Decimal(2**53 - 1), 2**53 - 1),
        (Decimal(2**53), "9007199254740992"),
        (Decimal("9007199254740994.00"), "9007199254740994.00"),
        (Decimal("1E+1000000"), "1E+1000000"),
        (Decimal("NaN"), "NaN"),
        (Decimal("sNaN"), "sNaN"),
        (Decimal("-Infinity"), "-Infinity"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (NOON, "2026-01-02T12:30:00+00:00"),
        (NOON.replace(tzinfo=None), "2026-01-02T12:30:00"),
        (dt.time(12, 30), "12:30:00"),
        (dt.timedelta(days=1), "1 day, 0:00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"raw", "raw"),
        (bytearray(b"j\xc3\xb6"), "jö"),
        (memoryview(b"raw \xff"), "raw \\xff"),
        (Point(), "(1, 2)"),
    ],
)
def test_a_value_of_a_driver_becomes_what_json_can_say_of_it(tmp_path: Path, value: object, expected: object) -> None:
    found = read_as(value, tmp_path)

    assert exactly([found]) == exactly([expected])


ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(),
    st.binary(),
    st.datetimes(),
    st.uuids(),
)


def made_of(values: list[Any]) -> list[Any]:
    """What becomes of these values of a driver, without a file."""
    query = (
        f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {len(values)}) "  # noqa: S608
        """SELECT 'ann@x.io' AS email, 'admin' AS role, CAST(i AS TEXT) AS "dept [typed]" FROM n"""
    )
    found = sqlite_settings(Path("any.db"), query, DB_COLUMNS_APP_METADATA="dept")
    engine_for = typed(lambda raw: values[int(raw)], Path(":memory:"))
    return Users(found, engine_for=engine_for).read()[FIELD].tolist()


@given(st.lists(ANY, min_size=1))
def test_whatever_comes_out_survives_a_parser_that_has_no_numbers_but_floats(values: list[Any]) -> None:
    made = made_of(values)

    assert json.loads(json.dumps(made, allow_nan=False), parse_int=float) == made


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_decimal_is_never_altered(values: list[Decimal]) -> None:
    made = made_of(values)

    assert [Decimal(str(value)) for value in made] == values


@pytest.mark.parametrize("convert", [bool, int, float, str])
def test_metadata_of_users_is_typed_as_that_of_the_app(tmp_path: Path, convert: Callable[[int], object]) -> None:
    file = table(tmp_path, "email, role, dept", [("ann@x.io", "admin", "any")])
    found = sqlite_settings(
        file, 'SELECT email, role, dept AS "dept [typed]" FROM people', DB_COLUMNS_USER_METADATA="dept:Team"
    )

    frame = Users(found, engine_for=typed(lambda _: convert(1), file)).read()

    assert exactly(frame["user_metadata.Team"].tolist()) == exactly([convert(1)])
