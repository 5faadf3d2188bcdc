"""Every change is a try of its own, until it makes no sense to go on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from client.auth0.errors import Auth0Error, Conflict, Denied, NotFound, Rejected
from client.lines import Unwritable
from client.stop import Stopped
from sync.model import Status

logger = logging.getLogger(__name__)

_MOST_FAILURES = 10  # in a row, of different accounts, before the rest is not tried
_UNAUTHORIZED = 401
_ABOUT_ACCOUNTS = (Denied, NotFound, Conflict, Rejected)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended; `why` says why it failed, was skipped, or how it was done unusually."""

    status: Status
    why: str = ""
    error: Auth0Error | None = None


DONE = Tried(Status.DONE)


@dataclass(slots=True)
class Breaker:
    """One bad account does not stop the others; a dead Auth0, a lost login, a file that cannot be written or a
    signal does. Threads may share it."""

    check: Callable[[], None] = lambda: None
    """Raises `Stopped` when the run is to end."""
    broken: Auth0Error | Unwritable | None = None
    """Why the rest was given up, if it was."""
    _in_a_row: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing is tried any more."""
        try:
            self.check()
        except Stopped:
            return True
        return self.broken is not None

    def attempt(self, step: Callable[[], Result], accounts: int = 1) -> Result | Tried:
        """What `step` returns, or how it failed; it is not tried any more when the run is to end.

        `accounts`: how many the step is about. That Auth0 does not accept one of many says nothing yet.
        """
        if self.broken is not None:
            return Tried(Status.NOT_TRIED, "the run had given up")
        try:
            self.check()
            result = step()
        except Stopped:
            return Tried(Status.NOT_TRIED, "the run was stopped")
        except Auth0Error as error:
            self._count(error, accounts)
            return Tried(Status.FAILED, str(error), error)
        except Unwritable as error:
            self._give_up(error)
            return Tried(Status.FAILED, str(error))
        self._in_a_row = 0
        return result

    def _count(self, error: Auth0Error, accounts: int) -> None:
        where = error.where
        lost = isinstance(error, Denied) and (
            where is None or where.status == _UNAUTHORIZED or where.path == "/oauth/token"
        )
        if accounts == 1 or not isinstance(error, _ABOUT_ACCOUNTS):
            self._in_a_row += 1
        if lost or self._in_a_row >= _MOST_FAILURES:
            self._give_up(error)

    def _give_up(self, error: Auth0Error | Unwritable) -> None:
        if self.broken is None:
            self.broken = error
            logger.error("giving up: %s; what is left is not tried", error, extra={"event": "given_up"})
