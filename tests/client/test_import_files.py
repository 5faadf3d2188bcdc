"""The files of import jobs, and when there is to be an import at all: nothing here is sent."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.auth0 import imports
from client.auth0.imports import Importer, ImportFile
from client.auth0.reader import Connection
from tests.client.builders import Time, reader_of, transport_at
from tests.client.plans import people

MOST_BYTES = 500_000
ENOUGH = 499_000  # as many bytes as a file has before there is another


def bare(emails: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """People of whom nothing else is known."""
    return ((email, {}) for email in emails)


def rows_of(file: ImportFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(file.content)
    return rows


def test_ten_thousand_people_are_two_files() -> None:
    emails = people(10_000)

    files = list(imports.files(bare(emails)))

    rows = [row for file in files for row in rows_of(file)]
    assert len(files) == 2
    assert [row["email"] for row in rows] == emails
    assert len({row["user_id"] for row in rows}) == 10_000


@pytest.mark.parametrize(
    "emails",
    [
        people(30_000),
        [f"müller-{'ß' * 40}-{n}@straße.example" for n in range(9_000)],
        ["x" * 180_000 + str(n) for n in range(9)],
    ],
    ids=["many", "not ASCII", "long"],
)
def test_every_file_fits_and_none_is_smaller_than_it_must_be(emails: list[str]) -> None:
    files = list(imports.files(bare(emails)))

    assert [email for file in files for email in file.ids] == emails
    assert all(len(file.content) < MOST_BYTES for file in files)
    for file, following in itertools.pairwise(files):
        (next_row, *_) = json.loads(following.content)
        next_size = len(json.dumps(next_row, ensure_ascii=False, separators=(",", ":")).encode())
        assert len(file.content) + len(",") + next_size > ENOUGH


@given(emails=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), unique=True))
def test_a_row_says_who_it_is_and_no_more_than_that(emails: list[str]) -> None:
    for file in imports.files(bare(emails)):
        rows = rows_of(file)

        assert [row["email"] for row in rows] == emails
        assert {row["email"]: row["user_id"] for row in rows} == file.ids
        assert all(row == {"email": row["email"], "email_verified": False, "user_id": row["user_id"]} for row in rows)
        assert all(re.fullmatch("[0-9a-f]{24}", row["user_id"]) for row in rows)


def test_nobody_is_no_file() -> None:
    assert list(imports.files([])) == []


def test_somebody_who_fills_more_than_a_file_stands_alone_in_one() -> None:
    emails = ["x" * 600_000, "y" * 600_000, "ann@example.com"]

    files = list(imports.files(bare(emails)))

    assert [list(file.ids) for file in files] == [[email] for email in emails]


def test_a_file_shows_none_of_its_content_when_it_is_logged() -> None:
    (file,) = imports.files(bare(["ann@example.com"]))

    assert "email_verified" not in repr(file)


@pytest.mark.parametrize(
    ("mode", "how_many", "strategy", "expected"),
    [
        ("auto", 0, "auth0", False),
        ("auto", 99, "auth0", False),
        ("auto", 100, "auth0", True),
        ("auto", 5_000, "auth0", True),
        ("import", 1, "auth0", True),
        ("import", 5_000, "auth0", True),
        ("requests", 1, "auth0", False),
        ("requests", 5_000, "auth0", False),
        ("auto", 5_000, "email", False),
        ("import", 5_000, "email", False),
    ],
)
def test_whether_an_import_is_worth_while(
    mode: Any,
    how_many: int,
    strategy: str,
    expected: bool,  # noqa: FBT001 - parametrized
    passing: Time,
) -> None:
    transport = transport_at("http://127.0.0.1:9", passing).for_writing()
    importer = Importer(transport, reader_of(transport, passing), Connection("con_1", "users", strategy), mode)

    assert importer.is_for(how_many) is expected
