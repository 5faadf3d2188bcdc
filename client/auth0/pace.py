"""One request budget for the whole run, steered by Auth0's own rate-limit headers.

Auth0 meters with token buckets: `x-ratelimit-limit` is the size of the bucket, `-remaining` what is left,
`-reset` when tokens are next added (epoch seconds). How fast a bucket fills, whether bit by bit or at the turn
of a second or minute, and which endpoints share one is not in the headers, and other clients of the tenant
drink from the same bucket. So nothing is reckoned ahead: what an answer says is left is spent, less a reserve
and what is under way; then everybody who draws on that bucket waits for the reset, when one request finds out
how much there is now. That way a request waits before a 429, not after.

Endpoints are put into one bucket when their answers show the same limit, until their answers contradict that.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

_RESERVE = 0.1  # share of a bucket that is left for the other clients of the tenant
_LARGEST_RESERVE = 0.5  # the same, when others take so much that requests are refused
_LONGEST_PAUSE = 62.0  # seconds, a minute by clocks that round; a reset further away than this is not believed
_LONGEST_ASKED = 300.0  # seconds of a `Retry-After`; who is asked for more gives up anyway
_BLIND_PAUSE = 1.0  # seconds to wait when the headers do not say how long
_LOOK = 0.05  # seconds between two looks while the one request that finds out is under way
_REMEMBERED = 64  # answers, as many as may be out of order
_SLOWEST = 5.0  # seconds; a server time that is further off than an answer may take is measured anew


@dataclass(slots=True)
class _Told:
    """What an answer said about a bucket."""

    group: str
    remaining: float
    reset: float
    at: float


@dataclass(slots=True)
class _Bucket:
    """The mirror of one of the tenant's buckets. Times are of the monotonic clock, in seconds."""

    limit: float = 0.0
    level: float = 1.0  # tokens that may be taken; one until an answer tells
    reset: float = 0.0  # when tokens are next added
    asking: bool = False  # whether the one request that finds out is under way
    sent: int = 0  # requests so far
    reserve: float = 0.0  # tokens that are left to others
    told: deque[_Told] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    paused_until: float = 0.0

    def wait(self, now: float, *, stranger: bool) -> float:
        """Seconds until it is worth while to look again; 0 takes a token.

        A `stranger` is an endpoint that may or may not draw on this bucket. To find out it may use the reserve.
        """
        if now < self.paused_until:
            return self.paused_until - now
        if self.limit and self.level < 1 and now >= self.reset:
            # Tokens were added; one request finds out how many. Should its answer get lost, another does.
            self.level, self.reset, self.asking = 1.0, now + _BLIND_PAUSE, True
        if self.level + (self.reserve if stranger else 0) >= 1:
            self.level -= 1
            self.sent += 1
            return 0.0
        if self.asking or not self.limit:
            return _LOOK
        return max(self.reset - now, 0.001)

    def may_be_of(self, group: str, remaining: float, sent_at: float, now: float) -> bool:
        """Whether an answer to `group` can be about this bucket: tokens do not come back before they are due.

        A bucket that fills bit by bit may have a little more than it had; none fills up in less than a second.
        """
        before = (told for told in reversed(self.told) if told.at <= sent_at and told.group != group)
        told = next(before, None)
        if told is None or now >= told.reset:
            return True
        return remaining <= told.remaining + self.limit * (now - told.at) + 1

    def learn(self, ticket: Ticket, remaining: float, reset: float, now: float) -> None:
        """Take over what the answer to a request says; later requests are not yet in its `remaining`."""
        number = ticket.number if ticket.bucket is self else self.sent
        self.reset, self.asking = reset, False
        self.told.append(_Told(ticket.group, remaining, reset, now))
        self.level = remaining - self.reserve - (self.sent - number)

    def refuse(self, now: float, pause: float) -> None:
        """An answer was 429: others take more than the reserve leaves them. One more for them, each time."""
        if now >= self.paused_until:
            self.reserve = min(self.reserve + 1, max(self.reserve, math.floor(self.limit * _LARGEST_RESERVE)))
        self.paused_until = max(self.paused_until, now + pause)


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to send one request now. `number`: its position among the requests of its bucket."""

    group: str
    bucket: _Bucket
    number: int
    at: float


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
    _buckets: list[_Bucket] = field(default_factory=list)
    _groups: dict[str, _Bucket] = field(default_factory=dict)  # by endpoint, once its limit is known
    _first: _Bucket = field(default_factory=_Bucket)  # until any limit is known: one request at a time
    _unmetered: set[str] = field(default_factory=set)  # endpoints whose answers have no headers to obey
    _next: float = 0.0
    _paused_until: float = 0.0
    _ahead: float = 0.0  # the server's clock less ours, at least

    def acquire(self, group: str) -> Ticket:
        """Wait until a request to the endpoint `group` may go out."""
        while True:
            with self._lock:
                now = self.clock()
                wait, bucket = self._try(group, now)
                if not wait:
                    return Ticket(group, bucket, bucket.sent, now)
            self.sleep(wait)

    def _try(self, group: str, now: float) -> tuple[float, _Bucket]:
        """Seconds to wait (0: go, the token is taken) and the bucket."""
        bucket = self._bucket(group)
        wait = max(self._paused_until, self._next) - now
        if wait <= 0:
            wait = 0.0 if group in self._unmetered else bucket.wait(now, stranger=group not in self._groups)
        if wait <= 0 and self.cap:
            self._next = now + 1 / self.cap
        return max(wait, 0.0), bucket

    def _bucket(self, group: str) -> _Bucket:
        """An endpoint not yet heard of is taken to share the emptiest bucket."""
        if group in self._groups:
            return self._groups[group]
        return min(self._buckets, key=lambda bucket: bucket.level, default=self._first)

    def learn(self, ticket: Ticket, headers: Mapping[str, str], *, refused: bool = False) -> float:
        """Take over the headers of an answer; `refused` for a 429. Returns the seconds of a pause, or 0.

        A 429 pauses those who draw on the bucket that its headers show empty, else everybody.
        """
        with self._lock:
            now = self.clock()
            limit = _number(headers, "x-ratelimit-limit") or 0.0
            remaining = _number(headers, "x-ratelimit-remaining")
            bucket = None
            if limit < 1 or remaining is None:
                self._without_headers(ticket)
            else:
                bucket = self._enter(ticket, limit, remaining, now)
                bucket.learn(ticket, remaining, now + self._reset(headers, now), now)
            if not refused:
                return 0.0
            pause = self._pause(headers, now)
            if bucket is not None and not remaining:
                bucket.refuse(now, pause)
            else:
                self._paused_until = max(self._paused_until, now + pause)
            return pause

    def lost(self, ticket: Ticket) -> None:
        """No answer came. Were it the very first, nobody else would ever be let out."""
        with self._lock:
            self._without_headers(ticket)

    def _enter(self, ticket: Ticket, limit: float, remaining: float, now: float) -> _Bucket:
        """The bucket that an answer is about: the one it was taken for, unless the answer speaks against it."""
        group = ticket.group
        self._unmetered.discard(group)
        alike = [bucket for bucket in self._buckets if bucket.limit == limit]
        alike.sort(key=lambda bucket: bucket is not self._groups.get(group))
        fitting = (bucket for bucket in alike if bucket.may_be_of(group, remaining, ticket.at, now))
        bucket = next(fitting, None)
        if bucket is None:
            bucket = _Bucket(limit, reserve=math.floor(limit * _RESERVE))
            self._buckets.append(bucket)
        self._groups[group] = bucket
        return bucket

    def _without_headers(self, ticket: Ticket) -> None:
        if ticket.group not in self._groups:
            self._unmetered.add(ticket.group)
        if not ticket.bucket.limit:
            ticket.bucket.level = 1.0  # the next one may go and see

    def _reset(self, headers: Mapping[str, str], now: float) -> float:
        """Seconds until tokens are added; by the server's own clock, where it tells it."""
        server_now = self._server_time(headers, now)
        reset = _number(headers, "x-ratelimit-reset")
        left = 0.0 if reset is None else reset - server_now
        return left if 0 < left <= _LONGEST_PAUSE else _BLIND_PAUSE

    def _server_time(self, headers: Mapping[str, str], now: float) -> float:
        """At least the server's epoch seconds. `date` has no fractions, but just after a second began it is exact."""
        try:
            told = parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return self.wall()
        if not 0 <= now + self._ahead - told <= _SLOWEST:
            self._ahead = told - now
        return now + self._ahead

    def _pause(self, headers: Mapping[str, str], now: float) -> float:
        asked = asked_wait(headers)
        if asked is None:
            return self._reset(headers, now)
        return asked if asked <= _LONGEST_ASKED else _LONGEST_PAUSE


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds of a `Retry-After` header, or None. Auth0 sends it with some answers only."""
    asked = _number(headers, "retry-after")
    return asked if asked is not None and asked >= 0 else None


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        number = float(headers[name])
    except (KeyError, ValueError):
        return None
    return number if math.isfinite(number) else None
