"""What a killed run has taken can be brought back, and a restore that is killed can be run again."""

from __future__ import annotations

import signal

import pytest

from tests.functional.days import OF_A_BIG_DAY, a_big_day
from tests.functional.job import Job, StartJob
from tests.functional.oracle import Document, Picture

SYNCING = 1 + 2 + 2 + 2
"""Writes of a run: a creation, two roles given, two taken, two deletions."""
RESTORING = 2 + 3
"""Writes that bring it back: two accounts, and three roles for two each."""
_OF_THE_MOMENT = ("created_at", "updated_at")


def a_day(start_job: StartJob) -> tuple[Job, Picture]:
    job = start_job(as_published=False)
    job.settings |= OF_A_BIG_DAY | {"AUTH0_POOL_SIZE": "1"}
    return job, a_big_day(job, come=1, swap=1, strip=1, go=2).before


def journals(job: Job) -> list[str]:
    return [str(file) for file in (job.folder / "state" / "journal").glob("*.jsonl")]


def lacking(job: Job, before: Picture) -> list[str]:
    """What was there before and is not there now."""
    now = Picture.of(job.tenant)
    found = []
    for user_id, account in before.accounts.items():
        if user_id not in now.accounts:
            found.append(f"{account['email']} is gone")
        elif lasting(now.accounts[user_id]) != lasting(account):
            found.append(f"{account['email']} is {now.accounts[user_id]}")
        elif lost := before.roles[user_id] - now.roles[user_id]:
            found.append(f"{account['email']} lacks {sorted(lost)}")
    return found


def lasting(account: Document) -> Document:
    return {name: value for name, value in account.items() if name not in _OF_THE_MOMENT}


def test_the_days_have_so_many_writes(start_job: StartJob) -> None:
    job, before = a_day(start_job)

    synced = job.run()
    writes = len(job.sandbox.writes())
    restored = job.run("restore", *journals(job))

    assert (synced.code, restored.code) == (0, 0)
    assert (writes, len(job.sandbox.writes()) - writes) == (SYNCING, RESTORING)
    assert lacking(job, before) == []


@pytest.mark.sweep
@pytest.mark.parametrize("after", range(1, SYNCING + 1))
def test_whatever_a_killed_run_has_taken_can_be_brought_back(start_job: StartJob, after: int) -> None:
    job, before = a_day(start_job)

    assert job.killed(after) == -signal.SIGKILL

    taken = lacking(job, before)
    assert bool(taken) == (after > 3)
    assert len(journals(job)) == bool(taken)
    for journal in journals(job):
        assert job.run("restore", journal).code == 0
    assert lacking(job, before) == []


@pytest.mark.sweep
@pytest.mark.parametrize("after", range(1, RESTORING + 1))
def test_a_restore_that_is_killed_can_be_run_again(start_job: StartJob, after: int) -> None:
    job, before = a_day(start_job)
    job.run()
    (journal,) = journals(job)
    job.sandbox.clear_log()

    assert job.killed(after, "restore", journal) == -signal.SIGKILL

    assert len(job.sandbox.writes()) == after
    assert job.run("restore", journal).code == 0
    assert lacking(job, before) == []
    assert len(job.tenant.users) == len(before.accounts) + 1  # and who had come
    job.sandbox.clear_log()
    assert job.run("restore", journal).code == 0
    assert job.sandbox.writes() == []
