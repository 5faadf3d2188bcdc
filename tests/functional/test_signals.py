"""SIGTERM and SIGINT end a run within five seconds, whatever it waits for, and the report says how far it came."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sandbox import Fault
from tests.functional.job import Job, Result

Start = Callable[..., subprocess.Popen[str]]

PROMISED = 5.0  # seconds from the signal to the end of the last process
WHY = "the run was stopped before an answer came"
TOKEN, CONNECTIONS, ROLES, USERS = "/oauth/token", "/api/v2/connections", "/api/v2/roles", "/api/v2/users"
MEMBERS, USER, ROLES_OF = "/api/v2/roles/{id}/users", "/api/v2/users/{id}", "/api/v2/users/{id}/roles"
JOB, IMPORTS, FILE = "/api/v2/jobs/{id}", "/api/v2/jobs/users-imports", "/exports/{name}"
ENDLESS = (
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1e9) "
    "SELECT max(x) AS email, 'viewer' AS role FROM c"
)


# The first request of a kind goes alone, so that its answer tells how many may go together: `after=1` lets it pass.
def hang(path: str, method: str | None = None, after: int = 0) -> Fault:
    return Fault(kind="hang", method=method, path=path, after=after, times=None)


def always(path: str, status: int = 500, retry_after: float | None = None) -> Fault:
    kind = "rate_limit" if status == 429 else "status"
    return Fault(kind=kind, path=path, status=status, retry_after=retry_after, times=None)  # type: ignore[arg-type]


@pytest.fixture
def start(job: Job) -> Iterator[Start]:
    """Starts the job with the patience of a minute for each answer; it does not outlive the test."""
    started: list[subprocess.Popen[str]] = []
    usual = {"AUTH0_TIMEOUT": "60", "AUTH0_USER_READ": "pages"}

    def begin(**settings: str) -> subprocess.Popen[str]:
        started.append(job.start("--report", str(job.folder / "report.json"), **(usual | settings)))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def started_by(pid: int) -> list[int]:
    """The processes that a process has started."""
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, listed.read_text().split())
    return found


def is_alive(pid: int) -> bool:
    """Whether a process goes on; one that has ended stays listed until somebody asks how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def signalled(job: Job, process: subprocess.Popen[str], number: signal.Signals, *, all_of_them: bool = False) -> Result:
    """How a run ended that got a signal, if it did within the promised time; its children may get the signal too."""
    time.sleep(0.3)  # from the request that the tenant has seen to the wait that follows it
    children = started_by(process.pid)
    deadline = time.monotonic() + PROMISED
    for pid in [process.pid, *(children if all_of_them else [])]:
        os.kill(pid, number)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PROMISED)
    while any(map(is_alive, children)) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert process.poll() is not None, f"the run still goes on {PROMISED} s after {number.name}"
    assert not any(map(is_alive, children)), "a process that the run has started still goes on"
    result = job.finish(process)
    assert result.code == 128 + number == result.report["exit_code"]
    assert "Traceback" not in result.said
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something that a run waits for while it reads: what the tenant sees of it, and what makes it last."""

    seen: tuple[str, str]
    fault: Fault | None = None
    settings: dict[str, str] = field(default_factory=dict)
    times: int = 1
    number: signal.Signals = signal.SIGTERM
    error: str = "none"


EXPORT = {"AUTH0_USER_READ": "export"}
READING = {
    "token": Wait(seen=("POST", TOKEN), fault=hang(TOKEN)),
    "source": Wait(seen=("POST", TOKEN), settings={"USERS_DB_QUERY": ENDLESS}),
    "connection": Wait(seen=("GET", CONNECTIONS), fault=hang(CONNECTIONS), number=signal.SIGINT),
    "users": Wait(seen=("GET", USERS), fault=hang(USERS)),
    "members": Wait(seen=("GET", MEMBERS), fault=hang(MEMBERS, after=1), times=3),
    "job": Wait(seen=("GET", JOB), fault=Fault(kind="job_pending", times=None), settings=EXPORT),
    "link": Wait(seen=("GET", FILE), fault=hang(FILE), settings=EXPORT),
    "file": Wait(seen=("GET", FILE), fault=Fault(kind="trickle", path=FILE, pause=60), settings=EXPORT),
    "pace": Wait(seen=("GET", CONNECTIONS), settings={"AUTH0_REQUESTS_PER_SECOND": "0.01"}),
    "retry": Wait(
        seen=("GET", ROLES), fault=always(ROLES), settings={"AUTH0_BACKOFF_FACTOR": "30"}, error="GET /roles -> 500: "
    ),
    "rate limit": Wait(
        seen=("GET", ROLES), fault=always(ROLES, 429, 60), number=signal.SIGINT, error="GET /roles -> 429: "
    ),
}


@pytest.mark.parametrize("wait", READING.values(), ids=READING)
def test_a_run_that_reads_ends_at_once_and_has_changed_nothing(wait: Wait, job: Job, start: Start) -> None:
    user_id = job.tenant.add_user("ann@x.io", roles=("viewer",))
    if wait.fault is not None:
        job.sandbox.faults.add(wait.fault)
    process = start(**wait.settings)
    job.wait_for(*wait.seen, times=wait.times)

    result = signalled(job, process, wait.number)

    assert result.report["changes"] == []
    assert (result.report["error"] or "none").startswith(wait.error)
    assert list(job.tenant.users) == [user_id]
    assert job.sandbox.writes() == []


@pytest.mark.parametrize("everybody", [False, True], ids=["parent", "everybody"])
def test_workers_whose_reads_hang_are_gone_with_the_run(everybody: bool, job: Job, start: Start) -> None:  # noqa: FBT001
    for number in range(6):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user0@x.io", "viewer")])
    job.sandbox.faults.add(hang(ROLES_OF, after=1))
    process = start(AUTH0_ROLE_READ="pool", AUTH0_POOL_SIZE="2")
    job.wait_for("GET", ROLES_OF, times=3)
    workers = started_by(process.pid)

    result = signalled(job, process, signal.SIGTERM, all_of_them=everybody)

    assert len(workers) >= 2
    assert result.report["error"] is None
    assert result.report["changes"] == []
    assert job.sandbox.writes() == []


def ends(result: Result) -> dict[str, dict[str, str]]:
    """Who of each kind of change ended how, as the report has it; each failure must be told as the stop's."""
    found: dict[str, dict[str, str]] = {}
    for change in result.report["changes"]:
        found.setdefault(change["kind"], {})[change["email"]] = change["outcome"]
        assert (change["outcome"] == "failed") is (WHY in (change["why"] or ""))
    return found


def test_a_creation_without_an_answer_is_told_as_failed_and_those_before_it_as_done(job: Job, start: Start) -> None:
    job.people([(f"{name}@x.io", "viewer") for name in ("ann", "bob", "cy")])
    job.sandbox.faults.add(hang(USERS, "POST", after=1))
    process = start(AUTH0_POOL_SIZE="1")
    job.wait_for("POST", USERS, times=2)

    result = signalled(job, process, signal.SIGTERM)

    assert ends(result) == {
        "create": {"ann@x.io": "done", "bob@x.io": "failed", "cy@x.io": "not_tried"},
        "add_roles": dict.fromkeys(("ann@x.io", "bob@x.io", "cy@x.io"), "not_tried"),
    }
    assert job.tenant.snapshot() == {"ann@x.io": []}
    assert len(job.sandbox.writes()) == 2


def test_an_import_without_an_answer_is_told_as_failed_for_all_who_are_in_it(job: Job, start: Start) -> None:
    everybody = [f"user{number}@x.io" for number in range(110)]
    job.people([(email, "viewer") for email in everybody])
    job.sandbox.faults.add(hang(IMPORTS))
    process = start()
    job.wait_for("POST", IMPORTS)

    result = signalled(job, process, signal.SIGTERM)

    assert ends(result) == {
        "create": dict.fromkeys(everybody, "failed"), "add_roles": dict.fromkeys(everybody, "not_tried")
    }  # fmt: skip
    assert len(job.sandbox.writes()) == 1


def test_roles_that_hang_at_the_same_time_are_all_told_as_failed_and_nothing_is_taken(job: Job, start: Start) -> None:
    for name in ("ann", "bob", "gone"):
        job.tenant.add_user(f"{name}@x.io", roles=("viewer",))
    wanted = {"ann@x.io": "admin", "bob@x.io": "editor", "cy@x.io": "viewer"}
    job.people(wanted.items())
    job.sandbox.faults.add(hang(MEMBERS, "POST", after=1))
    process = start()
    job.wait_for("POST", MEMBERS, times=3)

    result = signalled(job, process, signal.SIGINT)

    found, has = ends(result), job.tenant.snapshot()
    given = found.pop("add_roles")
    assert found == {
        "create": {"cy@x.io": "done"},
        "remove_roles": {"ann@x.io": "not_tried", "bob@x.io": "not_tried"},
        "delete": {"gone@x.io": "not_tried"},
    }
    assert sorted(given.values()) == ["done", "failed", "failed"]
    assert {email: role in has[email] for email, role in wanted.items()} == {
        email: outcome == "done" for email, outcome in given.items()
    }


def test_a_deletion_without_an_answer_is_told_as_failed_and_those_after_it_are_not_tried(
    job: Job, start: Start
) -> None:
    for name in ("ann", "bob", "cy", "stays"):
        job.tenant.add_user(f"{name}@x.io", roles=("viewer",))
    job.people([("stays@x.io", "viewer")])
    job.sandbox.faults.add(hang(USER, "DELETE", after=1))
    process = start(AUTH0_POOL_SIZE="1")
    job.wait_for("DELETE", USER, times=2)

    result = signalled(job, process, signal.SIGTERM)

    assert ends(result) == {"delete": {"ann@x.io": "done", "bob@x.io": "failed", "cy@x.io": "not_tried"}}
    assert set(job.tenant.snapshot()) == {"bob@x.io", "cy@x.io", "stays@x.io"}
