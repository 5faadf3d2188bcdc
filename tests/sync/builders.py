"""Small builders: roles, rows, accounts, plans, and a tenant as a dictionary that a plan can be carried out on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from sync import desired, plan
from sync.brakes import Brakes
from sync.desired import Desired
from sync.guard import Limits
from sync.model import NO_MARKS, Account, Change, Kind, Marks, Memberships, Prior, Role
from sync.plan import Plan
from sync.policy import Policy
from sync.protection import Protection
from sync.roles import ManagedRoles

CONNECTION = "Users"
ADMIN, READER, WRITER = Role("admin", "rol_a"), Role("reader", "rol_r"), Role("writer", "rol_w")
FOREIGN = Role("foreign", "rol_f")
ROLES = (ADMIN, READER, WRITER)

Row = tuple[object, object]
Block = Literal["", "by us", "by an administrator", "no longer by us"]
"""Who blocked an account; the last one bears our mark still, but somebody else has lifted the block."""
Snapshot = dict[str, tuple[str | None, str, frozenset[Role], Block]]


def managed(*roles: Role, **options: Any) -> ManagedRoles:
    """Managed roles; admin, reader and writer where none are named."""
    return ManagedRoles(roles or ROLES, **options)


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows of (e-mail, role) as the database gives them, but with any missing value."""
    pairs = list(rows)
    return pd.DataFrame(
        {
            "email": pd.Series([email for email, _ in pairs], dtype="object"),
            "role": pd.Series([role for _, role in pairs], dtype="object"),
        }
    )


def understand(*rows: Row, roles: ManagedRoles | None = None) -> Desired:
    """What the rows mean."""
    return desired.build(frame(rows), roles or managed())


def reasons(state: Desired) -> dict[str, str]:
    """E-mail (or row) to the reason, of everyone who is held."""
    return {held.email or f"row {held.rows[0]}": held.reason for held in (*state.held.values(), *state.unplaced)}


@dataclass(slots=True)
class User:
    """An account in the dictionary tenant."""

    email: str | None
    roles: set[Role] = field(default_factory=set)
    connection: str = CONNECTION
    blocked: Block = ""

    @property
    def is_blocked(self) -> bool:
        return self.blocked in {"by us", "by an administrator"}

    @property
    def is_marked(self) -> bool:
        return self.blocked in {"by us", "no longer by us"}


@dataclass(slots=True)
class Tenant:
    """A tenant that is a dictionary of user id to user."""

    users: dict[str, User] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, **emails: Sequence[Role]) -> Tenant:
        """A tenant with `ann=[ADMIN]` as ann@x.io, user id `auth0|ann`."""
        return cls({f"auth0|{name}": User(f"{name}@x.io", set(roles)) for name, roles in emails.items()})

    @property
    def accounts(self) -> list[Account]:
        return [
            Account(
                user_id,
                user.email,
                user.connection,
                user.is_blocked,
                Marks(blocked_at="2026-01-01") if user.is_marked else NO_MARKS,
            )
            for user_id, user in self.users.items()
        ]

    @property
    def memberships(self) -> Memberships:
        return Memberships(
            {user_id: frozenset(role.id for role in user.roles) for user_id, user in self.users.items()},
            self.unknown,  # they could be read in part
        )

    def snapshot(self) -> Snapshot:
        """User id to e-mail, connection, roles and block, as a value."""
        return {
            user_id: (user.email, user.connection, frozenset(user.roles), user.blocked)
            for user_id, user in self.users.items()
        }

    def copy(self) -> Tenant:
        return Tenant(
            {user_id: replace(user, roles={*user.roles}) for user_id, user in self.users.items()}, self.unknown
        )

    def prior(self, change: Change) -> Prior:
        """The line of the journal, just before `change` is carried out."""
        user = self.users[change.user_id or ""]
        return Prior(
            change.kind, change.user_id or "", user.email or "", tuple(user.roles), change.roles,
            {"blocked": user.is_blocked, "name": f"Name of {change.user_id}"}, {}, {"marked": user.is_marked},
        )  # fmt: skip

    def apply(self, changes: Plan) -> None:
        """Carry out a plan, strictly: what cannot be done is an error."""
        made: dict[str, str] = {}
        for change in changes.changes:
            user_id = change.user_id or made.get(change.email, f"new|{change.email}")
            if change.kind is Kind.CREATE:
                made[change.email] = user_id
                assert user_id not in self.users
                self.users[user_id] = User(change.email, blocked=_block_of(change.attributes or {}))
            elif change.kind is Kind.ADD_ROLES:
                assert not self.users[user_id].roles & set(change.roles)
                self.users[user_id].roles |= set(change.roles)
            elif change.kind is Kind.REMOVE_ROLES:
                assert self.users[user_id].roles >= set(change.roles)
                self.users[user_id].roles -= set(change.roles)
            elif change.kind is Kind.BLOCK:
                assert not self.users[user_id].is_blocked
                self.users[user_id].blocked = "by us"
            elif change.kind is Kind.UNBLOCK:
                assert self.users[user_id].blocked == "by us"
                self.users[user_id].blocked = ""
            elif change.kind is Kind.UPDATE:
                assert [edit.field for edit in change.edits] == ["app_metadata.sync.blocked_at"]
                assert self.users[user_id].blocked == "no longer by us"
                self.users[user_id].blocked = ""
            else:
                del self.users[user_id]


def _block_of(attributes: Mapping[str, Any]) -> Block:
    marked = attributes.get("app_metadata", {}).get("marked")
    if attributes.get("blocked"):
        return "by us" if marked else "by an administrator"
    return "no longer by us" if marked else ""


def make_plan(
    tenant: Tenant,
    *rows: Row,
    roles: ManagedRoles | None = None,
    protected: Iterable[str] = (),
    leaving: Kind = Kind.DELETE,
    brakes: Brakes | None = None,
    policy: Policy | None = None,
) -> Plan:
    """What would make `tenant` agree with `rows`."""
    roles = roles or managed()
    return plan.build(
        understand(*rows, roles=roles),
        tenant.accounts,
        tenant.memberships,
        connection=CONNECTION,
        roles=roles,
        policy=policy or Policy(Protection(protected), missing=leaving),
        brakes=brakes,
    )


def steps(made: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    """The changes of a plan, as kind, e-mail and names of roles."""
    return [(change.kind.value, change.email, tuple(role.name for role in change.roles)) for change in made.changes]


def held_reasons(made: Plan) -> dict[str, str]:
    """E-mail to the reason, of everyone whom a plan leaves alone."""
    return {held.email: held.reason for held in made.held}


def limits(**values: float) -> Limits:
    """The limits of the guard by default, with these instead, and without a floor unless it is given."""
    usual = Limits(
        deletes=500, delete_percent=10, role_removals=1000, role_removal_percent=20, held_percent=10, renames=500,
        rename_percent=10, possible_renames=10, new_roles=20, floor=0,
    )  # fmt: skip
    return replace(usual, **values)  # type: ignore[arg-type]
