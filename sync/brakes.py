"""Brakes: what an operator keeps a run from doing. What is kept back is counted and shown all the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sync import address
from sync.model import Account, Cause, Change, Kind, Outcome, Status


@dataclass(frozen=True, slots=True)
class Brakes:
    """The brakes of one run; by default none is on."""

    no_delete: bool = False
    """Nobody is deleted or blocked."""
    no_role_removal: bool = False
    kept: Mapping[Cause, str] = field(default_factory=dict, hash=False)
    """Why nobody is deleted or blocked, to the setting that says so."""
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

    def holding(self, change: Change, old_email: str | None = None) -> str:
        """The brake that keeps `change` back, in the operator's words, or nothing.

        `old_email`: that of an account which gets another e-mail in the same plan.
        """
        if not self.concern(change.email) and not (old_email and self.concern(old_email)):
            return "--only"
        if change.kind in {Kind.DELETE, Kind.BLOCK}:
            if self.no_delete:
                return "--no-delete"
            if change.cause is not None and change.cause in self.kept:
                return self.kept[change.cause]
        if change.kind is Kind.REMOVE_ROLES and self.no_role_removal:
            return "--no-role-removal"
        return ""

    def divide(self, changes: Iterable[Change]) -> tuple[tuple[Change, ...], tuple[Outcome, ...]]:
        """What is left to be done, and what is kept back, each with the brake."""
        if not self:
            return tuple(changes), ()
        everything = list(changes)
        old_emails = {change.user_id: change.new_email.old for change in everything if change.new_email}
        judged = [(change, self.holding(change, old_emails.get(change.user_id))) for change in everything]
        taken = {
            address.key(change.new_email.old or ""): brake for change, brake in judged if brake and change.new_email
        }
        waiting: dict[str | None, str] = {}
        for change, brake in judged:  # in the order in which e-mails are given up
            if not brake and (edit := change.new_email) and (blocking := taken.get(address.key(edit.new))):
                waiting[change.user_id] = taken[address.key(edit.old or "")] = blocking
        judged = [(change, brake or waiting.get(change.user_id, "")) for change, brake in judged]
        kept_back = tuple(Outcome(change, Status.KEPT_BACK, brake) for change, brake in judged if brake)
        return tuple(change for change, brake in judged if not brake), kept_back
