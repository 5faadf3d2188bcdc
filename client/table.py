"""Text on a screen, as rich lays it out: how wide it is, where it breaks, and its colours."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from shutil import get_terminal_size
from typing import IO, TextIO, cast

from rich.cells import cell_len
from rich.console import Console as Rich
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sync.text import visible

BLOCK = 100
"""Entries that are laid out at once: what is longer is never in memory as a whole."""
_ENDLESS = 100_000  # columns where other programs read
_LEAST = 20  # columns; no use is made of fewer
_HIGH = 25  # lines; of no importance, but where it is not told rich makes any dumb terminal 80 columns wide
_INDENT, _GAP = 2, 4
_DETAILS = 20  # columns that details need; where there are fewer, they stand below the name
_NARROW = 64  # columns; on a wider screen they stand beside it in any case
_LONGEST_NAME = 60  # columns up to which a list aligns; one longer name must not push all others aside

Part = tuple[str, str]
"""Text, and its style in rich's words."""
Entry = tuple[str, Sequence[Sequence[Part]]]
"""A name, and what there is to say of it, a line each."""


class Lasting:
    """A stream that never fails: one that has gone away ends no run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.encoding = stream, stream.encoding

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        with suppress(ValueError):  # it is closed
            return self._stream.isatty()
        return False

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """What was written is out already."""


class Screen:
    """What stdout is now: terminals are resized. Text that is made for it ends with a line's end."""

    def __init__(self) -> None:
        stdout = Lasting(sys.stdout or io.StringIO())
        self.width = max(get_terminal_size().columns, _LEAST) if stdout.isatty() else None
        """Columns; None where lines may have any length, because other programs read them."""
        self._rich = Rich(
            file=cast("IO[str]", stdout),  # which it asks, but does not write to
            width=self.width or _ENDLESS,
            height=_HIGH,
            color_system=None if os.environ.get("NO_COLOR") else "auto",  # rich alone would still write bold
            markup=False,
            emoji=False,
            highlight=False,
        )

    def spells(self, letters: str) -> bool:
        """Whether the letters can be written there."""
        try:
            letters.encode(self._rich.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def line(self, *parts: Part | str) -> str:
        """One line, however long, so that it can be copied."""
        text = _text(parts)
        return self.drawn(text, whole=True) if self._rich.color_system else f"{text.plain.rstrip()}\n"

    def paragraph(self, *parts: Part | str) -> str:
        """Lines that fit."""
        return self.drawn(_text(parts)) if self.width else self.line(*parts)

    def item(self, head: Part, *parts: Part | str) -> str:
        """Lines that fit: what does not is set in below `head`."""
        if self.width is None:
            return self.line(head, *parts)
        indent = cell_len(head[0]) + _INDENT
        lines = _text(parts).wrap(self._rich, max(self.width - indent, 1), overflow="fold")
        text = Text.assemble(head, Text(f"\n{' ' * indent}").join(lines))
        text.rstrip()
        return self.drawn(text, whole=True)

    def drawn(self, what: RenderableType, *, whole: bool = False) -> str:
        """Whatever rich can draw. `whole`: with lines of any length."""
        with self._rich.capture() as captured:
            self._rich.print(what, soft_wrap=whole)
        return "".join(f"{line.rstrip()}\n" for line in captured.get().removesuffix("\n").split("\n"))

    def entries(self, entries: Iterable[Entry], longest: int) -> Iterator[str]:
        """Each entry's lines, a block at a time: its name and, beside or below it, the details.

        `longest`: columns of the longest name.
        """
        draw = self._piped if self.width is None else self._listed
        entries = iter(entries)
        while block := list(islice(entries, BLOCK)):
            yield draw(block, longest, self.width or 0)

    def _piped(self, entries: Iterable[Entry], longest: int, _width: int) -> str:
        column = _INDENT + min(longest, _LONGEST_NAME) + _GAP
        lines: list[str] = []
        for name, details in entries:
            head = f"{' ' * _INDENT}{visible(name)}{' ' * _GAP}"
            for number, detail in enumerate(details or [[]]):
                start = "" if number else head
                lines.append(self.line(start + " " * (column - cell_len(start)), *detail))
        return "".join(lines)

    def _listed(self, entries: Iterable[Entry], longest: int, width: int) -> str:
        rows = [(_text([name]), list(map(_text, details))) for name, details in entries]
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        if width < _NARROW and _INDENT + longest + _GAP + _DETAILS > width:
            grid.add_column(width=width - _INDENT, overflow="fold")
            for name, details in rows:
                grid.add_row(name)
                for detail in details:
                    grid.add_row(Padding(detail, (0, 0, 0, _INDENT)))
        else:
            column = min(longest, longest if width < _NARROW else width // 2)
            grid.add_column(width=column, overflow="fold")
            grid.add_column(width=width - _INDENT - column - _GAP, overflow="fold")
            for name, details in rows:
                grid.add_row(name, Text("\n").join(details))
        return self.drawn(Padding.indent(grid, _INDENT))


def _text(parts: Iterable[Part | str]) -> Text:
    """Nothing in a name or a reason can be markup, move the cursor or begin a line."""
    return Text.assemble(*(visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts))
