"""The words of the sync as values: role, person, account, held, change, outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kinds of change, in the order in which they are applied.

    The order fails safe: whatever moment a run stops at, nobody is locked out who should be in.
    """

    CREATE = "create"
    UNBLOCK = "unblock"
    ADD_ROLES = "add_roles"
    REMOVE_ROLES = "remove_roles"
    BLOCK = "block"
    DELETE = "delete"


class Status(StrEnum):
    """What became of a change."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_TRIED = "not_tried"
    KEPT_BACK = "kept_back"
    """A brake was on."""


@dataclass(frozen=True, slots=True, order=True)
class Role:
    """A role of the tenant. Ordered by name."""

    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who the SQL query says should exist."""

    email: str
    """The address as Auth0 would store it: trimmed, NFC, lower case."""
    roles: frozenset[str]
    """Role ids."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the tenant, as far as the sync looks at it."""

    user_id: str
    email: str | None
    connection: str
    """The connection of the primary identity."""
    blocked: bool = False
    blocked_by_us: bool = False
    """Whether it bears the mark that a run sets when it blocks."""


@dataclass(frozen=True, slots=True)
class Memberships:
    """Who has which role."""

    roles: Mapping[str, frozenset[str]]
    """User id to role ids; a user without a role may be missing."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """User id to the reason why their roles could not be read. Unknown is not "none"."""


@dataclass(frozen=True, slots=True)
class Held:
    """A person (or an account) that we could not fully understand: nothing is changed for them."""

    email: str
    """As the source or the tenant has it; empty when the source has none."""
    reason: str
    rows: tuple[int, ...] = ()
    """Rows of the query's result, counted from 1; empty when the tenant is the reason."""
    in_source: bool = True
    """False for an account whose e-mail no understood row has."""
    shadow: bool = False
    """True for an account that only stays because somebody who is held already may be meant: no further person."""


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan."""

    kind: Kind
    email: str
    user_id: str | None = None
    """None for a person whose account is yet to be created; on a creation, the id that is to be used again."""
    roles: tuple[Role, ...] = ()
    attributes: Mapping[str, Any] | None = field(default=None, hash=False)
    """What a new account is to have besides its e-mail, by Auth0's names."""
    had: tuple[Role, ...] | None = field(default=None, compare=False)
    """All roles of an account from which something is taken; None where only the managed ones are known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change: `why` says why it failed, was skipped, or how it was done unusually."""

    change: Change
    status: Status
    why: str = ""


@dataclass(frozen=True, slots=True)
class Prior:
    """An account as it was just before something was taken from it: a line of the journal."""

    kind: Kind
    """What was about to be done to it: remove roles, block or delete."""
    user_id: str
    email: str
    roles: tuple[Role, ...]
    """All of its roles, managed or not."""
    taken: tuple[Role, ...]
    """Those that it was about to lose."""
    profile: Mapping[str, Any]
    """Its root attributes by Auth0's names, without secrets."""
    user_metadata: Mapping[str, Any]
    app_metadata: Mapping[str, Any]
