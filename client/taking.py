"""Taking something from somebody: looked at again, written down, and only then done; and lifting our own blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from client.auth0.errors import NotFound
from client.auth0.reader import Reader
from client.auth0.writer import Writer
from client.breaker import DONE, Tried
from client.journal import Journal
from sync.model import Account, Change, Kind, Prior, Status

DESTRUCTIVE = (Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE)


@dataclass(frozen=True, slots=True)
class Taker:
    """Carries out the changes that are about what an account has. Raises `Auth0Error` and `JournalError`."""

    reader: Reader
    writer: Writer
    journal: Journal

    def remove_roles(self, change: Change) -> Tried:
        """Take roles away."""
        return self._take(change, lambda prior: self.writer.remove_roles(prior.user_id, prior.taken))

    def block(self, change: Change) -> Tried:
        """Block, with our mark."""
        today = datetime.now(UTC).date().isoformat()
        return self._take(change, lambda prior: self.writer.block(prior.user_id, prior.app_metadata, today))

    def delete(self, change: Change) -> Tried:
        """Delete."""
        return self._take(change, lambda prior: self.writer.delete(prior.user_id))

    def unblock(self, change: Change) -> Tried:
        """Lift a block of ours. One by somebody else, come meanwhile, stays."""
        account, record = self.reader.account(change.user_id or "")
        if not account.blocked:
            return Tried(Status.DONE, "it was unblocked already")
        if not self.reader.is_of(account, change.email) or not account.blocked_by_us:
            return _no_longer(account)
        self.writer.unblock(account.user_id, record.get("app_metadata"))
        return DONE

    def _take(self, change: Change, write: Callable[[Prior], None]) -> Tried:
        """Lists lag behind; the reads here do not."""
        try:
            account, record = self.reader.account(change.user_id or "")
        except NotFound:
            return _gone(change)
        if not self.reader.is_of(account, change.email):
            return _no_longer(account)
        roles = tuple(self.reader.roles_of(account.user_id)) if change.had is None else change.had
        prior = Prior(
            kind=change.kind,
            user_id=account.user_id,
            email=account.email or "",
            roles=roles,
            taken=change.roles,
            user_metadata=record.pop("user_metadata", None) or {},
            app_metadata=record.pop("app_metadata", None) or {},
            profile=record,
        )
        self.journal.write(prior)
        write(prior)
        return DONE


def _gone(change: Change) -> Tried:
    """As good as deleted; but who is to keep some roles should have an account."""
    if change.kind is Kind.REMOVE_ROLES:
        return Tried(Status.SKIPPED, "the account is gone; the next run makes a new one")
    return Tried(Status.DONE, "it was gone already")


def _no_longer(account: Account) -> Tried:
    return Tried(Status.SKIPPED, f"it is no longer the account that was planned: {account.email}")
