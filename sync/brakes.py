"""Brakes: what an operator keeps a run from doing. What is kept back is counted and shown all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sync import address
from sync.model import Account, Change, Kind, Outcome, Status


@dataclass(frozen=True, slots=True)
class Brakes:
    """The brakes of one run; by default none is on."""

    no_delete: bool = False
    """Nobody is deleted or blocked."""
    no_role_removal: bool = False
    keep_missing: bool = False
    """The same as `no_delete`, by the setting."""
    only: frozenset[str] = frozenset()
    """The address keys of those who may be changed; empty for everybody."""

    def __bool__(self) -> bool:
        return self != Brakes()

    def concern(self, email: str) -> bool:
        """Whether the run is about this person at all."""
        return not self.only or address.key(email) in self.only

    def strangers(self, people: Iterable[str], accounts: Iterable[Account]) -> list[str]:
        """Who is named, but is neither among the people (address keys) nor has an account."""
        if not self.only:
            return []
        known = {*people, *(address.key(account.email or "") for account in accounts)}
        return sorted(self.only - known)

    def holding(self, change: Change) -> str:
        """The brake that keeps `change` back, in the operator's words, or nothing."""
        goes = change.kind in {Kind.DELETE, Kind.BLOCK}
        if not self.concern(change.email):
            return "--only"
        if goes and self.no_delete:
            return "--no-delete"
        if goes and self.keep_missing:
            return "SYNC_ON_MISSING=keep"
        if change.kind is Kind.REMOVE_ROLES and self.no_role_removal:
            return "--no-role-removal"
        return ""

    def divide(self, changes: Iterable[Change]) -> tuple[tuple[Change, ...], tuple[Outcome, ...]]:
        """What is left to be done, and what is kept back, each with the brake."""
        if not self:
            return tuple(changes), ()
        judged = [(change, self.holding(change)) for change in changes]
        kept_back = tuple(Outcome(change, Status.KEPT_BACK, brake) for change, brake in judged if brake)
        return tuple(change for change, brake in judged if not brake), kept_back
