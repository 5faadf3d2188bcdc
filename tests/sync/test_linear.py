"""Twice the people are twice the work. Calls are counted, not seconds: they are the same on every machine.

What a function written in C does within one call is not seen.
"""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pandas as pd
import pytest

from sync import desired, plan
from sync.model import Account, Marks, Memberships
from sync.policy import Policy
from sync.protection import Protection
from tests.sync.builders import ADMIN, CONNECTION, managed

Rows = list[tuple[object, ...]]
World = Callable[[int], tuple[Rows, list[Account]]]
FEW = 200


def agreeing(people: int) -> tuple[Rows, list[Account]]:
    """Everybody has their account and their role."""
    return [(f"user{n}@x.io", "admin") for n in range(people)], _accounts(f"user{n}@x.io" for n in range(people))


def mixed_case(people: int) -> tuple[Rows, list[Account]]:
    return [(f" User{n}@X.io ", "Admin") for n in range(people)], _accounts(f"USER{n}@x.io" for n in range(people))


def beyond_ascii(people: int) -> tuple[Rows, list[Account]]:
    return [(f"josé{n}@x.io", "admin") for n in range(people)], _accounts(f"JOSE\u0301{n}@x.io" for n in range(people))


def several_roles(people: int) -> tuple[Rows, list[Account]]:
    rows, accounts = agreeing(people)
    return [*rows, *((email, "reader") for email, _ in rows), *rows], accounts


def nobody_yet(people: int) -> tuple[Rows, list[Account]]:
    return agreeing(people)[0], []


def all_others(people: int) -> tuple[Rows, list[Account]]:
    return agreeing(people)[0], _accounts(f"gone{n}@x.io" for n in range(people))


def in_trouble(people: int) -> tuple[Rows, list[Account]]:
    rows, accounts = agreeing(people)
    return [*rows, *((email, None) for email, _ in rows)], accounts


def unreadable(people: int) -> tuple[Rows, list[Account]]:
    """Every e-mail is on a row that can be read and on one that cannot."""
    rows, accounts = agreeing(people)
    return [*rows, *((f"user{n}@@x.io", "admin") for n in range(people))], accounts


def sharing(people: int) -> tuple[Rows, list[Account]]:
    """Every e-mail has two accounts, and one of them has as many more as there are people."""
    rows, accounts = agreeing(people)
    return rows, [*accounts, *accounts, *(accounts[0] for _ in range(people))]


def keyed(people: int) -> tuple[Rows, list[Account]]:
    """Everybody has their account, their key and their name."""
    rows: Rows = [(f"user{n}@x.io", "admin", str(n), f"User {n}", "a") for n in range(people)]
    return rows, [_marked(n, f"user{n}@x.io", f"User {n}") for n in range(people)]


def renamed(people: int) -> tuple[Rows, list[Account]]:
    """Everybody has got another e-mail and another name."""
    return keyed(people)[0], [_marked(n, f"old{n}@x.io", f"Old {n}") for n in range(people)]


def in_a_chain(people: int) -> tuple[Rows, list[Account]]:
    """Everybody takes the e-mail of the next one."""
    return keyed(people)[0], [_marked(n, f"user{n + 1}@x.io", f"User {n}") for n in range(people)]


def in_a_circle(people: int) -> tuple[Rows, list[Account]]:
    return keyed(people)[0], [_marked(n, f"user{(n + 1) % people}@x.io", f"User {n}") for n in range(people)]


def met_anew(people: int) -> tuple[Rows, list[Account]]:
    """Nobody's account has a key yet."""
    return keyed(people)[0], _accounts(f"user{n}@x.io" for n in range(people))


def come_and_gone(people: int) -> tuple[Rows, list[Account]]:
    """Everybody seems to be somebody who goes."""
    return keyed(people)[0], [
        Account(f"auth0|{n}", f"gone{n}@x.io", CONNECTION, profile={"name": f"User {n}"}) for n in range(people)
    ]


def sharing_a_key(people: int) -> tuple[Rows, list[Account]]:
    """Every key is on two accounts."""
    rows, accounts = keyed(people)
    return rows, [*accounts, *(_marked(n, f"more{n}@x.io", f"User {n}", "more|") for n in range(people))]


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
    keyed,
    renamed,
    in_a_chain,
    in_a_circle,
    met_anew,
    come_and_gone,
    sharing_a_key,
]


@pytest.mark.parametrize("protected", [(), ("*5@x.io", "root@*")], ids=["", "protected"])
@pytest.mark.parametrize("world", WORLDS)
def test_each_further_person_costs_the_same_work(world: World, protected: tuple[str, ...]) -> None:
    calls(world, 10, protected)  # patterns are compiled once

    few, more, most = (calls(world, people, protected).total() for people in (FEW, 2 * FEW, 4 * FEW))

    assert most - more == pytest.approx(2 * (more - few), rel=0.02)


def test_an_email_is_put_in_lower_case_at_most_twice_a_row_and_once_an_account() -> None:
    few, more = calls(agreeing, FEW), calls(agreeing, 2 * FEW)

    assert 0 < more["lower"] - few["lower"] <= (2 + 1) * FEW


def calls(world: World, people: int, protected: tuple[str, ...] = ()) -> Counter[str]:
    """How often each function, Python's own too, is called on the way from `people` people to the plan."""
    rows, accounts = world(people)
    source, roles = _table(rows), managed()
    memberships = Memberships({account.user_id: frozenset({ADMIN.id}) for account in accounts})
    policy = Policy(Protection(protected))
    with _counted() as counts:
        state = desired.build(source, roles)
        plan.build(state, accounts, memberships, connection=CONNECTION, roles=roles, policy=policy)
    return counts


def _table(rows: Rows) -> pd.DataFrame:
    columns = ("email", "role", "id", "name", "app_metadata.team")[: len(rows[0])]
    return pd.DataFrame(rows, columns=columns, dtype="object")


def _marked(number: int, email: str, name: str, prefix: str = "auth0|") -> Account:
    profile = {"name": name, "app_metadata.team": "a"}
    return Account(f"{prefix}{number}", email, CONNECTION, marks=Marks(source_id=str(number)), profile=profile)


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

    before, collects = sys.getprofile(), gc.isenabled()
    gc.disable()  # what other tests' tools do when memory is collected would be counted too
    sys.setprofile(count)
    try:
        yield counts
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
