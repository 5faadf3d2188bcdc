"""The plan: a frozen, sorted, countable value with a digest. Desired and actual state in, changes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from sync import holders
from sync.brakes import Brakes
from sync.difference import Differ
from sync.digest import digest
from sync.holders import Holders, RoleCount
from sync.model import NEW_ROLE, Account, Change, Held, Kind, Memberships, Outcome, Protected
from sync.policy import Policy
from sync.resemblance import PossibleRename, possible_renames
from sync.roles import ManagedRoles

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
    inactive: int = 0
    """Those of the people whom the source calls inactive; who of them has no account gets none."""

    @property
    def in_scope(self) -> int:
        """Accounts that this sync could change: the base of the guards' percentages."""
        return self.accounts - self.out_of_scope


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plan has it from who should be there, in words."""

    source: str
    rows: str


PHASES: tuple[tuple[Kind, ...], ...] = (
    (Kind.CREATE_ROLE,), (Kind.CREATE,), (Kind.ADOPT, Kind.UPDATE), (Kind.UNBLOCK,), (Kind.ADD_ROLES,), (Kind.INVITE,),
    (Kind.REMOVE_ROLES,), (Kind.BLOCK,), (Kind.DELETE,),
)  # fmt: skip
"""The kinds in the order of application; those that can change e-mails go together, in turns."""
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
    protected: tuple[Protected, ...] = ()
    """Everyone left alone because the operator has named them, by e-mail."""
    possible_renames: tuple[PossibleRename, ...] = ()
    holders: tuple[Holders, ...] = ()
    """Of the roles that a number of people must always have."""
    roles: tuple[RoleCount, ...] = ()
    """Of the managed roles, by name; nothing where not all accounts were read."""
    whole: bool = True
    """Whether all accounts of the connection were read, not just those of a few people."""

    def by_kind(self, *kinds: Kind) -> list[Change]:
        """The changes of these kinds, in order."""
        return [change for change in self.changes if change.kind in kinds]


def build(
    desired: Desired,
    accounts: Iterable[Account],
    memberships: Memberships,
    *,
    connection: str,
    roles: ManagedRoles,
    policy: Policy | None = None,
    brakes: Brakes | None = None,
    about: frozenset[str] | None = None,
) -> Plan:
    """Compare desired and actual state.

    `accounts` may hold records of other connections: the primary identity of each is looked at here. `about`: where
    not all accounts were read, the address keys of the people to whom those belong that were.
    """
    policy, brakes, read = policy or Policy(), brakes or Brakes(), list(accounts)
    differ = Differ(desired, memberships, roles, policy, about)
    differ.compare(connection, read)
    changes, kept_back = brakes.divide(in_order(differ.changes))
    changes = (*_roles_to_create(changes), *changes)
    held = sorted((*desired.held.values(), *desired.unplaced, *differ.held.values()), key=_held_position)
    ours = [account for account in read if account.connection == connection]
    return Plan(
        connection,
        changes,
        tuple(held),
        _counts(desired, differ, len(read), changes, braked=bool(kept_back)),
        digest(connection, changes, held),
        kept_back,
        nobody=not desired.people,
        protected=tuple(sorted(differ.protected, key=lambda one: (one.email, one.user_id or ""))),
        possible_renames=possible_renames(differ.newcomers, differ.leavers, changes),
        holders=holders.count(policy.minimum, ours, memberships, changes) if about is None else (),
        roles=holders.count_roles(roles, ours, memberships, changes) if about is None else (),
        whole=about is None,
    )


def _roles_to_create(changes: Iterable[Change]) -> list[Change]:
    """A role is only created if somebody gets it."""
    given = {role for change in changes if change.kind is Kind.ADD_ROLES for role in change.roles}
    return [Change(Kind.CREATE_ROLE, "", roles=(role,)) for role in sorted(given) if role.id.startswith(NEW_ROLE)]


def _counts(desired: Desired, differ: Differ, read: int, changes: Iterable[Change], *, braked: bool) -> Counts:
    tally = differ.tally
    held_by_account = sum(held.in_source for held in differ.held.values())
    changed = tally["changed"]
    if braked:
        changed = len({change.user_id for change in changes if change.user_id})
    return Counts(
        source_rows=desired.rows,
        people=len(desired.people) - held_by_account,
        held=len(desired.held) + len(desired.unplaced) + held_by_account,
        duplicates=desired.duplicates,
        identical_rows=desired.identical,
        accounts=read,
        unchanged=tally["unchanged"],
        changed=changed,
        kept_back=tally["changed"] - changed,
        protected=tally["protected"],
        held_accounts=tally["held_accounts"],
        out_of_scope=read - differ.in_scope,
        accounts_losing_roles=sum(change.kind is Kind.REMOVE_ROLES for change in changes),
        inactive=tally["inactive"],
    )


def in_order(changes: Mapping[Kind, Iterable[Change]]) -> Iterator[Change]:
    """The order of application: by kind, then (where e-mails change hands) by turn, then e-mail, then user id."""
    for kinds in PHASES:
        together = [change for kind in kinds for change in changes[kind]]
        # Of millions, two sorts by a string each take half the time of one by a pair.
        by_id = sorted(together, key=lambda change: change.user_id or "")
        by_email = sorted(by_id, key=attrgetter("email"))
        yield from sorted(by_email, key=attrgetter("turn")) if len(kinds) > 1 else by_email


def _held_position(held: Held) -> tuple[str, tuple[int, ...], str]:
    return held.email, held.rows, held.reason
