"""Text on a screen: it fits, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem

from client.table import Entry, Screen, columns
from sync.text import visible

PIPED, NARROW, USUAL = Screen(None, None), Screen(40, None), Screen(80, None)
ENTRIES: list[Entry] = [("ann@x.io", [[("admin", "green")]]), ("bob.longer@x.io", [[("editor", ""), (", viewer", "")]])]


def shown(screen: Screen, entries: list[Entry]) -> list[str]:
    return list(screen.entries(entries, max(columns(visible(name)) for name, _ in entries)))


def test_details_stand_beside_the_names_in_a_column() -> None:
    assert shown(USUAL, ENTRIES) == ["  ann@x.io           admin", "  bob.longer@x.io    editor, viewer"]


def test_on_a_narrow_screen_details_stand_below_the_names() -> None:
    assert shown(NARROW, ENTRIES) == ["  ann@x.io", "    admin", "  bob.longer@x.io", "    editor, viewer"]


def test_on_a_narrow_screen_short_names_leave_room_beside_them() -> None:
    assert shown(NARROW, ENTRIES[:1]) == ["  ann@x.io    admin"]


def test_further_details_stand_below_the_first() -> None:
    entry: Entry = ("ann@x.io", [[("name: 1", "")], [("nickname: 2", "")]])

    assert shown(USUAL, [entry]) == ["  ann@x.io    name: 1", "              nickname: 2"]


def test_a_name_without_details_has_no_spaces_behind_it() -> None:
    assert shown(USUAL, [("ann@x.io", []), ("bob.longer@x.io", [])]) == ["  ann@x.io", "  bob.longer@x.io"]


def test_what_other_programs_read_is_one_line_however_long() -> None:
    long: Entry = ("ann@x.io", [[("x" * 500, "")]])

    (line,) = shown(PIPED, [long])

    assert line == f"  ann@x.io    {'x' * 500}"


def test_one_long_name_does_not_push_the_others_aside() -> None:
    entries: list[Entry] = [(f"{'x' * 200}@x.io", [[("admin", "")]]), ("ann@x.io", [[("admin", "")]])]

    piped, usual = shown(PIPED, entries), shown(USUAL, entries)

    assert piped == [f"  {'x' * 200}@x.io    admin", f"  {'ann@x.io':<60}    admin"]
    assert usual[0] == f"  {'x' * 40}    admin"
    assert usual[-1] == f"  {'ann@x.io':<40}    admin"


def test_a_paragraph_breaks_between_words() -> None:
    assert list(Screen(20, None).paragraph("three words or ", ("four", "bold"), " of them")) == [
        "three words or four",
        "of them",
    ]


def test_a_copyable_line_is_never_broken() -> None:
    assert NARROW.line("  ", ("x" * 100, "bold")) == f"  {'x' * 100}"


def test_styles_become_colours_and_stay_with_their_words_where_a_line_breaks() -> None:
    screen = Screen(20, ColorSystem.STANDARD)

    assert list(screen.paragraph("one two ", ("three four five", "red"))) == [
        "one two \x1b[31mthree four\x1b[0m",
        "\x1b[31mfive\x1b[0m",
    ]


def test_wide_letters_take_two_columns() -> None:
    entries: list[Entry] = [("日本@x.io", [[("admin", "")]]), ("ann.b@x.io", [[("admin", "")]])]

    assert shown(USUAL, entries) == ["  日本@x.io     admin", "  ann.b@x.io    admin"]


def test_control_characters_are_written_out() -> None:
    assert shown(USUAL, [("a\x1b[2J\n@x.io", [[("\r", "")]])]) == ["  a\\x1b[2J\\n@x.io    \\r"]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=120)


@given(
    entries=st.lists(st.tuples(TEXTS, st.lists(st.lists(st.tuples(TEXTS, st.just("red")), max_size=3), max_size=3))),
    width=st.one_of(st.none(), st.integers(20, 200)),
    coloured=st.booleans(),
)
def test_whatever_it_says_every_line_fits_and_no_letter_is_lost(
    entries: list[Entry],
    width: int | None,
    coloured: bool,  # noqa: FBT001
) -> None:
    screen = Screen(width, ColorSystem.STANDARD if coloured else None)

    lines = list(screen.entries(entries, max((columns(visible(name)) for name, _ in entries), default=0)))
    plain = [line.replace("\x1b[31m", "").replace("\x1b[0m", "") for line in lines]

    assert all(line.isprintable() for line in plain)
    assert width is None or all(columns(line) <= width for line in plain)
    said = "".join(visible(name) + "".join(visible(text) for detail in details for text, _ in detail)
                   for name, details in entries)  # fmt: skip
    assert sorted("".join(plain).replace(" ", "")) == sorted(said.replace(" ", ""))


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("é", 1), ("e\u0301", 1)])
def test_columns_are_those_of_a_terminal(text: str, width: int) -> None:
    assert columns(text) == width
