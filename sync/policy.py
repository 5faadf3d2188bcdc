"""What an operator has decided once and for all: whose accounts are managed, and what becomes of whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sync.model import Account, Cause, Kind, Marks, Role
from sync.protection import Protection


@dataclass(frozen=True, slots=True)
class Policy:
    """The decisions that a plan goes by. By default everything in the connection agrees with the source."""

    protection: Protection = field(default_factory=Protection)
    missing: Kind = Kind.DELETE
    """What becomes of an account that nobody in the source has: to delete or to block it."""
    inactive: Kind = Kind.BLOCK
    """The same for a person whom the source calls inactive."""
    delete_after: int = 0
    """Days after which somebody whom a run has blocked is deleted; 0 = never."""
    today: date = date.min
    updates: bool = True
    """Whether the attributes of an account follow the source, or only those of a new one."""
    email_verified: bool | None = None
    """What a new account, or one with a new e-mail, gets; None: what the source says."""
    namespace: str = "sync"
    """The key of app_metadata under which the marks are."""
    owner: str = ""
    """Only accounts with this owner's mark are taken anything from; empty: all of the connection."""
    invites: bool = False
    """Whether people who get an account are invited."""
    renames: bool = True
    """Whether the connection lets an account have another e-mail."""
    minimum: Mapping[Role, int] = field(default_factory=dict)
    """Role to how many accounts that can log in must have it after a run."""

    @property
    def watched(self) -> frozenset[Role]:
        """The roles whose holders must be known, whether the roles are managed or not."""
        return frozenset((*self.protection.roles, *self.minimum))

    def is_ours(self, account: Account) -> bool:
        """Whether something may be taken from the account."""
        return not self.owner or account.marks.owner == self.owner

    def is_anothers(self, account: Account) -> bool:
        """Whether another job has it."""
        return bool(self.owner and account.marks.owner) and account.marks.owner != self.owner

    def mark(self, name: str) -> str:
        """The field of a mark, such as `app_metadata.sync.id`."""
        return f"app_metadata.{self.namespace}.{name}"

    def leaving(self, account: Account, cause: Cause) -> tuple[Kind, Cause] | None:
        """What becomes of an account that is to go, and why; None if it is where it should be."""
        kind = self.missing if cause is Cause.MISSING else self.inactive
        if kind is not Kind.BLOCK or not account.blocked:
            return kind, cause
        if self._is_over(account.marks):
            return Kind.DELETE, Cause.EXPIRED
        return (kind, cause) if account.marks.to_revoke and account.blocked_by_us else None

    def _is_over(self, marks: Marks) -> bool:
        """A mark without a date that can be read is not one of long ago."""
        try:
            blocked_at = date.fromisoformat(marks.blocked_at[:10])
        except ValueError:
            return False
        return bool(self.delete_after) and self.today - blocked_at >= timedelta(days=self.delete_after)
