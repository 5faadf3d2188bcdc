"""One request budget for the whole run, steered by Auth0's own rate-limit headers.

Auth0 meters with token buckets: `x-ratelimit-limit` is the size of the bucket, `-remaining` what is left,
`-reset` when tokens are next added (epoch seconds). How fast a bucket fills, and which endpoints share one,
is not in the headers: it depends on the plan, and other clients of the tenant drink from the same bucket.
So each bucket is mirrored here: every answer corrects the level, the fill rate is learnt from how the levels
move, and a request waits until the mirror says that there is a token for it. That is before a 429, not after.

Endpoints are put into one bucket when their answers show the same limit.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

_RESERVE = 0.1  # share of a bucket that is left for the other clients of the tenant
_SAMPLE = 1.0  # seconds over which the fill rate is measured at least
_SMOOTHING = 0.5  # weight of a new sample of the fill rate
_LONGEST_PAUSE = 60.0  # seconds; a reset further away than this is not believed
_BLIND_PAUSE = 1.0  # seconds to wait when the headers do not say how long
_FIRST_LOOK = 0.05  # seconds between two looks while the first answer of a bucket is awaited


@dataclass(slots=True)
class _Bucket:
    """The mirror of one of the tenant's buckets. Times are of the monotonic clock, in seconds."""

    limit: float = 0.0
    level: float = 1.0  # tokens believed to be there at `at`; one until an answer tells
    at: float = 0.0
    rate: float = 0.0  # tokens per second, 0 = not yet known
    reset: float = 0.0  # when tokens are next added
    sent: int = 0  # requests so far
    sample: tuple[float, float] | None = None  # time, and tokens that had been added by then, up to a constant

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 takes it."""
        if self.limit and self.rate:
            self.level = min(self.limit, self.level + self.rate * (now - self.at))
        self.at = now
        if self.limit and self.level < 1 and now >= self.reset > 0:
            self.level, self.reset = 1.0, 0.0  # tokens were added; one request shall find out how many
        if self.level >= 1:
            self.level -= 1
            self.sent += 1
            return 0.0
        if not self.limit:
            return _FIRST_LOOK
        waits = [(1 - self.level) / self.rate] if self.rate else []
        waits += [self.reset - now] if self.reset > now else []
        return max(min(waits, default=_BLIND_PAUSE), 0.001)

    def learn(self, number: int, limit: float, remaining: float, reset: float, now: float) -> None:
        """Take over what the answer to request `number` says; later requests are not yet in its `remaining`."""
        self.limit, self.reset = limit, reset
        self.level = remaining - math.floor(limit * _RESERVE) - (self.sent - number)
        self.at = now
        added = remaining + number
        if self.sample is None or remaining >= limit - 1:  # a full bucket does not show how fast it fills
            self.sample = (now, added)
        elif now - self.sample[0] >= _SAMPLE:
            rate = max(0.0, added - self.sample[1]) / (now - self.sample[0])
            self.rate = rate if not self.rate else self.rate + _SMOOTHING * (rate - self.rate)
            self.sample = (now, added)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to send one request now. `number`: its position among the requests of its bucket."""

    group: str
    bucket: _Bucket
    number: int


@dataclass(slots=True)
class Pace:
    """Hands out the right to send. One object serves all threads and, through them, all pool workers.

    `cap`: requests per second at most; 0 = as the headers allow. The clocks are arguments for the tests' sake.
    """

    cap: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _buckets: dict[float, _Bucket] = field(default_factory=dict)  # by limit
    _groups: dict[str, _Bucket] = field(default_factory=dict)  # by endpoint, once its limit is known
    _first: _Bucket = field(default_factory=_Bucket)  # until any limit is known: one request at a time
    _unmetered: set[str] = field(default_factory=set)  # endpoints whose answers have no headers to obey
    _next: float = 0.0
    _paused_until: float = 0.0

    def acquire(self, group: str) -> Ticket:
        """Wait until a request to the endpoint `group` may go out."""
        while True:
            with self._lock:
                wait, bucket = self._try(group)
                if not wait:
                    return Ticket(group, bucket, bucket.sent)
            self.sleep(wait)

    def _try(self, group: str) -> tuple[float, _Bucket]:
        """Seconds to wait (0: go, the token is taken) and the bucket."""
        now = self.clock()
        bucket = self._bucket(group)
        wait = max(self._paused_until, self._next) - now
        if wait <= 0:
            wait = 0.0 if group in self._unmetered else bucket.wait(now)
        if wait <= 0 and self.cap:
            self._next = now + 1 / self.cap
        return max(wait, 0.0), bucket

    def _bucket(self, group: str) -> _Bucket:
        """An endpoint not yet heard of is taken to share the emptiest bucket."""
        if group in self._groups:
            return self._groups[group]
        return min(self._buckets.values(), key=lambda bucket: bucket.level, default=self._first)

    def learn(self, ticket: Ticket, headers: Mapping[str, str], *, refused: bool = False) -> float:
        """Take over the headers of an answer; `refused` for a 429. Returns the seconds of a pause, or 0."""
        with self._lock:
            now = self.clock()
            try:
                limit, remaining = (
                    float(headers["x-ratelimit-limit"]),
                    float(headers["x-ratelimit-remaining"]),
                )
            except (KeyError, ValueError):
                self._without_headers(ticket)
            else:
                bucket = self._enter(ticket.group, limit)
                number = ticket.number if bucket is ticket.bucket else bucket.sent
                bucket.learn(number, limit, remaining, now + self._reset(headers), now)
            if not refused:
                return 0.0
            pause = self._pause(headers)
            self._paused_until = max(self._paused_until, now + pause)
            return pause

    def lost(self, ticket: Ticket) -> None:
        """No answer came. Were it the very first, nobody else would ever be let out."""
        with self._lock:
            self._without_headers(ticket)

    def _enter(self, group: str, limit: float) -> _Bucket:
        self._unmetered.discard(group)
        self._groups[group] = self._buckets.setdefault(limit, _Bucket())
        return self._groups[group]

    def _without_headers(self, ticket: Ticket) -> None:
        if ticket.group not in self._groups:
            self._unmetered.add(ticket.group)
        if not ticket.bucket.limit:
            ticket.bucket.level = 1.0  # the next one may go and see

    def _reset(self, headers: Mapping[str, str]) -> float:
        """Seconds until tokens are added; by the server's own clock, where it tells it."""
        try:
            reset = float(headers["x-ratelimit-reset"])
        except (KeyError, ValueError):
            return _BLIND_PAUSE
        try:
            server_now = parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            server_now = self.wall()
        left = reset - server_now
        return left if 0 < left <= _LONGEST_PAUSE else _BLIND_PAUSE

    def _pause(self, headers: Mapping[str, str]) -> float:
        asked = asked_wait(headers)
        return min(self._reset(headers) if asked is None else asked, _LONGEST_PAUSE)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds of a `Retry-After` header, or None. Auth0 sends it with some answers only."""
    try:
        asked = float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return asked if math.isfinite(asked) and asked >= 0 else None
