"""A day on which the source has keys, attributes and flags, and two jobs share the connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sandbox import DEFAULT_CONNECTION, Tenant
from tests.functional.course import A_DAY, BLOCKED_AT, INVITE, REVOKE, Course, Goal
from tests.functional.days import strangers
from tests.functional.job import Job
from tests.functional.oracle import Picture

ID, OWNER = "app_metadata.sync.id", "app_metadata.sync.owner"
TEAM, TEA = "app_metadata.team", "user_metadata.tea"
OF_A_MAPPED_DAY = {
    "USERS_DB_QUERY": "SELECT * FROM people",
    "DB_COLUMNS_APP_METADATA": "team",
    "DB_COLUMNS_USER_METADATA": "tea",
    "AUTH0_EMAIL_VERIFIED": "true",
    "AUTH0_INVITE": "email",
    "AUTH0_CREATE_MISSING_ROLES": "true",
    "AUTH0_MANAGED_ROLES": "admin, auditor, viewer",
    "CLIENT_IGNORE_USERS": "*@corp.io",
    "SYNC_MANAGE": "marked",
    "SYNC_OWNER": "hr",
    "SYNC_ON_MISSING": "block",
    "SYNC_REVOKE_SESSIONS": "true",
    "SYNC_LIMIT_FLOOR": "100",
    "SYNC_MAX_RENAME_PERCENT": "100",
}
"""The settings for it."""
_COLUMNS = ("id", "email", "role", "username", "name", "active", "team", "tea")
_VIEWER = frozenset({"viewer"})


def a_table(job: Job, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Replace the table of people by one with these columns, none of which has a type."""
    names = ", ".join('"{}"'.format(name.replace('"', '""')) for name in columns)
    places = ", ".join("?" for _ in columns)
    with closing(sqlite3.connect(job.database)) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS people")
        connection.execute(f"CREATE TABLE people ({names})")
        connection.executemany(f"INSERT INTO people VALUES ({places})", (tuple(row) for row in rows))  # noqa: S608


@dataclass(slots=True)
class _Making:
    """The accounts and rows of a day, as they are put down one by one."""

    tenant: Tenant
    rows: list[tuple[object, ...]] = field(default_factory=list)
    goals: dict[str, Goal] = field(default_factory=dict)

    def account(self, name: str, /, *, marks: Mapping[str, Any] | None = None, **attributes: Any) -> str:
        """One of ours, unless `marks` says otherwise, like all others but for these attributes."""
        ours = {"id": f"key of {name}", "owner": "hr"} if marks is None else marks
        metadata = {"plan": "gold", "team": "red"} | ({"sync": ours} if ours else {})
        usual: dict[str, Any] = {"username": name, "name": name.title(), "nickname": name}
        usual |= {"picture": "https://x.io/picture", "user_metadata": {"tea": "green"}, "app_metadata": metadata}
        return self.tenant.add_user(f"{name}@x.io", **{"roles": ("viewer",)} | usual | attributes)

    def row(self, name: str, /, *, email: str = "", **cells: object) -> None:
        """What the source says of somebody: the usual, but for these cells."""
        usual: dict[str, object] = {"id": f"key of {name}", "email": f"{email or name}@x.io", "role": "viewer"}
        usual |= {"username": name, "name": name.title(), "active": 1, "team": "red", "tea": "green"} | cells
        self.rows += [tuple(usual[column] for column in _COLUMNS)]

    def expect(self, user_id: str, roles: Iterable[str] = _VIEWER, **goal: Any) -> None:
        self.goals[user_id] = Goal(frozenset(roles), **goal)


def a_mapped_day(job: Job, *, renames: int = 3) -> Course:
    """One person for each thing that can happen to an account, in a connection with usernames.

    `renames`: how many pass on their e-mails in a chain.
    """
    tenant = job.tenant
    job.settings |= OF_A_MAPPED_DAY
    tenant.scopes |= {"delete:sessions", "delete:refresh_tokens"}
    for name in [one for one, found in tenant.connections.items() if found.name == DEFAULT_CONNECTION]:
        del tenant.connections[name]
    tenant.add_connection(DEFAULT_CONNECTION, requires_username=True)
    for role in ("admin", "editor", "viewer", "billing"):
        tenant.add_role(role)
    making = _Making(tenant)
    _whose_profile_changes(making)
    _who_get_other_emails(making, renames)
    _who_are_to_go(making)
    _who_are_nobodys_business(making)
    before = Picture.of(tenant)
    comers = {f"{name}@x.io": _who_comes(making, name) for name in ("come", "another")}
    a_table(job, _COLUMNS, making.rows)
    return Course(before, making.goals, comers)


def _whose_profile_changes(making: _Making) -> None:
    making.expect(making.account("stays"))
    making.row("stays")
    making.expect(making.account("profile"), fields={"name": "Prof. Ile", TEAM: "blue", TEA: None})
    making.row("profile", name="Prof. Ile", team="blue", tea="")
    making.expect(making.account("keyless", marks={"owner": "hr"}), fields={ID: "key of keyless"})
    making.row("keyless")
    making.expect(making.account("adopt", marks={}), fields={ID: "key of adopt", OWNER: "hr"})
    making.row("adopt")
    pending = {"id": "key of pending", "owner": "hr", "invite": "pending"}
    making.expect(making.account("pending", marks=pending), fields={INVITE: None}, invited=True)
    making.row("pending")
    making.expect(making.account("promoted", roles=("viewer", "billing")), roles=("Auditor", "billing"))
    making.row("promoted", role="Auditor")


def _who_get_other_emails(making: _Making, renames: int) -> None:
    new = {"email": "new@x.io", "email_verified": True}
    making.expect(making.account("old", roles=("admin", "billing")), ("viewer", "billing"), fields=new)
    making.row("old", email="new")
    both = {"email": "both-new@x.io", "email_verified": True, "username": "otherwise"}
    making.expect(making.account("both", email_verified=False), fields=both)
    making.row("both", email="both-new", username="otherwise")
    for number in range(renames):
        name, after = f"link{number}", f"link{number + 1}"
        fields = {"email": f"{after}@x.io", "email_verified": True}
        making.expect(making.account(name, email_verified=number != 1), fields=fields)
        making.row(name, email=after)


def _who_are_to_go(making: _Making) -> None:
    blocked = {"blocked": True, BLOCKED_AT: A_DAY}
    making.expect(making.account("off"), fields=blocked | {REVOKE: None}, between={REVOKE: "pending"}, revoked=True)
    making.row("off", active=0)
    making.expect(making.account("gone"), fields=blocked | {REVOKE: None}, between={REVOKE: "pending"}, revoked=True)
    earlier = {"id": "key of again", "owner": "hr", "blocked_at": "2026-01-01", "revoke": "pending"}
    making.expect(making.account("again", blocked=True, marks=earlier), fields={REVOKE: None}, revoked=True)
    making.row("again", active=0)
    back = {"id": "key of back", "owner": "hr", "blocked_at": "2026-01-01"}
    making.expect(making.account("back", blocked=True, marks=back), fields={BLOCKED_AT: None, "blocked": None})
    making.row("back")


def _who_are_nobodys_business(making: _Making) -> None:
    making.account("theirs", marks={"id": "key of gone", "owner": "partners"}, roles=("admin",))
    making.account("nobodys", marks={}, roles=("admin", "viewer"))
    strangers(making.tenant)


def _who_comes(making: _Making, name: str) -> Goal:
    making.row(name, role="auditor")
    fields = {"email": f"{name}@x.io", "email_verified": True, "username": name, "name": name.title()}
    marks = {ID: f"key of {name}", OWNER: "hr", INVITE: None}
    metadata = {TEAM: "red", TEA: "green"}
    return Goal(frozenset({"Auditor"}), fields | marks | metadata, between={INVITE: "pending"}, invited=True)
