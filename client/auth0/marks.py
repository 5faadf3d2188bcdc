"""The mark in an account's app_metadata by which a run knows whom it has blocked itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMESPACE, _BLOCKED = "sync", "blocked_at"


def is_blocked_by_us(app_metadata: object) -> bool:
    """Whether the mark is there."""
    return bool(_ours(app_metadata).get(_BLOCKED))


def with_mark(app_metadata: object, day: str) -> dict[str, Any]:
    """What to send as app_metadata with a block; `day` is an ISO date. Auth0 merges its first level alone, so
    what else we keep there is sent again."""
    return {_NAMESPACE: {**_ours(app_metadata), _BLOCKED: day}}


def without_mark(app_metadata: object) -> dict[str, Any]:
    """What to send as app_metadata with an unblock."""
    return {_NAMESPACE: {name: value for name, value in _ours(app_metadata).items() if name != _BLOCKED}}


def _ours(app_metadata: object) -> Mapping[str, Any]:
    ours = app_metadata.get(_NAMESPACE) if isinstance(app_metadata, Mapping) else None
    return ours if isinstance(ours, Mapping) else {}
