"""Changing what an account has: looked at again, written down, and only then done; and lifting our own blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from client.auth0.errors import NotFound
from client.auth0.marks import read
from client.auth0.patches import touches_identity
from client.auth0.reader import Reader
from client.auth0.writer import Writer
from client.breaker import DONE, Tried
from client.journal import Journal
from sync.model import Account, Cause, Change, Kind, Prior, Status
from sync.profile import found

JOURNALED = (Kind.ADOPT, Kind.UPDATE, Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE)


@dataclass(frozen=True, slots=True)
class Taker:
    """Carries out the changes that are about what an account has. Raises `Auth0Error` and `Unwritable`."""

    reader: Reader
    writer: Writer
    journal: Journal
    owner: str = ""
    """Only from accounts with this owner's mark is anything taken; empty: from all of the connection."""
    revoke: bool = False
    """Whether the sessions of whom it blocks are ended too."""

    def update(self, change: Change) -> Tried:
        """Change attributes, the e-mail or our marks. The latter two tell who is who: those are looked at again."""
        if touches_identity(change.edits, self.reader.namespace):
            return self._take(change, self._update)
        prior = Prior(change.kind, change.user_id or "", change.email, (), (), {}, {}, {}, change.edits)
        self.journal.write(prior)
        try:
            self._update(prior)
        except NotFound:
            return _gone(change)
        return DONE

    def _update(self, prior: Prior) -> None:
        self.writer.update(prior.user_id, prior.edits, prior.app_metadata)

    def remove_roles(self, change: Change) -> Tried:
        """Take roles away."""
        return self._take(change, lambda prior: self.writer.remove_roles(prior.user_id, prior.taken))

    def block(self, change: Change) -> Tried:
        """Block, with our mark."""
        return self._take(change, self._block)

    def _block(self, prior: Prior) -> None:
        """Who is blocked by us already, but may still have a session, was so from an earlier day on."""
        marks = read(prior.app_metadata, self.reader.namespace)
        earlier = marks.blocked_at if prior.profile.get("blocked") else ""
        today = datetime.now(UTC).date().isoformat()
        self.writer.block(prior.user_id, prior.app_metadata, earlier or today, revoke=self.revoke)

    def delete(self, change: Change) -> Tried:
        """Delete."""
        return self._take(change, lambda prior: self.writer.delete(prior.user_id))

    def unblock(self, change: Change) -> Tried:
        """Lift a block of ours. One by somebody else, come meanwhile, stays."""
        account, record = self.reader.account(change.user_id or "")
        if not account.blocked:
            return Tried(Status.DONE, "it was unblocked already")
        if not self._is_theirs(change, account) or not account.blocked_by_us:
            return _no_longer(account)
        self.writer.unblock(account.user_id, record.get("app_metadata"))
        return DONE

    def _take(self, change: Change, write: Callable[[Prior], None]) -> Tried:
        """Lists lag behind; the reads here do not."""
        try:
            account, record = self.reader.account(change.user_id or "")
        except NotFound:
            return _gone(change)
        if not self._is_theirs(change, account):
            return _no_longer(account)
        if why := self._moved_on(change, account) or self._marked_otherwise(change, record):
            return Tried(Status.SKIPPED, why)
        if change.kind is Kind.BLOCK and account.blocked and not account.blocked_by_us:
            return Tried(Status.DONE, "somebody else has blocked it already")
        needed = change.had is None and not change.edits
        roles = tuple(self.reader.roles_of(account.user_id)) if needed else change.had or ()
        prior = Prior(
            kind=change.kind,
            user_id=account.user_id,
            email=account.email or "",
            roles=roles,
            taken=change.roles,
            user_metadata=record.pop("user_metadata", None) or {},
            app_metadata=record.pop("app_metadata", None) or {},
            profile=record,
            edits=change.edits,
        )
        self.journal.write(prior)
        write(prior)
        return DONE

    def _is_theirs(self, change: Change, account: Account) -> bool:
        """Whether the account is one of the connection, and that of the person, or the one that is to go.

        Whose e-mail could not be changed loses roles and comes back all the same: the key tells who it is.
        """
        stays = change.kind in {Kind.REMOVE_ROLES, Kind.UNBLOCK}
        if stays and change.source_id and change.source_id == account.marks.source_id:
            return self.reader.is_of(account, account.email or "")
        return any(self.reader.is_of(account, email) for email in _emails(change))

    def _moved_on(self, change: Change, account: Account) -> str:
        """Why the account is no longer the one that was planned, whatever its e-mail is; or nothing."""
        owner = account.marks.owner
        if self.owner and not change.edits and owner != self.owner:
            return f"it is not this job's account: it bears {'no mark' if not owner else f'the mark of {owner!r}'}"
        if change.source_id and account.marks.source_id != change.source_id:
            return f"it is no longer the account that was planned: its key is {account.marks.source_id!r} by now"
        if change.cause is Cause.EXPIRED and not (account.blocked and account.blocked_by_us):
            return "it is no longer blocked by an earlier run"
        return ""

    def _marked_otherwise(self, change: Change, record: Mapping[str, Any]) -> str:
        """Why one of our marks is not to be overwritten, or nothing."""
        for edit in change.edits:
            if edit.field.startswith(f"app_metadata.{self.reader.namespace}."):
                has = found(record, [edit.field]).get(edit.field)
                if has is not None and str(has) not in (edit.old, edit.new):  # somebody may have written a number
                    return f"it is no longer the account that was planned: {edit.field} is {has!r} by now"
        return ""


def _emails(change: Change) -> tuple[str, ...]:
    """The e-mails of which the account may have one: who is to get another may have it already."""
    edit = change.new_email
    return (edit.old or "", edit.new) if edit else (change.email,)


def _gone(change: Change) -> Tried:
    """As good as deleted; but who is not to go should have an account."""
    if change.kind not in {Kind.BLOCK, Kind.DELETE}:
        return Tried(Status.SKIPPED, "the account is gone; the next run makes a new one")
    return Tried(Status.DONE, "it was gone already")


def _no_longer(account: Account) -> Tried:
    return Tried(Status.SKIPPED, f"it is no longer the account that was planned: {account.email}")
