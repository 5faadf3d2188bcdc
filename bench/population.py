"""People and accounts by the thousand, always the same ones, for measurements and for tests that count requests."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox import Tenant

ROLES = tuple(f"role{number:02}" for number in range(1, 21))
QUERY = "SELECT email, role FROM people"
_WEIGHTS = [1 / position for position in range(1, len(ROLES) + 1)]  # a role that most have, and ever smaller ones
_HOW_MANY = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3)  # roles of a person: 1.5 on average
_CHURN = 100  # one in so many has left, as many are new, and as many have another role


@dataclass(frozen=True, slots=True)
class World:
    """A tenant as it is and as it should be: e-mail to sorted role names, as `Tenant.snapshot` has it."""

    roles: tuple[str, ...]
    actual: Mapping[str, list[str]]
    desired: Mapping[str, list[str]]

    def fill(self, tenant: Tenant) -> None:
        """Put the roles and the accounts as they are into an empty tenant."""
        ids = {name: tenant.add_role(name) for name in self.roles}
        for email, names in self.actual.items():
            tenant.give_roles(tenant.add_user(email), [ids[name] for name in names])

    def write(self, path: Path | str) -> None:
        """Make a SQLite file with a table `people` that has a row per person and role, as it should be."""
        rows = [(email, name) for email, names in self.desired.items() for name in names]
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE people (email TEXT, role TEXT)")
            database.executemany("INSERT INTO people VALUES (?, ?)", rows)


def world(people: int, *, first: bool) -> World:
    """So many people with one to three of twenty roles each, 1.5 on average; the roles are large and small.

    `first`: the tenant has the roles, but no accounts. Else it has as many accounts as there are people: 1 % of
    them belong to people who have left, 1 % of the people are new, and 1 % have another role instead of one that
    they had (1 % is one at least, so there must be two people).
    """
    chance = random.Random(people)  # noqa: S311 - the same people every time, not a secret
    everybody = {_email(number): _some_roles(chance) for number in range(people)}
    if first:
        return World(ROLES, {}, everybody)
    some = -(-people // _CHURN)
    moving = chance.sample(list(everybody), 2 * some)
    left = set(moving[:some])
    desired = {email: names for email, names in everybody.items() if email not in left}
    desired |= {email: _with_another_role(chance, everybody[email]) for email in moving[some:]}
    desired |= {_email(number): _some_roles(chance) for number in range(people, people + some)}
    return World(ROLES, everybody, desired)


def _email(number: int) -> str:
    return f"person.{number:07}@example.com"


def _some_roles(chance: random.Random) -> list[str]:
    how_many = chance.choice(_HOW_MANY)
    names: set[str] = set()
    while len(names) < how_many:
        names.update(chance.choices(ROLES, _WEIGHTS))
    return sorted(names)


def _with_another_role(chance: random.Random, names: list[str]) -> list[str]:
    kept = set(names) - {chance.choice(names)}
    new = chance.choice([name for name in ROLES if name not in names])
    return sorted(kept | {new})
