"""Accounts that become a job's: by its mark, on a line of their own, and with care."""

from __future__ import annotations

import pytest

from sandbox import Behaviour, Fault
from tests.functional.job import Job, StartJob
from tests.functional.test_marked import day, person
from tests.functional.whose import account, blocked, changes, marks


@pytest.fixture
def hr(job: Job) -> Job:
    """A job that shares its connection."""
    job.settings |= {"SYNC_MANAGE": "marked", "SYNC_OWNER": "hr"}
    return job


def test_an_account_that_nobody_has_is_adopted_by_the_job_whose_source_has_its_person(hr: Job) -> None:
    hr.tenant.add_user("ann@x.io", roles=("viewer", "admin"), app_metadata={"plan": "gold"})
    hr.tenant.add_user("other@x.io")
    rows = [person(1, "ann@x.io")]

    result, _ = day(hr, rows)
    _, more = day(hr, rows)
    gone, _ = day(hr, [person(2, "bob@x.io")])

    assert result.code == 0
    assert changes(result) == [("adopt", "ann@x.io"), ("remove_roles", "ann@x.io")]
    assert "adopt (1)\n  ann@x.io    app_metadata.sync.id: " in result.stdout
    assert 'app_metadata.sync.owner: (none) → "hr"' in result.stdout
    assert "adopted ann@x.io" in result.stderr
    assert more == []
    assert ("delete", "ann@x.io") in changes(gone)
    assert set(hr.tenant.snapshot()) == {"bob@x.io", "other@x.io"}


def test_an_adoption_sets_the_mark_and_leaves_all_other_metadata(hr: Job) -> None:
    hr.tenant.add_user("ann@x.io", app_metadata={"plan": "gold", "sync": {"note": 1}})

    result, writes = day(hr, [person(1, "ann@x.io")])

    assert result.code == 0
    assert account(hr, "ann@x.io")["app_metadata"] == {"plan": "gold", "sync": {"note": 1, "id": "1", "owner": "hr"}}
    assert len(writes) == 2


def test_what_could_not_be_adopted_is_not_stripped(hr: Job) -> None:
    hr.tenant.add_user("ann@x.io", roles=("admin", "viewer"))
    hr.sandbox.faults.add(Fault(method="PATCH", path="/api/v2/users/{id}", kind="status", status=400, times=1))

    failed, _ = day(hr, [person(1, "ann@x.io")])
    then = hr.tenant.snapshot()
    result, _ = day(hr, [person(1, "ann@x.io")])

    assert (failed.code, result.code) == (3, 0)
    assert hr.outcomes(failed) == {("adopt", "ann@x.io"): "failed", ("remove_roles", "ann@x.io"): "skipped"}
    assert failed.report["changes"][1]["why"] == "it is not this job's account: it bears no mark"
    assert then == {"ann@x.io": ["admin", "viewer"]}
    assert hr.tenant.snapshot() == {"ann@x.io": ["viewer"]}


def test_an_inactive_person_whose_account_nobody_has_is_neither_blocked_nor_adopted(hr: Job) -> None:
    hr.tenant.add_user("ann@x.io", roles=("viewer",))

    result, _ = day(hr, [person(1, "ann@x.io", active=0), person(2, "bob@x.io")])

    assert result.code == 0
    assert blocked(hr) == set()
    assert marks(hr, "ann@x.io") == {}


def test_new_accounts_bear_the_mark_also_when_they_are_imported(hr: Job) -> None:
    rows = [person(number, f"user{number}@x.io") for number in range(3)]

    result, _ = day(hr, rows, AUTH0_CREATE_WITH="import")
    _, more = day(hr, rows)

    assert result.code == 0
    assert [marks(hr, f"user{number}@x.io") for number in range(3)] == [
        {"id": str(number), "owner": "hr"} for number in range(3)
    ]
    assert more == []


def test_an_account_of_another_job_that_the_lists_do_not_show_yet_gets_nothing_either(start_job: StartJob) -> None:
    job = start_job(behaviour=Behaviour(search_lag_seconds=3600))
    for role in ("admin", "viewer"):
        job.tenant.add_role(role)
    hidden = job.tenant.add_user("ann@x.io", roles=("admin",), app_metadata={"sync": {"owner": "partners"}})
    job.people([("ann@x.io", "viewer"), ("new@x.io", "viewer")])

    result = job.run(SYNC_MANAGE="marked", SYNC_OWNER="hr")

    assert result.code == 3
    assert job.tenant.roles_of(hidden) == {"admin"}
    assert job.tenant.snapshot()["new@x.io"] == ["viewer"]
    assert job.outcomes(result)["add_roles", "ann@x.io"] == "skipped"
