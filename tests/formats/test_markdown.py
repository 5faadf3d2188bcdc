"""Markdown: what the report says in GitHub's words, and no name that says anything itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from client.formats import render
from client.formats.markdown import code
from sync.text import visible
from tests.formats.builders import (
    HOSTILE,
    approved_run,
    every_run,
    failed_run,
    idle_run,
    large_run,
    planned_run,
    poisoned,
    refused_run,
    synced_run,
)

PARSER = MarkdownIt("commonmark").enable("table")


def tokens(text: str) -> Iterator[Token]:
    """Every token, those within lines too."""
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def structure(text: str) -> list[tuple[str, str]]:
    """What there is besides code: kinds of tokens, and the words that are not code."""
    return [
        (token.type, "" if token.type in {"inline", "code_inline", "fence"} else token.content)
        for token in tokens(text)
    ]


def spans(text: str) -> list[str]:
    return [token.content for token in tokens(text) if token.type == "code_inline"]


def test_a_report_says_how_it_ended_what_was_done_and_who_was_left_alone() -> None:
    text = render(synced_run(), "markdown")

    assert text.startswith("# Applied, but not for everyone\n")
    assert "| update | 0 | 1 | 0 | 0 | 0 |" in text
    assert "| `ann@x.io` | `name`: `Ann` → `Ann Berg` | - | failed: `503 from Auth0` |" in text
    assert "| `held@x.io` | `the role is NULL` | 4 |" in text
    assert "| `before@x.io` | `moved@x.io` | `name` |" in text
    assert "2026-11-23 08:30:06 UTC" in text


def test_a_refusal_names_the_guard_everyone_concerned_and_the_way_out() -> None:
    text = render(refused_run(), "markdown")

    assert text.startswith("# Refused, nothing was written\n")
    assert "## Refused by the guard `deletes`" in text
    assert "- `gone@x.io`" in text
    assert f"python main.py sync --approve {refused_run()['digest'][:12]}" in text


def test_what_was_approved_and_kept_back_is_told() -> None:
    text = render(approved_run(), "markdown")

    assert "## Approved, though beyond the guard `role removals`" in text
    assert "kept back: `--no-delete`" in text


def test_a_plan_without_changes_says_so() -> None:
    text = render(idle_run(), "markdown")

    assert text.startswith("# In agreement, nothing to change\n")
    assert "\nNothing to change.\n" in text


def test_a_run_without_a_plan_says_why() -> None:
    text = render(failed_run(), "markdown")

    assert text.startswith("# Failed\n\n**Error:** `the database people cannot be reached`\n")
    assert "Nothing to change" not in text


@pytest.mark.parametrize("hostile", [text for text in HOSTILE if text.strip()])
@pytest.mark.parametrize("name", every_run())
def test_no_name_changes_what_the_page_is_made_of(name: str, hostile: str) -> None:
    document = every_run()[name]

    text = render(poisoned(document, hostile), "markdown")

    assert structure(text) == structure(render(poisoned(document, "harmless"), "markdown"))


@given(st.text(st.characters(codec=None)))
def test_any_text_stays_in_its_cell_and_can_be_read_there(text: str) -> None:
    found = list(tokens(f"| a | b |\n|---|---|\n| {code(text)} | end |\n"))

    cells = [token for token in found if token.type == "inline"]
    assert len(cells) == 4
    assert cells[-1].content == "end"
    if text.strip() and "|" not in text:
        assert [token.content.strip() for token in found if token.type == "code_inline"] == [visible(text).strip()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("auth0|5f7c", "auth0|5f7c"),
        ("a`b", "a`b"),
        ("``", "``"),
        ("a\\", "a\\"),
        ("a\\|b", "a\\\\x7cb"),  # GitHub and others do not agree on a bar after a backslash
        ("a\nb", "a\\nb"),
    ],
)
def test_a_name_is_shown_as_it_is(text: str, shown: str) -> None:
    assert spans(f"| a |\n|---|\n| {code(text)} |\n") == [shown]


@pytest.mark.parametrize("hostile", [text for text in HOSTILE if text])
def test_a_command_stays_on_one_line(hostile: str) -> None:
    (command,) = [
        token.content for token in tokens(render(poisoned(refused_run(), hostile), "markdown")) if token.type == "fence"
    ]

    assert command.count("\n") == 1
    assert command.strip("\n").isprintable()


def test_nothing_foreign_stands_outside_of_code() -> None:
    plain = "".join(text for kind, text in structure(render(poisoned(synced_run(), "Zebra"), "markdown")))

    assert "Zebra" not in plain


def test_ten_thousand_changes_are_ten_thousand_lines() -> None:
    text = render(large_run(), "markdown")

    assert text.count("| `person.") == 10_000


def test_values_are_cut_and_the_rest_is_elsewhere() -> None:
    text = render(poisoned(planned_run(), "x" * 10_000), "markdown")

    assert f"`{'x' * 500}...`" in text
