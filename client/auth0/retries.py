"""Trying again: what may go well the next time, with patience that has an end."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from client.auth0.errors import Auth0Error, Retriable
from client.auth0.traffic import Traffic
from client.stop import Stopped

logger = logging.getLogger(__name__)

_LONGEST_WAIT = 30.0  # seconds between two tries, unless Auth0 asks for more
_TOTAL_WAIT = 300.0  # seconds that the tries of one request may wait altogether


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently a request is tried again."""

    most: int = 5
    factor: float = 1.0
    """Seconds before the first retry; doubles with each."""
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def carry_out(self, once: Callable[[], Any], traffic: Traffic) -> Any:
        """What `once` returns, tried again while it raises `Retriable`; the last error comes through as itself.

        A stop while waiting for the next try tells the error of the last one: it was tried.
        """

        def tell(state: RetryCallState) -> None:
            traffic.retried()
            waits = round(state.upcoming_sleep, 3)
            extra = {"event": "request_retried", "attempt": state.attempt_number, "wait_seconds": waits}
            logger.info("%s; trying again in %.1f s", _error_of(state), state.upcoming_sleep, extra=extra)

        retrying = Retrying(
            retry=retry_if_exception_type(Retriable),
            wait=self._wait,
            stop=self._enough,
            sleep=self.sleep,
            before_sleep=tell,
            reraise=True,
        )
        errors: list[Auth0Error] = []

        def remembered() -> Any:
            try:
                return once()
            except Auth0Error as error:
                errors.append(error)
                raise

        try:
            return retrying(remembered)
        except Stopped as stopped:
            raise errors[-1] if errors else stopped from None

    def _wait(self, state: RetryCallState) -> float:
        backoff: float = min(self.factor * 2 ** (state.attempt_number - 1), _LONGEST_WAIT)
        backoff *= 0.5 + self.jitter() / 2
        error = _error_of(state)
        return max(backoff, error.wait or 0.0) if isinstance(error, Retriable) else backoff

    def _enough(self, state: RetryCallState) -> bool:
        return state.attempt_number > self.most or state.idle_for + state.upcoming_sleep > _TOTAL_WAIT


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
