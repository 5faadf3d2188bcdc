"""Ids as Auth0 makes them, and the names of connection strategies."""

from __future__ import annotations

import secrets
import string

DEFAULT_CONNECTION = "Username-Password-Authentication"
DATABASE = "auth0"
PASSWORDLESS = frozenset({"email", "sms"})
_ENTERPRISE = frozenset(
    {"ad", "adfs", "auth0-oidc", "google-apps", "ip", "office365", "oidc", "okta", "pingfederate", "samlp"}
    | {"sharepoint", "waad"}
)
_ALPHABET = string.ascii_letters + string.digits
_TAIL = 16
_LOCAL_ID_BYTES = 12


def new_id(prefix: str) -> str:
    """`rol_`, `con_`, `job_` … and 16 letters or digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_TAIL))


def new_local_user_id() -> str:
    """24 hexadecimal digits, as a database connection numbers its accounts."""
    return secrets.token_hex(_LOCAL_ID_BYTES)


def is_social(strategy: str) -> bool:
    """Whether Auth0 calls an identity of this strategy social."""
    return strategy not in {DATABASE} | PASSWORDLESS | _ENTERPRISE


def is_enterprise(strategy: str) -> bool:
    """Whether the accounts of this strategy are kept by a company's own directory."""
    return strategy in _ENTERPRISE
