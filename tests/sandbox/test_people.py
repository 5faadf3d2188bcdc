"""The database of people that comes with a tenant."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sandbox import Tenant
from sandbox.people import QUERY, ROLES, seed

if TYPE_CHECKING:
    from pathlib import Path


def rows_of(path: Path) -> list[tuple[str, str | None]]:
    """What the job's query returns."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(QUERY).fetchall()


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
