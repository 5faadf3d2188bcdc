"""How many requests a change of a tenant takes: the fewest that will do, and those of the naive way."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.population import World

_PAGE = 100  # records an answer, the most that Auth0 gives
_BATCH = 50  # accounts a request that get a role, the most that Auth0 takes
_SEARCHABLE = 1000  # accounts from which on a search does not show all of them
_IMPORTED = 100  # creates from which on an import takes their place
_FILE = 500_000  # bytes that an import takes
_ROW = len('{"email":"","email_verified":false,"user_id":""},') + 24  # bytes a person, besides the e-mail


@dataclass(frozen=True, slots=True)
class Requests:
    """So many requests, by what they were for."""

    reads: int
    creates: int
    given: int
    taken: int
    deletes: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(astuple(self))


@dataclass(frozen=True, slots=True)
class _Difference:
    new: list[str]
    gone: list[str]
    given: list[tuple[str, str]]
    """E-mail and role."""
    taken: list[tuple[str, str]]


def bound(world: World) -> Requests:
    """The fewest requests that make the tenant agree, by Auth0's limits a request.

    Reads: one each for the token and the connection, and one per hundred roles. Accounts: under a thousand one
    per hundred of them (one if there are none); from a thousand on, where a search does not show them all, one
    page of the search, the start of an export and one look at it (its download is from another host, which does
    not count requests). Roles of the accounts: one per hundred members of each role, and one for a role without
    members, because an empty list has to be asked for as well; or one an account, where that is fewer; none
    without accounts.

    Creates: one each; from a hundred on, where waiting for a job is worth while, two per import file of 500,000
    bytes (some 5,000 people): its start and one look at it. Roles given: one per fifty new members of each role,
    or one per person who gets any, if that is fewer. Roles taken: two per person who loses any; deletes: two
    each, because nothing is taken without a fresh look.
    """
    change = _difference(world)
    role_reads = sum(max(1, ceil(members / _PAGE)) for members in _members(world).values())
    return Requests(
        reads=2
        + ceil(len(world.roles) / _PAGE)
        + _account_reads(len(world.actual))
        + min(role_reads, len(world.actual)),
        creates=_creates(change.new),
        given=min(_batches(change.given), _people(change.given)),
        taken=2 * _people(change.taken),
        deletes=2 * len(change.gone),
    )


def naive(world: World) -> Requests:
    """What `bench.naive` sends: a token, a page per hundred roles and per hundred accounts, the roles of each
    account, and one for each account and each role of somebody that comes or goes.
    """
    change = _difference(world)
    accounts = len(world.actual)
    return Requests(
        reads=1 + ceil(len(world.roles) / _PAGE) + max(1, ceil(accounts / _PAGE)) + accounts,
        creates=len(change.new),
        given=len(change.given),
        taken=len(change.taken),
        deletes=len(change.gone),
    )


def _difference(world: World) -> _Difference:
    actual, desired = world.actual, world.desired
    staying = [(email, set(names), set(actual.get(email, ()))) for email, names in desired.items()]
    return _Difference(
        new=[email for email in desired if email not in actual],
        gone=[email for email in actual if email not in desired],
        given=[(email, name) for email, wanted, had in staying for name in wanted - had],
        taken=[(email, name) for email, wanted, had in staying for name in had - wanted],
    )


def _account_reads(accounts: int) -> int:
    return max(1, ceil(accounts / _PAGE)) if accounts < _SEARCHABLE else 3


def _members(world: World) -> dict[str, int]:
    counted = Counter(name for names in world.actual.values() for name in names)
    return {name: counted[name] for name in world.roles}


def _creates(new: list[str]) -> int:
    if len(new) < _IMPORTED:
        return len(new)
    return 2 * ceil(sum(_ROW + len(email) for email in new) / _FILE)


def _batches(pairs: Iterable[tuple[str, str]]) -> int:
    counted = Counter(name for _, name in pairs)
    return sum(ceil(people / _BATCH) for people in counted.values())


def _people(pairs: Iterable[tuple[str, str]]) -> int:
    return len({email for email, _ in pairs})
