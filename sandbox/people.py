"""A tenant full of accounts, and a database of people that agrees with it, or almost."""

from __future__ import annotations

import math
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from sandbox.names import name_and_email

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.tenant import Tenant

Drift = Literal["none", "day", "empty"]
DRIFTS: tuple[str, ...] = get_args(Drift)
ROLES = ("viewer", "analyst", "editor", "admin", "billing", "support")
DEPARTMENTS = ("Engineering", "Finance", "Operations", "Sales", "Support")
QUERY = "SELECT email, role FROM people"
_TABLE = (
    "CREATE TABLE people (id INTEGER, email TEXT, full_name TEXT, given_name TEXT, family_name TEXT, "
    "department TEXT, active INTEGER, role TEXT)"
)
_WEIGHTS = (60, 25, 20, 3, 6, 12)
_MOST_ROLES = 3
_NEWCOMERS = 0.04
_LEAVERS = 0.03
_ROLE_CHANGES = 0.04
_PEOPLE_PER_LEAVER = 20
_BAD_EMAIL = "no address yet"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the database, with a row per role; `None` among the roles is a NULL."""

    number: int
    email: str
    given_name: str
    family_name: str
    roles: tuple[str | None, ...]

    @property
    def full_name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}"


def seed(tenant: Tenant, database_path: Path | str, people: int = 500, drift: Drift = "day", seed: int = 7) -> None:
    """Fill a tenant with `people` accounts, and write a SQLite file with a table `people`.

    The table has the columns id, email, full_name, given_name, family_name, department, active (1 for all)
    and role, and a row per person and role; the accounts have e-mail, name and roles alone. With drift
    `none` these agree; with `empty` the tenant has the roles but no accounts; with `day`
    the database is a day ahead: some have come, some have left, some have other roles, one row has a
    NULL for a role and one an address that is none. Fewer than one in twenty have left, so that no
    sensible limit on deletions is reached. The same seed makes the same people.
    """
    chance = random.Random(seed)  # noqa: S311  (the same people every time, not a secret)
    taken: set[str] = set()
    everybody = [_person(chance, taken, number) for number in range(1, people + 1)]
    for role in ROLES:
        tenant.add_role(role, f"{role.capitalize()} of the demo application")
    if drift != "empty":
        for person in everybody:
            roles = [role for role in person.roles if role is not None]
            tenant.add_user(person.email, roles=roles, name=person.full_name)
    if drift == "day":
        everybody = _a_day_later(chance, taken, everybody)
    _write(database_path, everybody, _departments(seed, everybody))


def _person(chance: random.Random, taken: set[str], number: int) -> Person:
    given_name, family_name, email = name_and_email(chance, taken)
    wanted = chance.choices(ROLES, weights=_WEIGHTS, k=chance.randint(1, _MOST_ROLES))
    return Person(number, email, given_name, family_name, tuple(dict.fromkeys(wanted)))


def _a_day_later(chance: random.Random, taken: set[str], everybody: list[Person]) -> list[Person]:
    count = len(everybody)
    shuffled = chance.sample(everybody, count)
    leavers = min(math.ceil(count * _LEAVERS), count // _PEOPLE_PER_LEAVER)
    staying = shuffled[leavers:]
    changing = min(math.ceil(count * _ROLE_CHANGES), max(0, len(staying) - 1))
    changed = [_with_other_roles(chance, person) for person in staying[:changing]]
    unclear = [replace(person, roles=(None,)) for person in staying[changing : changing + 1]]
    first = count + 1
    newcomers = [_person(chance, taken, first + index) for index in range(math.ceil(count * _NEWCOMERS))]
    unreachable = replace(_person(chance, taken, first + len(newcomers)), email=_BAD_EMAIL, roles=("viewer",))
    same = staying[changing + 1 :]
    return sorted([*changed, *unclear, *same, *newcomers, unreachable], key=lambda person: person.number)


def _with_other_roles(chance: random.Random, person: Person) -> Person:
    lacking = [role for role in ROLES if role not in person.roles]
    kept = person.roles[:-1] if chance.random() < 0.5 else person.roles  # noqa: PLR2004  (a coin)
    return replace(person, roles=(*kept, chance.choice(lacking)))


def _departments(seed: int, everybody: list[Person]) -> dict[int, str]:
    # Drawn apart, so that everything else about the people stays as it was before there were departments;
    # and by number, so that nobody changes departments because somebody else has left.
    chance = random.Random(f"{seed} departments")  # noqa: S311  (the same every time, not a secret)
    most = max((person.number for person in everybody), default=0)
    return dict(enumerate(chance.choices(DEPARTMENTS, k=most), start=1))


def _write(database_path: Path | str, everybody: list[Person], departments: dict[int, str]) -> None:
    rows = [(*_columns(person), departments[person.number], 1, role) for person in everybody for role in person.roles]
    with closing(sqlite3.connect(database_path)) as database, database:
        database.execute("DROP TABLE IF EXISTS people")
        database.execute(_TABLE)
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _columns(person: Person) -> tuple[int, str, str, str, str]:
    return person.number, person.email, person.full_name, person.given_name, person.family_name
