"""`--only`: somebody cannot log in, and somebody else brings just them into agreement, at once."""

from __future__ import annotations

import pytest

from bench.population import world
from sandbox import Fault
from tests.functional.job import Job, StartJob
from tests.functional.mapped import keyed, people
from tests.functional.test_requests import a_job_for, requests
from tests.functional.whose import changes, run_again

A_FEW = 12


def reads(job: Job) -> int:
    """Requests that wrote nothing."""
    return sum(requests(job).values()) - len(job.sandbox.writes())


def test_one_of_thousands_takes_a_few_requests_and_no_job(start_job: StartJob) -> None:
    job = a_job_for(world(2_000, first=False), start_job)
    leaver = next(iter(job.tenant.users.values()))["email"]
    others = {email: roles for email, roles in job.tenant.snapshot().items() if email != leaver}

    without = f"SELECT * FROM people WHERE email <> '{leaver}'"  # noqa: S608 - our own table

    result = job.run("sync", "--only", leaver, USERS_DB_QUERY=without)

    assert result.code in {0, 3}
    assert job.tenant.snapshot() == others
    assert sum(requests(job).values()) <= A_FEW
    assert not [endpoint for endpoint in requests(job) if "/jobs" in endpoint]
    assert result.report["whole"] is False


def test_whoever_is_not_named_is_neither_read_nor_touched(job: Job) -> None:
    for email in ("ann@x.io", "bob@x.io", "gone@x.io"):
        job.tenant.add_user(email, roles=("viewer",))
    job.people([("ann@x.io", "admin"), ("bob@x.io", "admin"), ("new@x.io", "admin")])

    result = job.run("--only", "ann@x.io")

    assert result.code == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["viewer"], "gone@x.io": ["viewer"]}
    assert changes(result) == [("add_roles", "ann@x.io"), ("remove_roles", "ann@x.io")]
    assert requests(job)["GET /users/{id}/roles"] == 1
    assert requests(job)["GET /roles/{id}/users"] == 0


def test_a_second_run_for_the_same_person_writes_nothing(job: Job) -> None:
    people(job, {"email": "ann@x.io", "id": "1", "name": "Ann Berg", "role": "admin"})

    first, written = run_again(job, "--only", "ann@x.io")
    second, again = run_again(job, "--only", "ann@x.io")

    assert (first.code, second.code) == (0, 0)
    assert len(written) == 2
    assert again == []


def test_somebody_whose_email_has_changed_is_found_by_either(job: Job) -> None:
    for number, named in enumerate(("old1@x.io", "new2@x.io"), start=1):
        account = keyed(job, f"old{number}@x.io", str(number))
        people(job, {"email": f"new{number}@x.io", "id": str(number), "role": "viewer"})

        result = job.run("--only", named)

        assert result.code == 0
        assert job.tenant.users[account]["email"] == f"new{number}@x.io"
        assert reads(job) <= A_FEW * number + 1


def test_a_plan_for_somebody_can_be_expected_by_the_sync(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("ann@x.io", "admin")])

    planned = job.run("plan", "--only", "ann@x.io")
    result = job.run("--only", "ann@x.io", "--expect", planned.report["digest"])

    assert (planned.code, result.code) == (0, 0)
    assert job.tenant.snapshot() == {"ann@x.io": ["admin"]}


def test_where_a_limit_is_a_share_of_all_accounts_all_are_counted(job: Job) -> None:
    for number in range(30):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([(f"user{number}@x.io", "viewer") for number in range(1, 30)])

    result = job.run("--only", "user0@x.io", SYNC_LIMIT_FLOOR="0")  # 1 of 1 would be too many, 1 of 30 is not

    assert result.code == 0
    assert "user0@x.io" not in job.tenant.snapshot()
    assert result.report["whole"] is True


def test_more_people_than_the_floor_allows_are_guarded_by_all_accounts(job: Job) -> None:
    for number in range(30):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user29@x.io", "viewer")])
    named = [word for number in range(6) for word in ("--only", f"user{number}@x.io")]

    result = job.run(*named)

    assert result.code == 4
    assert "6 of 30 accounts in scope would be deleted" in result.stdout
    assert result.report["whole"] is True
    assert job.sandbox.writes() == []


def test_where_a_role_must_keep_its_holders_all_of_them_are_counted(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("admin",))
    job.tenant.add_user("bob@x.io", roles=("admin",))
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "viewer")])

    refused = job.run("--only", "ann@x.io", SYNC_ROLE_MINIMUM="admin:2")
    allowed = job.run("--only", "ann@x.io", SYNC_ROLE_MINIMUM="admin:1")

    assert (refused.code, allowed.code) == (4, 0)
    assert "would be left with 1 of its 2 holders" in refused.stdout
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "bob@x.io": ["admin"]}


@pytest.mark.parametrize("key", [7, "7"])
def test_a_key_is_found_whether_it_stands_there_as_a_text_or_as_a_number(job: Job, key: object) -> None:
    account = keyed(job, "old@x.io", key)
    people(job, {"email": "new@x.io", "id": "7", "role": "viewer"})

    result = job.run("--only", "new@x.io")

    assert (result.code, result.report["whole"]) == (0, False)
    assert job.tenant.users[account]["email"] == "new@x.io"
    assert len(job.tenant.users) == 1


@pytest.mark.parametrize("namespace", ["hr/sync", "a*", 'a"b', "x]"])
def test_a_namespace_that_no_search_takes_does_not_matter(job: Job, namespace: str) -> None:
    account = job.tenant.add_user("old@x.io", roles=("viewer",), app_metadata={namespace: {"id": "7"}})
    people(job, {"email": "new@x.io", "id": "7", "role": "viewer"})

    explained = job.run("explain", "new@x.io", SYNC_NAMESPACE=namespace)
    result = job.run("--only", "new@x.io", SYNC_NAMESPACE=namespace)

    assert (explained.code, result.code) == (0, 0)
    assert "it bears the key '7'" in explained.stdout
    assert job.tenant.users[account]["email"] == "new@x.io"


@pytest.mark.parametrize("key", ['7" OR email:"bob@x.io', "a\\b", "7:*", "(x)", "x" * 300])
def test_a_key_of_any_letters_is_looked_for_as_it_is(job: Job, key: str) -> None:
    account = keyed(job, "old@x.io", key)
    job.tenant.add_user("bob@x.io", roles=("viewer",))
    people(job, {"email": "new@x.io", "id": key, "role": "viewer"})

    result = job.run("--only", "new@x.io")

    assert result.code == 0
    assert result.report["whole"] is False
    assert job.tenant.users[account]["email"] == "new@x.io"
    assert "bob@x.io" in job.tenant.snapshot()


@pytest.mark.parametrize(
    ("one", "other"), [("stra\u00dfe@x.io", "strasse@x.io"), ("andr\u00e9@x.io", "andre\u0301@x.io")]
)
def test_accounts_whose_emails_count_as_one_are_held_as_in_a_run_for_everybody(job: Job, one: str, other: str) -> None:
    for email in (one, other):
        job.tenant.add_user(email, roles=("viewer",))
    job.people([("ann@x.io", "viewer")])

    results = [job.run("--only", email) for email in (one, other)]

    assert [changes(result) for result in results] == [[], []]
    assert {one, other} <= job.tenant.snapshot().keys()


def test_a_search_that_cannot_be_answered_ends_the_run_before_a_write(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("ann@x.io", "admin")])
    job.sandbox.faults.add(Fault(method="GET", path="/api/v2/users", kind="html", times=None))

    result = job.run("--only", "ann@x.io", AUTH0_MAX_RETRIES="1")

    assert result.code == 1
    assert job.sandbox.writes() == []
