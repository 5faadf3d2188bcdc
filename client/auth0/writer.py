"""What we tell Auth0. Every write may be repeated without harm, or is looked up before it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from client.auth0 import marks
from client.auth0.errors import Conflict, Malformed, NotFound, Where
from client.auth0.passwords import random_password
from client.auth0.reader import Connection, Reader
from client.auth0.transport import Transport
from sync.model import Account, Role


@dataclass(frozen=True, slots=True)
class Created:
    """The account of a person who had none. `adopted`: it was there already, unknown to the lists."""

    user_id: str
    adopted: bool


class Writer:
    """Writes to one connection of a tenant."""

    def __init__(self, transport: Transport, reader: Reader, connection: Connection) -> None:
        """`transport` must be one for writing."""
        self._transport, self._reader, self._connection = transport, reader, connection

    def create(self, email: str, user_id: str = "", attributes: Mapping[str, Any] | None = None) -> Created:
        """Create an account with a password that nobody knows; no mail is sent.

        `user_id`: the id that it is to have; else Auth0 finds one. `attributes`: what else it is to have.

        A creation whose answer was lost is looked up by e-mail, a read that is immediately consistent, and
        only repeated if it is not there. An account that exists already is adopted.
        """
        body: dict[str, Any] = {"connection": self._connection.name, "email": email, "verify_email": False}
        body |= attributes or {}
        if user_id:
            body["user_id"] = user_id.partition("|")[2]  # Auth0 puts the strategy before it
        if self._connection.strategy == "auth0":
            body["password"] = random_password()
        try:
            created = self._transport.request("POST", "/users", body=body, recover=lambda: self._made(email))
        except Conflict:
            if found := self.adopt(email):
                return found
            raise
        if not isinstance(created, dict) or not isinstance(created.get("user_id"), str):
            raise Malformed("the answer is no user", Where("POST", "/users", 201))
        return Created(created["user_id"], adopted=False)

    def adopt(self, email: str) -> Created | None:
        """The account that exists already, or None: this read is immediately consistent."""
        found = self._find(email)
        return Created(found.user_id, adopted=True) if found else None

    def _made(self, email: str) -> dict[str, str] | None:
        found = self._find(email)
        return {"user_id": found.user_id} if found else None

    def _find(self, email: str) -> Account | None:
        found = [account for account in self._reader.accounts_by_email(email) if self._reader.is_of(account, email)]
        return found[0] if len(found) == 1 else None

    def give_role(self, role: Role, user_ids: Sequence[str]) -> None:
        """Give a role to many accounts: to all of them or, when Auth0 does not accept one, to none.

        Giving it twice is harmless.
        """
        self._transport.request("POST", "/roles/{id}/users", body={"users": list(user_ids)}, ids={"id": role.id})

    def remove_roles(self, user_id: str, roles: Iterable[Role]) -> None:
        """Take roles from an account; taking one twice is harmless. Auth0 has no batch for this."""
        body = {"roles": [role.id for role in roles]}
        self._transport.request("DELETE", "/users/{id}/roles", body=body, ids={"id": user_id})

    def block(self, user_id: str, app_metadata: object, day: str) -> None:
        """Block an account and mark it as ours. `app_metadata`: what it has now; `day`: an ISO date."""
        body = {"blocked": True, "app_metadata": marks.with_mark(app_metadata, day)}
        self._transport.request("PATCH", "/users/{id}", body=body, ids={"id": user_id})

    def unblock(self, user_id: str, app_metadata: object) -> None:
        """Unblock an account and take the mark away."""
        body = {"blocked": False, "app_metadata": marks.without_mark(app_metadata)}
        self._transport.request("PATCH", "/users/{id}", body=body, ids={"id": user_id})

    def delete(self, user_id: str) -> None:
        """Delete an account; one that is gone is as good as deleted."""
        try:
            self._transport.request("DELETE", "/users/{id}", ids={"id": user_id})
        except NotFound:
            return
