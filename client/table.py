"""Text on a screen: how wide it is, where it breaks, and its colours."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.color import ColorSystem
from rich.console import Console as Rich
from rich.style import Style

from sync.text import visible

_USUAL, _LEAST = 80, 20  # columns of a terminal that does not say, and the fewest that are made use of
_INDENT, _GAP = 2, 4
_DETAILS = 20  # columns that details need; where there are fewer, they stand below the name
_NARROW = 64  # columns; on a wider screen they stand beside it in any case
_LONGEST_NAME = 60  # columns up to which a list aligns; one longer name must not push all others aside

Part = tuple[str, str]
"""Text, and its style in rich's words."""
Entry = tuple[str, Sequence[Sequence[Part]]]
"""A name, and what there is to say of it, a line each."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What lines are made for."""

    width: int | None
    """Columns; None where lines may have any length, because other programs read them."""
    colours: ColorSystem | None
    dash: str = "─"
    """What a horizontal line is made of."""

    def line(self, *parts: Part | str) -> str:
        """One line, however long, so that it can be copied."""
        return self._painted(_shown(parts))

    def paragraph(self, *parts: Part | str) -> Iterator[str]:
        """Lines that fit."""
        for line in _folded(_shown(parts), self.width):
            yield self._painted(line)

    def entries(self, entries: Iterable[Entry], longest: int) -> Iterator[str]:
        """Each entry's lines: its name and, beside or below it, the details. `longest`: columns of the longest name."""
        width = self.width
        if width is not None and width < _NARROW and _INDENT + longest + _GAP + _DETAILS > width:
            yield from self._below(entries, width)
            return
        most = _LONGEST_NAME if width is None else longest if width < _NARROW else width // 2
        column = min(longest, most)
        room = None if width is None else width - _INDENT - column - _GAP
        for name, details in entries:
            lines = [line for detail in details for line in _folded(_shown(detail), room)]
            names = [text for line in _folded([(visible(name), "")], width and column) for text, _ in line]
            for number in range(max(len(lines), len(names))):
                text = names[number] if number < len(names) else ""
                rest = self._painted(lines[number]) if number < len(lines) else ""
                padding = " " * (max(column - columns(text), 0) + _GAP) if rest else ""
                yield f"{' ' * _INDENT}{text}{padding}{rest}"

    def _below(self, entries: Iterable[Entry], width: int) -> Iterator[str]:
        for name, details in entries:
            for detail, indent in (([(name, "")], _INDENT), *((detail, 2 * _INDENT) for detail in details)):
                for line in _folded(_shown(detail), width - indent):
                    yield " " * indent + self._painted(line)

    def _painted(self, line: Iterable[Part]) -> str:
        if self.colours is None:
            return "".join(text for text, _ in line).rstrip()
        return "".join(Style.parse(style).render(text, color_system=self.colours) for text, style in line)


def screen() -> Screen:
    """What stdout is now: terminals are resized."""
    spells_all = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    return Screen(terminal_width(), colours_of(Rich(file=sys.stdout)), "─" if spells_all else "-")


def colours_of(rich: Rich) -> ColorSystem | None:
    """The colours that may be used there: rich knows NO_COLOR, FORCE_COLOR, TERM and what a terminal can do."""
    return None if rich.no_color or rich.color_system is None else _SYSTEMS[rich.color_system]


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is; None if it is none."""
    try:
        if not sys.stdout.isatty():
            return None
        said = os.environ.get("COLUMNS", "")
        found = int(said) if said.isdecimal() else os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return None
    return max(found or _USUAL, _LEAST)


def columns(text: str) -> int:
    """How many columns `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


def _shown(parts: Iterable[Part | str]) -> list[Part]:
    """Nothing in a name or a reason can be markup, move the cursor or begin a line."""
    return [(visible(part), "") if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts]


def _folded(parts: list[Part], width: int | None) -> Iterator[list[Part]]:
    """`parts` in lines of at most `width` columns, broken between words or, where a word is longer, in it."""
    if width is None or sum(columns(text) for text, _ in parts) <= width:
        yield parts
        return
    whole, start = "".join(text for text, _ in parts), 0
    while start < len(whole):
        piece = chop_cells(whole[start : start + width], width)[0]
        end = start + len(piece)
        space = whole.rfind(" ", start + 1, end + 1)
        if end < len(whole) and space > start:
            end = space
        yield list(_cut(parts, start, end))
        start = end + (whole[end : end + 1] == " ")


def _cut(parts: Iterable[Part], start: int, end: int) -> Iterator[Part]:
    """The characters from `start` to `end`, with their styles."""
    at = 0
    for text, style in parts:
        if piece := text[max(start - at, 0) : max(end - at, 0)]:
            yield piece, style
        at += len(text)
