"""The difference between people and accounts: what each account, and each person without one, needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync import address
from sync.edits import due, first
from sync.matching import Matching, match
from sync.model import NO_MARKS, Account, Cause, Change, Held, Kind, Memberships, Person, Protected, Role
from sync.policy import Policy
from sync.roles import ManagedRoles
from sync.text import visible

if TYPE_CHECKING:
    from sync.desired import Desired  # it loads pandas, which the rest of the room can do without

_NO_ROLES: frozenset[str] = frozenset()


def foreign(account: Account, source_id: str, policy: Policy) -> str:
    """Why an account is not that of whom the source knows by `source_id` (empty: by no key), or nothing."""
    if policy.is_anothers(account):
        return f"the account is that of the job {visible(account.marks.owner, 40)!r} (SYNC_OWNER)"
    if not source_id or account.marks.source_id in ("", source_id):
        return ""
    theirs, ours = visible(account.marks.source_id, 40), visible(source_id, 40)
    return (
        f"{account.user_id} has this e-mail under the key {theirs!r}, the source has it under {ours!r}; if both are "
        "one person, correct the key in the account's app_metadata, else delete the account"
    )


@dataclass(slots=True)
class Differ:
    """Goes through the accounts of one connection once. What it found is in its attributes afterwards."""

    desired: Desired
    memberships: Memberships
    managed: ManagedRoles
    policy: Policy
    about: frozenset[str] | None = None
    """The address keys of those over whom to decide; None for everybody."""
    changes: dict[Kind, list[Change]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    held: dict[str, Held] = field(default_factory=dict)
    protected: list[Protected] = field(default_factory=list)
    newcomers: list[Person] = field(default_factory=list)
    leavers: list[Account] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    in_scope: int = 0
    _shared: dict[str, list[Account]] = field(default_factory=dict)  # only the keys that several bear
    _linked: dict[str, Account] = field(default_factory=dict)  # whose primary identity is elsewhere
    _matching: Matching = field(default_factory=Matching)
    _doubtful: Mapping[str, str] = field(default_factory=dict)
    _protects: bool = False
    _roles: Mapping[str, Role] = field(default_factory=dict)

    def compare(self, connection: str, accounts: Iterable[Account]) -> None:
        """Decide over everybody."""
        self._roles = {role.id: role for role in self.managed}
        by_key = self._by_key(connection, accounts)
        self._matching = self._match(by_key)
        self._doubtful, self._protects = self._matching.accounts, bool(self.policy.protection)
        waiting = dict(self.desired.people)  # whose account has not come by yet
        moved = {user_id: (key, waiting.pop(key)) for user_id, key in self._matching.moved.items()}
        for key, account in by_key.items():
            theirs, person = moved.get(account.user_id, (key, None)) if moved else (key, None)
            if person is None:
                person = waiting.pop(key, None)
            if person is not None and self._agrees(key, person, account):
                self.tally["unchanged"] += 1
            elif person is None and self._is_nobodys_business(key, account):
                self.in_scope -= len(self._shared.get(key, [account]))
            else:
                self._judge(key, theirs, person, self._shared.get(key) or [account])
        for key, person in waiting.items():
            if self.about is None or key in self.about:
                self._welcome(key, person)
        self.tally["inactive"] = sum(person.active is False for person in self.desired.people.values())

    def _by_key(self, connection: str, accounts: Iterable[Account]) -> dict[str, Account]:
        """The accounts in scope by their address keys; of those who share one, the first."""
        by_key: dict[str, Account] = {}
        for account in accounts:
            if account.connection != connection:
                self._linked |= {address.key(email): account for email in account.linked}
            elif key := address.key(account.email or ""):
                self.in_scope += 1
                if key in by_key:
                    self._shared.setdefault(key, [by_key[key]]).append(account)
                else:
                    by_key[key] = account
        return by_key

    def _match(self, by_key: Mapping[str, Account]) -> Matching:
        everybody = [*by_key.values(), *(one for several in self._shared.values() for one in several[1:])]
        return match(
            self.desired.people,
            self.desired.held_ids,
            filter(self.policy.is_ours, everybody),  # the keys of others, and of nobody, may be those of another source
            by_key,
            renames=self.policy.renames,
            hindrance=self._hindrance,
            stays=self._stays,
        )

    def _hindrance(self, account: Account, theirs: str = "") -> str:
        """Why nothing may be changed for an account, or why its person cannot have the e-mail `theirs`."""
        key = address.key(account.email or "")
        if held := self.desired.held.get(key):
            return held.reason
        if len(accounts := self._shared.get(key, [])) > 1:
            return f"{len(accounts)} accounts share this e-mail: {', '.join(sorted(one.user_id for one in accounts))}"
        if unknown := self.memberships.unknown.get(account.user_id):
            return f"the account's roles could not be read: {unknown}"
        return self._link(theirs)

    def _stays(self, account: Account, person: Person) -> bool:
        protected = self.policy.protection.of_person(address.key(person.email))
        return bool(person.active is False or protected or self._protection(address.key(account.email or ""), account))

    def _agrees(self, key: str, person: Person, account: Account) -> bool:
        """Whether there is plainly nothing to judge: the short way, for nearly all of a million accounts."""
        plain = account.marks is NO_MARKS and not person.source_id and not person.profile
        return (
            person.email == account.email
            and not account.blocked
            and person.active is not False
            and person.roles == self.memberships.roles.get(account.user_id)
            and account.user_id not in self.memberships.unknown
            and key not in self._shared
            and not (self._doubtful and account.user_id in self._doubtful)
            and (not self.policy.owner or self.policy.is_ours(account))
            and (plain or not (account.marks.to_invite or due(account, person, self.policy)))
            and not (self._protects and self._protection(key, account))
        )

    def _is_nobodys_business(self, key: str, account: Account) -> bool:
        """Whether it is another job's account, or no job's."""
        if not self.policy.owner or key in self.desired.held or account.user_id in self._matching.accounts:
            return False
        return not any(self.policy.is_ours(one) for one in self._shared.get(key, [account]))

    def _protection(self, key: str, account: Account) -> str:
        has = self.memberships.roles.get(account.user_id, _NO_ROLES)
        return self.policy.protection.of_account(key, account.user_id, has)

    def _judge(self, key: str, theirs: str, person: Person | None, accounts: Sequence[Account]) -> None:
        """Decide over the accounts (nearly always one) that bear the e-mail `key`. `theirs`: that of the person."""
        protections = [self._protection(key, account) for account in accounts]
        why = next(filter(None, protections), "") or (person and self.policy.protection.of_person(theirs))
        if why:
            self.tally["protected"] += len(accounts)
            self.protected += (Protected(account.email or "", account.user_id, why) for account in accounts)
        elif reason := next(self._doubts(key, person, accounts), ""):
            self.tally["held_accounts"] += len(accounts)
            if key not in self.desired.held:
                self._hold(key, accounts, reason, person)
        else:
            self.tally["changed" if self._change(accounts[0], person) else "unchanged"] += 1

    def _hold(self, key: str, accounts: Sequence[Account], reason: str, person: Person | None) -> None:
        email = min(account.email or "" for account in accounts)
        user_id, matching = accounts[0].user_id, self._matching
        by_key = user_id in matching.accounts and user_id not in matching.alone
        of_another = by_key or self.desired.lookalikes.behind(key) is not None
        self.held[key] = Held(email, reason, in_source=person is not None, shadow=person is None and of_another)

    def _doubts(self, key: str, person: Person | None, accounts: Sequence[Account]) -> Iterator[str]:
        """Why nothing may be changed for `key`."""
        account = accounts[0]
        if reason := self._hindrance(account) or self._matching.accounts.get(account.user_id):
            yield reason
        if person is not None:
            yield from self._doubts_of_person(key, person, account)
        elif text := self.desired.lookalikes.behind(key):
            yield f"the source has the unreadable e-mail {visible(text, 80)!r}"

    def _doubts_of_person(self, key: str, person: Person, account: Account) -> Iterator[str]:
        if reason := foreign(account, person.source_id, self.policy):
            yield reason
        if account.user_id in self._matching.moved:
            return
        if key in self._matching.people:
            yield self._matching.people[key]
        if person.email != address.address(account.email or ""):
            yield f"the source has {visible(person.email, 80)!r}, which is not quite this e-mail"

    def _welcome(self, key: str, person: Person) -> None:
        """Decide over a person without an account."""
        policy = self.policy
        if reason := policy.protection.of_person(key):
            self.protected.append(Protected(person.email, None, reason))
        elif reason := self._matching.people.get(key) or self._link(key):
            self.held[key] = Held(person.email, reason)
        elif person.active is not False:
            self.newcomers.append(person)
            self._add(Change(Kind.CREATE, person.email, edits=first(person, policy)))
            self._give(person.email, None, person.roles)
            if policy.invites:
                self._add(Change(Kind.INVITE, person.email))

    def _link(self, key: str) -> str:
        account = self._linked.get(key)
        if account is None:
            return ""
        return f"their account is linked to {account.user_id}, whose primary identity is in {account.connection}"

    def _change(self, account: Account, person: Person | None) -> bool:
        """Plan what makes `account` agree with `person`, and tell whether that is anything."""
        if person is None:
            return self._leave(account, Cause.MISSING)
        if person.active is False:
            return self.policy.is_ours(account) and self._leave(account, Cause.INACTIVE)
        before = self._so_far()
        email, user_id = person.email, account.user_id
        if edits := due(account, person, self.policy):
            kind = Kind.UPDATE if self.policy.is_ours(account) else Kind.ADOPT
            turn = self._matching.turns.get(user_id, 0)
            self._add(Change(kind, email, user_id, edits=edits, source_id=account.marks.source_id, turn=turn))
        if account.blocked and account.blocked_by_us and person.active:
            self._add(Change(Kind.UNBLOCK, email, user_id, source_id=account.marks.source_id))
        has = self.memberships.roles.get(user_id, _NO_ROLES)
        self._give(email, user_id, person.roles - has)
        can_log_in = not account.blocked or (account.blocked_by_us and person.active)
        if account.marks.to_invite and self.policy.invites and can_log_in:
            self._add(Change(Kind.INVITE, email, user_id))
        if losing := self._named(role_id for role_id in has - person.roles if role_id in self._roles):
            self._take(Kind.REMOVE_ROLES, email, account, roles=losing)
        return self._so_far() > before

    def _leave(self, account: Account, cause: Cause) -> bool:
        leaving = self.policy.leaving(account, cause)
        if leaving is None:
            return False
        kind, cause = leaving
        if cause is Cause.MISSING:
            self.leavers.append(account)
        self._take(kind, account.email or "", account, cause=cause)
        return True

    def _give(self, email: str, user_id: str | None, role_ids: frozenset[str]) -> None:
        if role_ids:
            self._add(Change(Kind.ADD_ROLES, email, user_id, self._named(role_ids)))

    def _named(self, role_ids: Iterable[str]) -> tuple[Role, ...]:
        return tuple(sorted(self._roles[role_id] for role_id in role_ids))

    def _take(
        self, kind: Kind, email: str, account: Account, *, roles: tuple[Role, ...] = (), cause: Cause | None = None
    ) -> None:
        has = self.memberships.roles.get(account.user_id, _NO_ROLES)
        had = self._named(has) if self.managed.are_all and has <= self._roles.keys() else None
        source_id = account.marks.source_id
        self._add(Change(kind, email, account.user_id, roles, had=had, cause=cause, source_id=source_id))

    def _add(self, change: Change) -> None:
        self.changes[change.kind].append(change)

    def _so_far(self) -> int:
        return sum(map(len, self.changes.values()))
