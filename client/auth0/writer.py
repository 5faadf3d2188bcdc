"""What we tell Auth0. Every write may be repeated without harm, or is looked up before it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from client.auth0 import marks, patches
from client.auth0.errors import Conflict, Malformed, NotFound, Where
from client.auth0.passwords import random_password
from client.auth0.reader import Connection, Reader
from client.auth0.transport import Transport
from sync.model import Account, Edit, Role
from sync.roles import folded


@dataclass(frozen=True, slots=True)
class Created:
    """The account of a person who had none, or had one that was unknown to the lists."""

    user_id: str
    adopted: bool = False
    """Whether it was there already."""
    found: Account | None = None
    """What a look by e-mail has found, if that was needed."""


class Writer:
    """Writes to one connection of a tenant."""

    def __init__(self, transport: Transport, reader: Reader, connection: Connection) -> None:
        """`transport` must be one for writing."""
        self._transport, self._reader, self._connection = transport, reader, connection
        self.namespace = reader.namespace

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
        lost: list[Account] = []
        try:
            created = self._transport.request("POST", "/users", body=body, recover=lambda: self._made(email, lost))
        except Conflict:
            if found := self.adopt(email):
                return found
            raise
        if not isinstance(created, dict) or not isinstance(created.get("user_id"), str):
            raise Malformed("the answer is no user", Where("POST", "/users", 201))
        return Created(created["user_id"], found=lost[-1] if lost else None)

    def adopt(self, email: str) -> Created | None:
        """The account that exists already, or None: this read is immediately consistent."""
        found = self._find(email)
        return Created(found.user_id, adopted=True, found=found) if found else None

    def _made(self, email: str, lost: list[Account]) -> dict[str, str] | None:
        found = self._find(email)
        if found is None:
            return None
        lost.append(found)
        return {"user_id": found.user_id}

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

    def update(self, user_id: str, edits: Sequence[Edit], app_metadata: object = None) -> None:
        """Set attributes, the e-mail and marks. `app_metadata`: what the account has now, if a mark is to change."""
        for body in patches.bodies(edits, app_metadata, self.namespace):
            self._patch(user_id, body)

    def block(self, user_id: str, app_metadata: object, day: str, *, revoke: bool = False) -> None:
        """Block an account and mark it as ours. `app_metadata`: what it has now; `day`: an ISO date.

        `revoke`: end its sessions and refresh tokens too. A mark says until then that this is yet to be done.
        """
        self._mark(user_id, app_metadata, marks.blocked(day, revoke=revoke), blocked=True)
        if revoke:
            self._transport.request("POST", "/users/{id}/revoke-access", body={}, ids={"id": user_id})
            self._mark(user_id, app_metadata, marks.blocked(day, revoke=False))

    def unblock(self, user_id: str, app_metadata: object) -> None:
        """Unblock an account and take the mark away."""
        self._mark(user_id, app_metadata, marks.UNBLOCKED, blocked=False)

    def invited(self, user_id: str, app_metadata: object) -> None:
        """Take away the mark that says that the person is yet to be invited."""
        self._mark(user_id, app_metadata, marks.INVITED)

    def _mark(self, user_id: str, app_metadata: object, changes: Mapping[str, Any], **further: Any) -> None:
        self._patch(user_id, {**further, "app_metadata": marks.changed(app_metadata, self.namespace, changes)})

    def _patch(self, user_id: str, body: Mapping[str, Any]) -> None:
        self._transport.request("PATCH", "/users/{id}", body=body, ids={"id": user_id})

    def create_role(self, name: str) -> str:
        """Create a role and return its id; one of this name that is there by now is as good."""
        body = {"name": name}
        try:
            created = self._transport.request("POST", "/roles", body=body, recover=lambda: self._role(name))
        except Conflict:
            created = self._role(name)
            if created is None:
                raise
        if not isinstance(created, dict) or not isinstance(created.get("id"), str):
            raise Malformed("the answer is no role", Where("POST", "/roles", 200))
        return str(created["id"])

    def _role(self, name: str) -> dict[str, str] | None:
        found = [role for role in self._reader.roles() if folded(role.name) == folded(name)]
        return {"id": found[0].id} if len(found) == 1 else None

    def mail_invitation(self, email: str, client_id: str) -> None:
        """Have Auth0 send the mail with which a person sets a password. It says the same for everybody."""
        body = {"client_id": client_id, "email": email, "connection": self._connection.name}
        self._transport.authenticate("/dbconnections/change_password", body)

    def ticket(self, user_id: str, client_id: str = "") -> str:
        """A link with which a person sets a password: a secret. No mail is sent."""
        body = {"user_id": user_id} | ({"client_id": client_id} if client_id else {})
        made = self._transport.request("POST", "/tickets/password-change", body=body)
        if not isinstance(made, dict) or not isinstance(made.get("ticket"), str):
            raise Malformed("the answer is no ticket", Where("POST", "/tickets/password-change", 201))
        return str(made["ticket"])

    def delete(self, user_id: str) -> None:
        """Delete an account; one that is gone is as good as deleted."""
        try:
            self._transport.request("DELETE", "/users/{id}", ids={"id": user_id})
        except NotFound:
            return
