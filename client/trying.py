"""Changes tried side by side, each on its own, until it makes no sense to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from client.breaker import Breaker, Tried
from client.side_by_side import side_by_side
from sync.model import Change

Ends = Iterator[tuple[Change, Tried]]


@dataclass(frozen=True, slots=True)
class Tries:
    """`workers`: requests in flight."""

    breaker: Breaker
    workers: int

    def each(self, step: Callable[[Change], Tried], changes: Sequence[Change]) -> Ends:
        """How `step` ended for each of the changes.

        A stop may come before a hundred thousand of them: then the rest does not go through the threads.
        """

        def attempt(change: Change) -> Tried:
            return self.breaker.attempt(lambda: step(change))

        begun = 0
        going = takewhile(lambda _: not self.breaker.is_over, changes)
        for ended in side_by_side(attempt, going, self.workers):
            begun += 1
            yield ended
        for change in changes[begun:]:
            yield change, attempt(change)
