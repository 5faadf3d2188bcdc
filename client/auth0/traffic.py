"""What was asked of Auth0, counted for the report."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Traffic:
    """Requests by endpoint, retries and 429s. Threads may share it."""

    by_endpoint: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    refused: int = 0
    """Answers with status 429."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, endpoint: str) -> None:
        """Note a request, such as `GET /users`."""
        with self._lock:
            self.by_endpoint[endpoint] += 1

    def retried(self) -> None:
        """Note that a request is tried once more."""
        with self._lock:
            self.retries += 1

    def answered_429(self) -> None:
        """Note that the tenant's rate limit was met."""
        with self._lock:
            self.refused += 1
