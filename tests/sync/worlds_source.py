"""What the rows of a world say, by the tables: who is understood, who is held, and which keys are in doubt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.sync.worlds_keyed import KeyedWorld, Line
from tests.sync.worlds_tables import EMAILS, FAULT, SILENT, UNREADABLE, seat_of

_NOT_VALUES = {"id", "active"}


@dataclass(frozen=True, slots=True)
class Human:
    """Somebody whom every row about them lets us understand."""

    seat: str
    email: str
    key: str = ""
    active: str = "true"
    """`true`, `false`, or nothing where the source does not say."""
    roles: frozenset[str] = frozenset()
    values: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Source:
    """The rows of a world, understood."""

    world: KeyedWorld
    people: dict[str, Human] = field(default_factory=dict)
    """By seat."""
    murky: set[str] = field(default_factory=set)
    """The seats of those who are held for what their rows say."""

    def __post_init__(self) -> None:
        by_seat: dict[str, list[Line]] = defaultdict(list)
        for line in self.world.lines:
            if seat := seat_of(line.email):
                by_seat[seat].append(line)
        for seat, lines in by_seat.items():
            human = None if seat in self.hinted else self._understood(seat, lines)
            if human is None:
                self.murky.add(seat)
            else:
                self.people[seat] = human

    @property
    def hinted(self) -> set[str]:
        """Whose e-mail an unreadable one may stand for."""
        return {seat for line in self.world.lines for seat in UNREADABLE.get(str(line.email), ())}

    @property
    def unplaced(self) -> list[str]:
        """Rows without an e-mail, each; and unreadable e-mails, each text once."""
        emails = [line.email for line in self.world.lines]
        blank = ["" for email in emails if email is None or not email.strip()]
        return [*blank, *{email for email in emails if email in UNREADABLE and email}]

    @property
    def lost_keys(self) -> set[str]:
        """The keys that only people have who are held."""
        return {key for line in self.world.lines if (key := _said(line, "id"))} - {
            human.key for human in self.people.values()
        }

    def _understood(self, seat: str, lines: list[Line]) -> Human | None:
        says = {name: {said for line in lines if (said := _said(line, name))} for name in self.world.columns}
        emails = {EMAILS[str(line.email)][1] for line in lines}
        roles = [self._roles(line) for line in lines]
        if len(emails) > 1 or None in roles or any(len(values) > 1 for values in says.values()):
            return None
        key = next(iter(says.get("id", ())), "")
        if key and any(_said(line, "id") == key and seat_of(line.email) != seat for line in self.world.lines):
            return None
        return Human(
            seat, emails.pop(), key,
            next(iter(says["active"]), "") if "active" in says else "true",
            frozenset(name for names in roles for name in names or ()),
            {name: value for name, (value, *_) in ((n, [*v]) for n, v in says.items() if v) if name not in _NOT_VALUES},
        )  # fmt: skip

    def _roles(self, line: Line) -> set[str] | None:
        """The roles that a row names; None if anything in it is not understood that matters."""
        named = self.world.terms.meant(line.word, self.world.tenant.roles)
        if _said(line, "active") == "false":
            return named or set()
        return None if FAULT in {cell.meaning for cell in line.cells.values()} else named


def _said(line: Line, column: str) -> str:
    meaning = line.cells[column].meaning if column in line.cells else SILENT
    return "" if meaning in {SILENT, FAULT} else meaning
