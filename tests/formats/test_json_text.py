"""JSON says exactly what the document says, and can be written and shown anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.formats import FORM_OF, render
from tests.formats.builders import HOSTILE, every_run, poisoned, synced_run


@pytest.mark.parametrize("document", every_run().values(), ids=every_run().keys())
def test_every_run_comes_back_from_its_json_as_it_was(document: dict[str, Any]) -> None:
    text = render(document, "json")

    assert json.loads(text) == json.loads(json.dumps(document))
    assert text.endswith("}\n")


def test_names_of_all_languages_can_be_read() -> None:
    text = render({"name": "José Łukasz 田中 Ωμέγα 🎈"}, "json")

    assert "José Łukasz 田中 Ωμέγα 🎈" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_name_can_reach_the_terminal_or_break_the_encoding(hostile: str) -> None:
    text = render(poisoned(synced_run(), hostile), "json")

    assert text.encode("utf-8")
    assert all(line.isprintable() for line in text.split("\n"))
    assert json.loads(text)["connection"] == hostile


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_back(name: str) -> None:
    text = render({name: [name]}, "json")

    assert json.loads(text) == {name: [name]}
    assert text.replace("\n", "").isprintable()


def test_there_is_no_other_form() -> None:
    with pytest.raises(ValueError, match="no form 'yaml'"):
        render(synced_run(), "yaml")


def test_every_ending_of_a_file_is_that_of_a_form() -> None:
    assert {render(synced_run(), form) != "" for form in FORM_OF.values()} == {True}
    assert set(FORM_OF.values()) == {"json", "csv", "markdown", "html"}
