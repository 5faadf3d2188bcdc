"""The words of the sync as values: role, person, account, held, edit, change, outcome."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

NEW_ROLE = "new:"
"""How the id of a role begins that is yet to be created."""


class Kind(StrEnum):
    """The kinds of change, in the order in which they are applied.

    The order fails safe: whatever moment a run stops at, nobody is locked out who should be in.
    """

    CREATE_ROLE = "create_role"
    CREATE = "create"
    ADOPT = "adopt"
    """An update with which an account becomes this job's: it gets the job's mark."""
    UPDATE = "update"
    UNBLOCK = "unblock"
    ADD_ROLES = "add_roles"
    INVITE = "invite"
    REMOVE_ROLES = "remove_roles"
    BLOCK = "block"
    DELETE = "delete"


class Cause(StrEnum):
    """Why an account is to be blocked or deleted."""

    MISSING = "not in the source"
    INACTIVE = "not active in the source"
    EXPIRED = "blocked long enough"


class Status(StrEnum):
    """What became of a change."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_TRIED = "not_tried"
    KEPT_BACK = "kept_back"
    """A brake was on."""


NOTHING: Mapping[str, Any] = MappingProxyType({})


def nothing() -> Mapping[str, Any]:
    """One empty mapping for all who share it."""
    return NOTHING


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
    source_id: str = ""
    """The key that the source knows them by, exactly as it has it; empty when it says none."""
    active: bool | None = True
    """None when the source has a flag, but NULL for them."""
    profile: Mapping[str, Any] = field(default_factory=nothing, hash=False)
    """Field (`name`, `app_metadata.team`) to value, of what the source says; None for what is to be cleared."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What a run has written into an account's app_metadata, under the namespace of the job."""

    source_id: str = ""
    owner: str = ""
    """The job whose account it is."""
    blocked_at: str = ""
    """The ISO date on which a run blocked it."""
    to_invite: bool = False
    """Whether the person is yet to be invited."""
    to_revoke: bool = False
    """Whether sessions are yet to be ended."""


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the tenant, as far as the sync looks at it."""

    user_id: str
    email: str | None
    connection: str
    """The connection of the primary identity."""
    blocked: bool = False
    marks: Marks = NO_MARKS
    profile: Mapping[str, Any] = field(default_factory=nothing, hash=False)
    """Field to value, of the fields that the source speaks of and the account has."""
    linked: tuple[str, ...] = ()
    """The e-mails of its secondary identities in the managed connection."""

    @property
    def blocked_by_us(self) -> bool:
        """Whether it bears the mark that a run sets when it blocks."""
        return bool(self.marks.blocked_at)


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
class Protected:
    """An account, or a person without one, that the operator has named: never changed, never created."""

    email: str
    user_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One field of an account, and what becomes of it. None: there is no such value."""

    field: str
    """`email`, `name`, `app_metadata.team`; `app_metadata.sync.id` for a mark."""
    old: Any = dataclasses.field(hash=False)
    new: Any = dataclasses.field(hash=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan."""

    kind: Kind
    email: str
    """Of the person as the source has it, or of the account if nobody in the source is meant; empty for a role."""
    user_id: str | None = None
    """None for a person whose account is yet to be created; on a creation, the id that is to be used again."""
    roles: tuple[Role, ...] = ()
    attributes: Mapping[str, Any] | None = field(default=None, hash=False)
    """All that an account which comes back is to have besides its e-mail, by Auth0's names."""
    edits: tuple[Edit, ...] = ()
    """By field: what becomes of an account or, on a creation, what it gets besides its e-mail."""
    cause: Cause | None = None
    source_id: str = field(default="", compare=False)
    """The key that the account bears, if it bears one: by that it may have been found."""
    turn: int = field(default=0, compare=False)
    """An e-mail that another account gives up in the same run can only be taken afterwards, in a later turn."""
    had: tuple[Role, ...] | None = field(default=None, compare=False)
    """All roles of an account from which something is taken; None where only the managed ones are known."""

    @property
    def new_email(self) -> Edit | None:
        """The edit by which the account gets another e-mail."""
        return next((edit for edit in self.edits if edit.field == "email"), None)


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
    """What was about to be done to it: adopt, update, remove roles, block or delete."""
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
    edits: tuple[Edit, ...] = ()
    """What was about to be overwritten. Where nothing else is at stake, nothing else is known."""
