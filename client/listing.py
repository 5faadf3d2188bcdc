"""A plan as lists: a title for each kind of change, and an entry for each change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.cells import cell_len

from client.table import Entry, Part
from sync.model import Change, Edit, Held, Kind, Outcome, Protected
from sync.plan import Plan
from sync.resemblance import PossibleRename
from sync.text import visible

_LONGEST_VALUE = 200  # characters; the report and the journal have the whole

VERBS = {
    Kind.CREATE_ROLE: ("create role", "green", "+"),
    Kind.CREATE: ("create", "green", "+"),
    Kind.ADOPT: ("adopt", "cyan", "~"),
    Kind.UPDATE: ("update", "cyan", "~"),
    Kind.UNBLOCK: ("unblock", "green", "+"),
    Kind.ADD_ROLES: ("give roles", "green", "+"),
    Kind.INVITE: ("invite", "green", "+"),
    Kind.REMOVE_ROLES: ("take roles", "yellow", "-"),
    Kind.BLOCK: ("block", "red", "-"),
    Kind.DELETE: ("delete", "red", "-"),
}
"""What a kind of change is called, its colour, and whether it gives, changes or takes."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """Things of one kind. Their text is made when it is shown: there may be a hundred thousand of them."""

    title: str
    colour: str
    items: Sequence[Item]
    name: Callable[[Item], str]
    details: Callable[[Item], Sequence[Sequence[Part]]]

    def longest(self, first: int | None) -> int:
        """The columns of the longest name of the first items."""
        return max((cell_len(visible(self.name(item))) for item in self.items[:first]), default=0)

    def entries(self, first: int | None) -> Iterator[Entry]:
        """What there is to say of the first items."""
        return ((self.name(item), self.details(item)) for item in self.items[:first])


def listings(plan: Plan) -> Iterator[Listing[Any]]:
    """All that a plan has to show, in the order of application; what stays as it is comes last."""
    for kind in Kind:
        yield _changes(VERBS[kind][0], VERBS[kind][1], plan.by_kind(kind))
    for (kind, brake), changes in _by_brake(plan.kept_back).items():
        yield _changes(f"{VERBS[kind][0]}, kept back by {brake}", "dim", changes)
    yield Listing(
        "possible rename: one goes, one comes, and they are alike",
        "yellow",
        plan.possible_renames,
        lambda pair: f"{pair.old_email} → {pair.new_email}",
        _shared,
    )
    yield Listing("protected, left as they are", "blue", plan.protected, _protected_name, _reason)
    yield held_ones(plan)


def held_ones(plan: Plan) -> Listing[Held]:
    """Whoever is left alone because something about them was not understood."""
    return Listing("held, left as they are", "magenta", plan.held, _held_name, _reason)


def legend(plan: Plan) -> list[Part]:
    """The whole plan in one line: how many of what."""
    tally = [(VERBS[kind], len(plan.by_kind(kind))) for kind in Kind]
    changes = [(f"{sign}{number} {verb}", colour) for (verb, colour, sign), number in tally if number]
    others = [
        (f"{number} {what}", colour)
        for number, what, colour in (
            (len(plan.kept_back), "kept back", "dim"),
            (len(plan.possible_renames), "possible renames", "yellow"),
            (len(plan.protected), "protected", "blue"),
            (len(plan.held), "held", "magenta"),
        )
        if number
    ]
    return [*_joined(changes), *([("; ", "")] if others else []), *_joined(others)]


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    for number, part in enumerate(parts):
        if number:
            yield ", ", ""
        yield part


def _changes(title: str, colour: str, changes: Sequence[Change]) -> Listing[Change]:
    return Listing(title, colour, changes, _change_name, _change_details)


def _change_name(change: Change) -> str:
    return ", ".join(role.name for role in change.roles) if change.kind is Kind.CREATE_ROLE else change.email


def _change_details(change: Change) -> Sequence[Sequence[Part]]:
    if change.kind is Kind.CREATE_ROLE:
        return ()
    if change.kind is Kind.CREATE:
        given = "; ".join(f"{edit.field}: {shown(edit.new)}" for edit in change.edits)
        return [[(given, "")]] if given else ()
    details: list[Sequence[Part]] = []
    if change.roles:
        details.append([(", ".join(role.name for role in change.roles), VERBS[change.kind][1])])
    details += (_edit(edit) for edit in change.edits)
    return [*details, [(change.cause, "")]] if change.cause else details


def _edit(edit: Edit) -> Sequence[Part]:
    return (f"{edit.field}: ", ""), (shown(edit.old), "red"), (" → ", ""), (shown(edit.new), "green")


def shown(value: Any) -> str:
    """The value of a field; None is none."""
    return "(none)" if value is None else visible(json.dumps(value, ensure_ascii=False, default=str), _LONGEST_VALUE)


def _by_brake(kept_back: Iterable[Outcome]) -> dict[tuple[Kind, str], list[Change]]:
    grouped: dict[tuple[Kind, str], list[Change]] = {}
    for one in kept_back:
        grouped.setdefault((one.change.kind, one.why), []).append(one.change)
    return grouped


def _shared(pair: PossibleRename) -> Sequence[Sequence[Part]]:
    return [[(f"same {', '.join(pair.shared)}", "")]]


def _protected_name(one: Protected) -> str:
    return one.email or one.user_id or ""


def _held_name(one: Held) -> str:
    return one.email or f"(row {one.rows[0]})"


def _reason(one: Held | Protected) -> Sequence[Sequence[Part]]:
    return [[(one.reason, "")]]
