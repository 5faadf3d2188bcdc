"""`python -m bench`: what a run costs, as a Markdown table. Requests are what counts, seconds depend on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from sandbox import DEFAULT_CONNECTION, Sandbox, Tenant
from sandbox.people import Drift, seed
from sync import desired, plan
from sync.model import Account, Memberships, Role
from sync.roles import ManagedRoles

_ROOT = Path(__file__).resolve().parent.parent
_RUNS: tuple[tuple[int, Drift, str, str], ...] = (  # people, drift, limits of the tenant, how roles are read
    (500, "empty", "enterprise", "auto"),
    (500, "day", "enterprise", "auto"),
    (500, "none", "enterprise", "auto"),
    (500, "none", "none", "pool"),
    (5_000, "none", "none", "auto"),
    (5_000, "none", "none", "pool"),
)
_PLANS = (10_000, 100_000)


def main() -> None:
    """Print both tables."""
    print("| accounts | what differs | limits | roles by | requests | of which reads | answered 429 | seconds |")
    print("|--:|---|---|---|--:|--:|--:|--:|")
    for row in _runs():
        print(f"| {' | '.join(row)} |", flush=True)
    print("\n| people and accounts | from frame and accounts to plan, seconds |\n|--:|--:|")
    for people in _PLANS:
        print(f"| {people:,} | {_seconds_of_a_plan(people):.2f} |", flush=True)


def _runs() -> Iterator[tuple[str, ...]]:
    for people, drift, profile, way in _RUNS:
        with tempfile.TemporaryDirectory() as folder:
            tenant, database = Tenant(), Path(folder) / "people.db"
            seed(tenant, database, people=people, drift=drift)
            with Sandbox(tenant, profile=profile) as sandbox:
                seconds = _sync(sandbox, tenant, database, way)
                statuses = Counter(entry.status for entry in sandbox.log)
                requests, writes = len(sandbox.log), len(sandbox.writes())
        differs = {"none": "nothing", "day": "a day's changes", "empty": "everything: a first sync"}[drift]
        row = (f"{people:,}", differs, profile, way, str(requests), str(requests - writes), str(statuses[429]))
        yield (*row, f"{seconds:.1f}")


def _sync(sandbox: Sandbox, tenant: Tenant, database: Path, way: str) -> float:
    settings = {
        "AUTH0_URL": sandbox.url,
        "AUTH0_CLIENT_ID": tenant.client_id,
        "AUTH0_CLIENT_SECRET": tenant.client_secret,
        "AUTH0_CONNECTION": DEFAULT_CONNECTION,
        "AUTH0_ROLE_READ": way,
        "USERS_DB_URL": f"sqlite:///{database}",
        "USERS_DB_QUERY": "SELECT email, role FROM people",
        "SYNC_STATE_DIR": str(database.parent / "state"),
    }
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(_ROOT / "main.py"), "-q"],
        env={"PATH": os.environ["PATH"], **settings},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in {0, 3}:
        raise SystemExit(f"the run failed with exit code {done.returncode}")
    return time.perf_counter() - started


def _seconds_of_a_plan(people: int) -> float:
    """1 % have left, 1 % are new, 1 % have another role."""
    names = [f"role{number}" for number in range(20)]
    roles = ManagedRoles([Role(name, f"rol_{name}") for name in names])
    columns = {"email": [f"user{n}@example.com" for n in range(people)], "role": [names[n % 20] for n in range(people)]}
    frame = pd.DataFrame(columns, dtype="str")
    accounts = [
        Account(f"auth0|{n}", f"user{n if n % 100 else n + people}@example.com", "users") for n in range(people)
    ]
    sets = [frozenset({f"rol_{name}"}) for name in names]
    having = {f"auth0|{n}": sets[(n + (n % 100 == 1)) % 20] for n in range(people)}
    started = time.perf_counter()
    plan.build(desired.build(frame, roles), accounts, Memberships(having), connection="users", roles=roles)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
