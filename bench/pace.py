"""How much of what a tenant allows a run uses while it has work: roles read user by user, with eight workers."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from bench.measured import run
from bench.population import world
from bench.runs import COMMANDS, settings
from sandbox import Sandbox, Tenant
from sandbox.limits import OTHER, PROFILES

_API = "/api/v2/"
_ACCOUNTS = {"enterprise": 300, "free": 60, "self-service": 80}  # half a minute each, alone


@dataclass(frozen=True, slots=True)
class Use:
    """What one run made of a tenant's rate."""

    plan: str
    share_of_another: float
    requests: int
    seconds: float
    """From the first request to the last."""
    used: float
    """Requests by what the bucket held at first and what came in meanwhile, less what the other client took."""
    refused: int


def uses() -> Iterator[Use]:
    """Each plan, alone and beside a client that takes a third."""
    for plan, accounts in _ACCOUNTS.items():
        for share in (0.0, 1 / 3):
            print(f"{plan}, a share of {share:.0%} is another's ...", file=sys.stderr, flush=True)
            yield _use(plan, accounts, share)


def _use(plan: str, accounts: int, share: float) -> Use:
    rate = PROFILES[plan].rates[OTHER]
    a_second = rate.sustained / rate.period
    tenant, changing = Tenant(), world(accounts, first=False)
    changing.fill(tenant)
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(tenant, profile=plan, background_rate=share * a_second) as sandbox,
    ):
        changing.write(Path(name) / "people.db")
        asked = settings(tenant, sandbox, Path(name), accounts)
        asked |= {"AUTH0_ROLE_READ": "pool", "AUTH0_POOL_SIZE": "8"}
        done = run([*COMMANDS["this job"], "--dry-run"], cwd=Path(name), settings=asked)
    if done.code:
        raise SystemExit(f"the run failed with exit code {done.code}")
    metered = [entry for entry in sandbox.log if entry.path.startswith(_API)]
    refused = sum(entry.status == HTTPStatus.TOO_MANY_REQUESTS for entry in metered)
    seconds = metered[-1].at - metered[0].at
    allowed = rate.burst + (1 - share) * a_second * seconds
    return Use(plan, share, len(metered) - refused, seconds, (len(metered) - refused) / allowed, refused)
