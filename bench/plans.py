"""What it takes to think: from a frame of people and a list of accounts to the plan, without a network.

`python -m bench.plans PEOPLE [mapped]` measures one plan, in a process of its own so that its memory can be told.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.measured import run
from sync import desired, plan
from sync.model import NO_MARKS, Account, Marks, Memberships, Role
from sync.roles import ManagedRoles

_ROOT = Path(__file__).resolve().parent.parent
_CONNECTION = "users"
_ROLES = 20
_CHURN = 100


@dataclass(frozen=True, slots=True)
class Thought:
    """What a plan takes: with e-mail and role alone or, `mapped`, with a key and three attributes as well."""

    people: int
    mapped: bool
    seconds: float
    """Of one CPU."""
    megabytes: float
    """Of the whole process at its peak."""


def plans(sizes: Iterable[int]) -> Iterator[Thought]:
    """A plan of each size, plain and mapped."""
    for people in sizes:
        for how in ((), ("mapped",)):
            print(f"a plan for {people:,} people {' '.join(how)} ...", file=sys.stderr, flush=True)
            command = [sys.executable, "-m", "bench.plans", str(people), *how]
            measured = run(command, cwd=_ROOT, settings={})
            if measured.code:
                raise SystemExit(f"the plan failed with exit code {measured.code}")
            yield Thought(people, bool(how), float(measured.stdout), measured.megabytes)


def seconds_of_a_plan(people: int, *, mapped: bool = False) -> float:
    """CPU seconds from frame and accounts to the plan: 1 % have left, 1 % are new, 1 % have another role."""
    names = [f"role{number}" for number in range(_ROLES)]
    roles = ManagedRoles([Role(name, f"rol_{name}") for name in names])
    columns = {
        "email": [f"user{n}@example.com" for n in range(people)],
        "role": [names[n % _ROLES] for n in range(people)],
    }
    if mapped:
        columns |= {"id": [str(n) for n in range(people)], "name": [f"User {n}" for n in range(people)]}
        columns |= {"nickname": [""] * people, "app_metadata.team": [f"team {n % 50}" for n in range(people)]}
    frame = pd.DataFrame(columns, dtype="str")
    accounts = [
        Account(
            f"auth0|{n}",
            f"user{n if n % _CHURN else n + people}@example.com",
            _CONNECTION,
            marks=Marks(str(n if n % _CHURN else n + people)) if mapped else NO_MARKS,
            profile={"name": f"User {n}", "nickname": f"user{n}", "app_metadata.team": f"team {n % 50}"}
            if mapped
            else {},
        )
        for n in range(people)
    ]
    sets = [frozenset({f"rol_{name}"}) for name in names]
    having = {f"auth0|{n}": sets[(n + (n % _CHURN == 1)) % _ROLES] for n in range(people)}
    started = time.process_time()
    plan.build(desired.build(frame, roles), accounts, Memberships(having), connection=_CONNECTION, roles=roles)
    return time.process_time() - started


if __name__ == "__main__":
    print(seconds_of_a_plan(int(sys.argv[1]), mapped="mapped" in sys.argv[2:]))
