"""A few things at a time: in order, no more than so many, and nothing new after the first failure."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from client.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    pairs = list(side_by_side(lambda number: number * number, range(50), workers))

    assert pairs == [(number, number * number) for number in range(50)]


def test_nothing_comes_of_nothing() -> None:
    assert list(side_by_side(str, [], 4)) == []


def test_so_many_are_under_way_at_a_time() -> None:
    together = threading.Barrier(3, timeout=5)

    def wait_for_the_others(number: int) -> int:
        together.wait()
        return number

    assert [result for _, result in side_by_side(wait_for_the_others, range(6), 3)] == list(range(6))


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    for item, _ in side_by_side(str, items(), 2):
        if item == 1:
            break

    assert len(taken) <= 6


def test_the_first_failure_ends_it_and_what_has_not_begun_is_not_begun() -> None:
    begun: list[int] = []

    def fail_at_five(number: int) -> int:
        begun.append(number)
        if number == 5:
            raise ValueError(number)
        return number

    got: list[int] = []
    with pytest.raises(ValueError, match="5"):
        got.extend(result for _, result in side_by_side(fail_at_five, range(1000), 1))

    assert got == [0, 1, 2, 3, 4]
    assert len(begun) < 10


def test_what_waits_for_its_turn_when_one_fails_is_not_begun() -> None:
    begun: list[int] = []
    released = threading.Event()
    threading.Timer(0.5, released.set).start()  # by then the failure is known

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError(number)
        released.wait()

    with pytest.raises(ValueError, match="0"):
        list(side_by_side(work, range(100), 2))

    assert max(begun) <= 2
