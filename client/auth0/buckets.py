"""The mirror of a tenant's token buckets: how much of each may be spent, and when to look again.

Auth0's headers say how large a bucket is, what is left in it and when tokens are next added. How fast it fills,
whether bit by bit or at the turn of a second or minute, is not in them, and other clients of the tenant drink from
the same bucket. All times are of the monotonic clock, in seconds, unless called epoch.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

BLIND_PAUSE = 1.0  # seconds to wait when the headers do not say how long
_RESERVE = 0.1  # share of a bucket that is left for the other clients of the tenant
_LARGEST_RESERVE = 0.5  # the same, when others take so much that requests are refused
_REMEMBERED = 64  # answers, as many as may be out of order
_LOOK = 0.05  # seconds between two looks while the one request that finds out is under way
_MOMENT = 0.001  # seconds, the shortest wait
_ENOUGH = 2  # tokens; one may be an illusion of rounding
_LONG_ENOUGH = 3.0  # seconds of watching nothing come in
_LATE = 0.6  # seconds; enough to see two tokens a second, and mostly within one second
_CAUTION = 1.2  # times the seconds that a token seems to take
_SLOWEST = 2.0  # seconds between two requests
_FASTER, _SLOWER, _MUCH_SLOWER = 0.95, 1.03, 1.5


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer to the endpoint `group` says about its bucket, and when it was asked and heard."""

    group: str
    remaining: float
    reset: float
    """When tokens are next added."""
    sent_at: float
    at: float
    number: int = 0
    """Position of the request among those of the bucket."""
    due: float | None = None
    """The same as `reset`, in epoch seconds of the server."""
    date: float | None = None
    """When it was answered, in epoch seconds of the server."""

    def could_be_filled_since(self, earlier: Said) -> bool:
        """Whether tokens may have been added all at once after `earlier`, by the server's own clock."""
        return self.date is None or earlier.due is None or self.date >= earlier.due


@dataclass(slots=True)
class Bucket:
    """One bucket. What an answer says is left is spent, less a reserve and what is under way; then comes the reset."""

    limit: float = 0.0
    level: float = 1.0  # tokens that may be taken; one until an answer tells
    reset: float = 0.0
    asking: bool = False  # whether the one request that finds out is under way
    sent: int = 0  # requests so far
    reserve: float = 0.0  # tokens that are left to others
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    paused_until: float = 0.0

    def wait(self, now: float, *, stranger: bool) -> float:
        """Seconds until it is worth while to look again; 0 takes a token.

        A `stranger` is an endpoint that may or may not draw on this bucket. To find out it may use the reserve.
        """
        if now < self.paused_until:
            return self.paused_until - now
        if self.limit and self.level < 1 and now >= self.reset:
            # Tokens were added; one request finds out how many. Should its answer get lost, another does.
            self.level, self.reset, self.asking = 1.0, now + BLIND_PAUSE, True
        if self.level + (self.reserve if stranger else 0) >= 1:
            self.level -= 1
            self.sent += 1
            return 0.0
        if self.asking or not self.limit:
            return _LOOK
        return max(self.reset - now, _MOMENT)

    def may_be_of(self, said: Said) -> bool:
        """Whether an answer can be about this bucket: others were not told of fewer tokens a moment before.

        A bucket that fills bit by bit may have a little more than it had; none fills up in less than a second.
        """
        others = (told for told in reversed(self.said) if told.at <= said.sent_at and told.group != said.group)
        told = next(others, None)
        if told is None or said.could_be_filled_since(told):
            return True
        return said.remaining <= told.remaining + self.limit * (said.at - told.at) + 1

    def learn(self, said: Said) -> None:
        """Take over what an answer says; later requests are not yet in its `remaining`."""
        self.reset, self.asking = said.reset, False
        self.level = said.remaining - self.reserve - (self.sent - said.number)
        self.said.append(said)

    def refuse(self, now: float, pause: float) -> None:
        """An answer was 429: others take more than the reserve leaves them. One more for them, each time."""
        if now >= self.paused_until:
            self.reserve = min(self.reserve + 1, max(self.reserve, math.floor(self.limit * _LARGEST_RESERVE)))
        self.paused_until = max(self.paused_until, now + pause)


@dataclass(slots=True)
class SmallBucket(Bucket):
    """A bucket too small for a reserve, such as that of the free plan: two tokens, and two more each second.

    It is full again within a second, and what comes in after that is lost. So it matters whether tokens come bit by
    bit, which the headers do not tell. Where they do, requests are sent evenly: a little faster while the bucket is
    full, a little slower when it is not. So it is neither full for long nor ever empty.
    """

    interval: float = 0.0  # seconds between two requests; 0 until it is known that tokens come bit by bit
    next: float = 0.0
    gained: float = 0.0  # tokens that came in although none were due
    watched: float = 0.0  # seconds

    def wait(self, now: float, *, stranger: bool) -> float:
        """See `Bucket.wait`."""
        later = max(self.next if self.interval else self._late(), self.paused_until)
        if later > now:
            return max(later - now, _MOMENT)
        if not self.interval:
            return Bucket.wait(self, now, stranger=stranger)
        self.sent += 1
        self.next = now + self.interval
        return 0.0

    def _late(self) -> float:
        """When to spend the last token: late, so that the answer tells whether more came in."""
        is_last = math.floor(self.level) == 1 and bool(self.said) and not self.asking
        if not is_last or self.watched > _LONG_ENOUGH:
            return 0.0
        return min(self.said[-1].at + _LATE, self.reset)

    def learn(self, said: Said) -> None:
        """See `Bucket.learn`."""
        if self.interval:
            self.interval *= _FASTER if said.remaining >= self.limit - 1 else _SLOWER
        elif self.said:
            self._watch(self.said[-1], said)
        Bucket.learn(self, said)

    def _watch(self, last: Said, said: Said) -> None:
        if last.number < said.number and last.sent_at < said.sent_at and not said.could_be_filled_since(last):
            self.watched += said.sent_at - last.sent_at
            self.gained += max(0.0, said.remaining - last.remaining + said.number - last.number)
            if self.gained >= _ENOUGH:
                is_full = said.remaining >= self.limit - 1  # then more may have come in than it could hold
                self.interval = (1 if is_full else _CAUTION) * self.watched / self.gained

    def refuse(self, now: float, pause: float) -> None:
        """See `Bucket.refuse`. The first may have come of watching, which ends with it."""
        self.interval = min(self.interval * _MUCH_SLOWER, _SLOWEST)
        if self.watched < math.inf:
            self.watched, self.paused_until = math.inf, now + pause
        else:
            Bucket.refuse(self, now, pause)


def bucket_of(limit: float) -> Bucket:
    """The mirror of a bucket that holds `limit` tokens."""
    reserve = math.floor(limit * _RESERVE)
    return Bucket(limit, reserve=reserve) if reserve else SmallBucket(limit)
