"""The way back: what a journal says was there, and what is there now, as a plan that takes nothing from anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync import address
from sync.brakes import Brakes
from sync.digest import digest
from sync.model import Account, Change, Held, Kind, Prior, Role
from sync.plan import JOURNAL, Counts, Plan, in_order

# What POST /users takes. The rest of an account is Auth0's own (Auth0, OpenAPI of POST /users).
_CREATED = (
    "email_verified", "username", "phone_number", "phone_verified", "given_name", "family_name", "name", "nickname",
    "picture", "blocked",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Present:
    """What is there now of an account that a journal names."""

    account: Account | None
    """None if it is gone."""
    roles: frozenset[str] = frozenset()
    """Role ids."""
    rivals: tuple[str, ...] = ()
    """If it is gone: the user ids of the accounts of the connection that have its e-mail now."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """A plan, and what it cannot bring back."""

    plan: Plan
    notes: tuple[tuple[str, str], ...]
    """E-mail and what the person has to do or know, in the plan's order."""


def build(
    journal: Sequence[Prior],
    present: Mapping[str, Present],
    *,
    connection: str,
    roles: Iterable[Role],
    protected: Iterable[str] = (),
    brakes: Brakes | None = None,
) -> Restoration:
    """What undoes the run that wrote `journal`. `present` has an entry for each of its user ids."""
    priors = {prior.user_id: prior for prior in reversed(journal)}  # of two lines about one account, the first
    undoing = _Undoing(connection, {role.id for role in roles}, address.matcher(protected))
    for prior in priors.values():
        undoing.judge(prior, present[prior.user_id])
    brakes = brakes or Brakes()
    changes, kept_back = brakes.divide(in_order(undoing.changes))
    held = sorted(undoing.held, key=lambda one: (one.email, one.reason))
    there = sum(now.account is not None for now in present.values())
    tally = undoing.tally
    changed = len({change.user_id for change in changes if change.kind is not Kind.CREATE and change.user_id})
    counts = Counts(
        source_rows=len(journal),
        people=len(priors) - len(held),
        held=len(held),
        duplicates=len(journal) - len(priors),
        identical_rows=0,
        accounts=there,
        unchanged=there - tally["changed"] - tally["protected"] - tally["held_accounts"],
        changed=changed,
        kept_back=tally["changed"] - changed,
        protected=tally["protected"],
        held_accounts=tally["held_accounts"],
        out_of_scope=0,
        accounts_losing_roles=0,
    )
    plan = Plan(connection, changes, tuple(held), counts, digest(connection, changes, held), kept_back, JOURNAL)
    notes = sorted((email, note) for email, note in undoing.notes if brakes.concern(email))
    return Restoration(plan, tuple(notes))


@dataclass(slots=True)
class _Undoing:
    connection: str
    role_ids: set[str]
    is_protected: Callable[[str], bool]
    changes: dict[Kind, list[Change]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    held: list[Held] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)

    def judge(self, prior: Prior, now: Present) -> None:
        there = now.account is not None
        if self.is_protected(address.key(prior.email)):
            self.tally["protected"] += there
        elif reason := self._doubt(prior, now):
            self.held.append(Held(prior.email, reason))
            self.tally["held_accounts"] += there
        elif now.account is None:
            self._make(prior)
        else:
            self.tally["changed"] += self._mend(prior, now.account, now.roles)

    def _doubt(self, prior: Prior, now: Present) -> str:
        if now.account is None:
            if prior.kind is not Kind.DELETE:
                return "the account is gone, and this run did not delete it; look into the later journals"
            if now.rivals:
                return f"another account has this e-mail by now: {', '.join(now.rivals)}"
            return ""
        if now.account.connection != self.connection or not address.same(now.account.email, prior.email):
            return f"the account is another person's by now: {now.account.email}"
        return ""

    def _make(self, prior: Prior) -> None:
        self._add(Change(Kind.CREATE, prior.email, prior.user_id, attributes=attributes_of(prior)))
        self._give(prior, prior.roles, user_id=None)
        self.notes += ((prior.email, note) for note in _not_brought_back(prior))

    def _mend(self, prior: Prior, account: Account, has: frozenset[str]) -> bool:
        before = self._so_far()
        if prior.kind is Kind.BLOCK and account.blocked and not prior.profile.get("blocked"):
            if account.blocked_by_us:
                self._add(Change(Kind.UNBLOCK, prior.email, prior.user_id))
            else:
                self.notes.append((prior.email, "the block: an administrator has set one meanwhile, it stays"))
        lost = prior.roles if prior.kind is Kind.DELETE else prior.taken  # half restored already, or never deleted
        self._give(prior, (role for role in lost if role.id not in has), user_id=prior.user_id)
        return self._so_far() > before

    def _give(self, prior: Prior, roles: Iterable[Role], *, user_id: str | None) -> None:
        wanted = sorted(roles)
        for role in wanted:
            if role.id not in self.role_ids:
                self.notes.append((prior.email, f"the role {role.name!r}: it no longer exists"))
        if known := tuple(role for role in wanted if role.id in self.role_ids):
            self._add(Change(Kind.ADD_ROLES, prior.email, user_id, known))

    def _add(self, change: Change) -> None:
        self.changes[change.kind].append(change)

    def _so_far(self) -> int:
        return sum(map(len, self.changes.values()))


def attributes_of(prior: Prior) -> dict[str, Any]:
    """What a new account gets to be like the one that was deleted. Auth0 takes no empty strings here."""
    known = {name: prior.profile.get(name) for name in _CREATED}
    known |= {"user_metadata": prior.user_metadata, "app_metadata": prior.app_metadata}
    return {name: value for name, value in known.items() if value not in (None, "", {})}


def _not_brought_back(prior: Prior) -> Iterator[str]:
    identities = prior.profile.get("identities") or []
    if prior.user_id.startswith("auth0|"):
        yield "the password: the person sets a new one with 'forgot password'"
    if factors := prior.profile.get("multifactor"):
        yield f"the MFA factors {', '.join(map(str, factors))}: the person enrols again"
    linked = [f"{one.get('provider')}|{one.get('user_id')}" for one in identities]
    if others := [name for name in linked if name != prior.user_id]:
        yield f"the linked identities {', '.join(others)}: they have to be linked again"
