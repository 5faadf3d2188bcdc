"""Desired state: the rows of the query as people, each understood wholly or held with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import pandas as pd

from sync import address
from sync.model import Held, Person, Role
from sync.roles import ManagedRoles
from sync.text import visible

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
    """Held people whose e-mail is missing or unreadable, so that no account can be told to be theirs."""
    lookalikes: address.Lookalikes
    """The addresses that the unreadable e-mails may stand for."""
    duplicates: int
    """Rows that name somebody again: a further role, or the same row once more."""
    identical: int
    """Those of the duplicates that say nothing new."""

    def keys(self) -> Iterator[str]:
        """The address keys of everybody, understood or not, whose e-mail is understood."""
        return chain(self.people, self.held)


def build(frame: pd.DataFrame, roles: ManagedRoles) -> Desired:
    """Understand the rows of `frame`: string columns `email` and `role`, one row per person and role.

    One person per normalised e-mail; several rows are several roles. What is not understood in any row
    holds the whole person, also when another of their roles is known: not understood is not absent.
    """
    reading = _Reading(roles)
    rows = zip(frame["email"].tolist(), frame["role"].tolist(), strict=True)
    for number, (email, role) in enumerate(rows, start=1):
        reading.take(number, email, role)
    return reading.finish(len(frame))


class _Reading:
    """The state of going through the rows once. A missing value is anything that is not a string."""

    def __init__(self, roles: ManagedRoles) -> None:
        self._roles = roles
        self._people: dict[str, Person] = {}
        self._troubles: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._emails: dict[str, str] = {}  # of those in trouble, as they are shown
        self._unreadable: set[str] = set()
        self._without_email: list[Held] = []
        self._duplicates = self._identical = 0
        self._role_sets: dict[tuple[frozenset[str], str], frozenset[str]] = {}

    def take(self, number: int, email: object, role: object) -> None:
        if not isinstance(email, str) or not email.strip():
            reason = "the e-mail is empty" if isinstance(email, str) else "the e-mail is NULL"
            self._without_email.append(Held("", reason, (number,)))
            return
        key, exact = address.forms(email)
        person = self._people.get(key)
        known = person is not None or key in self._troubles
        if known:
            self._duplicates += 1
        elif fault := address.fault(email):
            self._unreadable.add(key)
            self._hold(key, email.strip(), number, fault)
            return
        found = self._roles.find(role) if isinstance(role, str) else "the role is NULL"
        if isinstance(found, str):
            self._hold(key, exact, number, found)
        elif person is None:
            if not known:  # who is in trouble stays there
                self._people[key] = Person(exact, self._with(_NO_ROLES, found))
        elif person.email != exact:
            self._hold(key, person.email, number, f"{visible(email, 80)!r} would count as the same person")
        elif found.id in person.roles:
            self._identical += 1
        else:
            self._people[key] = Person(person.email, self._with(person.roles, found))

    def _with(self, role_ids: frozenset[str], role: Role) -> frozenset[str]:
        """One role more. A million people share a few sets of roles."""
        step = role_ids, role.id
        if step not in self._role_sets:
            self._role_sets[step] = role_ids | {role.id}
        return self._role_sets[step]

    def _hold(self, key: str, email: str, number: int, reason: str) -> None:
        self._people.pop(key, None)
        self._emails.setdefault(key, email)
        self._troubles[key].append((number, reason))

    def finish(self, rows: int) -> Desired:
        lookalikes = address.Lookalikes(self._emails[key] for key in sorted(self._unreadable))
        for key in [key for key in self._people if lookalikes.behind(key)] if lookalikes else ():
            text = visible(lookalikes.behind(key) or "", 80)
            self._hold(key, self._people[key].email, 0, f"another row has the unreadable e-mail {text!r}")
        return Desired(
            rows=rows,
            people=self._people,
            held={key: self._held(key) for key in self._troubles if key not in self._unreadable},
            unplaced=(*self._without_email, *(self._held(key) for key in sorted(self._unreadable))),
            lookalikes=lookalikes,
            duplicates=self._duplicates,
            identical=self._identical,
        )

    def _held(self, key: str) -> Held:
        troubles = self._troubles[key]
        reasons = dict.fromkeys(reason for _, reason in troubles)
        return Held(self._emails[key], "; ".join(reasons), tuple(number for number, _ in troubles if number))
