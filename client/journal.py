"""The journal: what an account looked like before something was taken from it. Written ahead, for the way back."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from client.lines import Lines
from sync.model import Edit, Kind, Prior, Role

logger = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_STAMP = "%Y%m%dT%H%M%SZ"


class JournalUnreadable(Exception):
    """This is no journal, or none for this tenant."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a journal is about."""

    tenant: str
    """AUTH0_URL."""
    connection: str


class Journal:
    """The journal of one run: a file of its own, which is there from the first line on. Threads may share it."""

    def __init__(self, folder: Path, scope: Scope, run_id: str, started_at: datetime) -> None:
        self.lines = Lines(folder / file_name(run_id, started_at))
        self._head = {"schema_version": _SCHEMA_VERSION, "run_id": run_id, **asdict(scope)}

    def write(self, prior: Prior) -> None:
        """Add a line, and see it on the disk before the account is touched. Raises `Unwritable`."""
        line = {**self._head, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **asdict(prior)}
        self.lines.append(json.dumps(line))


def file_name(run_id: str, started_at: datetime) -> str:
    """What the files of a run are called: when it began, and which one it was."""
    return f"{started_at.astimezone(UTC).strftime(_STAMP)}-{run_id[:8]}.jsonl"


def forget_old(folder: Path, days: int, now: datetime) -> None:
    """Delete the files of runs that are older than so many days (0: none): they hold personal data."""
    if not days or not folder.is_dir():
        return
    oldest = now - timedelta(days=days)
    for path in sorted(folder.glob("*.jsonl")):
        try:
            begun = datetime.strptime(path.name.partition("-")[0], _STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue  # none of ours
        if begun < oldest:
            try:
                path.unlink()
            except OSError as error:
                extra = {"event": "old_file_not_deleted", "path": str(path)}
                logger.warning("the old file %s cannot be deleted: %s", path, error.strerror, extra=extra)
            else:
                extra = {"event": "old_file_deleted", "path": str(path)}
                logger.info("deleted %s: it is older than %s days", path.name, days, extra=extra)


def read(path: Path, scope: Scope) -> list[Prior]:
    """The lines of a journal. One that was cut off at the end is left out: nothing had been done to its account.

    Raises `JournalUnreadable`, also for a journal of another tenant or connection.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalUnreadable(f"the journal {path} cannot be read: {error.strerror}") from None
    *lines, rest = content.split(b"\n")
    if rest:
        extra = {"event": "journal_cut_off", "path": str(path)}
        logger.warning("the last line of %s was cut off; nothing had been done to its account", path, extra=extra)
    priors = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            found = Scope(record["tenant"], record["connection"])
            priors.append(_prior(record))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise JournalUnreadable(f"{path} is no journal: line {number} is not understood") from None
        if found != scope:
            raise JournalUnreadable(
                f"the journal {path} is of the connection {found.connection} of {found.tenant}; "
                "AUTH0_URL and AUTH0_CONNECTION name another"
            )
    if not priors:
        raise JournalUnreadable(f"the journal {path} is empty")
    return priors


def _prior(record: Mapping[str, Any]) -> Prior:
    return Prior(
        kind=Kind(record["kind"]),
        user_id=str(record["user_id"]),
        email=str(record["email"]),
        roles=_roles(record["roles"]),
        taken=_roles(record["taken"]),
        profile=dict(record["profile"]),
        user_metadata=dict(record["user_metadata"]),
        app_metadata=dict(record["app_metadata"]),
        edits=tuple(Edit(str(one["field"]), one["old"], one["new"]) for one in record.get("edits", ())),
    )


def _roles(records: Sequence[Mapping[str, Any]]) -> tuple[Role, ...]:
    return tuple(Role(name=str(record["name"]), id=str(record["id"])) for record in records)
