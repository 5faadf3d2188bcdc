"""What a run keeps in an account's app_metadata under a name of its own: whose it is, and what we have done to it.

    "sync": {"id": "4711", "owner": "hr", "blocked_at": "2026-11-22", "invite": "pending", "revoke": "pending"}

Auth0 merges metadata at its first level alone, so whatever is changed here, the whole is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.model import NO_MARKS, Marks

_PENDING = "pending"


def read(app_metadata: object, namespace: str) -> Marks:
    """The marks of an account."""
    ours = _ours(app_metadata, namespace)
    if not ours:
        return NO_MARKS
    return Marks(
        source_id=_text(ours, "id"),
        owner=_text(ours, "owner"),
        blocked_at=_text(ours, "blocked_at"),
        to_invite=ours.get("invite") == _PENDING,
        to_revoke=ours.get("revoke") == _PENDING,
    )


def changed(app_metadata: object, namespace: str, marks: Mapping[str, Any]) -> dict[str, Any]:
    """What to send as app_metadata so that the account has these marks besides those that it has; None takes one
    away."""
    together = {**_ours(app_metadata, namespace), **marks}
    return {namespace: {name: value for name, value in together.items() if value is not None}}


def blocked(day: str, *, revoke: bool) -> dict[str, Any]:
    """The marks that go with a block; `day` is an ISO date."""
    return {"blocked_at": day, "revoke": _PENDING if revoke else None}


UNBLOCKED: Mapping[str, Any] = {"blocked_at": None, "revoke": None}
INVITED: Mapping[str, Any] = {"invite": None}


def _ours(app_metadata: object, namespace: str) -> Mapping[str, Any]:
    ours = app_metadata.get(namespace) if isinstance(app_metadata, Mapping) else None
    return ours if isinstance(ours, Mapping) else {}


def _text(ours: Mapping[str, Any], name: str) -> str:
    value = ours.get(name)
    return "" if value is None or isinstance(value, bool) else str(value)
