"""The plan: a frozen, sorted, countable value with a digest. Desired and actual state in, changes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from sync import address
from sync.brakes import Brakes
from sync.digest import digest
from sync.model import Account, Change, Held, Kind, Memberships, Outcome, Person, Role
from sync.roles import ManagedRoles
from sync.text import visible

if TYPE_CHECKING:
    from sync.desired import Desired  # it loads pandas, which the rest of the room can do without


@dataclass(frozen=True, slots=True)
class Counts:
    """The balance of a plan. `source_rows == people + held + duplicates`;
    `accounts == unchanged + changed + kept_back + protected + held_accounts + out_of_scope`."""

    source_rows: int
    people: int
    held: int
    """People in the source that are held, for whatever reason."""
    duplicates: int
    identical_rows: int
    """The part of the duplicates that says nothing new."""
    accounts: int
    unchanged: int
    changed: int
    kept_back: int
    """Accounts that would be changed, if no brake were on."""
    protected: int
    held_accounts: int
    out_of_scope: int
    accounts_losing_roles: int
    """Accounts that stay and lose at least one managed role, a swap included."""

    @property
    def in_scope(self) -> int:
        """Accounts that this sync could change: the base of the guards' percentages."""
        return self.accounts - self.out_of_scope


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plan has it from who should be there, in words."""

    source: str
    rows: str


QUERY = Source("the source", "source rows")
JOURNAL = Source("the journal", "journal lines")


@dataclass(frozen=True, slots=True)
class Plan:
    """What would make the tenant agree with the source."""

    connection: str
    changes: tuple[Change, ...]
    """In the order of application: by kind, then e-mail, then user id."""
    held: tuple[Held, ...]
    """Everyone left alone because something about them was not understood, by e-mail."""
    counts: Counts
    digest: str
    """sha256 of the connection, the changes and the held; the order of rows and accounts does not matter to it."""
    kept_back: tuple[Outcome, ...] = ()
    """What a brake keeps from being done, each with the brake."""
    source: Source = QUERY
    nobody: bool = False
    """Whether not one row of the query could be understood."""

    def by_kind(self, *kinds: Kind) -> list[Change]:
        """The changes of these kinds, in order."""
        return [change for change in self.changes if change.kind in kinds]


@dataclass(slots=True)
class _Differ:
    desired: Desired
    memberships: Memberships
    shared: Mapping[str, Sequence[Account]]
    roles: Mapping[str, Role]
    is_protected: Callable[[str], bool]
    leaving: Kind
    all_known: bool
    """Whether the memberships are about every role of the tenant."""
    changes: dict[Kind, list[Change]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    held: dict[str, Held] = field(default_factory=dict)
    tally: Counter[str] = field(default_factory=Counter)

    def compare(self, by_key: Mapping[str, Account]) -> None:
        waiting = dict(self.desired.people)  # whose account has not come by yet
        for key, account in by_key.items():
            person = waiting.pop(key, None)
            if person is not None and self._agrees(key, person, account):
                self.tally["unchanged"] += 1
            else:
                self._judge(key, person, self.shared.get(key) or [account])
        for key, person in waiting.items():
            if not self.is_protected(key):
                self._add(Kind.CREATE, person.email)
                self._give(person.email, None, person.roles)

    def _agrees(self, key: str, person: Person, account: Account) -> bool:
        """Whether there is plainly nothing to judge: the short way, for nearly all of a million accounts."""
        return (
            person.email == account.email
            and not account.blocked
            and person.roles == self.memberships.roles.get(account.user_id)
            and account.user_id not in self.memberships.unknown
            and key not in self.shared
            and not self.is_protected(key)
        )

    def _judge(self, key: str, person: Person | None, accounts: Sequence[Account]) -> None:
        """Decide over the accounts (nearly always one) that bear the e-mail `key`."""
        if self.is_protected(key):
            self.tally["protected"] += len(accounts)
        elif reason := self._doubt(key, person, accounts):
            self.tally["held_accounts"] += len(accounts)
            if key not in self.desired.held:
                email = min(account.email or "" for account in accounts)
                shadow = person is None and self.desired.lookalikes.behind(key) is not None
                self.held[key] = Held(email, reason, in_source=person is not None, shadow=shadow)
        else:
            self.tally["changed" if self._change(accounts[0], person) else "unchanged"] += 1

    def _doubt(self, key: str, person: Person | None, accounts: Sequence[Account]) -> str:
        """Why nothing may be changed for `key`, or nothing."""
        if held := self.desired.held.get(key):
            return held.reason
        if len(accounts) > 1:
            names = ", ".join(sorted(account.user_id for account in accounts))
            return f"{len(accounts)} accounts share this e-mail: {names}"
        if unknown := self.memberships.unknown.get(accounts[0].user_id):
            return f"the account's roles could not be read: {unknown}"
        if person and person.email != address.address(accounts[0].email or ""):
            return f"the source has {visible(person.email, 80)!r}, which is not quite this e-mail"
        if not person and (text := self.desired.lookalikes.behind(key)):
            return f"the source has the unreadable e-mail {visible(text, 80)!r}"
        return ""

    def _change(self, account: Account, person: Person | None) -> bool:
        """Plan what makes `account` agree with `person`, and tell whether that is anything."""
        email = account.email or ""
        if person is None:
            if account.blocked and self.leaving is Kind.BLOCK:
                return False
            self._take(self.leaving, account)
            return True
        returns = account.blocked and account.blocked_by_us
        if returns:
            self._add(Kind.UNBLOCK, email, account.user_id)
        has = self.memberships.roles.get(account.user_id, frozenset())
        missing = person.roles - has
        losing = self._named(role_id for role_id in has - person.roles if role_id in self.roles)
        self._give(email, account.user_id, missing)
        if losing:
            self._take(Kind.REMOVE_ROLES, account, losing)
        return bool(returns or missing or losing)

    def _give(self, email: str, user_id: str | None, role_ids: frozenset[str]) -> None:
        if role_ids:
            self._add(Kind.ADD_ROLES, email, user_id, self._named(role_ids))

    def _named(self, role_ids: Iterable[str]) -> tuple[Role, ...]:
        return tuple(sorted(self.roles[role_id] for role_id in role_ids))

    def _take(self, kind: Kind, account: Account, roles: tuple[Role, ...] = ()) -> None:
        has = self.memberships.roles.get(account.user_id, frozenset())
        had = self._named(has) if self.all_known and has <= self.roles.keys() else None
        self.changes[kind].append(Change(kind, account.email or "", account.user_id, roles, had=had))

    def _add(self, kind: Kind, email: str, user_id: str | None = None, roles: tuple[Role, ...] = ()) -> None:
        self.changes[kind].append(Change(kind, email, user_id, roles))


def build(
    desired: Desired,
    accounts: Iterable[Account],
    memberships: Memberships,
    *,
    connection: str,
    roles: ManagedRoles,
    protected: Iterable[str] = (),
    leaving: Kind = Kind.DELETE,
    brakes: Brakes | None = None,
) -> Plan:
    """Compare desired and actual state.

    `accounts` may hold records of other connections: the primary identity of each is looked at here.
    `protected` are globs over e-mails. `leaving`: what becomes of an account that nobody in the source has,
    to delete or to block it.
    """
    by_key: dict[str, Account] = {}
    shared: dict[str, list[Account]] = {}  # only the keys that several bear: a list for each of a million is slow
    read = in_scope = 0
    for account in accounts:
        read += 1
        if account.connection == connection and (key := address.key(account.email or "")):
            in_scope += 1
            if key in by_key:
                shared.setdefault(key, [by_key[key]]).append(account)
            else:
                by_key[key] = account
    by_id, is_protected = {role.id: role for role in roles}, address.matcher(protected)
    differ = _Differ(desired, memberships, shared, by_id, is_protected, leaving, roles.are_all)
    differ.compare(by_key)
    changes, kept_back = (brakes or Brakes()).divide(in_order(differ.changes))
    changed = differ.tally["changed"]
    if kept_back:
        changed = len({change.user_id for change in changes if change.user_id})
    held_by_account = sum(held.in_source for held in differ.held.values())
    counts = Counts(
        source_rows=desired.rows,
        people=len(desired.people) - held_by_account,
        held=len(desired.held) + len(desired.unplaced) + held_by_account,
        duplicates=desired.duplicates,
        identical_rows=desired.identical,
        accounts=read,
        unchanged=differ.tally["unchanged"],
        changed=changed,
        kept_back=differ.tally["changed"] - changed,
        protected=differ.tally["protected"],
        held_accounts=differ.tally["held_accounts"],
        out_of_scope=read - in_scope,
        accounts_losing_roles=sum(change.kind is Kind.REMOVE_ROLES for change in changes),
    )
    held = sorted((*desired.held.values(), *desired.unplaced, *differ.held.values()), key=_held_position)
    known_by = digest(connection, changes, held)
    return Plan(connection, changes, tuple(held), counts, known_by, kept_back, nobody=not desired.people)


def in_order(changes: Mapping[Kind, Iterable[Change]]) -> Iterator[Change]:
    """The order of application: by kind, then e-mail, then user id."""
    for kind in Kind:
        # Of millions, two sorts by a string each take half the time of one by a pair.
        by_id = sorted(changes[kind], key=lambda change: change.user_id or "")
        yield from sorted(by_id, key=attrgetter("email"))


def _held_position(held: Held) -> tuple[str, tuple[int, ...], str]:
    return held.email, held.rows, held.reason
