"""A mapped day is killed after each of its writes: nobody is harmed, the next run ends it, and restore undoes it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.functional.course import BLOCKED_AT, INVITE, REVOKE, Course, flat
from tests.functional.job import Job, StartJob
from tests.functional.mapped_days import a_mapped_day
from tests.functional.oracle import Picture
from tests.functional.test_mapped_faults import (
    WRITES,
    assert_the_next_run_mends_it,
    assert_the_run_after_it_writes_nothing,
)

ALL = sum(WRITES.values())
BEFORE_THE_FIRST_CHANGE = WRITES["POST /roles"] + WRITES["POST /users"]
RESTORING = 9 + 2 + 2
"""Writes that undo the day: the updates, two blocks, and two roles for one each."""
NOT_TAKEN = frozenset({INVITE, REVOKE})
"""Notes of what was to be done, and is done."""


def a_day(start_job: StartJob) -> tuple[Job, Course]:
    job = start_job(as_published=False)
    job.settings["AUTH0_POOL_SIZE"] = "1"
    return job, a_mapped_day(job)


def journals(job: Job) -> list[Path]:
    return sorted((job.folder / "state" / "journal").glob("*.jsonl"))


def lacking(job: Job, before: Picture) -> list[Any]:
    """What was there before and is not there now, but for a block that was lifted."""
    now = Picture.of(job.tenant)
    found: list[Any] = []
    for user_id, account in before.accounts.items():
        email, was, has = account.get("email"), flat(account), flat(now.accounts[user_id])
        lifted = {"blocked", BLOCKED_AT} if email == "back@x.io" else set()
        names = (was.keys() | has.keys()) - NOT_TAKEN - lifted
        found += [(email, name, has.get(name)) for name in names if was.get(name) != has.get(name)]
        found += [(email, role) for role in before.roles[user_id] - now.roles[user_id]]
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("after", range(1, ALL + 1))
def test_after_a_kill_at_any_write_of_a_mapped_day_the_next_run_ends_where_a_whole_one_would(
    start_job: StartJob, after: int
) -> None:
    job, course = a_day(start_job)

    assert job.killed(after) == -signal.SIGKILL

    assert len(job.sandbox.writes()) == after
    assert course.wrongs(job.tenant) == []
    assert_the_next_run_mends_it(job, course)
    assert_the_run_after_it_writes_nothing(job)


@pytest.mark.parametrize("after", [6, 12, 24])
def test_after_a_kill_while_several_writes_of_a_mapped_day_are_under_way_the_next_run_converges(
    start_job: StartJob, after: int
) -> None:
    job, course = a_day(start_job)

    assert job.killed(after, AUTH0_POOL_SIZE="4") == -signal.SIGKILL

    assert course.wrongs(job.tenant) == []
    assert_the_next_run_mends_it(job, course)
    assert_the_run_after_it_writes_nothing(job)


@pytest.mark.sweep
@pytest.mark.parametrize("after", range(BEFORE_THE_FIRST_CHANGE + 1, ALL + 1))
def test_whatever_a_killed_run_has_taken_or_overwritten_can_be_brought_back(start_job: StartJob, after: int) -> None:
    job, course = a_day(start_job)
    job.killed(after)
    taken = lacking(job, course.before)
    (journal,) = journals(job)

    restored = job.run("restore", str(journal))

    assert taken != []
    assert restored.code == 0, restored.said
    assert lacking(job, course.before) == []
    assert_the_next_run_mends_it(job, course)


@pytest.mark.parametrize("after", [pytest.param(n, marks=pytest.mark.sweep) for n in range(1, RESTORING + 1)])
def test_a_restore_of_a_mapped_day_that_is_killed_can_be_run_again(start_job: StartJob, after: int) -> None:
    job, course = a_day(start_job)
    job.run()
    (journal,) = journals(job)
    job.sandbox.clear_log()

    assert job.killed(after, "restore", str(journal)) == -signal.SIGKILL

    assert len(job.sandbox.writes()) == after
    again = job.run("restore", str(journal))
    assert again.code == 0, again.said
    assert lacking(job, course.before) == []
    job.sandbox.clear_log()
    assert job.run("restore", str(journal)).code == 0
    assert job.sandbox.writes() == []
