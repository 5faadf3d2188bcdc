"""Token buckets, and the headers that tell a client about them.

The numbers are those of Auth0's rate limit pages, per plan; buckets are per tenant, so that another
client of the same tenant (`steal`, `background_rate`) can cause our 429s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.clock import Clock

Refill = Literal["continuous", "window"]
OTHER = "other"
READ_USERS = "read_users"
WRITE_USERS = "write_users"
DELETE_USERS = "delete_users"
READ_CONNECTIONS = "read_connections"
_SECOND = 1.0
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `burst` requests to which `sustained` are added every `period` seconds."""

    burst: int
    sustained: float
    period: float = _SECOND


@dataclass(frozen=True, slots=True)
class Profile:
    """The rates of a plan: one for all requests together, or one per group of endpoints."""

    name: str
    rates: Mapping[str, Rate]


PROFILES = {
    "free": Profile("free", {OTHER: Rate(2, 2)}),
    "enterprise": Profile("enterprise", {OTHER: Rate(50, 16)}),
    "enterprise-dev": Profile("enterprise-dev", {OTHER: Rate(10, 2)}),
    "self-service": Profile(
        "self-service",
        {
            READ_USERS: Rate(40, 500, _MINUTE),
            WRITE_USERS: Rate(20, 200, _MINUTE),
            DELETE_USERS: Rate(20, 200, _MINUTE),
            READ_CONNECTIONS: Rate(5, 50, _MINUTE),
            OTHER: Rate(10, 150, _MINUTE),
        },
    ),
}
NO_LIMIT = "none"
MAILS = Profile("mails", {OTHER: Rate(10, 1, _MINUTE)})
"""The change-password mail, from one IP address to one e-mail address; the same on every plan."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass, and what its answer says about the bucket."""

    allowed: bool
    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """The three headers, lower case as Auth0 sends them; the reset is in epoch seconds."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset),
        }


@dataclass(slots=True)
class _Bucket:
    rate: Rate
    tokens: float
    filled_at: float


@dataclass(slots=True)
class Limiter:
    """The buckets of one tenant."""

    profile: Profile
    clock: Clock
    refill: Refill = "continuous"
    background_rate: float = 0.0
    """Requests per second that somebody else takes out of every bucket."""
    _buckets: dict[str, _Bucket] = field(init=False)

    def __post_init__(self) -> None:
        now = self.clock.time()
        self._buckets = {group: _Bucket(rate, float(rate.burst), now) for group, rate in self.profile.rates.items()}

    def admit(self, group: str) -> Verdict:
        """Take one request out of a group's bucket, or refuse it."""
        bucket = self._filled(group)
        allowed = bucket.tokens >= 1
        if allowed:
            bucket.tokens -= 1
        remaining = int(bucket.tokens)
        return Verdict(allowed, bucket.rate.burst, remaining, math.ceil(self._next_token(bucket)))

    def steal(self, requests: int) -> None:
        """Another client of the tenant makes this many requests at once, of every group."""
        for group in self._buckets:
            bucket = self._filled(group)
            bucket.tokens = max(0.0, bucket.tokens - requests)

    def _filled(self, group: str) -> _Bucket:
        bucket = self._buckets.get(group) or self._buckets[OTHER]
        now = self.clock.time()
        rate = bucket.rate
        passed = max(0.0, now - bucket.filled_at)
        if self.refill == "continuous":
            added = passed * rate.sustained / rate.period
        else:
            added = (now // rate.period - bucket.filled_at // rate.period) * rate.sustained
        taken = passed * self.background_rate
        bucket.tokens = min(float(rate.burst), max(0.0, bucket.tokens + added - taken))
        bucket.filled_at = now
        return bucket

    def _next_token(self, bucket: _Bucket) -> float:
        rate = bucket.rate
        if self.refill == "window":
            return (bucket.filled_at // rate.period + 1) * rate.period
        missing = 1 - bucket.tokens % 1
        return bucket.filled_at + missing * rate.period / rate.sustained


@dataclass(slots=True)
class MailLimits:
    """A bucket for each pair of an IP address that asks and an e-mail address that would get a mail."""

    clock: Clock
    refill: Refill = "continuous"
    _limiters: dict[tuple[str, str], Limiter] = field(init=False, default_factory=dict)

    def admit(self, address: str, email: str) -> Verdict:
        """Take one mail out of their bucket, or refuse it."""
        pair = (address, email)
        if pair not in self._limiters:
            self._limiters[pair] = Limiter(MAILS, self.clock, refill=self.refill)
        return self._limiters[pair].admit(OTHER)
