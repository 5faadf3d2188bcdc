"""Where accounts live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.identifiers import DATABASE, PASSWORDLESS, is_social


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection. Accounts can be made through the API in databases and passwordless ones alone."""

    id: str
    name: str
    strategy: str
    enabled: bool = True
    requires_username: bool = False

    @property
    def is_database(self) -> bool:
        """Whether Auth0 keeps e-mail and password of these accounts itself."""
        return self.strategy == DATABASE

    @property
    def takes_accounts(self) -> bool:
        """Whether POST /users works here."""
        return self.is_database or self.strategy in PASSWORDLESS


def identity(connection: str, provider: str, full_id: str) -> dict[str, Any]:
    """An entry of an account's `identities`; its user_id lacks the provider's prefix."""
    return {
        "connection": connection,
        "user_id": full_id.partition("|")[2] or full_id,
        "provider": provider,
        "isSocial": is_social(provider),
    }


def profile_data(email: str | None, provider: str) -> dict[str, Any]:
    """What a secondary identity tells of itself: its e-mail, if known, and what follows from that."""
    if email is None:
        return {}
    stored = email.lower() if provider == DATABASE else email
    return {"email": stored, "email_verified": True, "name": stored}
