"""CSV: a row for everything that is changed and everybody who is left alone, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.formats import render
from client.formats.spreadsheet import COLUMNS
from tests.formats.builders import (
    HOSTILE,
    approved_run,
    every_run,
    failed_run,
    large_run,
    planned_run,
    poisoned,
    refused_run,
    synced_run,
)


def rows(document: dict[str, Any]) -> list[dict[str, str]]:
    """The rows as a program reads them."""
    text = render(document, "csv")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_each_edit_has_a_row_with_what_was_and_what_is_to_be() -> None:
    (row,) = [row for row in rows(synced_run()) if row["what"] == "update" and row["email"] == "ann@x.io"]

    assert row == dict.fromkeys(COLUMNS, "") | {
        "run_id": "run-1",
        "finished_at": "2026-11-23T08:30:06.500000+00:00",
        "digest": synced_run()["digest"],
        "what": "update",
        "email": "ann@x.io",
        "user_id": "auth0|ann",
        "field": "name",
        "old": "Ann",
        "new": "Ann Berg",
        "outcome": "failed",
        "why": "503 from Auth0",
    }


def test_values_that_are_no_text_are_json_and_what_is_not_there_is_empty() -> None:
    found = {row["field"]: (row["old"], row["new"]) for row in rows(planned_run()) if row["email"] == "new@x.io"}

    assert found["name"] == ("", "Nia New")
    assert found["app_metadata.team"] == ("", '{"size": 3, "remote": true}')


@pytest.mark.parametrize("document", every_run().values(), ids=every_run().keys())
def test_nothing_that_the_report_has_is_missing(document: dict[str, Any]) -> None:
    found = [row["what"] for row in rows(document)]

    for change in document["changes"]:
        assert change["kind"] in found
    assert len(found) == (
        sum(max(1, len(change["edits"])) for change in document["changes"])
        + sum(len(document[name]) for name in ("held", "protected", "possible_renames", "notes"))
        + sum(len(document["guard"][name]) for name in ("refusals", "approved"))
        + bool(document["error"])
    )


def test_what_is_kept_back_says_by_which_brake() -> None:
    kept = [row for row in rows(approved_run()) if row["outcome"] == "kept_back"]

    assert {row["why"] for row in kept} == {"'--no-delete"}  # it begins with a hyphen
    assert {row["what"] for row in kept} == {"block", "delete"}


def test_a_refusal_and_an_error_come_first_so_that_nobody_takes_the_rest_for_done() -> None:
    assert rows(refused_run())[0]["what"] == "refusal"
    assert "would be deleted" in rows(refused_run())[0]["why"]
    assert [(row["what"], row["why"]) for row in rows(failed_run())] == [
        ("error", "the database people cannot be reached")
    ]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_can_begin_a_formula_or_break_a_row(hostile: str) -> None:
    document = synced_run()

    found = rows(poisoned(document, hostile))

    assert len(found) == len(rows(document))
    for row in found:
        assert_harmless(row)


@given(
    st.text(st.characters(codec=None)),
    st.sampled_from("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"),
    st.sampled_from(" ;\n\t\u3000"),
)
def test_whatever_begins_a_cell_it_is_no_formula(name: str, sign: str, space: str) -> None:
    for text in (sign + name, space + sign + name, name + ";" + sign, name):
        for row in rows(poisoned(failed_run(), text)):
            assert_harmless(row)


def assert_harmless(row: dict[str, str]) -> None:
    assert None not in row
    for cell in row.values():
        assert cell.isprintable()  # neither line breaks nor tabs
        for part in cell.split(";"):
            assert not part.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


def test_a_cell_that_is_defused_begins_with_an_apostrophe() -> None:
    document = poisoned(failed_run(), " =1+1")

    (row,) = rows(document)

    assert row["why"] == "' =1+1"


def test_every_line_ends_with_cr_and_lf_and_commas_and_quotes_are_quoted() -> None:
    text = render(poisoned(failed_run(), 'a, "b"'), "csv")

    lines = text.split("\r\n")
    assert lines[0] == "\ufeff" + ",".join(COLUMNS)
    assert '"a, ""b"""' in lines[1]
    assert lines[2:] == [""]
    assert "\n" not in "".join(lines)


def test_a_cell_is_never_longer_than_a_spreadsheet_bears() -> None:
    (row,) = rows(poisoned(failed_run(), "long " * 20_000))

    assert len(row["why"]) < 32_767


def test_ten_thousand_changes_are_ten_thousand_rows() -> None:
    assert len(rows(large_run())) == 10_000
