"""Text on a screen: it fits, and nothing of it is lost."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table

from client.table import BLOCK, Entry, Screen
from sync.text import visible
from tests.client.shown import Terminal

ESCAPE = re.compile(r"\x1b\[[\d;]*m")
ENTRIES: list[Entry] = [("ann@x.io", [[("admin", "green")]]), ("bob.longer@x.io", [[("editor", ""), (", viewer", "")]])]
PIPED, NARROW, USUAL = None, 40, 80

MakeScreen = Callable[..., Screen]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> MakeScreen:
    """Makes a screen of so many columns, without colours unless they are asked for; None for a pipe."""

    def make(width: int | None, *, coloured: bool = False) -> Screen:
        monkeypatch.setattr(sys, "stdout", io.StringIO() if width is None else Terminal())
        monkeypatch.setenv("COLUMNS", str(width or 30))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "" if coloured else "1")
        if coloured:
            monkeypatch.setenv("FORCE_COLOR", "1")
        else:
            monkeypatch.delenv("FORCE_COLOR", raising=False)
        return Screen()

    return make


def shown(screen: Screen, entries: list[Entry]) -> list[str]:
    longest = max((cell_len(visible(name)) for name, _ in entries), default=0)
    return "".join(screen.entries(entries, longest)).splitlines()


def test_details_stand_beside_the_names_in_a_column(screen: MakeScreen) -> None:
    lines = ["  ann@x.io           admin", "  bob.longer@x.io    editor, viewer"]

    assert shown(screen(USUAL), ENTRIES) == lines
    assert shown(screen(PIPED), ENTRIES) == lines


def test_on_a_narrow_screen_details_stand_below_the_names(screen: MakeScreen) -> None:
    assert shown(screen(NARROW), ENTRIES) == ["  ann@x.io", "    admin", "  bob.longer@x.io", "    editor, viewer"]


def test_on_a_narrow_screen_short_names_leave_room_beside_them(screen: MakeScreen) -> None:
    assert shown(screen(NARROW), ENTRIES[:1]) == ["  ann@x.io    admin"]


@pytest.mark.parametrize("width", [USUAL, PIPED])
def test_further_details_stand_below_the_first(width: int | None, screen: MakeScreen) -> None:
    entry: Entry = ("ann@x.io", [[("name: 1", "")], [("nickname: 2", "")]])

    assert shown(screen(width), [entry]) == ["  ann@x.io    name: 1", "              nickname: 2"]


@pytest.mark.parametrize("width", [USUAL, PIPED])
def test_a_name_without_details_has_no_spaces_behind_it(width: int | None, screen: MakeScreen) -> None:
    assert shown(screen(width), [("ann@x.io", []), ("bob.longer@x.io", [])]) == ["  ann@x.io", "  bob.longer@x.io"]


@pytest.mark.parametrize("width", [USUAL, PIPED])
def test_a_list_of_many_blocks_is_aligned_as_a_whole(width: int | None, screen: MakeScreen) -> None:
    entry: Entry = ("ann@x.io", [[("admin", "")]])
    entries = [entry] * 2 * BLOCK

    lines = shown(screen(width), [*entries, ("bob.longer@x.io", [[("editor", "")]])])

    assert set(lines) == {"  ann@x.io           admin", "  bob.longer@x.io    editor"}
    assert len(lines) == 2 * BLOCK + 1


@pytest.mark.parametrize("coloured", [False, True])
def test_what_other_programs_read_is_one_line_however_long(
    coloured: bool,  # noqa: FBT001
    screen: MakeScreen,
) -> None:
    long: Entry = ("ann@x.io", [[("x" * 500, "red")]])

    (line,) = shown(screen(PIPED, coloured=coloured), [long])

    assert ESCAPE.sub("", line) == f"  ann@x.io    {'x' * 500}"
    assert ("\x1b" in line) is coloured


def test_one_long_name_does_not_push_the_others_aside(screen: MakeScreen) -> None:
    entries: list[Entry] = [(f"{'x' * 200}@x.io", [[("admin", "")]]), ("ann@x.io", [[("admin", "")]])]

    piped, usual = shown(screen(PIPED), entries), shown(screen(USUAL), entries)

    assert piped == [f"  {'x' * 200}@x.io    admin", f"  {'ann@x.io':<60}    admin"]
    assert usual[0] == f"  {'x' * 40}    admin"
    assert usual[-1] == f"  {'ann@x.io':<40}    admin"


def test_a_paragraph_breaks_between_words(screen: MakeScreen) -> None:
    said = screen(20).paragraph("three words or ", ("four", "bold"), " of them")

    assert said == "three words or four\nof them\n"


@pytest.mark.parametrize("width", [USUAL, NARROW])
def test_a_word_that_is_too_long_is_broken_and_nothing_of_it_is_lost(width: int, screen: MakeScreen) -> None:
    word, wide = "abcdefghij" * 10, screen(width)

    said = [*shown(wide, [(word, [[(word, "")]])]), *wide.paragraph(word).splitlines()]

    assert max(map(len, said)) <= width
    assert sorted("".join(said).replace(" ", "")) == sorted(3 * word)


def test_what_does_not_fit_beside_its_head_is_set_in_below_it(screen: MakeScreen) -> None:
    parts = ("match    ", "bold"), "three words or four of them"

    assert screen(26).item(*parts) == "match    three words or\n           four of them\n"
    assert screen(PIPED).item(*parts) == "match    three words or four of them\n"


def test_a_copyable_line_is_never_broken(screen: MakeScreen) -> None:
    assert screen(NARROW).line("  ", ("x" * 100, "bold")) == f"  {'x' * 100}\n"


def test_a_table_is_as_wide_as_it_has_to_be_where_other_programs_read(screen: MakeScreen) -> None:
    table = Table("x" * 100, box=SIMPLE_HEAD)

    said = screen(PIPED).drawn(table)

    assert said.splitlines()[1] == f"  {'x' * 100}"


def test_styles_become_colours_and_stay_with_their_words_where_a_line_breaks(screen: MakeScreen) -> None:
    said = screen(20, coloured=True).paragraph("one two ", ("three four five", "red"))

    assert said == "one two \x1b[31mthree four \x1b[0m\n\x1b[31mfive\x1b[0m\n"


def test_wide_letters_take_two_columns(screen: MakeScreen) -> None:
    entries: list[Entry] = [("日本@x.io", [[("admin", "")]]), ("ann.b@x.io", [[("admin", "")]])]

    for width in (USUAL, PIPED):
        assert shown(screen(width), entries) == ["  日本@x.io     admin", "  ann.b@x.io    admin"]


@pytest.mark.parametrize("width", [USUAL, PIPED])
def test_control_characters_are_written_out_and_nothing_is_markup(width: int | None, screen: MakeScreen) -> None:
    entry: Entry = ("a\x1b[2J\n@x.io", [[("\r[red]:smile:[/]", "")]])

    assert shown(screen(width), [entry]) == ["  a\\x1b[2J\\n@x.io    \\r[red]:smile:[/]"]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=120)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.lists(st.tuples(TEXTS, st.lists(st.lists(st.tuples(TEXTS, st.just("red")), max_size=3), max_size=3))),
    width=st.one_of(st.none(), st.integers(20, 200)),
    coloured=st.booleans(),
)
def test_whatever_it_says_every_line_fits_and_no_letter_is_lost(
    entries: list[Entry],
    width: int | None,
    coloured: bool,  # noqa: FBT001
    screen: MakeScreen,
) -> None:
    plain = [ESCAPE.sub("", line) for line in shown(screen(width, coloured=coloured), entries)]

    assert all(line.isprintable() for line in plain)
    assert width is None or all(cell_len(line) <= width for line in plain)
    said = "".join(visible(name) + "".join(visible(text) for detail in details for text, _ in detail)
                   for name, details in entries)  # fmt: skip
    assert sorted("".join(plain).replace(" ", "")) == sorted(said.replace(" ", ""))
