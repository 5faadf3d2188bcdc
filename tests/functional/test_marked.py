"""Several jobs on one connection: each takes something only from the accounts that bear its mark."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sandbox import LoggedRequest
from tests.functional.job import Job, Result
from tests.functional.oracle import Picture
from tests.functional.whose import account, another, blocked, changes, marks, reasons, run_again, table

COLUMNS = "id email role active"
Row = tuple[int | None, str, str | None, int | None]


@pytest.fixture
def hr(job: Job) -> Job:
    """One of two jobs."""
    job.settings |= {"SYNC_MANAGE": "marked", "SYNC_OWNER": "hr"}
    table(job, COLUMNS, [])
    return job


@pytest.fixture
def partners(hr: Job) -> Job:
    """The other one."""
    other = another(hr, "partners", SYNC_MANAGE="marked", SYNC_OWNER="partners")
    table(other, COLUMNS, [])
    return other


def person(number: int, email: str, role: str = "viewer", *, active: int = 1) -> Row:
    return number, email, role, active


def day(job: Job, rows: Iterable[Row], **settings: str) -> tuple[Result, list[str]]:
    """A run after which the source has these rows."""
    table(job, COLUMNS, rows)
    return run_again(job, **settings)


def test_two_jobs_live_side_by_side_for_days(hr: Job, partners: Job) -> None:
    tenant = hr.tenant
    local = tenant.add_user("local@x.io", roles=("admin",))
    before = dict(tenant.users[local])

    first = [
        day(hr, [person(1, "ann@x.io"), person(2, "bob@x.io", "admin")])[0],
        day(partners, [person(1, "pam@p.io"), person(2, "pit@p.io", "editor")])[0],
    ]
    quiet = [run_again(job) for job in (hr, partners)]
    second = [
        day(hr, [person(1, "anna@x.io", "editor"), person(3, "cy@x.io")])[0],  # bob goes, ann has another e-mail
        day(partners, [person(1, "pam@p.io", active=0), person(3, "pol@p.io")])[0],  # pit goes, pam is inactive
    ]
    then = tenant.snapshot()
    third, _ = day(partners, [person(1, "pam@p.io", "admin"), person(3, "pol@p.io")])
    still = [run_again(job) for job in (hr, partners)]

    assert [result.code for result in (*first, *second, third)] == [0] * 5
    assert [writes for _, writes in (*quiet, *still)] == [[]] * 4
    ours = {"anna@x.io": ["editor"], "cy@x.io": ["viewer"], "local@x.io": ["admin"]}
    assert then == ours | {"pam@p.io": ["viewer"], "pol@p.io": ["viewer"]}
    assert tenant.snapshot() == ours | {"pam@p.io": ["admin"], "pol@p.io": ["viewer"]}
    assert marks(hr, "anna@x.io") == {"id": "1", "owner": "hr"}
    assert marks(hr, "pam@p.io") == {"id": "1", "owner": "partners"}
    assert tenant.users[local] == before


@pytest.mark.parametrize("missing", ["delete", "block"])
def test_accounts_of_others_and_of_nobody_are_never_taken_anything_from(hr: Job, missing: str) -> None:
    tenant = hr.tenant
    tenant.add_user("nobodys@x.io", roles=("admin",))
    tenant.add_user("theirs@x.io", roles=("admin",), app_metadata={"sync": {"owner": "partners", "id": "9"}})
    tenant.add_user(
        "barred@x.io", blocked=True, app_metadata={"sync": {"owner": "partners", "blocked_at": "2020-01-01"}}
    )
    tenant.add_user("ours@x.io", roles=("admin",), app_metadata={"sync": {"owner": "hr"}})
    before = Picture.of(tenant)

    result, _ = day(hr, [person(1, "new@x.io")], SYNC_ON_MISSING=missing, SYNC_DELETE_AFTER_DAYS="7")

    now = Picture.of(tenant)
    gone = before.accounts.keys() - now.accounts.keys()
    touched = {id_ for id_ in before.accounts.keys() & now.accounts.keys() if now.accounts[id_] != before.accounts[id_]}
    assert result.code == 0
    assert {before.accounts[user_id]["email"] for user_id in gone | touched} == {"ours@x.io"}
    assert (len(gone), blocked(hr) - {"barred@x.io"}) == ((1, set()) if missing == "delete" else (0, {"ours@x.io"}))
    assert result.report["counts"]["out_of_scope"] == 3
    assert result.report["counts"]["in_scope"] == 1


@pytest.mark.parametrize("active", [1, 0])
def test_a_person_whose_account_another_job_has_is_held_with_its_name(hr: Job, active: int) -> None:
    theirs = hr.tenant.add_user("ann@x.io", roles=("admin",), app_metadata={"sync": {"owner": "partners", "id": "7"}})
    before = dict(hr.tenant.users[theirs])

    result, _ = day(hr, [person(1, "ann@x.io", active=active), person(2, "bob@x.io")])

    assert result.code == 3
    assert reasons(result) == {"ann@x.io": "the account is that of the job 'partners' (SYNC_OWNER)"}
    assert "'partners' (SYNC_OWNER)" in result.stdout
    assert hr.tenant.users[theirs] == before
    assert hr.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["viewer"]}


def test_the_other_jobs_name_is_told_also_where_its_key_is_one_of_ours(hr: Job) -> None:
    hr.tenant.add_user("ann@x.io", roles=("admin",), app_metadata={"sync": {"owner": "partners", "id": "7"}})
    hr.tenant.add_user("old@x.io", app_metadata={"sync": {"owner": "hr", "id": "7"}})

    result, _ = day(hr, [person(1, "ann@x.io"), person(2, "bob@x.io")])

    assert result.code == 3
    assert reasons(result) == {"ann@x.io": "the account is that of the job 'partners' (SYNC_OWNER)"}
    assert hr.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["viewer"]}


def test_the_same_keys_in_two_sources_are_different_people(hr: Job, partners: Job) -> None:
    day(hr, [person(1, "ann@x.io"), person(2, "bob@x.io")])
    day(partners, [person(1, "pam@p.io"), person(2, "pit@p.io")])

    renamed, _ = day(partners, [person(1, "pamela@p.io"), person(2, "pit@p.io")])
    ours, writes = run_again(hr)

    assert (renamed.code, ours.code, writes) == (0, 0, [])
    assert changes(renamed) == [("update", "pamela@p.io")]
    assert set(hr.tenant.snapshot()) == {"ann@x.io", "bob@x.io", "pamela@p.io", "pit@p.io"}


def test_an_email_that_another_job_has_cannot_be_taken(hr: Job, partners: Job) -> None:
    day(hr, [person(1, "ann@x.io")])
    day(partners, [person(1, "pam@p.io")])
    before = Picture.of(hr.tenant)

    result, writes = day(hr, [person(1, "pam@p.io")])

    assert result.code == 3
    assert writes == []
    assert Picture.of(hr.tenant) == before
    assert set(reasons(result)) == {"ann@x.io", "pam@p.io"}


def test_percentages_are_of_our_accounts_alone(hr: Job) -> None:
    for number in range(100):
        hr.tenant.add_user(f"local{number}@x.io")
    for number in range(10):
        hr.tenant.add_user(f"ours{number}@x.io", roles=("viewer",), app_metadata={"sync": {"owner": "hr"}})
    rows: list[Row] = [(None, f"ours{number}@x.io", "viewer", 1) for number in range(6)]

    refused, writes = day(hr, rows, SYNC_LIMIT_FLOOR="0", SYNC_MAX_DELETE_PERCENT="39")
    result, _ = day(hr, rows, SYNC_LIMIT_FLOOR="0", SYNC_MAX_DELETE_PERCENT="40")

    assert (refused.code, writes) == (4, [])
    assert "4 of 10 accounts in scope would be deleted (40.0 %); at most 3 may" in refused.stdout
    assert "10 accounts in scope" in refused.stdout
    assert result.code == 0
    assert len(hr.tenant.users) == 106
    assert result.report["counts"]["out_of_scope"] == 100


def test_a_job_for_the_whole_connection_looks_at_no_owner(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("admin",), app_metadata={"sync": {"owner": "partners"}})
    job.tenant.add_user("gone@x.io", app_metadata={"sync": {"owner": "partners"}})
    job.people([("ann@x.io", "viewer")])

    result = job.run(SYNC_OWNER="hr")

    assert result.code == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}
    assert marks(job, "ann@x.io") == {"owner": "partners"}
    assert result.report["counts"]["out_of_scope"] == 0


def test_another_namespace_keeps_marks_of_its_own(hr: Job) -> None:
    hr.tenant.add_user("ann@x.io", app_metadata={"sync": {"owner": "partners"}, "hr_sync": {"owner": "hr"}})

    result, _ = day(hr, [person(1, "bob@x.io")], SYNC_NAMESPACE="hr_sync")

    assert result.code == 0
    assert set(hr.tenant.snapshot()) == {"bob@x.io"}
    assert account(hr, "bob@x.io")["app_metadata"] == {"hr_sync": {"id": "1", "owner": "hr"}}


def test_a_key_without_an_owner_may_be_of_any_source_and_matches_nobody(hr: Job) -> None:
    ann = hr.tenant.add_user("ann@x.io", roles=("admin",), app_metadata={"sync": {"id": "1"}})

    result, _ = day(hr, [person(1, "pam@p.io")])

    assert result.code == 0
    assert hr.tenant.snapshot() == {"ann@x.io": ["admin"], "pam@p.io": ["viewer"]}
    assert hr.tenant.users[ann]["email"] == "ann@x.io"


def test_an_account_that_is_handed_over_meanwhile_is_not_deleted(hr: Job) -> None:
    handed = hr.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata={"sync": {"owner": "hr"}})

    def meanwhile(entry: LoggedRequest) -> None:
        """After the accounts were read, and before one is deleted."""
        if (entry.method, entry.path) == ("POST", "/api/v2/users"):
            hr.tenant.update_user(handed, app_metadata={"sync": {"owner": "partners"}})

    hr.sandbox.before_answer = meanwhile
    result, _ = day(hr, [person(1, "bob@x.io")])

    assert result.code == 3
    assert hr.outcomes(result)["delete", "ann@x.io"] == "skipped"
    assert handed in hr.tenant.users
