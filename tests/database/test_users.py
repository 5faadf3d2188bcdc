"""Reading the people: every row as text, complete or nothing, and never longer than the operator allows."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import URL, Engine, create_engine

from database.failures import SourceError
from database.users import Users
from tests.database.builders import QUERY, people, sqlite_settings, with_function
from tests.database.conftest import Silence
from tests.database.typed import typed


def rows(frame: pd.DataFrame) -> list[tuple[str | None, str | None]]:
    """The rows, with None for what is missing."""
    pairs = zip(frame["email"], frame["role"], strict=True)
    return [(None if pd.isna(email) else email, None if pd.isna(role) else role) for email, role in pairs]


def read(file: Path, query: str = QUERY, **more: str) -> list[tuple[str | None, str | None]]:
    return rows(Users(sqlite_settings(file, query, **more)).read())


def failure(file: Path, query: str, **more: str) -> str:
    with pytest.raises(SourceError) as caught:
        read(file, query, **more)
    return str(caught.value)


def test_the_rows_come_as_two_columns_of_strings_with_null_as_missing(tmp_path: Path) -> None:
    file = people(tmp_path, [("ann@x.io", "admin"), (None, "reader"), ("bob@x.io", None), ("", " ")])

    frame = Users(sqlite_settings(file)).read()

    assert list(frame.columns) == ["email", "role"]
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "str"]
    assert rows(frame) == [("ann@x.io", "admin"), (None, "reader"), ("bob@x.io", None), ("", " ")]


def test_twenty_five_thousand_rows_come_in_chunks_as_one_frame_in_order(tmp_path: Path) -> None:
    wanted = [(f"u{number}@x.io", None if number % 3 == 0 else number) for number in range(25_000)]
    file = people(tmp_path, wanted)

    frame = Users(sqlite_settings(file)).read()

    assert rows(frame) == [(email, None if role is None else str(role)) for email, role in wanted]
    assert list(frame.index) == list(range(25_000))
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "str"]


@pytest.mark.parametrize("count", [9_999, 10_000, 10_001, 20_000])
def test_no_row_is_lost_at_the_edge_of_a_chunk(tmp_path: Path, count: int) -> None:
    file = people(tmp_path, [(f"u{number}@x.io", "admin") for number in range(count)])

    found = read(file)

    assert len(set(found)) == count


def test_a_number_looks_the_same_whether_or_not_others_are_null(tmp_path: Path) -> None:
    file = people(tmp_path, [(101, 7), (None, None), (102, 2.5)])

    found = read(file)

    assert found == [("101", "7"), (None, None), ("102", "2.5")]


@pytest.mark.parametrize(
    ("converter", "text", "expected"),
    [
        (lambda raw: raw == b"1", "1", "True"),
        (lambda raw: Decimal(raw.decode()), "101.50", "101.50"),
        (lambda raw: dt.date.fromisoformat(raw.decode()), "2026-01-02", "2026-01-02"),
        (lambda raw: uuid.UUID(raw.decode()), "6f1c9c1e-0000-4000-8000-000000000001", None),
        (bytes, "admin", "admin"),
        (bytearray, "jö", "jö"),
        (memoryview, "admin", "admin"),
        (lambda raw: raw + b"\xff", "admin", "admin\\xff"),
    ],
)
def test_whatever_type_a_value_has_it_becomes_the_text_that_a_person_would_write(
    tmp_path: Path, converter: Callable[[bytes], object], text: str, expected: str | None
) -> None:
    file = people(tmp_path, [("ann@x.io", text), ("bob@x.io", None)])
    query = 'SELECT email, role AS "role [typed]" FROM people'

    frame = Users(sqlite_settings(file, query), engine_for=typed(converter, file)).read()

    assert rows(frame) == [("ann@x.io", expected or text), ("bob@x.io", None)]


def test_columns_are_found_by_their_name_in_any_case_and_others_are_left_out(tmp_path: Path) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")])

    found = read(file, "SELECT id, role AS RoLe, email AS E_Mail FROM people", DB_COLUMN_EMAIL="e_mail")

    assert found == [("ann@x.io", "admin")]


def test_a_column_of_just_that_name_wins_over_one_in_another_case(tmp_path: Path) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")])

    found = read(file, "SELECT 'no' AS EMAIL, email, role FROM people")

    assert found == [("ann@x.io", "admin")]


@pytest.mark.parametrize("columns", ["email, email, role", "email AS Email, email AS EMAIL, role"])
def test_a_column_that_comes_twice_is_a_failure(tmp_path: Path, columns: str) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")])

    told = failure(file, f"SELECT {columns} FROM people")  # noqa: S608 - a test's own text

    assert told == "the query returns 'email' more than once; name the one meant with AS"


def test_a_missing_column_is_named_with_its_setting_and_those_that_came(tmp_path: Path) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")])

    one = failure(file, "SELECT id, email FROM people")
    both = failure(file, "SELECT id FROM people", DB_COLUMN_EMAIL="mail")

    assert one == "the query returns no column 'role' (DB_COLUMN_ROLE); it returns: 'id', 'email'"
    assert both == (
        "the query returns no column 'mail' (DB_COLUMN_EMAIL) and no column 'role' (DB_COLUMN_ROLE); it returns: 'id'"
    )


@pytest.mark.parametrize(
    "query",
    [
        "SELECT email, role FROM people;",
        "  SELECT email, role\n\tFROM people -- all of them\n ; ",
        "WITH p AS (SELECT * FROM people) SELECT email, role FROM p;",
        "SELECT email, role FROM people WHERE email LIKE '%@x.io' AND role NOT LIKE '%s' AND role <> '%(a)s'",
        "SELECT email, role FROM people WHERE role <> ':name' AND '12:30' <> role AND role <> '?' -- :other ?",
    ],
)
def test_the_query_reaches_the_driver_as_it_is(tmp_path: Path, query: str) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")])

    found = read(file, query)

    assert found == [("ann@x.io", "admin")]


def test_a_statement_without_a_result_is_not_zero_rows_but_a_failure(tmp_path: Path) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")])

    told = failure(file, "UPDATE people SET role = 'reader'")

    assert told == "USERS_DB_QUERY returns no result: it must be a SELECT, after SET NOCOUNT ON if it does more"
    assert read(file) == [("ann@x.io", "admin")]


def test_zero_rows_are_an_empty_frame_of_the_same_columns(tmp_path: Path) -> None:
    frame = Users(sqlite_settings(people(tmp_path, []))).read()

    assert list(frame.columns) == ["email", "role"]
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "str"]
    assert len(frame) == 0


def test_zero_rows_without_the_columns_are_still_a_failure(tmp_path: Path) -> None:
    told = failure(people(tmp_path, []), "SELECT id FROM people")

    assert told.startswith("the query returns no column 'email'")


@pytest.mark.parametrize("last", [1, 9_999, 10_000, 15_000, 24_999])
def test_a_cursor_that_dies_on_its_way_gives_no_row_at_all(tmp_path: Path, last: int) -> None:
    def until(number: int) -> int:
        if number > last:
            raise ValueError("the cursor died")
        return number

    file = people(tmp_path, [(f"u{number}@x.io", "admin") for number in range(25_000)])
    query = "SELECT email, role FROM people WHERE until(id) > 0"

    with pytest.raises(SourceError, match=r"the query failed .*; check USERS_DB_QUERY"):
        Users(sqlite_settings(file, query), engine_for=with_function("until", until)).read()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT email, role FROM nobody", "names a table that does not exist there (no such table: nobody)"),
        ("SELECT email, rolle FROM people", "names a column that does not exist (no such column: rolle)"),
        ("SELEKT", 'the query failed (near "SELEKT": syntax error)'),
    ],
)
def test_a_query_that_the_database_does_not_take_is_told(tmp_path: Path, query: str, told: str) -> None:
    file = people(tmp_path, [])

    sentence = failure(file, query)

    assert told in sentence
    assert sentence.startswith(f"database {file}: ")


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    file = tmp_path / "no" / "such" / "folder" / "people.db"

    told = failure(file, QUERY)

    assert told == f"database {file}: cannot connect (unable to open database file)"


def silent_from_the_start(silence: Silence) -> Callable[..., Engine]:
    """An engine that asks a server which never answers."""

    def creator() -> Any:
        silence()

    return lambda _url, **_timeouts: create_engine("sqlite://", creator=creator)


def test_a_server_that_never_answers_ends_the_wait_when_the_login_timeout_is_over(
    tmp_path: Path, silence: Silence
) -> None:
    users = Users(
        sqlite_settings(tmp_path / "x.db", MSSQL_LOGIN_TIMEOUT="1", MSSQL_QUERY_TIMEOUT="86400"),
        engine_for=silent_from_the_start(silence),
    )

    with pytest.raises(SourceError, match="no answer within 1 s; check USERS_DB_URL"):
        users.read()


@pytest.mark.parametrize("rows_before", [0, 10_000])
def test_a_query_that_falls_silent_ends_the_wait_when_the_query_timeout_is_over(
    tmp_path: Path, silence: Silence, rows_before: int
) -> None:
    def fall_silent(number: int) -> int:
        if number > rows_before:
            silence()
        return number

    file = people(tmp_path, [(f"u{number}@x.io", "admin") for number in range(rows_before + 1)])
    query = "SELECT email, role FROM people WHERE fall_silent(id) > 0"
    users = Users(
        sqlite_settings(file, query, MSSQL_LOGIN_TIMEOUT="86400", MSSQL_QUERY_TIMEOUT="1"),
        engine_for=with_function("fall_silent", fall_silent),
    )

    with pytest.raises(SourceError, match="the query took longer than 1 s; make it faster or raise"):
        users.read()


class Enough(Exception):
    """What a signal raises."""


def enough_at(call: int) -> Callable[[], None]:
    """A check that raises when it is called for that time."""
    calls = iter(range(1, call + 1))

    def check() -> None:
        if next(calls) == call:
            raise Enough

    return check


def test_a_check_that_raises_while_a_silent_server_is_waited_for_gets_through(tmp_path: Path, silence: Silence) -> None:
    users = Users(
        sqlite_settings(tmp_path / "x.db", MSSQL_LOGIN_TIMEOUT="86400"), engine_for=silent_from_the_start(silence)
    )

    with pytest.raises(Enough):
        users.read(enough_at(3))


def test_a_check_that_raises_while_a_silent_query_is_waited_for_gets_through(tmp_path: Path, silence: Silence) -> None:
    def fall_silent(_: int) -> None:
        silence()

    file = people(tmp_path, [("ann@x.io", "admin")])
    query = "SELECT email, role FROM people WHERE fall_silent(id) > 0"
    users = Users(sqlite_settings(file, query), engine_for=with_function("fall_silent", fall_silent))

    with pytest.raises(Enough):
        users.read(enough_at(4))


def test_reading_says_how_many_rows_came_from_where_and_not_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")] * 1_200)
    caplog.set_level(logging.INFO, "database")

    read(file)

    assert [record.getMessage().partition(" in ")[0] for record in caplog.records] == [
        f"read 1,200 rows from database {file}"
    ]


def test_making_users_asks_nothing_of_the_database(tmp_path: Path) -> None:
    def engine_for(_url: URL, **_timeouts: int) -> Engine:
        raise AssertionError

    users = Users(sqlite_settings(tmp_path / "x.db"), engine_for=engine_for)

    assert users.settings.users_db_query == QUERY
