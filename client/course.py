"""How a phase goes: how fast, and how long still. Pure: it is told the time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from client.phases import Step

_WINDOW = 30.0  # seconds over which the speed is reckoned: what was long ago says little of what is left
_SETTLED = 2.0  # seconds before a speed means something
_MINUTE, _HOUR = 60, 3600


@dataclass(slots=True)
class Course:
    """What was seen of a phase. Times are of a monotonic clock, in seconds."""

    step: Step
    began: float
    _seen: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._seen.append((self.began, 0))

    def look(self, now: float) -> None:
        """Remember how much is done by `now`."""
        done, seen = self.step.done, self._seen
        if done < seen[-1][1]:  # it counts something else from here on
            seen.clear()
        seen.append((now, done))
        while len(seen) > 1 and seen[1][0] <= now - _WINDOW:
            seen.popleft()

    @property
    def rate(self) -> float:
        """How many are done in a second, of late; 0 if that is not known."""
        (since, before), (now, done) = self._seen[0], self._seen[-1]
        return (done - before) / (now - since) if now - since >= _SETTLED else 0.0

    @property
    def left(self) -> float | None:
        """The seconds that are left, if that can be told."""
        rate, total = self.rate, self.step.total
        return None if total is None or not rate else max(total - self.step.done, 0) / rate


def amount(step: Step) -> str:
    """How much is done: `120 of 400 accounts`."""
    if not step.unit:
        return ""
    of_all = "" if step.total is None else f" of {step.total:,}"
    return f"{step.done:,}{of_all} {step.unit}"


def finished(step: Step) -> str:
    """How much was done in the end: `400 accounts`, or of how many if it ended early."""
    whole = step.total is None or step.done == step.total
    return amount(Step(step.name, step.unit, None, step.done)) if whole else amount(step)


def pace(rate: float) -> str:
    """How fast: `12/s`."""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"  # noqa: PLR2004 - two digits are enough


def span(seconds: float) -> str:
    """How long: `8 s`, `3 min`, `2 h 10 min`."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
