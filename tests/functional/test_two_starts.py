"""Two runs that start together on one state folder: one applies, the other says so, or waits for its turn."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from client.stop import Stop
from sandbox import LoggedRequest
from tests.functional.forks import Fork
from tests.functional.job import Job, Result

PAIRS, ALWAYS = 20, 3
"""How often two runs meet, and how many of these pairs are in every run of the tests; the others are the sweep."""
LONGEST_START, LONGEST_MEETING = 60.0, 20.0
"""Seconds: for a run to come at all, and for one of a pair to give way. A broken lock is to be red, no deadlock."""
WANTED = {"stays@x.io": ["admin"], "swaps@x.io": ["editor"], "comes@x.io": ["editor", "viewer"]}
WRITES = {
    ("POST", "/api/v2/users"): 1,
    ("POST", "/api/v2/roles/{id}/users"): 2,
    ("DELETE", "/api/v2/users/{id}/roles"): 1,
    ("DELETE", "/api/v2/users/{id}"): 1,
}
"""Of one run that makes it so, and not of one and a half."""


class Gate:
    """Keeps the tenant from answering, so that whoever asks first is still there when the other comes."""

    def __init__(self) -> None:
        self._met, self._open = threading.Event(), threading.Event()

    def hook(self, _entry: LoggedRequest) -> None:
        self._met.set()
        self._open.wait(LONGEST_MEETING)

    def wait_for_somebody(self) -> None:
        assert self._met.wait(LONGEST_START), "nobody asked the tenant for anything"

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(job: Job) -> Iterator[Gate]:
    """The tenant answers nobody until the gate is open. There is something of each kind to do."""
    job.tenant.add_user("stays@x.io", roles=("admin",))
    job.tenant.add_user("swaps@x.io", roles=("admin",))
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    job.people((email, role) for email, roles in WANTED.items() for role in roles)
    gate = Gate()
    job.sandbox.before_answer = gate.hook
    yield gate
    gate.open()


def another(job: Job, name: str) -> Job:
    """The same job, started from another folder: only what is in the settings is shared, the state folder too."""
    folder = job.folder / name
    folder.mkdir()
    return Job(folder, job.tenant, job.sandbox, {**job.settings}, job.forks)


def started_together(jobs: list[Job]) -> list[Fork]:
    """Runs that wait for each other where they read their settings, just before the lock: a query comes by pipe."""
    pipes = [job.folder / "query.pipe" for job in jobs]
    for pipe in pipes:
        os.mkfifo(pipe)
    forks = [job.fork(USERS_DB_QUERY="", USERS_DB_QUERY_FILE=str(pipe)) for job, pipe in zip(jobs, pipes, strict=True)]
    opened = [writing_end(pipe) for pipe in pipes]
    for number in opened:
        os.write(number, b"SELECT email, role FROM people")
    for number in opened:
        os.close(number)
    return forks


def writing_end(pipe: Path) -> int:
    """Of a pipe that a run has come to read. To wait in `open` would be for ever, should the run not come."""
    deadline = time.monotonic() + LONGEST_START
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > deadline:
                raise
            time.sleep(0.005)


def ends(jobs: list[Job], forks: list[Fork], gate: Gate) -> list[Result]:
    """How both runs ended; the tenant answers as soon as one of them has."""
    with ThreadPoolExecutor() as executor:
        waits = [executor.submit(job.wait, fork) for job, fork in zip(jobs, forks, strict=True)]
        wait(waits, LONGEST_MEETING, FIRST_COMPLETED)
        gate.open()
        return [ended.result() for ended in waits]


def assert_one_run_has_done_it(job: Job) -> None:
    assert job.tenant.snapshot() == WANTED
    assert Counter((entry.method, entry.path) for entry in job.sandbox.writes()) == WRITES


@pytest.mark.parametrize(
    "pair", [*range(ALWAYS), *(pytest.param(n, marks=pytest.mark.sweep) for n in range(ALWAYS, PAIRS))]
)
def test_of_two_runs_that_start_together_exactly_one_applies_and_the_other_ends_with_5(
    job: Job, gate: Gate, pair: int
) -> None:
    jobs = [another(job, f"{pair} first"), another(job, f"{pair} second")]

    results = ends(jobs, started_together(jobs), gate)

    winner, loser = sorted(results, key=lambda result: result.code)
    assert (winner.code, loser.code) == (0, 5), winner.said + loser.said
    assert winner.report["exit_code"] == 0
    assert loser.report == {}
    assert loser.stdout == ""
    assert loser.stderr.count("\n") == 1
    assert "another run is going on" in loser.stderr
    assert [entry.path for entry in job.sandbox.log].count("/oauth/token") == 1  # the other did not even ask
    assert_one_run_has_done_it(job)


def test_a_run_that_may_wait_begins_when_the_other_has_ended_and_finds_nothing_to_do(
    job: Job, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = another(job, "first")
    fork = first.fork()
    gate.wait_for_somebody()
    waited, patient = [], Stop.sleep

    def sleep(stop: Stop, seconds: float) -> None:
        waited.append(seconds)
        gate.open()  # the second has met the lock, so the first may go on
        patient(stop, seconds)

    monkeypatch.setattr(Stop, "sleep", sleep)
    second = job.run("--lock-timeout", "20")

    assert waited
    assert first.wait(fork).code == 0
    assert second.code == 0
    assert second.report["changes"] == []
    assert "Nothing to change." in second.stdout
    assert_one_run_has_done_it(job)


def test_a_run_that_has_waited_long_enough_ends_with_5_and_has_asked_the_tenant_nothing(job: Job, gate: Gate) -> None:
    first = another(job, "first")
    fork = first.fork()
    gate.wait_for_somebody()

    second = job.run("--lock-timeout", "0.3")
    gate.open()

    assert second.code == 5
    assert second.report == {}
    assert first.wait(fork).code == 0
    assert [entry.path for entry in job.sandbox.log].count("/oauth/token") == 1
    assert_one_run_has_done_it(job)


def test_the_lock_of_a_run_that_was_killed_is_free_at_once(job: Job, gate: Gate) -> None:
    fork = another(job, "first").fork()
    gate.wait_for_somebody()
    held = job.run()

    fork.kill()
    killed = fork.wait()
    gate.open()
    result = job.run()

    assert (held.code, killed, result.code) == (5, -signal.SIGKILL, 0)
    assert_one_run_has_done_it(job)


@pytest.mark.parametrize("command", [("plan",), ("sync", "--dry-run")], ids=" ".join)
def test_a_run_that_only_reads_needs_no_lock(job: Job, gate: Gate, command: tuple[str, ...]) -> None:
    first = another(job, "first")
    fork = first.fork()
    gate.wait_for_somebody()
    os.kill(fork.pid, signal.SIGSTOP)
    gate.open()  # for both, but only one of them can go on

    planned = job.run(*command)
    os.kill(fork.pid, signal.SIGCONT)

    assert planned.code == 0
    assert first.wait(fork).code == 0
    assert_one_run_has_done_it(job)
