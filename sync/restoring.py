"""The way back: what a journal says was there, and what is there now, as a plan that takes nothing from anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync import address
from sync.brakes import Brakes
from sync.digest import digest
from sync.model import Account, Change, Edit, Held, Kind, Prior, Role
from sync.plan import JOURNAL, Counts, Plan, in_order
from sync.profile import agree
from sync.protection import Protection

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
    values: Mapping[str, Any] = field(default_factory=dict)
    """Field to value, of the fields that the journal says were overwritten."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """A plan, and what it cannot bring back."""

    plan: Plan
    notes: tuple[tuple[str, str], ...]
    """E-mail and what the person has to do or know, in the plan's order."""


def fields(journal: Iterable[Prior]) -> dict[str, list[str]]:
    """User id to the fields that were overwritten."""
    return {prior.user_id: [edit.field for edit in prior.edits] for prior in journal if prior.edits}


def build(
    journal: Sequence[Prior],
    present: Mapping[str, Present],
    *,
    connection: str,
    roles: Iterable[Role],
    protection: Protection | None = None,
    brakes: Brakes | None = None,
) -> Restoration:
    """What undoes the run that wrote `journal`. `present` has an entry for each of its user ids."""
    priors: dict[str, dict[bool, Prior]] = {}
    for prior in journal:  # of two lines about one account and the same thing, the first
        priors.setdefault(prior.user_id, {}).setdefault(bool(prior.edits), prior)
    undoing = _Undoing(connection, {role.id for role in roles}, protection or Protection())
    for user_id, lines in priors.items():
        undoing.judge(present[user_id], overwritten=lines.get(True), taken=lines.get(False))
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
    protection: Protection
    changes: dict[Kind, list[Change]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    held: list[Held] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)

    def judge(self, now: Present, *, overwritten: Prior | None, taken: Prior | None) -> None:
        """Undo what was done to one account: some of its values overwritten, something taken from it, or both."""
        prior = taken or overwritten
        if prior is None:
            return
        there = now.account is not None
        if self.protection.of_account(address.key(prior.email), prior.user_id, now.roles):
            self.tally["protected"] += there
        elif reason := self._doubt(prior, overwritten, now):
            self.held.append(Held(prior.email, reason))
            self.tally["held_accounts"] += there
        elif now.account is None:
            self._make(prior)
        else:
            before = self._so_far()
            if overwritten:
                self._write_back(overwritten, now)
            if taken:
                self._give_back(taken, now.account, now.roles)
            self.tally["changed"] += self._so_far() > before

    def _doubt(self, prior: Prior, overwritten: Prior | None, now: Present) -> str:
        if now.account is None:
            if prior.kind is not Kind.DELETE:
                return "the account is gone, and this run did not delete it; look into the later journals"
            if now.rivals:
                return f"another account has this e-mail by now: {', '.join(now.rivals)}"
            return ""
        emails = {prior.email}
        if overwritten:
            emails |= {overwritten.email, *(edit.new for edit in overwritten.edits if edit.field == "email")}
        if now.account.connection != self.connection or not any(address.same(now.account.email, one) for one in emails):
            return f"the account is another person's by now: {now.account.email}"
        return ""

    def _write_back(self, prior: Prior, now: Present) -> None:
        """Only what is still as that run left it: what somebody has changed since is theirs."""
        edits: list[Edit] = []
        for edit in prior.edits:
            has = now.values.get(edit.field)
            old = edit.old
            if edit.field == "email_verified" and old is None:
                old = prior.profile.get(edit.field, has)  # it has to be yes or no
            if agree(edit.field, edit.new, has, None):
                edits.append(Edit(edit.field, has, old))
            elif not agree(edit.field, old, has, None):
                self.notes.append((prior.email, f"{edit.field}: somebody has changed it since, it stays"))
        by_field = {edit.field for edit in edits}
        if "email" not in by_field:  # else Auth0 forgets what is said of it, so that it is said again
            edits = [edit for edit in edits if not agree(edit.field, edit.new, edit.old, None)]
        if "email" in by_field and "email_verified" not in by_field and prior.profile.get("email_verified"):
            edits.append(Edit("email_verified", old=False, new=True))  # Auth0 takes a new e-mail for one that is not
        if edits:
            # Who was the last to get another e-mail is the first to give it back.
            turn = -len(self.changes[Kind.UPDATE]) if "email" in by_field else 1
            self._add(Change(Kind.UPDATE, prior.email, prior.user_id, edits=tuple(edits), turn=turn))

    def _make(self, prior: Prior) -> None:
        self._add(Change(Kind.CREATE, prior.email, prior.user_id, attributes=attributes_of(prior)))
        self._give(prior, prior.roles, user_id=None)
        self.notes += ((prior.email, note) for note in _not_brought_back(prior))

    def _give_back(self, prior: Prior, account: Account, has: frozenset[str]) -> None:
        if prior.kind is Kind.BLOCK and account.blocked and not prior.profile.get("blocked"):
            if account.blocked_by_us:
                self._add(Change(Kind.UNBLOCK, prior.email, prior.user_id))
            else:
                self.notes.append((prior.email, "the block: an administrator has set one meanwhile, it stays"))
        lost = prior.roles if prior.kind is Kind.DELETE else prior.taken  # half restored already, or never deleted
        self._give(prior, (role for role in lost if role.id not in has), user_id=prior.user_id)

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
