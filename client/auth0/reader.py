"""What we ask of Auth0. Nothing here writes; a read that cannot be completed raises, and is never empty."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from client.auth0.errors import Auth0Error, Malformed, Where
from client.auth0.jobs import export_users
from client.auth0.paging import PAGE, ListChanged, changed, checkpointed, numbered
from client.auth0.pool import PoolError, process_pool
from client.auth0.transport import Transport
from client.side_by_side import side_by_side
from sync.model import Account, Memberships, Role

logger = logging.getLogger(__name__)

_SEARCH_CAP = 1000  # GET /users gives no more; a total of just so many may stand for more
_LIST_TRIES = 3  # for a list that changes while it is read
_STRATEGIES = ("auth0", "email")  # POST /users takes these and "sms", which has no e-mail to go by
_FIELDS = ("user_id", "email", "identities")
_BREAKER = 10  # role reads that fail in a row before the whole read is given up

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Connection:
    """The managed connection."""

    id: str
    name: str
    strategy: str


class _TooCostly(Exception):
    """Reading by role members would cost more than reading user by user."""


class Reader:
    """Reads one connection of a tenant."""

    def __init__(
        self,
        transport: Transport,
        connection: str,
        *,
        workers: int = 4,
        user_read: Literal["auto", "pages", "export"] = "auto",
        role_read: Literal["auto", "members", "pool"] = "auto",
        sleep: Callable[[float], None] = time.sleep,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """`connection`: its name. `workers`: requests in flight, and processes in the pool."""
        self._transport, self._connection, self._workers = transport, connection, workers
        self._user_read, self._role_read = user_read, role_read
        self._sleep, self._check = sleep, check

    def connection(self) -> Connection:
        """The connection by its name. Raises `Auth0Error` when there is none, or none that we can manage."""
        params = {"name": self._connection, "fields": "id,name,strategy", "include_fields": "true"}
        found = self._transport.get("/connections", params=params)
        if not isinstance(found, list):
            raise Malformed("the answer is no list of connections", Where("GET", "/connections", 200))
        for item in found:
            if isinstance(item, dict) and item.get("name") == self._connection:
                return _usable(Connection(str(item.get("id")), self._connection, str(item.get("strategy"))))
        raise Auth0Error(f"there is no connection named {self._connection!r}; check AUTH0_CONNECTION")

    def roles(self) -> list[Role]:
        """All roles of the tenant (those that belong to an organization are not its own)."""
        return _steady(self._roles)

    def _roles(self) -> list[Role]:
        pages = numbered(self._transport.get, "/roles", "roles")
        records = [record for page, _ in pages for record in page]
        if len({_text(record, "id") for record in records}) != len(records):
            raise changed("/roles")
        return [
            Role(name=_text(record, "name"), id=_text(record, "id"))
            for record in records
            if record.get("type", "tenant") == "tenant"
        ]

    def accounts(self, connection: Connection) -> list[Account]:
        """All accounts with an identity in the connection; the caller looks at which one is primary."""
        if self._user_read == "export":
            _, total = next(self._search())
            return self._by_export(connection, at_least=total)
        accounts, total = _steady(self._by_search)
        return accounts if total < _SEARCH_CAP else self._beyond_search(connection, total)

    def _search(self) -> Iterator[tuple[list[dict[str, Any]], int]]:
        name = self._connection.replace("\\", "\\\\").replace('"', '\\"')
        query = f'identities.connection:"{name}"'
        params = {"q": query, "search_engine": "v3", "sort": "created_at:1"}
        params |= {"fields": ",".join(_FIELDS), "include_fields": "true"}
        return numbered(self._transport.get, "/users", "users", **params)

    def _by_search(self) -> tuple[list[Account], int]:
        accounts: list[Account] = []
        total = 0
        for records, total in self._search():
            if total >= _SEARCH_CAP:
                return [], total
            accounts += map(_account, records)
        if len({account.user_id for account in accounts}) != total:
            raise changed("/users")
        return accounts, total

    def _beyond_search(self, connection: Connection, total: int) -> list[Account]:
        if self._user_read == "pages":
            raise Auth0Error(
                f"the connection has {total} accounts or more, and GET /users shows only {_SEARCH_CAP}; "
                "set AUTH0_USER_READ to auto or export"
            )
        return self._by_export(connection, at_least=total)

    def _by_export(self, connection: Connection, *, at_least: int) -> list[Account]:
        """`at_least`: what the search counted. It lags behind, so a few of them may be gone."""
        records = export_users(self._transport, connection.id, _FIELDS, sleep=self._sleep, check=self._check)
        accounts = []
        for number, record in enumerate(records):
            if number % PAGE == 0:
                self._check()
            accounts.append(_account(record))
        if len(accounts) < at_least - max(min(10, at_least // 2), at_least // 100):
            how_many = f"the export has {len(accounts)} accounts, but the search counted {at_least}"
            raise Malformed(f"{how_many}; a list that is not complete is not used")
        if len({account.user_id for account in accounts}) != len(accounts):
            raise Malformed("the export names an account twice; it cannot be trusted")
        return accounts

    def memberships(self, accounts: Iterable[Account], roles: Sequence[Role]) -> Memberships:
        """Which of `roles` each of the accounts has: by role members or user by user.

        `auto` takes the way with fewer requests. How many members a role has is not known before it is
        read, so reading by members stops when it has cost what the other way would cost.
        """
        ours = [account.user_id for account in accounts if account.connection == self._connection]
        if not ours or not roles:
            return Memberships({})
        if self._role_read == "members":
            return self._by_members(ours, roles, budget=None)
        if self._role_read == "auto" and len(roles) < len(ours):
            try:
                return self._by_members(ours, roles, budget=len(ours))
            except _TooCostly:
                logger.info("the roles have so many members that reading user by user is cheaper")
        return self._by_pool(ours, roles)

    def _by_members(self, user_ids: Sequence[str], roles: Sequence[Role], budget: int | None) -> Memberships:
        ours = set(user_ids)
        spent = _Budget(budget)

        def members(role: Role) -> list[str]:
            found: list[str] = []
            pages = checkpointed(spent.counting(self._transport.get), "/roles/{id}/users", "users", id=role.id)
            for page in pages:
                found += (user_id for record in page if (user_id := _user_id(record)) in ours)
            return found

        having: dict[str, set[str]] = {}
        for role, found in side_by_side(members, roles, self._workers):
            for user_id in found:
                having.setdefault(user_id, set()).add(role.id)
        shared = _Shared()
        return Memberships({user_id: shared.set(role_ids) for user_id, role_ids in having.items()})

    def _by_pool(self, user_ids: Sequence[str], roles: Sequence[Role]) -> Memberships:
        managed = {role.id for role in roles}
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
        return Memberships(having, unknown)

    def account(self, user_id: str) -> Account:
        """One account as it is now: this read is immediately consistent. Raises `NotFound`."""
        params = {"fields": ",".join(_FIELDS), "include_fields": "true"}
        return _account(self._transport.get("/users/{id}", params=params, id=user_id))

    def accounts_by_email(self, email: str) -> list[Account]:
        """The accounts of the connection with this e-mail, as they are now (immediately consistent)."""
        found = self._transport.get("/users-by-email", params={"email": email})
        if not isinstance(found, list):
            raise Malformed("the answer is no list of users", Where("GET", "/users-by-email", 200))
        return [account for account in map(_account, found) if account.connection == self._connection]


class _RolesOfOne:
    """Reads the roles of one user: their ids, or the error that this one user ran into."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __call__(self, user_id: str) -> list[str] | Auth0Error:
        def get(template: str, **asked: Any) -> Any:
            return self._transport.get(template, id=user_id, **asked)

        try:
            pages = numbered(get, "/users/{id}/roles", "roles")
            return [_text(record, "id") for page, _ in pages for record in page]
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


def _usable(connection: Connection) -> Connection:
    if connection.strategy not in _STRATEGIES:
        raise Auth0Error(
            f"the connection {connection.name!r} is of the kind {connection.strategy!r}, whose users Auth0's API can "
            "neither create nor delete; AUTH0_CONNECTION must be a database or passwordless e-mail connection"
        )
    return connection


def _steady(read: Callable[[], Read]) -> Read:
    """What `read` returns, read again if the list changed meanwhile; a list that never rests is an error."""
    for attempt in range(1, _LIST_TRIES):
        try:
            return read()
        except ListChanged as error:
            logger.info("%s; reading it again (%s)", error, attempt)
    return read()


def _account(record: dict[str, Any]) -> Account:
    """Raises `Malformed` for a record whose connection cannot be told: it is on no account ours to change."""
    user_id = _user_id(record)
    identities = record.get("identities")
    if not isinstance(identities, list) or not identities or not all(isinstance(i, dict) for i in identities):
        raise Malformed(f"the record of {user_id} has no identities")
    primary = next((i for i in identities if f"{i.get('provider')}|{i.get('user_id')}" == user_id), identities[0])
    email = record.get("email")
    return Account(user_id, str(email) if email else None, str(primary.get("connection") or ""))


def _user_id(record: Any) -> str:
    return _text(record, "user_id")


def _text(record: Any, name: str) -> str:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, str) or not value:
        raise Malformed(f"a record of the answer has no {name}")
    return value
