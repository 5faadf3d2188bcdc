"""Import jobs: many new accounts in a few requests. What an import does not settle is left to be created singly."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from client.auth0 import jobs
from client.auth0.errors import Auth0Error, Busy, Malformed, NotFound, Uncertain, Where
from client.auth0.reader import Connection, Reader
from client.auth0.transport import Transport
from client.stop import Stopped
from sync.text import visible

logger = logging.getLogger(__name__)

AT_ONCE = 2  # import jobs that a tenant carries out at the same time; a third is answered 429
_WORTH_A_JOB = 100  # accounts; for fewer, waiting for a job takes longer than creating them
_LARGEST_FILE = 499_000  # bytes; Auth0 takes 500 KB
_ID_BYTES = 12  # Auth0's own ids have 24 hexadecimal digits
_OTHERS_TURN, _MOST_TURNS = 10.0, 30  # seconds between two tries while somebody else's imports are going on
_EXISTS = frozenset({"DUPLICATED_USER", "CONFLICT", "CONFLICT_EMAIL", "CONFLICT_USERNAME"})


@dataclass(frozen=True, slots=True)
class ImportFile:
    """People for one job. `ids`: e-mail to the local user id, which is ours to choose."""

    ids: Mapping[str, str]
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the people of a file, by e-mail. Who is in none of these is not settled."""

    created: Mapping[str, str] = field(default_factory=dict)
    """The user ids."""
    existing: Mapping[str, str] = field(default_factory=dict)
    """Those whose e-mail an account has already, and how Auth0 says so."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Those who cannot be created, and why."""


def files(people: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[ImportFile]:
    """The people as files just small enough for a job: JSON arrays, an object each.

    `people`: e-mail and what else an account is to have, by Auth0's names.

    An id of our own in each, because a job does not tell the ids of the accounts it has made.
    """
    ids: dict[str, str] = {}
    rows: list[bytes] = []
    size = 0
    for email, attributes in people:
        local_id = secrets.token_hex(_ID_BYTES)
        row = {"email": email, "email_verified": False, "user_id": local_id, **attributes}
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
        if rows and size + len(text) + 2 > _LARGEST_FILE:
            yield _file(ids, rows)
            ids, rows, size = {}, [], 0
        ids[email] = local_id
        rows.append(text)
        size += len(text) + 1
    if rows:
        yield _file(ids, rows)


def _file(ids: dict[str, str], rows: list[bytes]) -> ImportFile:
    return ImportFile(ids, b"[" + b",".join(rows) + b"]")


class Importer:
    """Carries out import jobs for one connection."""

    def __init__(
        self,
        transport: Transport,
        reader: Reader,
        connection: Connection,
        mode: Literal["auto", "requests", "import"] = "auto",
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`transport` must be one for writing. `mode`: see the setting AUTH0_CREATE_WITH."""
        self._transport, self._reader, self._connection = transport, reader, connection
        self._mode, self._sleep = mode, sleep

    def is_for(self, how_many: int) -> bool:
        """Whether so many accounts are to be created by import. Only database connections take imports."""
        wanted = self._mode == "import" or (self._mode == "auto" and how_many >= _WORTH_A_JOB)
        return wanted and self._connection.strategy == "auth0"

    def carry_out(self, file: ImportFile) -> Imported:
        """Import a file and wait for the end. No mail is asked for, and no account that exists is touched.

        Raises `Uncertain` or `Malformed` when it is not known what became of the file, and any other `Auth0Error`
        when it was not taken.
        """
        job_id = self._start(file)
        extra = {"event": "import_started", "job_id": job_id, "accounts": len(file.ids)}
        logger.info("import job %s creates %s accounts", job_id, len(file.ids), extra=extra)
        try:
            job = jobs.finished(self._transport, job_id, self._sleep)
            return self._settled(file, job_id, job.get("summary"))
        except Stopped:
            why = f"the run was stopped before import job {job_id} ended; the next run sees what came of it"
            return Imported(refused=dict.fromkeys(file.ids, why))
        except Auth0Error as error:
            raise Uncertain(f"what came of import job {job_id} is not known ({error})", error.where) from None

    def _start(self, file: ImportFile) -> str:
        parts: dict[str, str | bytes] = {
            "users": file.content,
            "connection_id": self._connection.id,
            "upsert": "false",
            "send_completion_email": "false",
        }
        for turn in range(1, _MOST_TURNS):
            try:
                return jobs.start(self._transport, "users-imports", parts=parts)
            except Busy as error:
                logger.info("%s; trying again (%s)", error, turn, extra={"event": "import_put_off", "attempt": turn})
                self._sleep(_OTHERS_TURN)
        return jobs.start(self._transport, "users-imports", parts=parts)

    def _settled(self, file: ImportFile, job_id: str, summary: Any) -> Imported:
        """Who is in the file and not among the errors was created, if the job's numbers say so as well."""
        counted = summary if isinstance(summary, dict) else {}
        errors = self._errors(job_id) if counted.get("failed") != 0 else {}
        told = {email: errors[email] for email in file.ids if email in errors}
        if (counted.get("inserted"), counted.get("failed")) != (len(file.ids) - len(told), len(told)):
            extra = {"event": "import_unaccounted", "job_id": job_id, "accounts": len(file.ids)}
            logger.warning("import job %s does not account for everybody: %s", job_id, counted, extra=extra)
            return Imported()
        created = {email: f"auth0|{local_id}" for email, local_id in file.ids.items() if email not in told}
        if created and not self._is_there(*next(reversed(created.items()))):
            logger.warning(
                "import job %s is completed, but its accounts are not where they should be",
                job_id,
                extra={"event": "import_not_found", "job_id": job_id, "accounts": len(created)},
            )
            return Imported()
        existing = {email: _why(rows) for email, rows in told.items() if not _EXISTS.isdisjoint(map(_code, rows))}
        refused = {email: _why(rows) for email, rows in told.items() if rows and email not in existing}
        return Imported(created, existing, refused)

    def _is_there(self, email: str, user_id: str) -> bool:
        """Whether an account has the id that we chose for it: roles are given by id. This read does not lag."""
        try:
            account, _ = self._reader.account(user_id)
        except NotFound:
            return False
        return self._reader.is_of(account, email)

    def _errors(self, job_id: str) -> dict[str, list[dict[str, Any]]]:
        """What was wrong with the rows that failed, by e-mail."""
        found = self._transport.get("/jobs/{id}/errors", id=job_id)
        if not isinstance(found, list | None):
            raise Malformed("the answer is no list of errors", Where("GET", f"/jobs/{job_id}/errors", 200))
        errors: dict[str, list[dict[str, Any]]] = {}
        for entry in found or ():
            user, told = (entry.get("user"), entry.get("errors")) if isinstance(entry, dict) else (None, None)
            of_one = errors.setdefault(str(user.get("email")) if isinstance(user, dict) else "", [])
            of_one += (error for error in (told if isinstance(told, list) else ()) if isinstance(error, dict))
        return errors


def _code(error: dict[str, Any]) -> str:
    return str(error.get("code"))


def _why(errors: Iterable[dict[str, Any]]) -> str:
    told = "; ".join(f"{_code(error)}: {error.get('message')}" for error in errors)
    return f"the import refused it: {visible(told, 300)}"
