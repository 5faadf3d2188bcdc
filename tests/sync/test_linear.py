"""Twice the people are twice the work. Calls are counted, not seconds: they are the same on every machine.

What a function written in C does within one call is not seen.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from sync import desired, plan
from sync.model import Account, Memberships
from tests.sync.builders import ADMIN, CONNECTION, Row, frame, managed

World = Callable[[int], tuple[list[Row], list[Account]]]
FEW = 200


def agreeing(people: int) -> tuple[list[Row], list[Account]]:
    """Everybody has their account and their role."""
    return [(f"user{n}@x.io", "admin") for n in range(people)], _accounts(f"user{n}@x.io" for n in range(people))


def mixed_case(people: int) -> tuple[list[Row], list[Account]]:
    return [(f" User{n}@X.io ", "Admin") for n in range(people)], _accounts(f"USER{n}@x.io" for n in range(people))


def beyond_ascii(people: int) -> tuple[list[Row], list[Account]]:
    return [(f"josé{n}@x.io", "admin") for n in range(people)], _accounts(f"JOSE\u0301{n}@x.io" for n in range(people))


def several_roles(people: int) -> tuple[list[Row], list[Account]]:
    rows, accounts = agreeing(people)
    return [*rows, *((email, "reader") for email, _ in rows), *rows], accounts


def nobody_yet(people: int) -> tuple[list[Row], list[Account]]:
    return agreeing(people)[0], []


def all_others(people: int) -> tuple[list[Row], list[Account]]:
    return agreeing(people)[0], _accounts(f"gone{n}@x.io" for n in range(people))


def in_trouble(people: int) -> tuple[list[Row], list[Account]]:
    rows, accounts = agreeing(people)
    return [*rows, *((email, None) for email, _ in rows)], accounts


def unreadable(people: int) -> tuple[list[Row], list[Account]]:
    """Every e-mail is on a row that can be read and on one that cannot."""
    rows, accounts = agreeing(people)
    return [*rows, *((f"user{n}@@x.io", "admin") for n in range(people))], accounts


def sharing(people: int) -> tuple[list[Row], list[Account]]:
    """Every e-mail has two accounts, and one of them has as many more as there are people."""
    rows, accounts = agreeing(people)
    return rows, [*accounts, *accounts, *(accounts[0] for _ in range(people))]


WORLDS = [
    agreeing,
    mixed_case,
    beyond_ascii,
    several_roles,
    nobody_yet,
    all_others,
    in_trouble,
    unreadable,
    sharing,
]


@pytest.mark.parametrize("protected", [(), ("*5@x.io", "root@*")], ids=["", "protected"])
@pytest.mark.parametrize("world", WORLDS)
def test_each_further_person_costs_the_same_work(world: World, protected: tuple[str, ...]) -> None:
    calls(world, 1, protected)  # patterns are compiled once

    few, more, most = (calls(world, people, protected).total() for people in (FEW, 2 * FEW, 4 * FEW))

    assert most - more == pytest.approx(2 * (more - few), rel=0.02)


def test_an_email_is_put_in_lower_case_at_most_twice_a_row_and_once_an_account() -> None:
    few, more = calls(agreeing, FEW), calls(agreeing, 2 * FEW)

    assert 0 < more["lower"] - few["lower"] <= (2 + 1) * FEW


def calls(world: World, people: int, protected: tuple[str, ...] = ()) -> Counter[str]:
    """How often each function, Python's own too, is called on the way from `people` people to the plan."""
    rows, accounts = world(people)
    source, roles = frame(rows), managed()
    memberships = Memberships({account.user_id: frozenset({ADMIN.id}) for account in accounts})
    with _counted() as counts:
        state = desired.build(source, roles)
        plan.build(state, accounts, memberships, connection=CONNECTION, roles=roles, protected=protected)
    return counts


def _accounts(emails: Iterator[str]) -> list[Account]:
    return [Account(f"auth0|{number}", email, CONNECTION) for number, email in enumerate(emails)]


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    counts: Counter[str] = Counter()

    def count(frame: FrameType, event: str, function: object) -> None:
        if event == "call":
            counts[frame.f_code.co_name] += 1
        elif event == "c_call":
            counts[getattr(function, "__name__", "")] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield counts
    finally:
        sys.setprofile(before)
