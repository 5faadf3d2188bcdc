"""Desired state: the rows of the query as people, each understood wholly or held with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import pandas as pd

from sync import address, facts
from sync.model import NOTHING, Held, Person, Role
from sync.roles import ManagedRoles
from sync.text import visible

NO_ATTRIBUTES = ("email", "role", *facts.NO_ATTRIBUTES)
"""The columns of the frame that are no attributes of a person."""
_NO_ROLES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Desired:
    """What the source says. `rows == len(people) + len(held) + len(unplaced) + duplicates`."""

    rows: int
    people: Mapping[str, Person]
    """Address key to person, fully understood."""
    held: Mapping[str, Held]
    """Address key to the person that is held."""
    unplaced: tuple[Held, ...]
    """Held people whose e-mail is missing or unreadable, so that no account can be told to be theirs by it."""
    lookalikes: address.Lookalikes
    """The addresses that the unreadable e-mails may stand for."""
    duplicates: int
    """Rows that name somebody again: a further role, or the same row once more."""
    identical: int
    """Those of the duplicates that say nothing new."""
    held_ids: Mapping[str, str] = field(default_factory=dict)
    """The keys of held people, as the source has them, each with the reason."""

    def by_id(self) -> dict[str, Person]:
        """Those of the people who have a key of the source, by it."""
        return {person.source_id: person for person in self.people.values() if person.source_id}

    def keys(self) -> Iterator[str]:
        """The address keys of everybody, understood or not, whose e-mail is understood."""
        return chain(self.people, self.held)


def build(frame: pd.DataFrame, roles: ManagedRoles, separator: str = "") -> Desired:
    """Understand the rows of `frame`: one row per person, or several.

    Its columns: the strings `email` and `role` and, where the source has them, `id`, `active` and attributes by
    the names of `sync.profile`. One person per normalised e-mail; several rows are several roles, and so are
    several names in a cell with `separator` between them. What is not understood in any row holds the whole
    person, also when another of their roles is known: not understood is not absent.
    """
    further = [name for name in frame.columns if name not in ("email", "role")]
    reading = _Reading(roles, further, separator)
    columns = (frame[name].tolist() for name in further)
    cells: Iterable[tuple[object, ...]] = zip(*columns, strict=True) if further else repeat(())
    rows = zip(frame["email"].tolist(), frame["role"].tolist(), cells, strict=False)
    for number, (email, role, more) in enumerate(rows, start=1):
        reading.take(number, email, role, more)
    return reading.finish(len(frame))


class _Reading:
    """The state of going through the rows once. A missing value is anything that is not a string."""

    def __init__(self, roles: ManagedRoles, further: Sequence[str], separator: str) -> None:
        self._roles, self._further, self._separator = roles, further, separator
        self._people: dict[str, Person] = {}
        self._facts: dict[str, facts.Facts] = {}
        self._owners: dict[str, str] = {}  # address key by the source's key
        self._troubles: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._emails: dict[str, str] = {}  # of those in trouble, as they are shown
        self._unreadable: set[str] = set()
        self._without_email: list[Held] = []
        self._ids_without_email: dict[str, str] = {}
        self._duplicates = self._identical = 0
        self._role_sets: dict[frozenset[str], frozenset[str]] = {}
        self._cells: dict[str, frozenset[str] | str] = {}

    def take(self, number: int, email: object, role: object, cells: Sequence[object]) -> None:
        said, faults = facts.read(self._further, cells) if cells else (NOTHING, [])
        if not isinstance(email, str) or not email.strip():
            self._unplaced(number, "the e-mail is empty" if isinstance(email, str) else "the e-mail is NULL", said)
            return
        key, exact = address.forms(email)
        person, granted = self._people.get(key), self._granted(role)
        if person is not None or key in self._troubles:
            self._duplicates += 1
        elif fault := address.fault(email):
            self._unreadable.add(key)
            self._rivals(key, said)
            self._hold(key, email.strip(), number, fault)
            return
        elif not cells and not isinstance(granted, str):  # plainly a person, as nearly all of a million rows are
            self._people[key] = Person(exact, granted, "", True, NOTHING)  # noqa: FBT003 - naming them costs time
            return
        for reason in self._troubles_of(key, email, exact, granted, said, faults):
            self._hold(key, exact if person is None else person.email, number, reason)

    def _troubles_of(
        self, key: str, email: str, exact: str, granted: frozenset[str] | str, said: facts.Facts, faults: list[str]
    ) -> list[str]:
        """Takes what a row says into what is known of its person; why that cannot be done."""
        troubles = self._rivals(key, said)
        if said.get("active") is False:  # of those who are to go, nothing else matters
            granted = _NO_ROLES if isinstance(granted, str) else granted
        else:
            troubles += faults
        person = self._people.get(key)
        if isinstance(granted, str):
            troubles.append(granted)
        elif person is None:
            self._enter(key, exact, granted, said)
        elif person.email != exact:
            troubles.append(f"{visible(email, 80)!r} would count as the same person")
        else:
            troubles += self._add(key, person, granted, said)
        return troubles

    def _unplaced(self, number: int, reason: str, said: facts.Facts) -> None:
        self._without_email.append(Held("", reason, (number,)))
        if "id" in said:
            self._ids_without_email[said["id"]] = f"of a row with the same key, {reason}"

    def _rivals(self, key: str, said: facts.Facts) -> list[str]:
        """Holds who has the same key of the source under another e-mail, and says why."""
        owner = self._owners.setdefault(said["id"], key) if "id" in said else key
        if owner == key:
            return []
        reason = f"several e-mails have the key {visible(said['id'], 40)!r}"
        self._hold(owner, self._people[owner].email if owner in self._people else self._emails[owner], 0, reason)
        return [reason]

    def _granted(self, cell: object) -> frozenset[str] | str:
        """The role ids that a cell names, or why they cannot be told."""
        if not isinstance(cell, str):
            return "the role is NULL"
        known = self._cells.get(cell)
        if known is None:
            names = [name for name in cell.split(self._separator) if name.strip()] if self._separator else [cell]
            found = [self._roles.find(name) for name in names or [""]]
            faults = [one for one in found if isinstance(one, str)]
            ids = frozenset(one.id for one in found if isinstance(one, Role))
            known = self._cells[cell] = "; ".join(dict.fromkeys(faults)) or self._role_sets.setdefault(ids, ids)
        return known

    def _enter(self, key: str, exact: str, role_ids: frozenset[str], said: facts.Facts) -> None:
        if key not in self._troubles:  # who is in trouble stays there
            self._people[key] = self._person(exact, role_ids, said)
            if said:
                self._facts[key] = said

    def _add(self, key: str, person: Person, role_ids: frozenset[str], said: facts.Facts) -> list[str]:
        """What another row adds to a person, and what it disagrees about."""
        before = self._facts.get(key, NOTHING)
        if role_ids <= person.roles and facts.is_known(said, before):
            self._identical += 1
            return []
        together, disagreements = facts.merged(before, said)
        both = person.roles | role_ids
        self._people[key] = self._person(person.email, self._role_sets.setdefault(both, both), together)
        if together:
            self._facts[key] = together
        return disagreements

    def _person(self, email: str, role_ids: frozenset[str], said: facts.Facts) -> Person:
        active = said.get("active") if "active" in self._further else True
        profile = {name: value for name, value in said.items() if name not in facts.NO_ATTRIBUTES}
        return Person(email, role_ids, said.get("id", ""), active, profile or NOTHING)

    def _hold(self, key: str, email: str, number: int, reason: str) -> None:
        self._people.pop(key, None)
        self._emails.setdefault(key, email)
        self._troubles[key].append((number, reason))

    def finish(self, rows: int) -> Desired:
        lookalikes = address.Lookalikes(self._emails[key] for key in sorted(self._unreadable))
        for key in [key for key in self._people if lookalikes.behind(key)] if lookalikes else ():
            text = visible(lookalikes.behind(key) or "", 80)
            self._hold(key, self._people[key].email, 0, f"another row has the unreadable e-mail {text!r}")
        for source_id, reason in self._ids_without_email.items():
            if (owner := self._owners.get(source_id, "")) in self._people:
                self._hold(owner, self._people[owner].email, 0, reason)
        held = {key: self._held(key) for key in self._troubles}
        of_held = {one: held[key].reason for one, key in self._owners.items() if key in held}
        return Desired(
            rows=rows,
            people=self._people,
            held={key: one for key, one in held.items() if key not in self._unreadable},
            unplaced=(*self._without_email, *(held[key] for key in sorted(self._unreadable))),
            lookalikes=lookalikes,
            duplicates=self._duplicates,
            identical=self._identical,
            held_ids={**self._ids_without_email, **of_held},
        )

    def _held(self, key: str) -> Held:
        troubles = self._troubles[key]
        reasons = dict.fromkeys(reason for _, reason in troubles)
        numbers = dict.fromkeys(number for number, _ in troubles if number)
        return Held(self._emails[key], "; ".join(reasons), tuple(numbers))
