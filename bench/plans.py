"""What it takes to think: from a frame of people and a list of accounts to the plan, without a network.

`python -m bench.plans PEOPLE` measures one plan, in a process of its own so that its memory can be told.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from bench.measured import run
from sync import desired, plan
from sync.model import Account, Memberships, Role
from sync.roles import ManagedRoles

_ROOT = Path(__file__).resolve().parent.parent
_CONNECTION = "users"
_ROLES = 20
_CHURN = 100


def plans(sizes: Iterable[int]) -> Iterator[tuple[int, float, float]]:
    """For each number of people: it, the CPU seconds to the plan, the megabytes that the process had at its peak."""
    for people in sizes:
        print(f"a plan for {people:,} people ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "bench.plans", str(people)]
        measured = run(command, cwd=_ROOT, settings={})
        if measured.code:
            raise SystemExit(f"the plan failed with exit code {measured.code}")
        yield people, float(measured.stdout), measured.megabytes


def seconds_of_a_plan(people: int) -> float:
    """CPU seconds from frame and accounts to the plan: 1 % have left, 1 % are new, 1 % have another role."""
    names = [f"role{number}" for number in range(_ROLES)]
    roles = ManagedRoles([Role(name, f"rol_{name}") for name in names])
    columns = {
        "email": [f"user{n}@example.com" for n in range(people)],
        "role": [names[n % _ROLES] for n in range(people)],
    }
    frame = pd.DataFrame(columns, dtype="str")
    accounts = [
        Account(f"auth0|{n}", f"user{n if n % _CHURN else n + people}@example.com", _CONNECTION) for n in range(people)
    ]
    sets = [frozenset({f"rol_{name}"}) for name in names]
    having = {f"auth0|{n}": sets[(n + (n % _CHURN == 1)) % _ROLES] for n in range(people)}
    started = time.process_time()
    plan.build(desired.build(frame, roles), accounts, Memberships(having), connection=_CONNECTION, roles=roles)
    return time.process_time() - started


if __name__ == "__main__":
    print(seconds_of_a_plan(int(sys.argv[1])))
