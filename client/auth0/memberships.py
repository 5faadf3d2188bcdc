"""Who has which role: by the members of each role, or user by user in a pool of processes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from client.auth0.errors import Auth0Error
from client.auth0.paging import checkpointed, numbered, text_of
from client.auth0.pool import PoolError, process_pool
from client.auth0.transport import Transport
from client.phases import Step
from client.side_by_side import side_by_side
from sync.model import Memberships, Role

logger = logging.getLogger(__name__)

_BREAKER = 10  # role reads that fail in a row before the whole read is given up


class _TooCostly(Exception):
    """Reading by role members would cost more than reading user by user."""


class MembershipReading:
    """Reads which of `roles` each of the users has. `workers`: requests in flight, and processes in the pool."""

    def __init__(
        self,
        transport: Transport,
        user_ids: Sequence[str],
        roles: Sequence[Role],
        *,
        workers: int,
        check: Callable[[], None],
        step: Step | None = None,
    ) -> None:
        """`step`: is told how far the reading has come; in roles, or in accounts if read user by user."""
        self._transport, self._user_ids, self._roles = transport, user_ids, roles
        self._workers, self._check = workers, check
        self._step = step or Step("read who has which role")

    def read(self, way: Literal["auto", "members", "pool"]) -> Memberships:
        """`auto` takes the way with fewer requests. How many members a role has is not known before it is
        read, so reading by members stops when it has cost what the other way would cost.
        """
        if not self._user_ids or not self._roles:
            return Memberships({})
        if way == "members":
            return self._by_members(budget=None)
        if way == "auto" and len(self._roles) < len(self._user_ids):
            try:
                return self._by_members(budget=len(self._user_ids))
            except _TooCostly:
                logger.info(
                    "the roles have so many members that reading user by user is cheaper",
                    extra={"event": "roles_read_by_user", "accounts": len(self._user_ids)},
                )
        return self._by_pool()

    def _by_members(self, budget: int | None) -> Memberships:
        ours = set(self._user_ids)
        self._step.count("roles", len(self._roles))
        spent = _Budget(budget)

        def members(role: Role) -> list[str]:
            found: list[str] = []
            pages = checkpointed(spent.counting(self._transport.get), "/roles/{id}/users", "users", id=role.id)
            for page in pages:
                found += (user_id for record in page if (user_id := text_of(record, "user_id")) in ours)
            return found

        having: dict[str, set[str]] = {}
        for role, found in side_by_side(members, self._roles, self._workers):
            for user_id in found:
                having.setdefault(user_id, set()).add(role.id)
            self._step.advance()
        shared = _Shared()
        return Memberships({user_id: shared.set(role_ids) for user_id, role_ids in having.items()})

    def _by_pool(self) -> Memberships:
        user_ids, managed = self._user_ids, {role.id for role in self._roles}
        self._step.count("accounts", len(user_ids))
        having: dict[str, frozenset[str]] = {}
        unknown: dict[str, str] = {}
        shared = _Shared()
        in_a_row = 0
        with process_pool(min(self._workers, len(user_ids)), self._check) as pool:
            read = _RolesOfOne(self._transport.through(pool))
            for user_id, found in side_by_side(read, user_ids, self._workers):
                if isinstance(found, Auth0Error):
                    unknown[user_id] = str(found)
                    in_a_row += 1
                    if in_a_row == min(_BREAKER, len(user_ids)):
                        raise found
                else:
                    having[user_id] = shared.set(managed.intersection(found))
                    in_a_row = 0
                self._step.advance()
        return Memberships(having, unknown)


def role_records(transport: Transport, user_id: str) -> Iterator[dict[str, Any]]:
    """The roles of one user as Auth0 has them. Raises `Auth0Error`, also in the middle."""

    def get(template: str, **asked: Any) -> Any:
        return transport.get(template, id=user_id, **asked)

    for page, _ in numbered(get, "/users/{id}/roles", "roles"):
        yield from page


class _RolesOfOne:
    """Reads the roles of one user: their ids, or the error that this one user ran into."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __call__(self, user_id: str) -> list[str] | Auth0Error:
        try:
            return [text_of(record, "id") for record in role_records(self._transport, user_id)]
        except PoolError:
            raise
        except Auth0Error as error:
            return error


class _Budget:
    """Counts requests, and stops before one too many."""

    def __init__(self, most: int | None) -> None:
        self._most, self._spent, self._lock = most, 0, threading.Lock()

    def counting(self, get: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            with self._lock:
                if self._most is not None and self._spent >= self._most:
                    raise _TooCostly
                self._spent += 1
            return get(*arguments, **options)

        return counted


class _Shared:
    """Equal sets of roles as one object: a million accounts share a few."""

    def __init__(self) -> None:
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def set(self, role_ids: Iterable[str]) -> frozenset[str]:
        wanted = frozenset(role_ids)
        return self._sets.setdefault(wanted, wanted)
