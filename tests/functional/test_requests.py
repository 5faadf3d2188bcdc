"""Requests are what a run's time is made of: how many there are, for thousands of people, and what survives a stop."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from bench.bound import bound
from bench.population import World, world
from sandbox import Behaviour, Fault
from tests.functional.job import Job, StartJob

IMPORTS = "/api/v2/jobs/users-imports"


def a_job_for(wanted: World, start_job: StartJob) -> Job:
    job = start_job(as_published=False)  # to check thousands of pages against the description takes minutes
    wanted.fill(job.tenant)
    job.database.unlink()
    wanted.write(job.database)
    return job


def requests(job: Job) -> Counter[str]:
    """Requests by endpoint; the download of an export is from a host that does not count."""
    asked = [f"{entry.method} {entry.path.removeprefix('/api/v2')}" for entry in job.sandbox.log]
    return Counter(endpoint for endpoint in asked if not endpoint.startswith("GET /exports"))


@pytest.mark.sweep
def test_a_day_of_ten_thousand_accounts_takes_hardly_more_requests_than_it_must(start_job: StartJob) -> None:
    wanted = world(10_000, first=False)
    least = bound(wanted)
    job = a_job_for(wanted, start_job)

    result = job.run("-q", AUTH0_ROLE_READ="auto")

    asked = requests(job)
    members = Counter(name for names in wanted.actual.values() for name in names)
    pages = sum(count // 100 + 1 for count in members.values())  # a full last page does not say that it is the last
    assert result.code == 0
    assert job.tenant.snapshot() == wanted.desired
    assert asked["GET /roles/{id}/users"] <= pages
    assert asked["GET /users"] + asked["GET /jobs/{id}"] + asked["POST /jobs/users-exports"] <= 5
    assert asked["POST /roles/{id}/users"] <= least.given + len(wanted.roles)
    assert asked["POST /jobs/users-imports"] == 1
    assert asked["POST /users"] == 0
    assert sum(asked.values()) <= 1.05 * least.total


@pytest.mark.sweep
def test_a_first_sync_of_ten_thousand_people_takes_fewer_than_400_requests(start_job: StartJob) -> None:
    wanted = world(10_000, first=True)
    job = a_job_for(wanted, start_job)

    result = job.run("-q", AUTH0_ROLE_READ="auto")

    assert result.code == 0
    assert job.tenant.snapshot() == wanted.desired
    assert requests(job)["POST /jobs/users-imports"] == 2
    assert sum(requests(job).values()) <= min(400, 1.05 * bound(wanted).total)
    assert job.tenant.mails == []


def test_only_the_roles_that_are_managed_are_asked_for(start_job: StartJob) -> None:
    job = start_job()
    for number in range(30):
        job.tenant.add_role(f"app_{number}" if number < 3 else f"other_{number}")
    job.tenant.add_user("ann@x.io", roles=["app_1", "other_7"])
    job.people([("ann@x.io", "1")])

    result = job.run(AUTH0_ROLE_PREFIX="app_", AUTH0_ROLE_READ="auto", AUTH0_POOL_SIZE="2")
    by_user = requests(job)
    job.sandbox.clear_log()
    job.run(AUTH0_ROLE_PREFIX="app_", AUTH0_ROLE_READ="members")

    assert result.code == 0
    assert by_user["GET /users/{id}/roles"] == 1  # one account: cheaper than three roles
    assert requests(job)["GET /roles/{id}/users"] == 3
    assert job.tenant.roles_of(next(iter(job.tenant.users))) == {"app_1", "other_7"}


@pytest.mark.parametrize(("mode", "posts", "jobs"), [("requests", 120, 0), ("import", 0, 1)])
def test_new_accounts_are_made_in_the_way_that_is_set(job: Job, mode: str, posts: int, jobs: int) -> None:
    people = {f"user{number}@x.io": ["viewer"] for number in range(120)}
    job.people([(email, "viewer") for email in people])

    result = job.run(AUTH0_CREATE_WITH=mode, AUTH0_ROLE_BATCH_SIZE="60")

    assert result.code == 0
    assert job.tenant.snapshot() == people
    assert (requests(job)["POST /users"], requests(job)["POST /jobs/users-imports"]) == (posts, jobs)
    assert requests(job)["POST /roles/{id}/users"] == 2
    assert job.tenant.mails == []


def test_a_connection_that_takes_no_imports_gets_single_creations(job: Job) -> None:
    people = {f"user{number}@x.io": ["viewer"] for number in range(100)}
    job.people([(email, "viewer") for email in people])
    refusal = {"statusCode": 400, "error": "Bad Request", "message": "Custom databases without import mode"}
    job.sandbox.faults.add(Fault(kind="status", status=400, body=refusal, method="POST", path=IMPORTS, times=None))

    result = job.run()

    assert result.code == 0
    assert job.tenant.snapshot() == people
    assert "Custom databases without import mode" in result.stderr
    assert requests(job)["POST /jobs/users-imports"] == 1


def test_an_account_that_the_lists_do_not_show_yet_is_adopted_by_an_import_as_well(start_job: StartJob) -> None:
    job = start_job(behaviour=Behaviour(search_lag_seconds=3600, export_lag_seconds=3600))
    job.tenant.add_role("viewer")
    hidden = job.tenant.add_user("user7@x.io")
    job.people([(f"user{number}@x.io", "viewer") for number in range(110)])

    result = job.run()

    assert result.code == 0
    assert job.tenant.snapshot() == {f"user{number}@x.io": ["viewer"] for number in range(110)}
    assert job.tenant.roles_of(hidden) == {"viewer"}
    assert "added user7@x.io (adopted: the account existed already)" in result.stderr
    assert requests(job)["GET /users-by-email"] == 1


def test_after_a_kill_while_an_import_is_under_way_the_next_run_converges(start_job: StartJob) -> None:
    job = start_job(behaviour=Behaviour(import_seconds=0.6))
    job.tenant.add_role("viewer")
    job.people([(f"user{number}@x.io", "viewer") for number in range(110)])
    process = job.start()
    job.wait_for("POST", IMPORTS)
    process.kill()
    process.communicate()

    results = [job.run() for _ in range(2)]

    assert [result.code for result in results] == [0, 0]
    assert job.tenant.snapshot() == {f"user{number}@x.io": ["viewer"] for number in range(110)}
    assert len(job.tenant.users) == 110
    assert results[1].report["requests"]["by_endpoint"].keys().isdisjoint({"POST /users", "POST /jobs/users-imports"})


def test_a_signal_while_an_import_is_under_way_ends_the_run_and_the_report_says_so(start_job: StartJob) -> None:
    job = start_job(behaviour=Behaviour(import_seconds=60))
    job.tenant.add_role("viewer")
    job.people([(f"user{number}@x.io", "viewer") for number in range(110)])
    process = job.start("--report", str(job.folder / "report.json"))
    job.wait_for("GET", "/api/v2/jobs/{id}")
    asked_at = time.monotonic()

    process.send_signal(signal.SIGTERM)
    result = job.finish(process)

    assert time.monotonic() - asked_at < 5
    assert result.code == 143
    by_kind = {kind: outcome for (kind, _), outcome in job.outcomes(result).items()}
    assert by_kind == {"create": "failed", "add_roles": "not_tried"}
    assert "the run was stopped before import job" in result.report["changes"][0]["why"]


def test_the_worker_pool_is_for_tenants_with_huge_roles_and_few_accounts(start_job: StartJob) -> None:
    job = start_job(as_published=False)
    job.tenant.add_role("everybody")
    for number in range(1500):
        job.tenant.add_user(f"other{number}@x.io", connection="partners", roles=["everybody"])
    job.tenant.add_user("ann@x.io", roles=["everybody"])
    job.tenant.add_user("ben@x.io")
    job.people([("ann@x.io", "everybody"), ("ben@x.io", "everybody")])

    result = job.run(AUTH0_ROLE_READ="auto", AUTH0_POOL_SIZE="1")

    assert result.code == 0
    assert requests(job)["GET /users/{id}/roles"] == 2
    assert requests(job)["GET /roles/{id}/users"] <= 2
    assert job.tenant.snapshot()["ben@x.io"] == ["everybody"]
