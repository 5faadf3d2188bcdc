"""What search, role listings and exports see: the accounts as they are, or as they were a while ago."""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sandbox.memberships import Member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.clock import Clock
    from sandbox.tenant import Document, Tenant


class View(Protocol):
    """Accounts and role members, at some moment."""

    def accounts(self) -> Mapping[str, Document]:
        """The accounts, oldest first."""
        ...

    def members_of(self, role_id: str) -> Sequence[Member]:
        """The members of a role in the order of their assignment."""
        ...


class Present:
    """The accounts as they are."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def accounts(self) -> Mapping[str, Document]:
        """The accounts, oldest first."""
        return self._tenant.users

    def members_of(self, role_id: str) -> Sequence[Member]:
        """The members of a role in the order of their assignment."""
        return self._tenant.memberships.members_of(role_id)


class _Change(NamedTuple):
    at: float
    user_id: str
    document: dict[str, Any] | None
    roles: Mapping[str, float]


class Past:
    """The accounts as they were `lag` seconds ago; what was there at the start counts as long settled."""

    def __init__(self, tenant: Tenant, lag: float, clock: Clock) -> None:
        self._tenant = tenant
        self._lag = lag
        self._clock = clock
        self._accounts: dict[str, Document] = {}
        self._roles: dict[str, Mapping[str, float]] = {}
        self._pending: deque[_Change] = deque()
        for user_id in tenant.users:
            self._apply(self._look(user_id))

    def note(self, user_id: str) -> None:
        """An account just changed."""
        self._pending.append(self._look(user_id))

    def accounts(self) -> Mapping[str, Document]:
        """The accounts, oldest first."""
        self._catch_up()
        return self._accounts

    def members_of(self, role_id: str) -> Sequence[Member]:
        """The members of a role in the order of their assignment."""
        self._catch_up()
        return sorted(Member(roles[role_id], user_id) for user_id, roles in self._roles.items() if role_id in roles)

    def _look(self, user_id: str) -> _Change:
        document = deepcopy(self._tenant.users.get(user_id))
        roles = self._tenant.memberships.assignments_of(user_id)
        return _Change(self._clock.time(), user_id, document, roles)

    def _catch_up(self) -> None:
        settled = self._clock.time() - self._lag
        while self._pending and self._pending[0].at <= settled:
            self._apply(self._pending.popleft())

    def _apply(self, change: _Change) -> None:
        if change.document is None:
            self._accounts.pop(change.user_id, None)
            self._roles.pop(change.user_id, None)
        else:
            self._accounts[change.user_id] = change.document
            self._roles[change.user_id] = change.roles


def view_of(tenant: Tenant, lag: float, clock: Clock) -> View:
    """The present without lag; otherwise the past, kept up to date by the tenant."""
    if lag <= 0:
        return Present(tenant)
    past = Past(tenant, lag, clock)
    tenant.watchers.append(past.note)
    return past
