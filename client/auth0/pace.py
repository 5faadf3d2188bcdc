"""One request budget for the whole run, steered by Auth0's own rate-limit headers.

No plan is configured and nothing is reckoned ahead. What an answer says is left in its bucket is spent; then everybody
who draws on that bucket waits for the reset, when one request finds out how much there is now. That way a request
waits before a 429, not after. Endpoints are put into one bucket when their answers show the same limit, until their
answers contradict that.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime

from client.auth0.buckets import BLIND_PAUSE, Bucket, Said, bucket_of
from client.phases import Budget

_LONGEST_PAUSE = 62.0  # seconds, a minute by clocks that round; a reset further away than this is not believed
_LONGEST_ASKED = 300.0  # seconds of a `Retry-After`; who is asked for more gives up anyway
_SLOWEST = 5.0  # seconds; a server time that is further off than an answer may take is measured anew


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to send one request now. `number`: its position among the requests of its bucket."""

    group: str
    bucket: Bucket
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
    _buckets: dict[bool, list[Bucket]] = field(default_factory=lambda: {True: [], False: []})  # by `_is_api`
    _groups: dict[str, Bucket] = field(default_factory=dict)  # by endpoint, once its limit is known
    # Until a limit is known: one request at a time.
    _first: dict[bool, Bucket] = field(default_factory=lambda: {True: Bucket(), False: Bucket()})
    _unmetered: set[str] = field(default_factory=set)  # endpoints whose answers have no headers to obey
    _next: float = 0.0
    _paused_until: float = 0.0
    _ahead: float = 0.0  # the server's clock less ours, at least
    _budget: Budget | None = None

    def budget(self) -> Budget | None:
        """What the last answer of the Management API said of its bucket, to be shown; None if none said anything."""
        return self._budget

    def acquire(self, group: str) -> Ticket:
        """Wait until a request to the endpoint `group` may go out."""
        while True:
            with self._lock:
                now = self.clock()
                wait, bucket = self._try(group, now)
                if not wait:
                    return Ticket(group, bucket, bucket.sent, now)
            self.sleep(wait)

    def _try(self, group: str, now: float) -> tuple[float, Bucket]:
        """Seconds to wait (0: go, the token is taken) and the bucket."""
        bucket = self._bucket(group)
        wait = max(self._paused_until, self._next) - now
        if wait <= 0:
            wait = 0.0 if group in self._unmetered else bucket.wait(now, stranger=group not in self._groups)
        if wait <= 0 and self.cap:
            self._next = now + 1 / self.cap
        return max(wait, 0.0), bucket

    def _bucket(self, group: str) -> Bucket:
        """An endpoint not yet heard of is taken to share the emptiest bucket."""
        if group in self._groups:
            return self._groups[group]
        return min(self._buckets[_is_api(group)], key=lambda bucket: bucket.level, default=self._first[_is_api(group)])

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
                said = self._said(ticket, remaining, headers, now)
                if _is_api(ticket.group):
                    self._budget = Budget(int(remaining), int(limit))
                bucket = self._enter(said, limit)
                number = ticket.number if ticket.bucket is bucket else bucket.sent
                bucket.learn(replace(said, number=number))
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

    def _said(self, ticket: Ticket, remaining: float, headers: Mapping[str, str], now: float) -> Said:
        reset = now + self._reset(headers, now)
        due, date = _number(headers, "x-ratelimit-reset"), _date(headers)
        return Said(ticket.group, remaining, reset, ticket.at, now, due=due, date=date)

    def _enter(self, said: Said, limit: float) -> Bucket:
        """The bucket that an answer is about: the one it was taken for, unless the answer speaks against it."""
        self._unmetered.discard(said.group)
        known = self._buckets[_is_api(said.group)]
        alike = [bucket for bucket in known if bucket.limit == limit]
        alike.sort(key=lambda bucket: bucket is not self._groups.get(said.group))
        bucket = next((bucket for bucket in alike if bucket.may_be_of(said)), None)
        if bucket is None:
            bucket = bucket_of(limit)
            known.append(bucket)
        self._groups[said.group] = bucket
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
        return left if 0 < left <= _LONGEST_PAUSE else BLIND_PAUSE

    def _server_time(self, headers: Mapping[str, str], now: float) -> float:
        """At least the server's epoch seconds. `date` has no fractions, but just after a second began it is exact."""
        told = _date(headers)
        if told is None:
            return self.wall()
        if not 0 <= now + self._ahead - told <= _SLOWEST:
            self._ahead = told - now
        return now + self._ahead

    def _pause(self, headers: Mapping[str, str], now: float) -> float:
        asked = asked_wait(headers)
        if asked is None:
            return self._reset(headers, now)
        return asked if asked <= _LONGEST_ASKED else _LONGEST_PAUSE


def _is_api(group: str) -> bool:
    """Whether an endpoint is one of the Management API: the buckets of the Authentication API are others."""
    return " /dbconnections/" not in group


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


def _date(headers: Mapping[str, str]) -> float | None:
    """The whole epoch second in which the server answered, or None."""
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None
