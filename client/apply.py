"""Carry out a plan: in the order that fails safe, each change its own try, with its own outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from client.auth0.errors import Auth0Error, Conflict, Denied, NotFound, Rejected
from client.auth0.reader import Reader
from client.auth0.writer import Writer
from client.side_by_side import side_by_side
from client.stop import Stopped
from sync import address
from sync.model import Change, Kind, Outcome, Status
from sync.plan import Plan
from sync.report import Run

logger = logging.getLogger(__name__)

_BREAKER = 10  # changes that fail in a row, because Auth0 does not answer, before the rest is not tried
_UNAUTHORIZED = 401
_ABOUT_ONE_ACCOUNT = (Denied, NotFound, Conflict, Rejected)


@dataclass(slots=True)
class Applier:
    """Applies one plan. `outcomes` has an entry for each change, in the plan's order, however it ended."""

    plan: Plan
    reader: Reader
    writer: Writer
    workers: int = 4
    check: Callable[[], None] = lambda: None
    """Raises `Stopped` when the run is to end."""
    broken: Auth0Error | None = None
    """Why the rest was given up, if it was."""
    _outcomes: dict[Change, Outcome] = field(default_factory=dict)
    _user_ids: dict[str, str] = field(default_factory=dict)  # of accounts made by this run, by e-mail
    _lacking: set[str] = field(default_factory=set)  # e-mails of people who did not get their new roles
    _in_a_row: int = 0

    def apply(self, into: Run) -> None:
        """Carry out all changes; a kind begins when the one before it is done.

        What became of them is in `into`, however this ends. Raises the last `Auth0Error` when Auth0 is dead.
        """
        try:
            for kind in Kind:
                for change, outcome in side_by_side(self._one, self.plan.by_kind(kind), self.workers):
                    self._outcomes[change] = outcome
        finally:
            into.outcomes = self.outcomes
        if self.broken is not None:
            raise self.broken

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of each change."""
        return [self._outcomes.get(change) or Outcome(change, Status.NOT_TRIED) for change in self.plan.changes]

    def _one(self, change: Change) -> Outcome:
        if self.broken is not None:
            return Outcome(change, Status.NOT_TRIED, "the run had given up")
        try:
            self.check()
            outcome = _STEPS[change.kind](self, change)
        except Stopped:
            return Outcome(change, Status.NOT_TRIED, "the run was stopped")
        except Auth0Error as error:
            self._count_failure(error)
            outcome = Outcome(change, Status.FAILED, str(error))
        else:
            self._in_a_row = 0
        if outcome.status is not Status.DONE:
            logger.warning("%s %s: %s", _FAILURES[change.kind], change.email, outcome.why)
            if change.kind is Kind.ADD_ROLES:
                self._lacking.add(change.email)
        return outcome

    def _count_failure(self, error: Auth0Error) -> None:
        """One bad account does not stop the others; a dead Auth0, or a lost login, does."""
        where = error.where
        lost = isinstance(error, Denied) and (
            where is None or where.status == _UNAUTHORIZED or where.path == "/oauth/token"
        )
        dead = not isinstance(error, _ABOUT_ONE_ACCOUNT)
        self._in_a_row = self._in_a_row + 1 if dead else 0
        if self.broken is None and (lost or self._in_a_row >= _BREAKER):
            self.broken = error
            logger.error("giving up: %s; what is left is not tried", error)

    def _create(self, change: Change) -> Outcome:
        created = self.writer.create(change.email)
        self._user_ids[change.email] = created.user_id
        logger.info("added %s%s", change.email, " (the account existed already)" if created.adopted else "")
        return Outcome(change, Status.DONE, "adopted: the account existed already" if created.adopted else "")

    def _add_roles(self, change: Change) -> Outcome:
        user_id = change.user_id or self._user_ids.get(change.email)
        if user_id is None:
            return Outcome(change, Status.SKIPPED, "the account was not created")
        self.writer.add_roles(user_id, change.roles)
        logger.info("gave %s: %s", change.email, ", ".join(role.name for role in change.roles))
        return Outcome(change, Status.DONE)

    def _remove_roles(self, change: Change) -> Outcome:
        """Somebody who did not get their new roles keeps the old ones: better one too many than locked out."""
        if change.email in self._lacking:
            return Outcome(change, Status.SKIPPED, "the new roles could not be given first")
        self.writer.remove_roles(change.user_id or "", change.roles)
        logger.info("took from %s: %s", change.email, ", ".join(role.name for role in change.roles))
        return Outcome(change, Status.DONE)

    def _delete(self, change: Change) -> Outcome:
        """Look again before destroying: lists lag behind, this one read does not."""
        user_id = change.user_id or ""
        try:
            now = self.reader.account(user_id)
        except NotFound:
            return Outcome(change, Status.DONE, "it was gone already")
        if now.connection != self.plan.connection or address.key(now.email or "") != address.key(change.email):
            return Outcome(change, Status.SKIPPED, f"it is no longer the account that was planned: {now.email}")
        self.writer.delete(user_id)
        logger.info("deleted %s", change.email)
        return Outcome(change, Status.DONE)


_STEPS: dict[Kind, Callable[[Applier, Change], Outcome]] = {
    Kind.CREATE: Applier._create,  # noqa: SLF001 - the class's own steps
    Kind.ADD_ROLES: Applier._add_roles,  # noqa: SLF001
    Kind.REMOVE_ROLES: Applier._remove_roles,  # noqa: SLF001
    Kind.DELETE: Applier._delete,  # noqa: SLF001
}
_FAILURES = {
    Kind.CREATE: "could not add",
    Kind.ADD_ROLES: "could not give roles to",
    Kind.REMOVE_ROLES: "could not take roles from",
    Kind.DELETE: "could not delete",
}
