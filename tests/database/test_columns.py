"""The query's aliases are the mapping: which columns are taken, as what, and what is said of it."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd
import pytest

from database.failures import SourceError
from database.users import Users
from tests.database.builders import sqlite_settings
from tests.database.typed import table

ALL = "SELECT * FROM people"
ATTRIBUTES = "username, name, given_name, family_name, nickname, picture, phone_number, email_verified"


def read(file: Path, query: str = ALL, **more: str) -> pd.DataFrame:
    return Users(sqlite_settings(file, query, **more)).read()


def cells(frame: pd.DataFrame, field: str) -> list[object]:
    """The values of a column, with None for what is missing."""
    return [None if pd.isna(value) else value for value in frame[field].tolist()]


def failure(file: Path, query: str, **more: str) -> str:
    with pytest.raises(SourceError) as caught:
        read(file, query, **more)
    return str(caught.value)


def taken(caplog: pytest.LogCaptureFixture) -> list[str]:
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    return [line for line in said if line.startswith("columns taken")]


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A table of one person with a few columns."""
    return table(tmp_path, "id, email, role, full_name, dept", [(7, "ann@x.io", "admin", "Ann Li", "ops")])


def test_columns_that_are_called_like_attributes_are_taken_in_their_own_order_as_text(tmp_path: Path) -> None:
    backwards = ", ".join(reversed(f"email, role, id, active, {ATTRIBUTES}".split(", ")))
    file = table(tmp_path, backwards, [range(12)])

    frame = read(file)

    assert list(frame.columns) == ["email", "role", "id", "active", *ATTRIBUTES.split(", ")]
    assert {str(dtype) for dtype in frame.dtypes} == {"str"}
    assert [cells(frame, field) for field in frame.columns] == [[str(number)] for number in reversed(range(12))]


def test_a_column_that_no_setting_and_no_attribute_names_is_left_out(one: Path) -> None:
    frame = read(one)

    assert list(frame.columns) == ["email", "role", "id"]


def test_an_id_is_what_the_database_has_also_when_other_rows_have_none(tmp_path: Path) -> None:
    big = 2**60 + 1
    ids: list[object] = [101, None, 102, "0007", " x ", big]
    file = table(tmp_path, "id, email, role", [(key, f"u{n}@x.io", "admin") for n, key in enumerate(ids)])

    frame = read(file)

    assert cells(frame, "id") == ["101", None, "102", "0007", " x ", str(big)]


def test_an_id_keeps_its_look_over_the_edge_of_a_chunk_behind_which_all_are_null(tmp_path: Path) -> None:
    rows = [(number if number < 10_000 else None, f"u{number}@x.io", "admin") for number in range(20_000)]

    frame = read(table(tmp_path, "id, email, role", rows))

    assert cells(frame, "id") == [None if key is None else str(key) for key, _, _ in rows]
    assert str(frame["id"].dtype) == "str"


def test_a_column_that_a_setting_names_is_taken_and_one_of_the_attributes_own_name_is_not(tmp_path: Path) -> None:
    file = table(tmp_path, "email, role, name, full_name", [("ann@x.io", "admin", "al", "Ann Li")])

    frame = read(file, DB_COLUMN_NAME="FULL_NAME")

    assert cells(frame, "name") == ["Ann Li"]
    assert list(frame.columns) == ["email", "role", "name"]


def test_a_column_that_a_setting_names_must_be_there_and_one_that_is_only_known_by_name_need_not(one: Path) -> None:
    told = failure(
        one,
        "SELECT email, role FROM people",
        DB_COLUMN_ID="id",
        DB_COLUMN_NAME="full_name",
        DB_COLUMNS_APP_METADATA="dept:department",
        DB_COLUMNS_USER_METADATA="colour",
    )

    assert told == (
        "the query returns no column 'id' (DB_COLUMN_ID) and no column 'full_name' (DB_COLUMN_NAME) and no column "
        "'dept' (DB_COLUMNS_APP_METADATA) and no column 'colour' (DB_COLUMNS_USER_METADATA); it returns: 'email', "
        "'role'"
    )


def test_one_column_may_be_several_things(one: Path) -> None:
    frame = read(one, DB_COLUMN_NAME="email", DB_COLUMNS_APP_METADATA="dept,dept:team", DB_COLUMNS_USER_METADATA="ID")

    assert frame.to_dict("records") == [
        {
            "email": "ann@x.io",
            "role": "admin",
            "id": "7",
            "name": "ann@x.io",
            "app_metadata.dept": "ops",
            "app_metadata.team": "ops",
            "user_metadata.ID": 7,
        }
    ]


@pytest.mark.parametrize("columns", ["id, id", "id AS Id, id AS ID"])
def test_a_column_taken_for_its_name_that_comes_twice_is_a_failure_with_a_way_out(one: Path, columns: str) -> None:
    told = failure(one, f"SELECT email, role, {columns} FROM people")  # noqa: S608 - a test's own text

    assert told == (
        "the query returns 'id' more than once; name the one meant with AS, or none: it is taken because of its name "
        "(DB_COLUMN_ID), and another alias keeps it out"
    )


def test_a_named_column_that_comes_twice_is_a_failure_without_that_way_out(one: Path) -> None:
    told = failure(one, "SELECT email, role, dept, dept FROM people", DB_COLUMNS_APP_METADATA="dept")

    assert told == "the query returns 'dept' more than once; name the one meant with AS"


def test_of_columns_taken_for_their_names_the_one_of_just_that_name_wins(one: Path) -> None:
    frame = read(one, "SELECT email, role, 'no' AS ID, id FROM people")

    assert cells(frame, "id") == ["7"]


def test_columns_that_nothing_is_done_with_may_come_twice(one: Path) -> None:
    frame = read(one, "SELECT email, role, dept, dept, 1 AS name, 2 AS name FROM people", SYNC_PROFILE="never")

    assert list(frame.columns) == ["email", "role"]


def test_zero_rows_are_an_empty_frame_of_the_columns_that_are_there(tmp_path: Path) -> None:
    file = table(tmp_path, "role, dept, email, name", [])

    frame = read(file, DB_COLUMNS_APP_METADATA="dept")

    assert list(frame.columns) == ["email", "role", "name", "app_metadata.dept"]
    assert [str(dtype) for dtype in frame.dtypes] == ["str", "str", "str", "object"]
    assert len(frame) == 0


def test_reading_says_which_columns_it_took_besides_e_mail_and_role(
    one: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "database")

    read(one, DB_COLUMN_NAME="full_name", DB_COLUMNS_APP_METADATA="dept:department")

    assert taken(caplog) == ["columns taken: id, name (full_name), app_metadata.department (dept)"]
    assert caplog.records[-1].getMessage() == taken(caplog)[0]


def test_reading_says_nothing_of_columns_when_there_are_only_e_mail_and_role(
    one: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "database")

    read(one, "SELECT email AS mail, role FROM people", DB_COLUMN_EMAIL="mail")

    assert taken(caplog) == []
