"""What we ask of Auth0. Nothing here writes; a read that cannot be completed raises, and is never empty."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from client.auth0.errors import Auth0Error, Malformed, NotFound, Where
from client.auth0.exports import export_users
from client.auth0.jobs import Job, progress
from client.auth0.memberships import MembershipReading, role_records
from client.auth0.paging import changed, numbered, text_of
from client.auth0.records import FIELDS, Records, asked
from client.auth0.search import Search, steady
from client.auth0.transport import Transport
from client.phases import Phases, Step
from client.side_by_side import side_by_side
from sync import address, profile
from sync.model import NOTHING, Account, Memberships, Role
from sync.restoring import Present

logger = logging.getLogger(__name__)

_SEARCH_CAP = 1000  # GET /users gives no more; a total of just so many may stand for more
_STRATEGIES = ("auth0", "email")  # POST /users takes these and "sms", which has no e-mail to go by
# All of a user that Auth0's description of GET /users/{id} names.
_ALL_FIELDS = (
    *FIELDS, "email_verified", "username", "phone_number", "phone_verified", "created_at", "updated_at",
    "user_metadata", "picture", "name", "nickname", "given_name", "family_name", "multifactor",
    "multifactor_last_modified", "last_ip", "last_login", "last_password_reset", "logins_count",
)  # fmt: skip
_OF_CONNECTION = "id,name,strategy"
_OF_IDENTITIES = ("connection", "user_id", "provider", "isSocial")  # the others may be tokens of another provider


@dataclass(frozen=True, slots=True)
class Connection:
    """The managed connection."""

    id: str
    name: str
    strategy: str


class Reader:
    """Reads one connection of a tenant."""

    def __init__(  # noqa: PLR0913 - all but two have a default
        self,
        transport: Transport,
        connection: str,
        *,
        namespace: str = "sync",
        workers: int = 4,
        user_read: Literal["auto", "pages", "export"] = "auto",
        role_read: Literal["auto", "members", "pool"] = "auto",
        sleep: Callable[[float], None] = time.sleep,
        check: Callable[[], None] = lambda: None,
        phases: Phases | None = None,
    ) -> None:
        """`connection`: its name. `namespace`: the key of app_metadata where our marks are. `workers`: requests in
        flight, and processes in the pool."""
        self._transport, self._connection, self._workers = transport, connection, workers
        self.namespace, self.records = namespace, Records(connection, namespace)
        self.search = Search(transport, self.records)
        self._user_read, self._role_read = user_read, role_read
        self._sleep, self._check = sleep, check
        self._phases = phases or Phases()
        self._found: Connection | None = None

    def connection(self) -> Connection:
        """The connection by its name. Raises `Auth0Error` when there is none, or none that we can manage."""
        if self._found is None:
            self._found = self._find_connection()
        return self._found

    def _find_connection(self) -> Connection:
        return self._connection_of(self._connection_record(_OF_CONNECTION))

    def _connection_of(self, record: dict[str, Any]) -> Connection:
        return _usable(Connection(str(record.get("id")), self._connection, str(record.get("strategy"))))

    def _connection_record(self, fields: str) -> dict[str, Any]:
        params = {"name": self._connection, "fields": fields, "include_fields": "true"}
        found = self._transport.get("/connections", params=params)
        if not isinstance(found, list):
            raise Malformed("the answer is no list of connections", Where("GET", "/connections", 200))
        for item in found:
            if isinstance(item, dict) and item.get("name") == self._connection:
                return item
        raise Auth0Error(f"there is no connection named {self._connection!r}; check AUTH0_CONNECTION")

    def is_enabled(self) -> bool:
        """Whether an application may use the connection: while none may, Auth0 creates no account in it."""
        clients = self._transport.get("/connections/{id}/clients", params={"take": 1}, id=self.connection().id)
        found = clients.get("clients") if isinstance(clients, dict) else None
        if not isinstance(found, list):
            raise Malformed("the answer has no list of clients", Where("GET", "/connections/{id}/clients", 200))
        return bool(found)

    def takes_usernames(self) -> bool:
        """Whether accounts of the connection have usernames. Where it does not say, they may."""
        record = self._connection_record(f"{_OF_CONNECTION},options")  # they hold secrets too: nothing else is kept
        self._found = self._found or self._connection_of(record)
        options = record.get("options")
        if not isinstance(options, dict):
            return True
        attributes = options.get("attributes")
        return bool(options.get("requires_username")) or (isinstance(attributes, dict) and "username" in attributes)

    def roles(self) -> list[Role]:
        """All roles of the tenant (those that belong to an organization are not its own)."""
        with self._phases.phase("read roles", "roles") as step:
            found = steady(self._roles)
            step.advance(len(found))
        return found

    def _roles(self) -> list[Role]:
        pages = numbered(self._transport.get, "/roles", "roles")
        records = [record for page, _ in pages for record in page]
        if len({text_of(record, "id") for record in records}) != len(records):
            raise changed("/roles")
        return [
            Role(name=text_of(record, "name"), id=text_of(record, "id"))
            for record in records
            if record.get("type", "tenant") == "tenant"
        ]

    def accounts(self, connection: Connection, fields: Sequence[str] = ()) -> list[Account]:
        """All accounts with an identity in the connection; the caller looks at which one is primary.

        `fields`: what their profiles are to have, such as `name` or `app_metadata.team`.
        """
        with self._phases.phase("read accounts", "accounts") as step:
            if self._user_read == "export":
                _, total = next(self.search.pages(self.search.everybody, fields))
            else:
                accounts, total = steady(lambda: self._by_search(fields, step))
                if total < _SEARCH_CAP:
                    return accounts
            step.count("accounts", total)
            return self._beyond_search(connection, fields, step)

    def _by_search(self, fields: Sequence[str], step: Step) -> tuple[list[Account], int]:
        accounts: list[Account] = []
        total = 0
        step.count("accounts", None)
        for records, total in self.search.pages(self.search.everybody, fields):
            if total >= _SEARCH_CAP:
                return [], total
            accounts += (self.records.account(record, fields) for record in records)
            step.total = total
            step.advance(len(records))
        if len({account.user_id for account in accounts}) != total:
            raise changed("/users")
        return accounts, total

    def _beyond_search(self, connection: Connection, fields: Sequence[str], step: Step) -> list[Account]:
        """By an export. `step.total`: how many the search has found."""
        total = step.total or 0
        if self._user_read == "pages":
            raise Auth0Error(
                f"the connection has {total} accounts or more, and GET /users shows only {_SEARCH_CAP}; "
                "set AUTH0_USER_READ to auto or export"
            )

        def seen(job: Job) -> None:
            step.note = f"Auth0 makes the export {progress(job)}".rstrip()

        records = export_users(
            self._transport,
            connection.id,
            asked(fields),
            counted=total,
            sleep=self._sleep,
            check=self._check,
            seen=seen,
        )
        accounts: list[Account] = []
        for record in records:
            accounts.append(self.records.account(record, fields))
            step.note = ""
            step.advance()
        if len({account.user_id for account in accounts}) != len(accounts):
            raise Malformed("the export names an account twice; it cannot be trusted")
        return accounts

    def memberships(self, accounts: Iterable[Account], roles: Sequence[Role]) -> Memberships:
        """Which of `roles` each of the accounts of the connection has."""
        ours = [account.user_id for account in accounts if account.connection == self._connection]
        with self._phases.phase("read who has which role") as step:
            reading = MembershipReading(
                self._transport, ours, roles, workers=self._workers, check=self._check, step=step
            )
            return reading.read(self._role_read)

    def account(self, user_id: str) -> tuple[Account, dict[str, Any]]:
        """One account as it is now, with its record, without secrets: this read does not lag. Raises `NotFound`."""
        params = {"fields": ",".join(_ALL_FIELDS), "include_fields": "true"}
        record = self._transport.get("/users/{id}", params=params, id=user_id)
        account = self.records.account(record)
        known = {name: record[name] for name in _ALL_FIELDS if name in record}
        known["identities"] = [{name: one.get(name) for name in _OF_IDENTITIES} for one in record["identities"]]
        return account, known

    def is_of(self, account: Account, email: str) -> bool:
        """Whether `account` is one of the connection, with this e-mail."""
        return account.connection == self._connection and address.same(account.email, email)

    def roles_of(self, user_id: str) -> list[Role]:
        """All roles of one account, managed or not. Raises `NotFound`."""
        records = role_records(self._transport, user_id)
        return sorted(Role(text_of(record, "name"), text_of(record, "id")) for record in records)

    def lockouts(self, user_id: str) -> list[str]:
        """From where Auth0's brute-force protection keeps the account out: IP addresses. Raises `Auth0Error`."""
        found = self._transport.get("/user-blocks/{id}", id=user_id)
        blocks = found.get("blocked_for") if isinstance(found, dict) else None
        if not isinstance(blocks, list):
            raise Malformed("the answer has no list of blocks", Where("GET", "/user-blocks/{id}", 200))
        return [str(one.get("ip") or "everywhere") for one in blocks if isinstance(one, dict)]

    def present(self, emails: Mapping[str, str], fields: Mapping[str, Iterable[str]] = NOTHING) -> dict[str, Present]:
        """What there is now of some accounts; `emails`: user id to the e-mail that the account had. `fields`: user id
        to those whose values are wanted."""
        there: dict[str, Present] = {}
        with self._phases.phase("read accounts", "accounts", len(emails)) as step:
            for (user_id, _), present in side_by_side(
                lambda entry: self._present(*entry, fields.get(entry[0], ())), emails.items(), self._workers
            ):
                there[user_id] = present
                step.advance()
        return there

    def _present(self, user_id: str, email: str, fields: Iterable[str]) -> Present:
        try:
            account, record = self.account(user_id)
        except NotFound:
            rivals = self.accounts_by_email(email) if email else []
            return Present(None, rivals=tuple(sorted(rival.user_id for rival in rivals)))
        role_ids = frozenset(role.id for role in self.roles_of(user_id))
        return Present(account, role_ids, values=profile.found(record, fields))

    def accounts_by_email(self, email: str) -> list[Account]:
        """The accounts of the connection with this e-mail, as they are now (immediately consistent)."""
        return [account for account in self.all_by_email(email) if account.connection == self._connection]

    def all_by_email(self, email: str, fields: Sequence[str] = ()) -> list[Account]:
        """The accounts with this e-mail in whatever connection, as they are now. `fields`: as in `accounts`."""
        found = self._transport.get("/users-by-email", params={"email": email})
        if not isinstance(found, list):
            raise Malformed("the answer is no list of users", Where("GET", "/users-by-email", 200))
        return [self.records.account(record, fields) for record in found]


def _usable(connection: Connection) -> Connection:
    if connection.strategy not in _STRATEGIES:
        raise Auth0Error(
            f"the connection {connection.name!r} is of the kind {connection.strategy!r}, whose users Auth0's API can "
            "neither create nor delete; AUTH0_CONNECTION must be a database or passwordless e-mail connection"
        )
    return connection
