"""What an account is called by, and who else of its connection is called so: e-mail, username, phone number."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.behaviour import Behaviour
    from sandbox.connection import Connection
    from sandbox.tenant import Document, Tenant

HANDLES = ("email", "username", "phone_number")
_Key = tuple[str, str]


class Handles:
    """An index of accounts by their handles and those of their secondary identities, without regard to case."""

    def __init__(self) -> None:
        self._accounts: dict[_Key, dict[str, None]] = {}
        self._keys: dict[str, set[_Key]] = {}

    def note(self, account: Document) -> None:
        """An account is new, or may be called otherwise than before."""
        user_id = account["user_id"]
        self.forget(user_id)
        profiles = (entry.get("profileData", {}) for entry in account["identities"])
        keys = {
            (name, profile[name].lower())
            for profile in (account, *profiles)
            for name in HANDLES
            if isinstance(profile.get(name), str)
        }
        self._keys[user_id] = keys
        for key in keys:
            self._accounts.setdefault(key, {})[user_id] = None

    def forget(self, user_id: str) -> None:
        """An account is gone."""
        for key in self._keys.pop(user_id, ()):
            self._accounts[key].pop(user_id)

    def find(self, name: str, value: str) -> list[str]:
        """The ids of the accounts that may be called so."""
        return list(self._accounts.get((name, value.lower()), ()))


def with_stored_handles(document: Document, connection: Connection | None, behaviour: Behaviour) -> Document:
    """A copy of `document` whose e-mail and username are spelt as this connection stores them."""
    stored = deepcopy(document)
    in_database = connection is None or connection.is_database
    if in_database and stored.get("email") is not None:
        stored["email"] = stored["email"].lower()
    if behaviour.usernames_lower_case and stored.get("username") is not None:
        stored["username"] = stored["username"].lower()
    return stored


def owners_of(
    tenant: Tenant, connection: Connection, name: str, value: str, *, any_case: bool = False
) -> list[Document]:
    """The accounts with an identity in `connection` that is called so, be it a secondary one."""
    spelt = str.lower if any_case else str
    return [
        account
        for account in tenant.called(name, value)
        if any(spelt(known) == spelt(value) for known in _known_as(account, connection, name))
    ]


def clash(
    tenant: Tenant,
    connection: Connection,
    wanted: Mapping[str, Any],
    behaviour: Behaviour,
    *,
    unless: str | None = None,
    importing: bool = False,
) -> str | None:
    """Which handle of `wanted`, spelt as stored, an account of `connection` other than `unless` has already."""
    for name in HANDLES:
        if wanted.get(name) is None:
            continue
        # Imports are documented to fail on a phone number, and an account of `sms` is nothing but one.
        settled = importing or connection.strategy == "sms"
        if name == "phone_number" and not settled and not behaviour.phone_numbers_unique:
            continue
        any_case = name == "username" and behaviour.usernames_lower_case
        owners = owners_of(tenant, connection, name, wanted[name], any_case=any_case)
        if any(owner["user_id"] != unless for owner in owners):
            return name
    return None


def _known_as(account: Document, connection: Connection, name: str) -> list[str]:
    # A secondary identity of which nothing is known counts as called as its account is.
    values = (
        entry.get("profileData", {}).get(name, account.get(name))
        for entry in account["identities"]
        if entry["connection"] == connection.name
    )
    return [value for value in values if value is not None]
