"""New accounts: by import jobs where these save requests, singly whoever is left."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from client.auth0 import imports, marks
from client.auth0.errors import Malformed, Uncertain
from client.auth0.imports import Imported, Importer, ImportFile
from client.auth0.writer import Created, Writer
from client.breaker import DONE, Tried
from client.side_by_side import side_by_side
from client.trying import Ends, Tries
from sync.model import NO_MARKS, Account, Change, Status
from sync.profile import nested

logger = logging.getLogger(__name__)

_MOST_FAILED_IMPORTS = 3  # of a run; then everybody else is created singly


@dataclass(slots=True)
class Creator:
    """Creates accounts, and remembers which."""

    writer: Writer
    importer: Importer
    tries: Tries
    stranger: Callable[[Account, Change], str] = lambda _account, _change: ""
    """Why an account that a look by e-mail has found is not the person's, or nothing."""
    user_ids: dict[str, str] = field(default_factory=dict)
    """E-mail to user id, of those who have an account now."""
    adopted: set[str] = field(default_factory=set)
    """The e-mails of those who had one already, unknown to the lists."""
    _wanted: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _begun: dict[str, Tried] = field(default_factory=dict)  # imports whose end is not known, by e-mail
    _failed_imports: int = 0

    def create(self, changes: Sequence[Change]) -> Ends:
        """How it ended for each."""
        self._wanted = {change.email: attributes_of(change) for change in changes}
        left = changes
        whole = any(change.user_id for change in changes)  # accounts that come back as they were: a request each
        if not whole and self.importer.is_for(len(changes)):
            left = yield from self._import(changes)
        for change, tried in self.tries.each(self._create_one, left):
            # Who was in an import whose end is not known has been tried.
            begun = self._begun.get(change.email) if tried.status is Status.NOT_TRIED else None
            yield change, begun or tried

    def metadata_of(self, email: str) -> object:
        """The app_metadata with which an account was made."""
        return self._wanted[email].get("app_metadata")

    def _import(self, changes: Sequence[Change]) -> Generator[tuple[Change, Tried], None, list[Change]]:
        """Returns those whom the import did not settle."""
        left = {change.email: change for change in changes}
        existing: dict[str, str] = {}
        files = imports.files((email, self._wanted[email]) for email in list(left))
        for _, imported in side_by_side(self._import_file, files, imports.AT_ONCE):
            for email, user_id in imported.created.items():
                yield left[email], self._made(left.pop(email), Created(user_id))
            for email, why in imported.refused.items():
                yield left.pop(email), Tried(Status.FAILED, why)
            existing |= imported.existing
        yield from self.tries.each(
            lambda change: self._adopt(change, existing[change.email]), [left.pop(email) for email in existing]
        )
        return list(left.values())

    def _import_file(self, file: ImportFile) -> Imported:
        if self._failed_imports >= _MOST_FAILED_IMPORTS:
            return Imported()
        result = self.tries.breaker.attempt(lambda: self.importer.carry_out(file), len(file.ids))
        if isinstance(result, Imported):
            return result
        if result.status is Status.FAILED:
            self._failed_imports += 1
            if isinstance(result.error, Uncertain | Malformed):
                self._begun |= dict.fromkeys(file.ids, result)
            extra = {"event": "import_done_without", "accounts": len(file.ids)}
            logger.warning(
                "%s people are not imported but created one by one: %s", len(file.ids), result.why, extra=extra
            )
        return Imported()

    def _adopt(self, change: Change, why: str) -> Tried:
        found = self.writer.adopt(change.email)
        return self._made(change, found) if found else Tried(Status.FAILED, why)

    def _create_one(self, change: Change) -> Tried:
        created = self.writer.create(change.email, change.user_id or "", self._wanted[change.email])
        another = change.user_id not in (None, created.user_id)
        if another and created.adopted:
            return Tried(Status.FAILED, f"another account has this e-mail by now: {created.user_id}")
        made = self._made(change, created)
        why = f"under another id: {created.user_id} instead of {change.user_id}"
        return Tried(Status.DONE, why) if another else made

    def _made(self, change: Change, created: Created) -> Tried:
        if created.found and (why := self.stranger(created.found, change)):
            return Tried(Status.FAILED, why)
        self.user_ids[change.email] = created.user_id
        if not created.adopted and (created.found is None or self._bears_our_marks(change, created.found)):
            return DONE
        self.adopted.add(change.email)
        return Tried(Status.DONE, "adopted: the account existed already")

    def _bears_our_marks(self, change: Change, found: Account) -> bool:
        """Whether an account that was found after a lost answer can be the one that was asked for."""
        sent = marks.read(self.metadata_of(change.email), self.writer.namespace)
        return sent in (NO_MARKS, found.marks)


def attributes_of(change: Change) -> Mapping[str, Any]:
    """What a new account is to have besides its e-mail, by Auth0's names."""
    return nested(change.edits) if change.attributes is None else change.attributes
