"""Whole runs of `main.py` as processes of their own, wherever the people are read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox import LoggedRequest
from tests.functional.job import Job
from tests.integration.population import Row


def sync_everybody(job: Job, source: dict[str, str], rows: Sequence[Row]) -> None:
    """Plan, sync and sync again: what there is at the end is what the rows say, and nothing is written twice."""
    wanted = {row["email"]: [row["role"]] for row in rows if row["email"] and row["role"]}
    held = sum(1 for row in rows if row["email"] is None or row["role"] is None)

    planned = job.run_as_process("plan", **source)
    assert planned.code == 0, planned.stderr
    assert planned.report["counts"]["changes"]["create"]["not_tried"] == len(wanted)
    assert job.sandbox.writes() == []

    done = job.run_as_process("sync", **source)
    assert done.code == 3, done.stderr  # somebody is held
    assert "Traceback" not in done.said
    assert job.tenant.snapshot() == wanted
    assert len(done.report["held"]) == held

    job.sandbox.clear_log()
    again = job.run_as_process("sync", **source)
    assert again.code == 3, again.stderr
    assert job.sandbox.writes() == []


def keep_out_the_second_until_the_first_is_killed(
    job: Job, source: dict[str, str], *, state_of_the_second: Path
) -> str:
    """A run is stopped in the middle of its first write; meanwhile another gets exit code 5, and after a kill -9 of
    the first a third gets through. Returns what the second said."""
    reached, go_on = threading.Event(), threading.Event()

    def hook(entry: LoggedRequest) -> None:
        if entry.writes:
            reached.set()
            go_on.wait(120)

    job.sandbox.before_answer = hook
    first = job.start("sync", **source)
    try:
        while not reached.wait(0.2):
            assert first.poll() is None, "".join(first.communicate())
        second = job.run_as_process("sync", **{**source, "SYNC_STATE_DIR": str(state_of_the_second)})
    finally:
        first.kill()
        first.communicate()
        job.sandbox.before_answer = None
        go_on.set()
    third = job.run_as_process("--lock-timeout", "60", "sync", **source)

    assert second.code == 5, second.said
    assert "another run is going on" in second.stderr
    assert second.report == {}
    assert third.code == 0, third.stderr
    return second.stderr
