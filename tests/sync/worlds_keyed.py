"""Worlds with keys, profiles, flags and marks: rows of any columns, a tenant, and what an operator has decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pandas as pd

from sync import desired, plan
from sync.brakes import Brakes
from sync.model import Cause, Kind, Role
from sync.plan import Plan
from sync.policy import Policy
from sync.protection import Protection
from sync.roles import ManagedRoles
from tests.sync.builders import CONNECTION
from tests.sync.worlds_tables import MANAGING, MAPPED, PROTECTED_IDS, PROTECTING, WORDS, Cell
from tests.sync.worlds_tenant import NAMESPACE, TODAY, Directory, Entry, role_of


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the source."""

    email: str | None
    word: str | None
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an operator sets."""

    patterns: tuple[str, ...] = ("*",)
    separator: str = ""
    mapped: bool = False
    create_missing: bool = False
    protected: tuple[str, ...] = ()
    protecting: frozenset[str] = frozenset()
    """Names of roles that protect whoever has one."""
    missing: Kind = Kind.DELETE
    inactive: Kind = Kind.BLOCK
    delete_after: int = 0
    updates: bool = True
    verified: bool | None = None
    owner: str = ""
    invites: bool = False
    renames: bool = True
    brakes: Brakes = field(default_factory=Brakes)
    minimum: Mapping[str, int] = field(default_factory=dict)

    def policy(self) -> Policy:
        return Policy(
            Protection(self.protected, map(role_of, sorted(self.protecting))), self.missing, self.inactive,
            self.delete_after, date.fromisoformat(TODAY), self.updates, self.verified, NAMESPACE, self.owner,
            self.invites, self.renames, {role_of(name): least for name, least in self.minimum.items()},
        )  # fmt: skip

    def manages(self, name: str) -> bool:
        return name in MANAGING[self.patterns]

    def meant(self, word: str | None, there: set[str]) -> set[str] | None:
        """The names of the roles that a cell means, `there` being those that the tenant has; None for none."""
        if word is None or (";" in word and not self.separator) or not WORDS[word]:
            return None
        names = {MAPPED["Chef "] if name == "chef" and self.mapped else name for name in WORDS[word]}
        exist = self.create_missing or names <= there
        return names if exist and all(map(self.manages, names)) else None

    def protects_seat(self, seat: str) -> bool:
        return any(seat in PROTECTING[entry] for entry in self.protected)

    def protects(self, user_id: str, entry: Entry) -> bool:
        """Whether an account is protected, whatever its e-mail."""
        ids = {one for text in self.protected for one in PROTECTED_IDS.get(text, ())}
        return user_id in ids or bool(entry.roles & self.protecting)

    def concern(self, *emails: str) -> bool:
        return not self.brakes.only or any(email in self.brakes.only for email in emails)

    def lets_go(self, cause: Cause) -> bool:
        return not self.brakes.no_delete and cause not in self.brakes.kept

    def is_over(self, blocked_at: str) -> bool:
        """Whether who was blocked then has been so for long enough."""
        days = [(date.fromisoformat(TODAY) - timedelta(days)).isoformat() for days in range(self.delete_after)]
        return bool(self.delete_after) and blocked_at[:4].isdigit() and blocked_at[:10] not in days


@dataclass(frozen=True, slots=True)
class KeyedWorld:
    """A source of these columns (besides e-mail and role), a tenant, and how the sync is set."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    tenant: Directory
    terms: Terms = field(default_factory=Terms)

    def frame(self) -> pd.DataFrame:
        """What the database gives."""
        columns = {
            "email": [line.email for line in self.lines],
            "role": [line.word for line in self.lines],
            **{name: [line.cells[name].raw for line in self.lines] for name in self.columns},
        }
        return pd.DataFrame({name: pd.Series(cells, dtype="object") for name, cells in columns.items()})

    def plan(self) -> Plan:
        """What the product makes of it."""
        terms, tenant = self.terms, self.tenant
        roles = ManagedRoles(
            self.roles(), patterns=terms.patterns, names=MAPPED if terms.mapped else {},
            create_missing=terms.create_missing,
        )  # fmt: skip
        return plan.build(
            desired.build(self.frame(), roles, terms.separator),
            tenant.accounts([name for name in self.columns if name not in desired.NO_ATTRIBUTES]),
            tenant.memberships, connection=CONNECTION, roles=roles, policy=terms.policy(), brakes=terms.brakes,
        )  # fmt: skip

    def roles(self) -> list[Role]:
        """The roles that the tenant has."""
        return [role_of(name) for name in self.tenant.roles]

    def later(self) -> KeyedWorld:
        """The same world, with a tenant of its own to go on with."""
        return replace(self, tenant=self.tenant.copy())
