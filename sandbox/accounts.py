"""The rules by which POST and PATCH /users make and change accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.connection import identity
from sandbox.errors import MISSING_USERNAME, ApiError, bad_request, invalid_body, user_exists
from sandbox.handles import clash, with_stored_handles
from sandbox.identifiers import PASSWORDLESS, is_enterprise, new_local_user_id
from sandbox.passwords import digest_of

if TYPE_CHECKING:
    from sandbox.behaviour import Behaviour
    from sandbox.connection import Connection
    from sandbox.tenant import Document, Tenant

_MODIFIERS = frozenset({"connection", "client_id", "password", "verify_email", "verify_phone_number"})
_METADATA = ("user_metadata", "app_metadata")
_PROFILE = ("family_name", "given_name", "name", "nickname", "picture")
_APART = (
    ("password", "email"),
    ("password", "email_verified"),
    ("username", "email"),
    ("username", "email_verified"),
    ("username", "password"),
)
_SYNCED = (
    "The following user attributes cannot be updated: {names}. The connection must either be a database "
    "connection (using the Auth0 store), a passwordless connection (email or sms) or has disabled "
    "'Sync user profile attributes at each login'."
)


def create_account(tenant: Tenant, body: Document, behaviour: Behaviour) -> Document:
    """Make the account that a checked POST /users body asks for.

    Raises:
        ApiError: 400 or 409.
    """
    connection = _writable_connection(tenant, body)
    _check_handles(body, connection)
    digest = _password_digest(body, connection)
    user_id = f"{connection.strategy}|{body.get('user_id') or new_local_user_id()}"
    stored = with_stored_handles(body, connection, behaviour)
    if user_id in tenant.users or clash(tenant, connection, stored, behaviour) is not None:
        raise user_exists()
    document = {name: value for name, value in stored.items() if name not in _MODIFIERS | {"user_id"}}
    email = document.get("email")
    if email is not None:
        document.setdefault("email_verified", False)
    document["identities"] = [identity(connection.name, connection.strategy, user_id)]
    account = tenant.store(user_id, document)
    if digest is not None:
        tenant.password_digests[user_id] = digest
    if email is not None and body.get("verify_email", not document["email_verified"]):
        tenant.mails.append({"kind": "verification", "to": email, "user_id": user_id})
    return account


def update_account(tenant: Tenant, user_id: str, body: Document, behaviour: Behaviour) -> Document:
    """Change an account as a checked PATCH /users/{id} body asks; metadata is merged at the first level.

    Raises:
        ApiError: 400, or 409 where `behaviour` has it for a handle that is taken.
    """
    document = tenant.users[user_id]
    connection = _targeted_connection(tenant, document, body)
    stored = with_stored_handles(body, connection, behaviour)
    _check_update(tenant, document, connection, stored, behaviour)
    changes = {name: value for name, value in stored.items() if name not in _MODIFIERS}
    for name in _METADATA:
        if name in changes:
            changes[name] = _merged(document.get(name, {}), changes[name], behaviour)
    if changes.get("email") not in (None, document.get("email")):
        changes.setdefault("email_verified", False)
    if "password" in body:
        tenant.password_digests[user_id] = digest_of(body["password"])
        # As documented: a password that is set through the API lifts an administrator's block.
        changes["blocked"] = None
    tenant.update_user(user_id, **changes)
    if body.get("verify_email") and "email" in document:
        tenant.mails.append({"kind": "verification", "to": document["email"], "user_id": user_id})
    return document


def _writable_connection(tenant: Tenant, body: Document) -> Connection:
    connection = tenant.connection(body["connection"])
    if connection is None:
        raise bad_request("Connection does not exist.", "inexistent_connection")
    if not connection.takes_accounts:
        raise bad_request(
            "Connection does not support user creation through the API. "
            "It must either be a database or passwordless connection."
        )
    if not connection.enabled:
        raise bad_request("Connection is disabled.")
    if "username" in body and not connection.requires_username:
        raise bad_request("Cannot set username for connection without requires_username.")
    return connection


def _check_handles(body: Document, connection: Connection) -> None:
    needed = "phone_number" if connection.strategy == "sms" else "email"
    if needed not in body:
        raise invalid_body(f"'Missing required property: {needed}'")
    if connection.requires_username and "username" not in body:
        raise bad_request(MISSING_USERNAME.format(connection.name))


def _password_digest(body: Document, connection: Connection) -> str | None:
    if not connection.is_database:
        if "password" in body:
            raise bad_request("Cannot set password for a connection that is not a database.")
        return None
    if "password" not in body:
        raise invalid_body("'Missing required property: password'")
    return digest_of(body["password"])


def _targeted_connection(tenant: Tenant, document: Document, body: Document) -> Connection | None:
    primary: str = document["identities"][0]["connection"]
    name: str = body.get("connection", primary)
    connection = tenant.connection(name)
    if connection is None and "connection" in body:
        raise bad_request("Connection does not exist.", "inexistent_connection")
    if all(entry["connection"] != name for entry in document["identities"]):
        raise bad_request("Connection is not supported for this operation.")
    return connection


def _check_update(
    tenant: Tenant, document: Document, connection: Connection | None, body: Document, behaviour: Behaviour
) -> None:
    for one, other in _APART:
        if one in body and other in body:
            raise bad_request(f"Cannot update {one} and {other} simultaneously.")
    if connection is None:
        return
    _check_strategy(connection, body)
    if "username" in body and not connection.requires_username:
        raise bad_request("Cannot set username for connection without requires_username.")
    taken = clash(tenant, connection, body, behaviour, unless=document["user_id"])
    if taken is not None:
        raise ApiError(behaviour.patch_email_conflict_status, f"The specified new {taken} already exists")


def _check_strategy(connection: Connection, body: Document) -> None:
    if not connection.is_database:
        if "email" in body:
            raise bad_request("Cannot update email for non-database user.")
        if "password" in body:
            raise bad_request("Connection is not supported for this operation.")
    if "email_verified" in body and (is_enterprise(connection.strategy) or connection.strategy == "sms"):
        raise bad_request("Email verification is not supported for enterprise users.")
    synced = [name for name in _PROFILE if name in body]
    if synced and not connection.is_database and connection.strategy not in PASSWORDLESS:
        raise bad_request(_SYNCED.format(names=", ".join(synced)))


def _merged(current: dict[str, Any], changes: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    merged = current | changes
    if behaviour.metadata_null == "stays":
        return merged
    return {name: value for name, value in merged.items() if value is not None or name not in changes}
