"""A tenant: its accounts, roles, connections and grants. State and rules, no HTTP."""

from __future__ import annotations

import secrets
import threading
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sandbox.clock import Clock, timestamp
from sandbox.connection import Connection, identity, profile_data
from sandbox.handles import Handles
from sandbox.identifiers import DATABASE, DEFAULT_CONNECTION, new_id, new_local_user_id
from sandbox.memberships import Memberships
from sandbox.profile import defaults_for
from sandbox.scopes import SAFE_GRANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sandbox.tokens import Token

Document = dict[str, Any]
"""One JSON object, keys as Auth0 names them."""

DAY = 86_400


class Tenant:
    """The whole state of a tenant; every public method may be called while a server is serving it."""

    def __init__(self, *, clock: Clock = time, name: str = "sandbox") -> None:
        self.clock = clock
        self.name = name
        self.lock = threading.RLock()
        self.users: dict[str, Document] = {}
        self.roles: dict[str, Document] = {}
        self.connections: dict[str, Connection] = {}
        self.memberships = Memberships()
        self.mails: list[Document] = []
        self.tickets: list[Document] = []
        self.password_digests: dict[str, str] = {}
        self.revoked_access: list[str] = []
        self.locked_out: dict[str, list[str]] = {}  # user id to IP addresses, by brute-force protection
        self.client_id = secrets.token_urlsafe(24)
        self.client_secret = secrets.token_urlsafe(48)
        self.scopes: set[str] = set(SAFE_GRANT)
        self.audience: str | None = None
        self.token_lifetime: float = DAY
        self.tokens: dict[str, Token] = {}
        self.client_status: int | None = None
        self.watchers: list[Callable[[str], None]] = []
        self._handles = Handles()
        self.add_connection(DEFAULT_CONNECTION)

    def add_connection(
        self,
        name: str,
        *,
        strategy: str = DATABASE,
        enabled: bool = True,
        requires_username: bool = False,
    ) -> str:
        """Make a connection and return its id, `con_` and 16 characters."""
        with self.lock:
            connection = Connection(new_id("con_"), name, strategy, enabled, requires_username)
            self.connections[connection.id] = connection
            return connection.id

    def connection(self, name: str) -> Connection | None:
        """The connection called `name`."""
        return next((found for found in self.connections.values() if found.name == name), None)

    def add_role(self, name: str, description: str = "") -> str:
        """Make a role and return its id, `rol_` and 16 characters."""
        with self.lock:
            role_id = new_id("rol_")
            self.roles[role_id] = {"id": role_id, "name": name, "description": description or name}
            return role_id

    def role_id(self, name: str) -> str:
        """The id of the role called `name`.

        Raises:
            LookupError: there is none.
        """
        for role_id, role in self.roles.items():
            if role["name"] == name:
                return role_id
        raise LookupError(f"The tenant has no role {name!r}; add_role({name!r}) first.")

    def remove_role(self, role_id: str) -> None:
        """Delete a role and take it from everybody."""
        with self.lock:
            del self.roles[role_id]
            for user_id in self.memberships.forget_role(role_id):
                self.changed(user_id)

    def add_user(
        self,
        email: str | None,
        *,
        roles: Iterable[str] = (),
        connection: str = DEFAULT_CONNECTION,
        provider: str = DATABASE,
        user_id: str | None = None,
        identities: Sequence[Document] | None = None,
        **attributes: object,
    ) -> str:
        """Make an account without any of the rules of POST /users, and return its user_id.

        `user_id` is the full one (`github|12`); without it the account gets a fresh one. `identities`
        replaces the single identity in `connection`; the first is the primary one. `attributes` are
        further root attributes, such as `blocked=True`. A connection that the tenant does not know is
        added, with the provider as its strategy.
        """
        with self.lock:
            full_id = user_id or f"{provider}|{new_local_user_id()}"
            if identities is None:
                if self.connection(connection) is None:
                    self.add_connection(connection, strategy=provider)
                identities = [identity(connection, provider, full_id)]
            document: Document = {}
            if email is not None:
                stored = email.lower() if identities[0]["provider"] == DATABASE else email
                document = {"email": stored, "email_verified": True}
            document |= {"identities": [dict(identity) for identity in identities], **attributes}
            self.store(full_id, document)
            self.assign(full_id, *roles)
            return full_id

    def store(self, user_id: str, document: Document) -> Document:
        """Put a new account in place, with the attributes Auth0 fills in by itself."""
        now = timestamp(self.clock.time())
        stored = {"created_at": now, "updated_at": now, **defaults_for(document), **document}
        stored["user_id"] = user_id
        self.users[user_id] = stored
        self._handles.note(stored)
        self.changed(user_id)
        return stored

    def update_user(self, user_id: str, **attributes: object) -> None:
        """Set root attributes of an account; None takes one away."""
        with self.lock:
            document = self.users[user_id]
            for name, value in attributes.items():
                if value is None:
                    document.pop(name, None)
                else:
                    document[name] = value
            document["updated_at"] = timestamp(self.clock.time())
            self._handles.note(document)
            self.changed(user_id)

    def remove_user(self, user_id: str) -> None:
        """Delete an account with all that hangs on it; nothing happens when there is none."""
        with self.lock:
            self.users.pop(user_id, None)
            self._handles.forget(user_id)
            self.memberships.forget_user(user_id)
            self.password_digests.pop(user_id, None)
            self.changed(user_id)

    def link(
        self,
        account_id: str,
        /,
        *,
        connection: str,
        provider: str,
        user_id: str | None = None,
        email: str | None = None,
    ) -> None:
        """Add a secondary identity to an account; `user_id` is its id there, with or without provider.

        Without `email` nothing is known of it: its `profileData` is empty, and in its connection it is
        taken to have the account's own e-mail.
        """
        with self.lock:
            if self.connection(connection) is None:
                self.add_connection(connection, strategy=provider)
            local = (user_id or new_local_user_id()).removeprefix(f"{provider}|")
            added = identity(connection, provider, f"{provider}|{local}")
            added["profileData"] = profile_data(email, provider)
            self.users[account_id]["identities"].append(added)
            self._handles.note(self.users[account_id])
            self.changed(account_id)

    def assign(self, user_id: str, *names: str) -> None:
        """Give an account these roles, by name."""
        self.give_roles(user_id, [self.role_id(name) for name in names])

    def unassign(self, user_id: str, *names: str) -> None:
        """Take these roles, by name, from an account."""
        self.take_roles(user_id, [self.role_id(name) for name in names])

    def give_roles(self, user_id: str, role_ids: Iterable[str]) -> None:
        """Give an account these roles, by id."""
        with self.lock:
            for role_id in role_ids:
                self.memberships.add(role_id, user_id, self.clock.time())
            self.changed(user_id)

    def take_roles(self, user_id: str, role_ids: Iterable[str]) -> None:
        """Take these roles, by id, from an account."""
        with self.lock:
            for role_id in role_ids:
                self.memberships.remove(role_id, user_id)
            self.changed(user_id)

    def roles_of(self, user_id: str) -> set[str]:
        """The names of the roles that an account has."""
        with self.lock:
            return {self.roles[role_id]["name"] for role_id in self.memberships.roles_of(user_id)}

    def with_email(self, email: str) -> list[Document]:
        """The accounts of all connections whose e-mail is exactly this."""
        return [document for document in self.called("email", email) if document.get("email") == email]

    def called(self, name: str, value: str) -> list[Document]:
        """The accounts with this e-mail, username or phone number, in any case and in any of their identities."""
        return [self.users[user_id] for user_id in self._handles.find(name, value) if user_id in self.users]

    def snapshot(self, connection: str = DEFAULT_CONNECTION) -> dict[str, list[str]]:
        """E-mail to sorted role names, of the accounts whose primary identity is in `connection`.

        Raises:
            ValueError: two of these accounts share an e-mail.
        """
        with self.lock:
            agreed: dict[str, list[str]] = {}
            for user_id, document in self.users.items():
                if document["identities"][0]["connection"] != connection or "email" not in document:
                    continue
                if document["email"] in agreed:
                    raise ValueError(f"Two accounts of {connection} have the e-mail {document['email']}.")
                agreed[document["email"]] = sorted(self.roles_of(user_id))
            return deepcopy(agreed)

    def revoke_tokens(self) -> None:
        """Refuse every token handed out so far with 401; new ones work."""
        with self.lock:
            self.tokens.clear()

    def revoke_client(self, status: int = 401) -> None:
        """Refuse all tokens, and requests for new ones with 401 (bad client) or 403 (no grant)."""
        with self.lock:
            self.tokens.clear()
            self.client_status = status

    def changed(self, user_id: str) -> None:
        """Tell whoever keeps a copy that an account, or its roles, changed."""
        for watcher in self.watchers:
            watcher(user_id)
