"""The journal: what an account looked like before something was taken from it. Written ahead, for the way back."""

from __future__ import annotations

import errno
import json
import logging
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync.model import Kind, Prior, Role

logger = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_STAMP = "%Y%m%dT%H%M%SZ"


class JournalError(Exception):
    """The journal cannot be written; so nothing may be taken from anybody."""


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
        self.path = folder / f"{started_at.astimezone(UTC).strftime(_STAMP)}-{run_id[:8]}.jsonl"
        self._head = {"schema_version": _SCHEMA_VERSION, "run_id": run_id, **asdict(scope)}
        self._lock = threading.Lock()
        self._file: int | None = None
        self._failure: JournalError | None = None

    @property
    def begun(self) -> bool:
        """Whether there is such a file."""
        return self._file is not None

    def check_place(self) -> None:
        """Raise `JournalError` if it could not be written: to be known before the first change, not in the middle."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path.parent, prefix=".try-"):
                pass
        except OSError as error:
            raise self._broken(error) from None

    def write(self, prior: Prior) -> None:
        """Add a line, and see it on the disk before the account is touched. Raises `JournalError`."""
        line = {**self._head, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **asdict(prior)}
        data = json.dumps(line).encode() + b"\n"
        with self._lock:
            if self._failure is None:
                try:
                    self._append(data)
                except OSError as error:
                    self._failure = self._broken(error)
            if self._failure is not None:  # a line after half a line would make all of the file unreadable
                raise self._failure

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._opened()
        if os.write(self._file, data) != len(data):
            raise OSError(errno.ENOSPC, "only a part of a line was taken")
        os.fsync(self._file)

    def _opened(self) -> int:
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return file

    def _broken(self, error: OSError) -> JournalError:
        return JournalError(f"the journal {self.path} cannot be written ({error.strerror}), so nothing may be taken")

    def close(self) -> None:
        """No more lines."""
        if self._file is not None:
            os.close(self._file)


def forget_old(folder: Path, days: int, now: datetime) -> None:
    """Delete the journals that are older than so many days (0: none): they hold personal data."""
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
                logger.warning("the old journal %s cannot be deleted: %s", path, error.strerror)
            else:
                logger.info("deleted the journal %s: it is older than %s days", path.name, days)


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
        logger.warning("the last line of %s was cut off; nothing had been done to its account", path)
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
    )


def _roles(records: Sequence[Mapping[str, Any]]) -> tuple[Role, ...]:
    return tuple(Role(name=str(record["name"]), id=str(record["id"])) for record in records)
