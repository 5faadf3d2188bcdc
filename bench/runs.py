"""Runs of the job and of the naive way, as processes against a tenant of their own: what each asked, and how long."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from bench.bound import Requests, bound, naive
from bench.measured import Measured, run
from bench.population import QUERY, World, world
from sandbox import DEFAULT_CONNECTION, Behaviour, LoggedRequest, Sandbox, Tenant
from sandbox.limits import NO_LIMIT, OTHER, PROFILES

Way = Literal["this job", "naive"]
_ROOT = Path(__file__).resolve().parent.parent
COMMANDS: dict[Way, list[str]] = {
    "this job": [sys.executable, str(_ROOT / "main.py"), "-q"],
    "naive": [sys.executable, str(_ROOT / "bench" / "naive.py")],
}
_PROFILE = "enterprise"
LIMITS = PROFILES[_PROFILE].rates[OTHER]
_METERED = 10_000  # people up to whom the job meets these limits; more of them without
_NAIVELY_METERED = 1_000  # the same for the naive way; a run of more would take half an hour
_NAIVELY_RUN = 10_000  # people up to whom the naive way is run at all
_JOBS = "/api/v2/jobs/"
_LOOKS = (f"{_JOBS}{{id}}", f"{_JOBS}{{id}}/errors")
_ACCOUNT = "/api/v2/users/{id}"
_KINDS = {
    ("POST", "/api/v2/users"): "creates",
    ("GET", "/api/v2/users-by-email"): "creates",
    ("POST", f"{_JOBS}users-imports"): "creates",
    ("POST", "/api/v2/roles/{id}/users"): "given",
    ("POST", "/api/v2/users/{id}/roles"): "given",
    ("DELETE", "/api/v2/users/{id}/roles"): "taken",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    people: int
    first: bool
    way: Way
    requests: Requests
    bound: int
    refused: int | None
    """Requests answered with 429; None for a run without limits, or none at all."""
    measured: Measured | None
    """None for a run that was too long to be made: its requests are computed."""
    metered: bool
    """Whether the seconds are those of a run within the limits."""

    @property
    def computed_seconds(self) -> float:
        """How long so many requests take at least within the limits."""
        return max(0.0, (self.requests.total - LIMITS.burst) / LIMITS.sustained)


def rows(sizes: Iterable[int]) -> Iterator[Row]:
    """The job and the naive way, a first sync and 1 % of churn, for each number of people.

    Raises `SystemExit` when a run did not bring about what it should have.
    """
    for people in sizes:
        for first in (True, False):
            changing = world(people, first=first)
            yield _run(changing, people, "this job", metered=people <= _METERED, first=first)
            if people <= _NAIVELY_RUN:
                yield _run(changing, people, "naive", metered=people <= _NAIVELY_METERED, first=first)
            else:
                yield Row(people, first, "naive", naive(changing), bound(changing).total, None, None, metered=False)


def kinds(log: Sequence[LoggedRequest]) -> Requests:
    """What a log's requests were for; one that was refused with 429 and sent again counts once.

    A look at a job counts to what the job is for; a look at an account to what is taken from it or, if nothing is,
    to the creation that it makes sure of, as a search by e-mail does. Downloads do not count: they are from another
    host, which meters nothing.
    """
    counted: Counter[str] = Counter()
    imports: set[str] = set()
    taken = {
        entry.raw_path.removesuffix("/roles"): "deletes" if entry.path == _ACCOUNT else "taken"
        for entry in log
        if entry.method == "DELETE"
    }
    for entry in log:
        if entry.status == HTTPStatus.TOO_MANY_REQUESTS or entry.path.startswith("/exports/"):
            continue
        kind = _KINDS.get((entry.method, entry.path), "reads")
        if entry.path == f"{_JOBS}users-imports" and entry.status == HTTPStatus.ACCEPTED:
            imports.add(entry.response["id"])
        elif entry.path in _LOOKS and entry.raw_path.removeprefix(_JOBS).partition("/")[0] in imports:
            kind = "creates"
        elif entry.path == _ACCOUNT:
            kind = taken.get(entry.raw_path.partition("?")[0], "creates")
        counted[kind] += 1
    return Requests(**{field.name: counted[field.name] for field in fields(Requests)})


def _run(changing: World, people: int, way: Way, *, metered: bool, first: bool) -> Row:
    print(f"{people:,} people, {'first sync' if first else '1 % churn'}, {way} ...", file=sys.stderr, flush=True)
    tenant = Tenant()
    changing.fill(tenant)
    behaviour = Behaviour(paging_cap=way == "this job")
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(tenant, profile=_PROFILE if metered else NO_LIMIT, behaviour=behaviour) as sandbox,
    ):
        folder = Path(name)
        changing.write(folder / "people.db")
        measured = run(COMMANDS[way], cwd=folder, settings=settings(tenant, sandbox, folder, people))
    if measured.code:
        raise SystemExit(f"{way} failed with exit code {measured.code}")
    if tenant.snapshot() != changing.desired:
        raise SystemExit(f"{way} ended, but the tenant does not agree with the people")
    requests = kinds(sandbox.log)
    if way == "naive" and requests != naive(changing):
        raise SystemExit(f"the naive way sent {requests}, but {naive(changing)} was computed")
    refused = sum(entry.status == HTTPStatus.TOO_MANY_REQUESTS for entry in sandbox.log) if metered else None
    return Row(people, first, way, requests, bound(changing).total, refused, measured, metered)


def settings(tenant: Tenant, sandbox: Sandbox, folder: Path, people: int) -> dict[str, str]:
    """What a run against `sandbox` needs to know, with `people.db` and its state in `folder`."""
    return {
        "AUTH0_URL": sandbox.url,
        "AUTH0_CLIENT_ID": tenant.client_id,
        "AUTH0_CLIENT_SECRET": tenant.client_secret,
        "AUTH0_CONNECTION": DEFAULT_CONNECTION,
        "USERS_DB_URL": f"sqlite:///{folder / 'people.db'}",
        "USERS_DB_QUERY": QUERY,
        "SYNC_STATE_DIR": str(folder / "state"),
        # One in a hundred is well within the percentages; the counts are for tenants of a usual size.
        "SYNC_MAX_DELETES": str(max(500, people)),
        "SYNC_MAX_ROLE_REMOVALS": str(max(1000, people)),
    }
