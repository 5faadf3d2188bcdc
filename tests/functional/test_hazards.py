"""What happens to syncs in the wild: big tenants, odd ids, flaky networks, dying processes."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from sandbox import Behaviour, Fault, Tenant
from sandbox.people import ROLES, seed
from tests.functional.job import Job, StartJob


def children(pid: int) -> list[int]:
    """The process ids of the workers that a process has started."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in listed.read_text().split()]
    return [child for child in found if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.parametrize("accounts", [1_001, 5_000])
def test_more_accounts_than_a_search_shows_are_read_completely(start_job: StartJob, accounts: int) -> None:
    job = start_job()
    job.tenant.add_role("viewer")
    for number in range(accounts):
        job.tenant.add_user(f"user{number:05}@x.io", roles=("viewer",))
    job.people([(f"user{number:05}@x.io", "viewer") for number in range(1, accounts + 1)])

    result = job.run()

    assert result.code == 0
    assert set(job.tenant.snapshot()) == {f"user{number:05}@x.io" for number in range(1, accounts + 1)}
    assert result.report["counts"]["accounts"] == accounts
    assert len(job.sandbox.writes()) == 3
    assert not any(entry.authorization for entry in job.sandbox.log if entry.path == "/exports/{name}")


def test_a_total_that_stops_counting_at_1000_is_not_believed(start_job: StartJob) -> None:
    job = start_job(behaviour=Behaviour(search_total_capped=True))
    job.tenant.add_role("viewer")
    for number in range(1_050):
        job.tenant.add_user(f"user{number:05}@x.io", roles=("viewer",))
    job.people([(f"user{number:05}@x.io", "viewer") for number in range(1_050)])

    result = job.run()

    assert result.code == 0
    assert job.sandbox.writes() == []


@pytest.mark.parametrize("kind", ["truncated_export", "empty_export"])
def test_an_export_that_is_not_whole_ends_the_run_before_the_first_write(start_job: StartJob, kind: str) -> None:
    job = start_job()
    job.tenant.add_role("viewer")
    for number in range(1_001):
        job.tenant.add_user(f"user{number:05}@x.io", roles=("viewer",))
    job.people([("user00000@x.io", "viewer")])
    job.sandbox.faults.add(Fault(kind=kind, times=None))  # type: ignore[arg-type]

    result = job.run()

    assert result.code == 1
    assert job.sandbox.writes() == []
    assert len(job.tenant.users) == 1_001


@pytest.mark.parametrize("way", ["members", "pool"])
def test_a_hundred_and_twenty_roles_are_all_seen(start_job: StartJob, way: str) -> None:
    job = start_job()
    for number in range(120):
        job.tenant.add_role(f"role{number:03}")
    ann = job.tenant.add_user("ann@x.io", roles=("role000", "role119"))
    bob = job.tenant.add_user("bob@x.io", roles=("role119",))
    job.people([("ann@x.io", "role119"), ("bob@x.io", "role119"), ("bob@x.io", "ROLE118")])

    result = job.run(AUTH0_ROLE_READ=way)

    assert result.code == 0
    assert (job.tenant.roles_of(ann), job.tenant.roles_of(bob)) == ({"role119"}, {"role118", "role119"})


@pytest.mark.parametrize("way", ["members", "pool"])
def test_user_ids_with_bars_slashes_and_hashes_are_read_and_written_as_they_are(job: Job, way: str) -> None:
    odd = {f"auth0|{end}": f"user{n}@x.io" for n, end in enumerate(["a|b", "a/b", "a#b", "a?b=c", "ü%2F", "a+b@c"])}
    for user_id, email in odd.items():
        job.tenant.add_user(email, user_id=user_id, roles=("viewer",))
    job.tenant.add_user("goes@x.io", user_id="auth0|go/es#1", roles=("admin",))
    job.people([(email, "admin") for email in odd.values()])

    result = job.run(AUTH0_ROLE_READ=way, SYNC_LIMIT_FLOOR="10")

    assert result.code == 0
    assert {user_id: job.tenant.roles_of(user_id) for user_id in job.tenant.users} == {
        user_id: {"admin"} for user_id in odd
    }


def test_case_and_spaces_do_not_make_two_people_of_one(job: Job) -> None:
    ann = job.tenant.add_user("Ann.Lee@X.io", connection="Legacy-DB", user_id="auth0|1", provider="auth0")
    job.settings["AUTH0_CONNECTION"] = "Legacy-DB"
    job.tenant.users[ann]["email"] = "Ann.Lee@X.io"
    job.people([("  ann.lee@x.IO ", " Viewer"), ("ANN.LEE@X.IO", "EDITOR  "), ("ann.lee@x.io", "viewer")])

    result = job.run()

    assert result.code == 0
    assert list(job.tenant.users) == [ann]
    assert job.tenant.roles_of(ann) == {"editor", "viewer"}
    assert result.report["counts"]["identical_rows"] == 1


def test_a_failed_role_read_of_one_user_holds_that_user_alone(job: Job) -> None:
    unlucky = job.tenant.add_user("unlucky@x.io", roles=("admin",))
    other = job.tenant.add_user("other@x.io", roles=("admin",))
    job.people([("unlucky@x.io", "viewer"), ("other@x.io", "viewer")])
    local_part = unlucky.partition("|")[2]
    job.sandbox.faults.add(
        Fault(method="GET", path="/api/v2/users/{id}/roles", kind="status", status=500, where=local_part, times=None)
    )

    result = job.run(AUTH0_ROLE_READ="pool", AUTH0_MAX_RETRIES="1")

    assert result.code == 3
    assert (job.tenant.roles_of(unlucky), job.tenant.roles_of(other)) == ({"admin"}, {"viewer"})
    assert "roles could not be read" in result.report["held"][0]["reason"]


def test_429_between_two_role_changes_is_waited_out(job: Job) -> None:
    ann = job.tenant.add_user("ann@x.io", roles=("admin",))
    job.people([("ann@x.io", "viewer")])
    job.sandbox.faults.add(
        Fault(method="DELETE", path="/api/v2/users/{id}/roles", kind="rate_limit", retry_after=0.2, times=2)
    )

    result = job.run()

    assert result.code == 0
    assert job.tenant.roles_of(ann) == {"viewer"}
    assert result.report["requests"]["answered_429"] == 2


def test_a_token_that_ends_in_mid_run_is_renewed(job: Job) -> None:
    job.people([(f"user{number:02}@x.io", "viewer") for number in range(30)])
    process = job.start("--report", str(job.folder / "report.json"), AUTH0_REQUESTS_PER_SECOND="40")
    job.wait_for("POST", "/api/v2/users", times=5)
    job.tenant.revoke_tokens()

    result = job.finish(process)

    assert result.code == 0
    assert len(job.tenant.snapshot()) == 30
    assert result.report["requests"]["by_endpoint"]["POST /oauth/token"] == 2


def test_a_silent_server_is_given_up_after_the_time_limit(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])
    job.sandbox.faults.add(Fault(method="GET", path="/api/v2/roles", kind="hang", times=None))

    result = job.run(AUTH0_TIMEOUT="0.3", AUTH0_MAX_RETRIES="1")

    assert result.code == 1
    assert "no answer within the time limit" in result.said


def test_a_tenant_that_cannot_be_reached_is_one_sentence(job: Job) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"

        result = job.run(AUTH0_URL=closed, AUTH0_MAX_RETRIES="1")

    assert result.code == 1
    assert "the connection was refused" in result.said
    assert "Traceback" not in result.said


def test_a_database_that_cannot_be_read_is_one_sentence_and_nothing_is_written(job: Job) -> None:
    result = job.run(USERS_DB_QUERY="SELECT email, role FROM nosuchtable")

    assert result.code == 1
    assert "names a table that does not exist" in result.said
    assert "Traceback" not in result.said
    assert job.sandbox.writes() == []


def test_a_pool_worker_that_is_killed_is_an_error_and_nothing_hangs(start_job: StartJob) -> None:
    tenant = Tenant()
    tenant.add_role("viewer")
    for number in range(300):
        tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job = start_job(tenant)
    job.people([("user0@x.io", "viewer")])
    process = job.start(
        "--report",
        str(job.folder / "report.json"),
        AUTH0_ROLE_READ="pool",
        AUTH0_REQUESTS_PER_SECOND="50",
    )
    job.wait_for("GET", "/api/v2/users/{id}/roles", times=3)
    workers = children(process.pid)
    os.kill(workers[0], signal.SIGKILL)

    result = job.finish(process)

    assert result.code == 1
    assert "a worker process of the pool died" in result.said
    assert "Traceback" not in result.said
    assert job.sandbox.writes() == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_a_signal_while_the_pool_reads_ends_the_run_and_its_workers(start_job: StartJob) -> None:
    job = start_job()
    job.tenant.add_role("viewer")
    for number in range(300):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user0@x.io", "viewer")])
    process = job.start(
        "--report", str(job.folder / "report.json"), AUTH0_ROLE_READ="pool", AUTH0_REQUESTS_PER_SECOND="20"
    )
    job.wait_for("GET", "/api/v2/users/{id}/roles", times=3)
    workers = children(process.pid)
    process.send_signal(signal.SIGTERM)

    result = job.finish(process)

    assert workers
    assert result.code == 143
    assert result.report["exit_code"] == 143
    assert job.sandbox.writes() == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_workers_do_not_outlive_a_run_that_is_killed(start_job: StartJob) -> None:
    job = start_job()
    job.tenant.add_role("viewer")
    for number in range(300):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user0@x.io", "viewer")])
    process = job.start(AUTH0_ROLE_READ="pool", AUTH0_REQUESTS_PER_SECOND="20")
    job.wait_for("GET", "/api/v2/users/{id}/roles", times=3)
    workers = children(process.pid)

    process.kill()
    process.communicate()
    for _ in range(500):
        if not any(Path(f"/proc/{pid}").exists() for pid in workers):
            break
        time.sleep(0.02)

    assert workers
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def test_unknown_keys_in_answers_do_no_harm(start_job: StartJob) -> None:
    job = start_job(behaviour=Behaviour(unknown_keys=True), as_published=False)
    job.tenant.add_role("viewer")
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    job.people([("comes@x.io", "viewer")])

    result = job.run()

    assert result.code == 0
    assert job.tenant.snapshot() == {"comes@x.io": ["viewer"]}


def test_a_prefix_maps_names_and_limits_what_is_managed(start_job: StartJob) -> None:
    job = start_job()
    for role in ("superset_admin", "superset_viewer", "billing"):
        job.tenant.add_role(role)
    ann = job.tenant.add_user("ann@x.io", roles=("superset_viewer", "billing"))
    job.people([("ann@x.io", "Admin")])

    result = job.run(AUTH0_ROLE_PREFIX="superset_")

    assert result.code == 0
    assert job.tenant.roles_of(ann) == {"superset_admin", "billing"}


def test_a_protected_account_is_neither_created_changed_nor_deleted(job: Job) -> None:
    root = job.tenant.add_user("Root@Corp.io", roles=("admin",))
    gone = job.tenant.add_user("break-glass@corp.io", roles=("admin",))
    job.people([("root@corp.io", "viewer"), ("new@corp.io", "admin"), ("ann@x.io", "viewer")])

    result = job.run(CLIENT_IGNORE_USERS="*@CORP.io, nobody@x.io")

    assert result.code == 0
    assert job.tenant.snapshot() == {
        "root@corp.io": ["admin"], "break-glass@corp.io": ["admin"], "ann@x.io": ["viewer"]
    }  # fmt: skip
    assert {root, gone} <= set(job.tenant.users)
    assert result.report["counts"]["protected"] == 2


def test_accounts_that_share_an_email_but_for_its_case_are_held(job: Job) -> None:
    for number, email in enumerate(["Twin@x.io", "twin@x.io"]):
        user_id = job.tenant.add_user(f"{number}@x.io", roles=("viewer",))
        job.tenant.users[user_id]["email"] = email
    job.people([("twin@x.io", "admin"), ("ann@x.io", "viewer")])

    result = job.run()

    assert result.code == 3
    assert "2 accounts share this e-mail" in result.stdout
    assert len(job.tenant.users) == 3
    assert not any("admin" in job.tenant.roles_of(user_id) for user_id in job.tenant.users)


def test_a_first_sync_a_mixed_second_day_and_a_quiet_third_meet_no_429(start_job: StartJob) -> None:
    job = start_job(profile="enterprise")
    seed(job.tenant, job.database, people=60, drift="empty")
    codes, writes = [], []

    for day in (1, 2, 3):
        if day == 2:
            seed(Tenant(), job.database, people=60, drift="day")
        before = len(job.sandbox.writes())
        codes.append(job.run(AUTH0_ROLE_READ="auto").code)
        writes.append(len(job.sandbox.writes()) - before)

    assert codes == [0, 3, 3]  # the second day brings two rows that cannot be understood
    assert writes[0] == 60 + len(ROLES)
    assert 5 < writes[1] < 30
    assert writes[2] == 0
    assert [entry.path for entry in job.sandbox.log if entry.status == 429] == []
