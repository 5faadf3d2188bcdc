"""A simulated tenant with token buckets, and threads on a time that jumps from event to event."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Literal

from client.auth0.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

START = 1_780_000_000.25
_MOST_SLEEPS = 300_000
LATENCY = 0.06  # seconds from a request to its answer


class EventTime:
    """Seconds that pass only when every thread sleeps; then the one that is to wake first wakes."""

    def __init__(self, threads: int = 1) -> None:
        self.now = START
        self._awake = threads
        self._sleepers: list[tuple[float, int]] = []
        self._order = 0
        self._turn = threading.Condition()

    def time(self) -> float:
        """The seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait until this time has come."""
        with self._turn:
            self._order += 1
            assert self._order < _MOST_SLEEPS, "somebody waits for ever"
            mine = (self.now + seconds, self._order)
            self._sleepers.append(mine)
            self._awake -= 1
            self._wake()
            self._turn.wait_for(lambda: mine not in self._sleepers, timeout=60)

    def leave(self) -> None:
        """A thread has ended."""
        with self._turn:
            self._awake -= 1
            self._wake()

    def _wake(self) -> None:
        if self._awake == 0 and self._sleepers:
            first = min(self._sleepers)
            self._sleepers.remove(first)
            self.now = max(self.now, first[0])
            self._awake = 1
            self._turn.notify_all()


@dataclass(slots=True)
class Bucket:
    """A bucket of `burst` tokens to which `sustained` are added every `period` seconds."""

    burst: int
    sustained: float
    period: float = 1.0
    refill: Literal["continuous", "window"] = "continuous"
    foreign: float = 0.0
    """Requests a second of another client."""
    tokens: float = math.nan
    at: float = START

    def admit(self, now: float) -> tuple[bool, float]:
        """Whether a request may pass, and when tokens are next added."""
        if math.isnan(self.tokens):
            self.tokens = float(self.burst)
        passed = now - self.at
        if self.refill == "continuous":
            added = passed * self.sustained / self.period
        else:
            added = (now // self.period - self.at // self.period) * self.sustained
        taken = now * self.foreign // 1 - self.at * self.foreign // 1
        self.tokens = max(0.0, min(self.burst, self.tokens + added - taken))
        self.at = now
        allowed = self.tokens >= 1
        self.tokens -= allowed
        if self.refill == "window":
            return allowed, (now // self.period + 1) * self.period
        return allowed, now + (1 - self.tokens % 1) * self.period / self.sustained

    @property
    def rate(self) -> float:
        """Requests a second that are left for us."""
        in_a_period = self.sustained if self.refill == "continuous" else min(self.burst, self.sustained)
        return in_a_period / self.period - self.foreign


@dataclass(slots=True)
class Metered:
    """Answers requests as Auth0 does: the headers of the bucket, 429 when it is empty."""

    time: EventTime
    buckets: dict[str, Bucket]
    latency: float = LATENCY
    """Seconds from a request to its answer."""
    skew: float = 0.0
    """Seconds by which this server's clock, in `date` as in the reset, is ahead of ours."""
    header: Callable[[dict[str, str]], dict[str, str]] = lambda headers: headers
    """What becomes of the headers on their way."""
    passed: list[tuple[float, str]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, pace: Pace, endpoint: str) -> bool:
        """One paced request; False for a 429."""
        ticket = pace.acquire(endpoint)
        self.time.sleep(self.latency / 2)
        with self._lock:
            now = self.time.time()
            bucket = self.buckets[endpoint]
            allowed, reset = bucket.admit(now)
            (self.passed.append((now, endpoint)) if allowed else self.refused.append(now))
        headers = {
            "x-ratelimit-limit": str(bucket.burst),
            "x-ratelimit-remaining": str(int(bucket.tokens)),
            "x-ratelimit-reset": str(math.ceil(reset + self.skew)),
            "date": formatdate(now + self.skew, usegmt=True),
        }
        self.time.sleep(self.latency / 2)
        pace.learn(ticket, self.header(headers), refused=not allowed)
        return allowed


def drive(server: Metered, pace: Pace, endpoints: Sequence[str], seconds: float, threads: int) -> None:
    """Let `threads` threads, as many as the time of `server` knows of, ask without a rest for so long."""
    end = server.time.now + seconds

    def work(first: int) -> None:
        turn = first
        try:
            while server.time.time() < end:
                server.ask(pace, endpoints[turn % len(endpoints)])
                turn += 1
        finally:
            server.time.leave()

    workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert not any(worker.is_alive() for worker in workers), "a thread waits for ever"
