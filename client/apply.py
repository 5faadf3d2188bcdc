"""Carry out a plan: in the order that fails safe, each change its own try, with its own outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from client.auth0 import imports
from client.auth0.errors import Malformed, Uncertain
from client.auth0.imports import Imported, Importer, ImportFile
from client.auth0.writer import Created, Writer
from client.breaker import DONE, Breaker, Tried
from client.giving import RoleGiver
from client.side_by_side import side_by_side
from client.taking import DESTRUCTIVE, Taker
from sync.model import Change, Kind, Outcome, Role, Status
from sync.plan import Plan
from sync.report import Run

logger = logging.getLogger(__name__)

_MOST_FAILED_IMPORTS = 3  # of a run; then everybody else is created singly

Ends = Iterator[tuple[Change, Tried]]


@dataclass(slots=True)
class Applier:
    """Applies one plan. `outcomes` has an entry for each change, in the plan's order, however it ended."""

    plan: Plan
    writer: Writer
    importer: Importer
    taker: Taker
    breaker: Breaker = field(default_factory=Breaker)
    workers: int = 4
    """Requests in flight."""
    batch_size: int = 50
    """Accounts in one request that gives a role."""
    _outcomes: dict[Change, Outcome] = field(default_factory=dict)
    _user_ids: dict[str, str] = field(default_factory=dict)  # of accounts made by this run, by e-mail
    _begun: dict[str, Tried] = field(default_factory=dict)  # imports whose end is not known, by e-mail
    _failed_imports: int = 0
    _lacking: set[str] = field(default_factory=set)  # e-mails of people who did not get their new roles

    def apply(self, into: Run) -> None:
        """Carry out all changes; a kind begins when the one before it is done.

        What became of them is in `into`, however this ends. Raises the last `Auth0Error` when Auth0 is dead, and
        `JournalError` when something is to be taken and the journal cannot be written.
        """
        try:
            if self.plan.by_kind(*DESTRUCTIVE):
                self.taker.journal.check_place()
            for kind in Kind:
                for change, tried in _PHASES[kind](self, self.plan.by_kind(kind)):
                    self._outcomes[change] = Outcome(change, tried.status, tried.why)
                    _tell(change, tried)
        finally:
            into.outcomes = self.outcomes
            into.journal = str(self.taker.journal.path) if self.taker.journal.begun else into.journal
            self.taker.journal.close()
        if self.breaker.broken is not None:
            raise self.breaker.broken

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of each change."""
        return [self._outcomes.get(change) or Outcome(change, Status.NOT_TRIED) for change in self.plan.changes]

    def _each(self, step: Callable[[Change], Tried], changes: Sequence[Change]) -> Ends:
        """A stop may come before a hundred thousand of them: then the rest does not go through the threads."""

        def attempt(change: Change) -> Tried:
            return self.breaker.attempt(lambda: step(change))

        begun = 0
        going = takewhile(lambda _: not self.breaker.is_over, changes)
        for ended in side_by_side(attempt, going, self.workers):
            begun += 1
            yield ended
        for change in changes[begun:]:
            yield change, attempt(change)

    def _create(self, changes: Sequence[Change]) -> Ends:
        """By import jobs where these save requests; singly whoever is left."""
        left = changes
        whole = any(change.user_id for change in changes)  # accounts that come back as they were: a request each
        if not whole and self.importer.is_for(len(changes)):
            left = yield from self._import(changes)
        for change, tried in self._each(self._create_one, left):
            # Who was in an import whose end is not known has been tried.
            begun = self._begun.get(change.email) if tried.status is Status.NOT_TRIED else None
            yield change, begun or tried

    def _import(self, changes: Sequence[Change]) -> Generator[tuple[Change, Tried], None, list[Change]]:
        """Returns those whom the import did not settle."""
        left = {change.email: change for change in changes}
        existing: dict[str, str] = {}
        for _, imported in side_by_side(self._import_file, imports.files([*left]), imports.AT_ONCE):
            for email, user_id in imported.created.items():
                yield left.pop(email), self._made(email, Created(user_id, adopted=False))
            for email, why in imported.refused.items():
                yield left.pop(email), Tried(Status.FAILED, why)
            existing |= imported.existing
        yield from self._each(
            lambda change: self._adopt(change.email, existing[change.email]), [left.pop(email) for email in existing]
        )
        return list(left.values())

    def _import_file(self, file: ImportFile) -> Imported:
        if self._failed_imports >= _MOST_FAILED_IMPORTS:
            return Imported()
        result = self.breaker.attempt(lambda: self.importer.carry_out(file), len(file.ids))
        if isinstance(result, Imported):
            return result
        if result.status is Status.FAILED:
            self._failed_imports += 1
            if isinstance(result.error, Uncertain | Malformed):
                self._begun |= dict.fromkeys(file.ids, result)
            logger.warning("%s people are not imported but created one by one: %s", len(file.ids), result.why)
        return Imported()

    def _adopt(self, email: str, why: str) -> Tried:
        found = self.writer.adopt(email)
        return self._made(email, found) if found else Tried(Status.FAILED, why)

    def _create_one(self, change: Change) -> Tried:
        created = self.writer.create(change.email, change.user_id or "", change.attributes)
        another = change.user_id not in (None, created.user_id)
        if another and created.adopted:
            return Tried(Status.FAILED, f"another account has this e-mail by now: {created.user_id}")
        made = self._made(change.email, created)
        why = f"under another id: {created.user_id} instead of {change.user_id}"
        return Tried(Status.DONE, why) if another else made

    def _made(self, email: str, created: Created) -> Tried:
        self._user_ids[email] = created.user_id
        return Tried(Status.DONE, "adopted: the account existed already") if created.adopted else DONE

    def _give_roles(self, changes: Sequence[Change]) -> Ends:
        user_ids = {change: change.user_id or self._user_ids.get(change.email) for change in changes}
        wanted: dict[str, list[Role]] = {}
        for change, user_id in user_ids.items():
            if user_id is not None:
                wanted.setdefault(user_id, []).extend(change.roles)
        given = RoleGiver(self.writer, self.breaker, self.workers, self.batch_size).give(wanted)
        without_account = Tried(Status.SKIPPED, "the account was not created")
        for change, user_id in user_ids.items():
            tried = given[user_id] if user_id else self.breaker.attempt(lambda: without_account)
            if tried.status is not Status.DONE:
                self._lacking.add(change.email)
            yield change, tried

    def _remove_roles(self, changes: Sequence[Change]) -> Ends:
        return self._each(self._remove_roles_of_one, changes)

    def _remove_roles_of_one(self, change: Change) -> Tried:
        """Somebody who did not get their new roles keeps the old ones: better one too many than locked out."""
        if change.email in self._lacking:
            return Tried(Status.SKIPPED, "the new roles could not be given first")
        return self.taker.remove_roles(change)

    def _unblock(self, changes: Sequence[Change]) -> Ends:
        return self._each(self.taker.unblock, changes)

    def _block(self, changes: Sequence[Change]) -> Ends:
        return self._each(self.taker.block, changes)

    def _delete(self, changes: Sequence[Change]) -> Ends:
        return self._each(self.taker.delete, changes)


_PHASES: dict[Kind, Callable[[Applier, Sequence[Change]], Ends]] = {
    Kind.CREATE: Applier._create,  # noqa: SLF001 - the class's own steps
    Kind.UNBLOCK: Applier._unblock,  # noqa: SLF001
    Kind.ADD_ROLES: Applier._give_roles,  # noqa: SLF001
    Kind.REMOVE_ROLES: Applier._remove_roles,  # noqa: SLF001
    Kind.BLOCK: Applier._block,  # noqa: SLF001
    Kind.DELETE: Applier._delete,  # noqa: SLF001
}
_DONE = {
    Kind.CREATE: "added",
    Kind.UNBLOCK: "unblocked",
    Kind.ADD_ROLES: "gave",
    Kind.REMOVE_ROLES: "took from",
    Kind.BLOCK: "blocked",
    Kind.DELETE: "deleted",
}
_NOT_DONE = {
    Kind.CREATE: "could not add",
    Kind.UNBLOCK: "could not unblock",
    Kind.ADD_ROLES: "could not give roles to",
    Kind.REMOVE_ROLES: "could not take roles from",
    Kind.BLOCK: "could not block",
    Kind.DELETE: "could not delete",
}


def _tell(change: Change, tried: Tried) -> None:
    roles = ", ".join(role.name for role in change.roles)
    if tried.status is Status.DONE:
        details = (f": {roles}" if roles else "") + (f" ({tried.why})" if tried.why else "")
        logger.info("%s %s%s", _DONE[change.kind], change.email, details)
    elif tried.status is not Status.NOT_TRIED:
        logger.warning("%s %s: %s", _NOT_DONE[change.kind], change.email, tried.why)
