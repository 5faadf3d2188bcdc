"""Every change is a try of its own, until it makes no sense to go on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from client.auth0.errors import Auth0Error, Conflict, Denied, NotFound, Rejected
from client.stop import Stopped
from sync.model import Status

logger = logging.getLogger(__name__)

_MOST_FAILURES = 10  # in a row, because Auth0 does not answer, before the rest is not tried
_UNAUTHORIZED = 401
_ABOUT_ONE_ACCOUNT = (Denied, NotFound, Conflict, Rejected)

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
    """One bad account does not stop the others; a dead Auth0, a lost login or a signal does. Threads may share it."""

    check: Callable[[], None] = lambda: None
    """Raises `Stopped` when the run is to end."""
    broken: Auth0Error | None = None
    """Why the rest was given up, if it was."""
    _in_a_row: int = 0

    def attempt(self, step: Callable[[], Result]) -> Result | Tried:
        """What `step` returns, or how it failed; it is not tried any more when the run is to end."""
        if self.broken is not None:
            return Tried(Status.NOT_TRIED, "the run had given up")
        try:
            self.check()
            result = step()
        except Stopped:
            return Tried(Status.NOT_TRIED, "the run was stopped")
        except Auth0Error as error:
            self._count(error)
            return Tried(Status.FAILED, str(error), error)
        self._in_a_row = 0
        return result

    def _count(self, error: Auth0Error) -> None:
        where = error.where
        lost = isinstance(error, Denied) and (
            where is None or where.status == _UNAUTHORIZED or where.path == "/oauth/token"
        )
        dead = not isinstance(error, _ABOUT_ONE_ACCOUNT)
        self._in_a_row = self._in_a_row + 1 if dead else 0
        if self.broken is None and (lost or self._in_a_row >= _MOST_FAILURES):
            self.broken = error
            logger.error("giving up: %s; what is left is not tried", error)
