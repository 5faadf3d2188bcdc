"""What was asked of Auth0, counted for the report."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

_HALF = 0.5  # seconds: the header has whole ones


@dataclass(slots=True)
class Traffic:
    """Requests by endpoint, retries and 429s. Threads may share it."""

    by_endpoint: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    refused: int = 0
    """Answers with status 429."""
    skew: float | None = None
    """Seconds by which the server's clock was ahead of ours at the last answer, to within half a second or so."""
    wall: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, endpoint: str) -> None:
        """Note a request, such as `GET /users`."""
        with self._lock:
            self.by_endpoint[endpoint] += 1

    def answered(self, headers: Mapping[str, str]) -> None:
        """Note what an answer says of the time."""
        try:
            self.skew = parsedate_to_datetime(headers["date"]).timestamp() + _HALF - self.wall()
        except (KeyError, ValueError, TypeError):
            return

    def retried(self) -> None:
        """Note that a request is tried once more."""
        with self._lock:
            self.retries += 1

    def answered_429(self) -> None:
        """Note that the tenant's rate limit was met."""
        with self._lock:
            self.refused += 1
