"""What tells one plan from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from sync import address
from sync.model import Change, Held


def digest(connection: str, changes: Iterable[Change], held: Iterable[Held]) -> str:
    """sha256 of a plan: whoever approves it approves these changes, and these people held, and no others."""
    sha = hashlib.sha256()
    for line in _canonical(connection, changes, held):
        sha.update(line.encode() + b"\n")
    return sha.hexdigest()


def _canonical(connection: str, changes: Iterable[Change], held: Iterable[Held]) -> Iterator[str]:
    yield json.dumps(["plan", 3, connection])
    for change in changes:
        role_ids = sorted(role.id for role in change.roles)
        further: list[Any] = [] if change.attributes is None else [change.attributes]
        if change.edits:
            further.append([[edit.field, edit.old, edit.new] for edit in change.edits])
        yield json.dumps([change.kind, change.email, change.user_id, role_ids, *further], sort_keys=True)
    yield json.dumps(["held", *sorted(address.key(one.email) for one in held)])
