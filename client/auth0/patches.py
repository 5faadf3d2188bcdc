"""Edits as the bodies of PATCH /users/{id}, in as few requests as Auth0 allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from client.auth0 import marks
from sync.model import Edit
from sync.profile import nested

_APART = {"email", "email_verified"}  # never in one request with a username (Auth0, PATCH /users/{id})


def bodies(edits: Sequence[Edit], app_metadata: object, namespace: str) -> list[dict[str, Any]]:
    """The bodies to send, in order. `app_metadata`: as the account has it now, if one of our marks is to change."""
    body = nested(edits)
    metadata = body.get("app_metadata", {})
    if namespace in metadata:
        metadata |= marks.changed(app_metadata, namespace, metadata[namespace])
    if "email" in body:
        body["verify_email"] = False  # no mail is sent unless it is asked for
    if "username" not in body or _APART.isdisjoint(body):
        return [body]
    username = {"username": body.pop("username")}
    return [body, username]


def touches_identity(edits: Sequence[Edit], namespace: str) -> bool:
    """Whether the e-mail or one of our marks is to change: what must not be done by what a list once said."""
    return any(edit.field == "email" or edit.field.startswith(f"app_metadata.{namespace}.") for edit in edits)
