"""The processes that tests kill: whole runs, mortal, and no cost to the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox import Fault
from tests.functional.forks import UNMEASURED
from tests.functional.job import ROOT, Job


def hanging(job: Job) -> Job:
    """A job that waits for an answer that does not come."""
    job.people([("ann@x.io", "viewer")])
    job.sandbox.faults.add(Fault(method="GET", path="/api/v2/roles", kind="hang", times=None))
    return job


def test_a_fork_is_a_whole_run_of_the_job(job: Job) -> None:
    job.people([("ann@x.io", "viewer"), ("bob@x.io", None)])

    result = job.wait(job.fork("-v"))

    assert result.code == result.report["exit_code"] == 3
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}
    assert "applied" in result.stdout or "in agreement" in result.stdout
    assert "added ann@x.io" in result.stderr
    assert not list(job.folder.glob(".coverage*"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_fork_that_is_killed_tells_of_what_it_died(job: Job, number: signal.Signals) -> None:
    fork = hanging(job).fork(AUTH0_TIMEOUT="1")
    job.wait_for("GET", "/api/v2/roles")

    fork.kill() if number is signal.SIGKILL else fork.terminate()

    assert job.wait(fork).code == (-signal.SIGKILL if number is signal.SIGKILL else 143)
    assert not Path(f"/proc/{fork.pid}").exists()


def test_a_fork_does_not_outlive_the_test(job: Job) -> None:
    fork = hanging(job).fork()
    job.wait_for("GET", "/api/v2/roles")

    job.close()

    assert not Path(f"/proc/{fork.pid}").exists()
    job.forks.clear()


def test_a_fork_does_not_outlive_the_process_that_started_it(job: Job) -> None:
    hanging(job)
    program = (
        "import os, sys, pathlib\n"
        "from tests.functional.forks import Fork\n"
        "print(Fork([], pathlib.Path(sys.argv[1]), dict(os.environ)).pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(job.folder)]
    with subprocess.Popen(
        command, cwd=ROOT, env=job.environment(**UNMEASURED), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        job.wait_for("GET", "/api/v2/roles")

        parent.kill()

    for _ in range(500):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()


def test_what_starts_a_fork_does_not_change_the_environment_of_the_others(job: Job) -> None:
    before = dict(os.environ)

    job.wait(job.fork("--version"))

    assert dict(os.environ) == before
