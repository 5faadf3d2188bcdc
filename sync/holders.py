"""How many have a role, before a plan and after it; and who, where a number of people must always have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sync.model import Account, Change, Kind, Memberships, Role

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Holders:
    """How many accounts that can log in have a role."""

    role: Role
    least: int
    """How many there must be."""
    before: int
    after: int
    lost: tuple[str, ...] = ()
    """The e-mails of those who had it and could log in, and have it or can do so no longer."""


@dataclass(frozen=True, slots=True)
class RoleCount:
    """How many accounts of the connection have a role, blocked ones too."""

    role: Role
    before: int
    after: int


def count_roles(
    roles: Iterable[Role], accounts: Iterable[Account], memberships: Memberships, changes: Iterable[Change]
) -> tuple[RoleCount, ...]:
    """For each role that there is, or is to be created, by name. `accounts` are all of the connection."""
    sets = Counter(memberships.roles.get(account.user_id, _NONE) for account in accounts)  # a few, shared by all
    before: Counter[str] = Counter()
    for role_ids, number in sets.items():
        before.update(dict.fromkeys(role_ids, number))
    after = before.copy()
    for change in changes:
        if change.kind is Kind.ADD_ROLES:
            after.update(role.id for role in change.roles)
        elif change.kind is Kind.REMOVE_ROLES:
            after.subtract(role.id for role in change.roles)
        elif change.kind is Kind.DELETE:
            after.subtract(memberships.roles.get(change.user_id or "", _NONE))
    return tuple(RoleCount(role, before[role.id], after[role.id]) for role in sorted(roles))


def count(
    minimum: Mapping[Role, int], accounts: Iterable[Account], memberships: Memberships, changes: Iterable[Change]
) -> tuple[Holders, ...]:
    """`accounts` are all of the connection; `changes` are in the order of application."""
    if not minimum:
        return ()
    open_, having = set[str](), {role.id: set[str]() for role in minimum}
    emails: dict[str, str] = {}
    for account in accounts:
        if not account.blocked:
            open_.add(account.user_id)
        for role_id in memberships.roles.get(account.user_id, frozenset()) & having.keys():
            having[role_id].add(account.user_id)
            emails[account.user_id] = account.email or account.user_id
    before = {role_id: holders & open_ for role_id, holders in having.items()}
    for change in changes:
        _carry_out(change, open_, having)
    found = []
    for role, least in sorted(minimum.items()):
        after = having[role.id] & open_
        lost = sorted(emails[user_id] for user_id in before[role.id] - after)
        found.append(Holders(role, least, len(before[role.id]), len(after), tuple(lost)))
    return tuple(found)


def _carry_out(change: Change, open_: set[str], having: Mapping[str, set[str]]) -> None:
    who = change.user_id or change.email
    if change.kind in {Kind.CREATE, Kind.UNBLOCK}:
        open_.add(who)
    elif change.kind in {Kind.BLOCK, Kind.DELETE}:
        open_.discard(who)
    for role in change.roles:
        if change.kind is Kind.ADD_ROLES and role.id in having:
            having[role.id].add(who)
        elif change.kind is Kind.REMOVE_ROLES and role.id in having:
            having[role.id].discard(who)
