"""A few things at a time, in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with what `function` makes of it, in order, `workers` at a time.

    The first exception ends it: what has not begun is not begun.
    """
    window: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(workers) as executor:
        try:
            for item in items:
                window.append((item, executor.submit(function, item)))
                if len(window) >= 2 * workers:
                    yield window[0][0], window.popleft()[1].result()
            while window:
                yield window[0][0], window.popleft()[1].result()
        finally:
            for _, future in window:
                future.cancel()
