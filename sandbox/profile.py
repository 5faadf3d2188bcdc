"""The attributes that Auth0 fills in when an account is made without them."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote


def defaults_for(document: dict[str, Any]) -> dict[str, Any]:
    """`name`, `nickname` and `picture` as Auth0 derives them from the e-mail (or phone number)."""
    handle = document.get("email") or document.get("phone_number")
    if handle is None:
        return {}
    local = handle.partition("@")[0]
    return {"name": handle, "nickname": local, "picture": picture_for(handle)}


def picture_for(handle: str) -> str:
    """The gravatar address that Auth0 gives an account."""
    # MD5 is what gravatar is addressed by; nothing is protected with it.
    digest = hashlib.md5(handle.lower().encode(), usedforsecurity=False).hexdigest()
    fallback = quote(f"https://cdn.auth0.com/avatars/{handle[:2].lower()}.png", safe="")
    return f"https://s.gravatar.com/avatar/{digest}?s=480&r=pg&d={fallback}"
