"""Rows with more columns than e-mail and role, and accounts with marks and attributes, for tests of one thing each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sync import desired, plan
from sync.desired import Desired
from sync.model import Account, Marks, Memberships, Role
from sync.plan import Plan
from sync.policy import Policy
from sync.roles import ManagedRoles
from tests.sync.builders import ADMIN, CONNECTION, managed

Cells = Mapping[str, Any]


def rows(*cells: Cells) -> pd.DataFrame:
    """A frame of these rows; a role where none is said, NULL in every other column that a row does not have."""
    complete = [{"email": None, "role": "admin", **row} for row in cells]
    names = dict.fromkeys(name for row in complete for name in row)
    return pd.DataFrame({name: pd.Series([row.get(name) for row in complete], dtype="object") for name in names})


def understood(*cells: Cells, separator: str = "", roles: ManagedRoles | None = None) -> Desired:
    """What the rows mean."""
    return desired.build(rows(*cells), roles or managed(), separator)


def account(name: str, *, blocked: bool = False, profile: Cells | None = None, **marks: Any) -> Account:
    """The account `auth0|<name>` of `<name>@x.io`."""
    return Account(
        f"auth0|{name}", f"{name}@x.io", CONNECTION, blocked=blocked, marks=Marks(**marks), profile=profile or {}
    )


def planned(
    source: Sequence[Cells],
    *accounts: Account,
    policy: Policy | None = None,
    roles: ManagedRoles | None = None,
    having: Mapping[str, Sequence[Role]] | None = None,
) -> Plan:
    """The plan for these rows and accounts, each of which is an admin unless `having` (user id to roles) says more."""
    roles = roles or managed()
    wanted = desired.build(rows(*source), roles)
    has = {one.user_id: frozenset({ADMIN.id}) for one in accounts}
    has |= {user_id: frozenset(role.id for role in some) for user_id, some in (having or {}).items()}
    return plan.build(wanted, accounts, Memberships(has), connection=CONNECTION, roles=roles, policy=policy)


def kinds(made: Plan) -> list[tuple[str, str]]:
    """Kind and e-mail of each change."""
    return [(change.kind.value, change.email) for change in made.changes]
