"""The database of people that comes with a tenant."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sandbox import Tenant
from sandbox.names import FAMILY, GIVEN
from sandbox.people import DEPARTMENTS, QUERY, ROLES, seed

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = [
    ("nia.haddad@example.org", "viewer"),
    ("nia.haddad@example.org", "editor"),
    ("nia.haddad@example.org", "analyst"),
    ("chiara.takahashi@example.com", "viewer"),
    ("saoirse.cohen@example.com", None),
    ("rajesh.chen@example.com", "analyst"),
    ("no address yet", "viewer"),
]
"""What seed 7 has always made of three people, a day later."""


def rows_of(path: Path) -> list[tuple[str, str | None]]:
    """What the job's query returns."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(QUERY).fetchall()


def profiles_of(path: Path) -> dict[int, tuple[str, str, str, str, int]]:
    """Everybody by number, with what a mapping could take."""
    query = "SELECT id, full_name, given_name, family_name, department, active FROM people"
    with closing(sqlite3.connect(path)) as database:
        return {row[0]: row[1:] for row in database.execute(query)}


def wanted(path: Path) -> dict[str, list[str]]:
    """E-mail to sorted roles."""
    people: dict[str, list[str]] = {}
    for email, role in rows_of(path):
        people.setdefault(email, []).append(role or "")
    return {email: sorted(roles) for email, roles in people.items()}


def test_without_drift_tenant_and_database_agree(tenant: Tenant, tmp_path: Path) -> None:
    seed(tenant, tmp_path / "people.db", people=50, drift="none")

    assert tenant.snapshot() == wanted(tmp_path / "people.db")
    assert len(tenant.users) == 50


def test_an_empty_tenant_has_the_roles_and_nobody(tenant: Tenant, tmp_path: Path) -> None:
    seed(tenant, tmp_path / "people.db", people=50, drift="empty")

    assert tenant.users == {}
    assert {role["name"] for role in tenant.roles.values()} == set(ROLES)
    assert len(wanted(tmp_path / "people.db")) == 50


def test_a_day_later_some_came_some_left_and_some_changed(tenant: Tenant, tmp_path: Path) -> None:
    seed(tenant, tmp_path / "people.db", people=500)

    before, after = tenant.snapshot(), wanted(tmp_path / "people.db")
    stayed = before.keys() & after.keys()
    assert len(before) == 500
    assert len(before.keys() - after.keys()) == 15
    assert len(after.keys() - before.keys()) == 20 + 1
    assert sum(before[email] != after[email] for email in stayed) == 20 + 1
    rows = rows_of(tmp_path / "people.db")
    assert sum(role is None for _, role in rows) == 1
    assert sum("@" not in email for email, _ in rows) == 1


@pytest.mark.parametrize("people", [1, 2, 3, 10, 19, 20, 33, 100])
def test_hardly_anybody_leaves_however_small_the_tenant(people: int, tenant: Tenant, tmp_path: Path) -> None:
    seed(tenant, tmp_path / "people.db", people=people)

    gone = tenant.snapshot().keys() - wanted(tmp_path / "people.db").keys()
    assert len(tenant.users) == people
    assert len(gone) <= people / 20


def test_the_same_seed_makes_the_same_people(tmp_path: Path) -> None:
    seed(Tenant(), tmp_path / "a.db", people=50)
    seed(Tenant(), tmp_path / "b.db", people=50)
    seed(Tenant(), tmp_path / "c.db", people=50, seed=8)

    assert rows_of(tmp_path / "a.db") == rows_of(tmp_path / "b.db")
    assert rows_of(tmp_path / "a.db") != rows_of(tmp_path / "c.db")


def test_the_table_has_what_a_mapping_needs(tenant: Tenant, tmp_path: Path) -> None:
    seed(tenant, tmp_path / "people.db", people=200)

    with closing(sqlite3.connect(tmp_path / "people.db")) as database:
        columns = [(row[1], row[2]) for row in database.execute("PRAGMA table_info(people)")]
    people = profiles_of(tmp_path / "people.db").values()

    assert [name for name, _ in columns] == [
        "id", "email", "full_name", "given_name", "family_name", "department", "active", "role"
    ]  # fmt: skip
    assert {name for name, kind in columns if kind == "INTEGER"} == {"id", "active"}
    assert all(full == f"{given} {family}" for full, given, family, _, _ in people)
    assert {given for _, given, _, _, _ in people} <= {name for name, _ in GIVEN}
    assert {family for _, _, family, _, _ in people} <= {name for name, _ in FAMILY}
    assert {department for *_, department, _ in people} == set(DEPARTMENTS)
    assert {active for *_, active in people} == {1}


def test_nobody_changes_departments_because_others_come_and_go(tmp_path: Path) -> None:
    seed(Tenant(), tmp_path / "before.db", people=100, drift="none")
    seed(Tenant(), tmp_path / "after.db", people=100, drift="day")

    before, after = profiles_of(tmp_path / "before.db"), profiles_of(tmp_path / "after.db")
    stayed = before.keys() & after.keys()
    assert stayed < before.keys()
    assert all(before[number] == after[number] for number in stayed)


def test_the_people_are_those_they_were_before_there_were_departments(tmp_path: Path) -> None:
    seed(Tenant(), tmp_path / "people.db", people=3)

    assert rows_of(tmp_path / "people.db") == KNOWN
