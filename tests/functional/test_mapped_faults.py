"""The requests of a mapped day fail in every way: nobody is harmed, nobody uninvited, and the next run mends it."""

from __future__ import annotations

from collections import Counter

import pytest

from sandbox import Behaviour
from tests.functional.course import Course
from tests.functional.job import Job, StartJob
from tests.functional.kinds import AFTER, MAPPED_KINDS, Kind
from tests.functional.mapped_days import a_mapped_day
from tests.functional.test_fault_matrix import (
    NARROW,
    PATIENCE,
    assert_no_trace_of_bugs_or_secrets,
    cases,
    hurry,
    where,
)

__all__ = ["hurry"]  # a fixture

WRITES = {
    "POST /roles": 1, "POST /users": 2, "PATCH /users/{id}": 9 + 1 + 3 + 2 * 3, "POST /roles/{id}/users": 2,
    "POST /dbconnections/change_password": 3, "DELETE /users/{id}/roles": 2, "POST /users/{id}/revoke-access": 3,
}  # fmt: skip
"""The updates, of which one takes two; a block lifted; marks of invitations; blocks and the marks after them."""


def assert_the_next_run_mends_it(job: Job, course: Course) -> None:
    """It ends with 0, and all is as it should be."""
    job.sandbox.clear_log()
    mended = job.run("-q")
    assert mended.code == 0, mended.said
    assert (course.wrongs(job.tenant), course.lacks(job.tenant)) == ([], [])


def assert_the_run_after_it_writes_nothing(job: Job) -> None:
    job.sandbox.clear_log()
    assert job.run("-q").code == 0
    assert job.sandbox.writes() == []


def test_a_mapped_day_has_writes_of_all_kinds_and_one_run_does_it(start_job: StartJob) -> None:
    job = start_job()
    course = a_mapped_day(job)
    before = (course.wrongs(job.tenant), len(course.lacks(job.tenant)))

    result = job.run()

    assert before == ([], 26)
    assert result.code == 0, result.said
    assert (course.wrongs(job.tenant), course.lacks(job.tenant)) == ([], [])
    writes = Counter(f"{entry.method} {entry.path.removeprefix('/api/v2')}" for entry in job.sandbox.writes())
    assert writes == WRITES
    assert_the_run_after_it_writes_nothing(job)
    assert len(job.tenant.mails) == 3
    assert len(job.tenant.revoked_access) == 3


@pytest.mark.parametrize(("kind", "fault", "always"), [*cases(MAPPED_KINDS)])
@pytest.mark.usefixtures("hurry")
def test_a_request_of_a_mapped_day_that_fails_does_no_harm_and_the_next_run_mends_it(
    start_job: StartJob, kind: Kind, fault: str, *, always: bool
) -> None:
    job = start_job(as_published=False, behaviour=Behaviour(metadata_null="stays"))
    course = a_mapped_day(job)
    job.settings["AUTH0_INVITE"] = "ticket" if kind.day == "ticket" else "email"
    told = kind.fault(fault, always=always, where=where(job.tenant, kind), echo=job.tenant.client_secret)
    job.sandbox.faults.add(told)
    timeout = {"AUTH0_TIMEOUT": "0.5"} if fault == "hang" else {}

    result = job.run("-v", **PATIENCE, **timeout)

    assert any(entry.fault == told.kind for entry in job.sandbox.log if entry.path == kind.path)
    assert result.code == result.report["exit_code"] == kind.promised(fault, always=always), result.said
    assert course.wrongs(job.tenant) == []
    assert_no_trace_of_bugs_or_secrets(job, result)
    job.sandbox.faults.clear()
    assert_the_next_run_mends_it(job, course)
    if (fault, always) in NARROW or fault in AFTER:
        assert_the_run_after_it_writes_nothing(job)
