"""A run is killed after each of its writes in turn: nobody is locked out, and the next run puts everything right."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox import Behaviour, LoggedRequest, ManualClock, Tenant
from tests.functional.days import OF_A_BIG_DAY, a_big_day
from tests.functional.job import Job, StartJob
from tests.functional.oracle import Oracle

CREATE, IMPORT = "POST /users", "POST /jobs/users-imports"
GIVE, TAKE = "POST /roles/{id}/users", "DELETE /users/{id}/roles"
CHANGE, DELETE = "PATCH /users/{id}", "DELETE /users/{id}"


@dataclass(frozen=True, slots=True)
class BigDay:
    """A day that is gone through write by write."""

    name: str
    writes: Mapping[str, int]
    """How many of each kind a run makes that is left in peace."""
    people: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def begin(self, job: Job) -> Oracle:
        job.settings |= {**OF_A_BIG_DAY, "AUTH0_ROLE_BATCH_SIZE": "2", **self.settings}
        return a_big_day(job, **self.people)


DAYS = (
    BigDay("requests", {CREATE: 10, GIVE: 10, TAKE: 8, DELETE: 6}),
    BigDay(
        "import",
        {IMPORT: 1, GIVE: 3, TAKE: 2, DELETE: 2},
        {"come": 2, "swap": 1, "strip": 1, "go": 2},
        {"AUTH0_CREATE_WITH": "import"},
    ),
    BigDay(
        "block",
        {CREATE: 1, GIVE: 2, TAKE: 2, CHANGE: 2 + 2},
        {"come": 1, "swap": 1, "strip": 1, "go": 2, "back": 2, "blocks": True},
        {"SYNC_ON_MISSING": "block"},
    ),
)


def every_write() -> Iterator[Any]:
    for day in DAYS:
        for after in range(1, sum(day.writes.values()) + 1):
            yield pytest.param(day, after, id=f"{day.name}-{after}")


def assert_all_is_put_right(job: Job, oracle: Oracle, **settings: str) -> None:
    """At this moment nothing is wrong, after another run nothing is missing, and a third one has nothing to do."""
    assert oracle.wrongs(job.tenant) == []

    again = job.run(**settings)

    assert again.code == 0, again.said
    assert oracle.wrongs(job.tenant) == []
    assert oracle.lacks(job.tenant) == []
    job.sandbox.clear_log()
    assert job.run(**settings).code == 0
    assert job.sandbox.writes() == []


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.name)
def test_the_days_of_the_sweep_have_writes_of_all_kinds(start_job: StartJob, day: BigDay) -> None:
    job = start_job()
    oracle = day.begin(job)

    result = job.run()

    assert result.code == 0
    assert (oracle.wrongs(job.tenant), oracle.lacks(job.tenant)) == ([], [])
    writes = Counter(f"{entry.method} {entry.path.removeprefix('/api/v2')}" for entry in job.sandbox.writes())
    assert writes == day.writes


@pytest.mark.sweep
@pytest.mark.parametrize(("day", "after"), [*every_write()])
def test_after_a_kill_at_any_write_nobody_is_locked_out_and_the_next_run_converges(
    start_job: StartJob, day: BigDay, after: int
) -> None:
    job = start_job(as_published=False, behaviour=Behaviour(import_seconds=0))
    oracle = day.begin(job)

    assert job.killed(after, AUTH0_POOL_SIZE="1") == -signal.SIGKILL

    assert len(job.sandbox.writes()) == after
    assert_all_is_put_right(job, oracle)


@pytest.mark.parametrize("after", [2, 12, 22, 30])
def test_after_a_kill_while_several_writes_are_under_way_the_next_run_converges(
    start_job: StartJob, after: int
) -> None:
    job = start_job()
    oracle = DAYS[0].begin(job)

    assert job.killed(after) == -signal.SIGKILL

    assert after <= len(job.sandbox.writes()) < after + 4
    assert_all_is_put_right(job, oracle)


@pytest.mark.parametrize("way", ["requests", "import"])
def test_an_import_that_goes_on_after_a_kill_and_ends_amid_the_next_run_makes_nobody_twice(
    start_job: StartJob, way: str
) -> None:
    clock = ManualClock()
    job = start_job(Tenant(clock=clock), behaviour=Behaviour(import_seconds=60))
    oracle = DAYS[1].begin(job)
    job.killed(1)
    asked = []

    def hook(entry: LoggedRequest) -> None:
        asked.append((entry.method, entry.path))
        if asked[-1] in {("GET", "/api/v2/users"), ("POST", "/api/v2/jobs/users-imports")}:
            clock.advance(61)  # all jobs end with the next request, and the list of accounts was read before

    job.sandbox.before_answer = hook
    assert_all_is_put_right(job, oracle, AUTH0_CREATE_WITH=way)

    assert ("GET", "/api/v2/users-by-email") in asked  # they were there, and were adopted
