"""Imports carry all that new people are to have; who is refused is told, and nobody else is harmed."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from sandbox import DEFAULT_CONNECTION, Behaviour, LoggedRequest, ManualClock, Tenant
from tests.functional.course import flat
from tests.functional.job import Job, Result, StartJob
from tests.functional.mapped_days import ID, TEA, TEAM, a_table

COLUMNS = ("email", "role", "id", "username", "name", "phone_number", "email_verified", "team", "tea")
SETTINGS = {
    "USERS_DB_QUERY": "SELECT * FROM people",
    "DB_COLUMNS_APP_METADATA": "team",
    "DB_COLUMNS_USER_METADATA": "tea",
    "AUTH0_CREATE_WITH": "import",
    "SYNC_LIMIT_FLOOR": "1000",
}
IMPORT = "/api/v2/jobs/users-imports"


def begun(start_job: StartJob, tenant: Tenant | None = None, **behaviour: Any) -> Job:
    """A job whose connection has usernames."""
    tenant = tenant or Tenant()
    tenant.connections.clear()
    tenant.add_connection(DEFAULT_CONNECTION, requires_username=True)
    tenant.add_role("viewer")
    job = start_job(tenant, behaviour=Behaviour(**{"import_seconds": 0} | behaviour))
    job.settings |= SETTINGS
    return job


def person(number: int, **cells: object) -> tuple[object, ...]:
    usual = {"email": f"p{number}@x.io", "role": "viewer", "id": number, "username": f"user{number}"}
    usual |= {"name": f"Name {number}", "phone_number": f"+49{number}", "email_verified": number % 2}
    usual |= {"team": number, "tea": "green"} | cells
    return tuple(usual[name] for name in COLUMNS)


def accounts(job: Job) -> dict[str, dict[str, Any]]:
    return {account["email"]: flat(account) for account in job.tenant.users.values()}


def imported(job: Job) -> list[list[dict[str, Any]]]:
    """The rows of each file that was sent."""
    return [entry.body["users"] for entry in job.sandbox.log if entry.path == IMPORT]


def outcomes(result: Result, kind: str) -> dict[str, tuple[str, str]]:
    found = (change for change in result.report["changes"] if change["kind"] == kind)
    return {change["email"]: (change["outcome"], change["why"] or "") for change in found}


def assert_another_run_writes_nothing(job: Job, **settings: str) -> None:
    job.sandbox.clear_log()
    assert job.run(**settings).code == 0
    assert job.sandbox.writes() == []


def test_rows_carry_all_attributes_and_files_stay_small(start_job: StartJob) -> None:
    job = begun(start_job)
    big = "ä€" * 4_000
    a_table(job, COLUMNS, [person(number, tea=f"{number} {big}") for number in range(120)])

    result = job.run("-q")

    assert result.code == 0, result.said
    files = imported(job)
    assert len(files) >= 5
    assert sum(map(len, files)) == 120
    for rows in files:
        assert len(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()) < 500_000
    has = accounts(job)
    for number in range(120):
        of_one = has[f"p{number}@x.io"]
        assert (of_one["name"], of_one["username"]) == (f"Name {number}", f"user{number}")
        assert (of_one["phone_number"], of_one["email_verified"]) == (f"+49{number}", bool(number % 2))
        assert (of_one[ID], of_one[TEAM], of_one[TEA]) == (str(number), number, f"{number} {big}")
    assert [entry for entry in job.sandbox.writes() if entry.path == "/api/v2/users"] == []
    assert_another_run_writes_nothing(job)
    assert job.tenant.mails == []


def test_a_person_who_is_too_much_for_any_file_keeps_nobody_else_out(start_job: StartJob) -> None:
    job = begun(start_job)
    a_table(job, COLUMNS, [person(0), person(1, tea="x" * 600_000), person(2)])

    result = job.run("-q")

    assert result.code in {0, 3}, result.said[:2000]
    assert {"p0@x.io", "p2@x.io"} <= accounts(job).keys()
    created = outcomes(result, "create")
    assert (created["p1@x.io"][0] == "done") == ("p1@x.io" in accounts(job)) == (result.code == 0)


@pytest.mark.parametrize("handle", ["username", "phone_number"])
@pytest.mark.parametrize("whose", ["an account", "another row"])
def test_whoever_would_have_what_is_somebodys_already_is_told_and_nobody_else_is_harmed(
    start_job: StartJob, handle: str, whose: str
) -> None:
    job = begun(start_job)
    taken = {"username": "taken", "phone_number": "+4930"}[handle]
    rows = [person(0), person(1, **{handle: taken}), person(2)]
    if whose == "an account":
        rows.append(person(9, **{handle: taken}))
        handles: dict[str, Any] = {"username": "user9", "phone_number": "+499", handle: taken}
        job.tenant.add_user("p9@x.io", **handles)
    else:
        rows.insert(1, person(3, **{handle: taken}))
    a_table(job, COLUMNS, rows)

    result = job.run("-v")

    assert result.code == 3, result.said
    created = outcomes(result, "create")
    refused = [email for email, (outcome, _) in created.items() if outcome == "failed"]
    assert refused == (["p1@x.io"] if whose == "an account" else refused[:1])
    assert refused[0] in {"p1@x.io", "p3@x.io"}
    assert "exist" in created[refused[0]][1]
    assert f"could not add {refused[0]}: {created[refused[0]][1]}" in result.stderr
    assert outcomes(result, "add_roles")[refused[0]] == ("skipped", "the account was not created")
    everybody = {str(row[0]) for row in rows}
    assert accounts(job).keys() == everybody - set(refused)
    assert all(job.tenant.snapshot()[email] == ["viewer"] for email in everybody - set(refused))
    job.sandbox.clear_log()
    again = job.run()
    assert again.code == 3
    assert accounts(job).keys() == everybody - set(refused)
    assert {entry.path for entry in job.sandbox.writes()} <= {IMPORT, "/api/v2/users"}


def test_an_account_that_somebody_makes_meanwhile_is_not_overwritten_by_the_import(start_job: StartJob) -> None:
    job = begun(start_job)
    a_table(job, COLUMNS, [person(0), person(1)])

    def come(entry: LoggedRequest) -> None:
        if entry.path == "/api/v2/users":
            job.sandbox.before_answer = None
            job.tenant.add_user("p1@x.io", username="hers", name="Her Name", user_metadata={"tea": "black", "x": 1})

    job.sandbox.before_answer = come

    result = job.run()

    assert result.code == 0, result.said
    theirs = accounts(job)["p1@x.io"]
    assert (theirs["username"], theirs["name"], theirs[TEA]) == ("hers", "Her Name", "black")
    assert job.run().code == 0  # by now the lists show it, and the source is right about it
    assert accounts(job)["p1@x.io"] == accounts(job)["p1@x.io"] | {
        "username": "user1", "name": "Name 1", TEA: "green", TEAM: 1, ID: "1", "user_metadata.x": 1,
    }  # fmt: skip
    assert_another_run_writes_nothing(job)


@pytest.mark.parametrize("way", ["requests", "import"])
def test_an_import_that_goes_on_after_a_kill_leaves_nobody_without_what_they_are_to_have(
    start_job: StartJob, way: str
) -> None:
    clock = ManualClock()
    job = begun(start_job, Tenant(clock=clock), import_seconds=60)
    job.settings["AUTH0_INVITE"] = "email"
    a_table(job, COLUMNS, [person(number) for number in range(4)])

    def hook(entry: LoggedRequest) -> None:
        if (entry.method, entry.path) in {("GET", "/api/v2/users"), ("POST", IMPORT)}:
            clock.advance(61)  # all jobs end with the next request, and the list of accounts was read before

    assert job.killed(1) == -signal.SIGKILL
    job.sandbox.before_answer = hook
    codes = [job.run(AUTH0_CREATE_WITH=way).code for _ in range(2)]

    assert codes == [0, 0]
    assert {mail["to"] for mail in job.tenant.mails} == {f"p{number}@x.io" for number in range(4)}
    has = accounts(job)
    for number in range(4):
        of_one = has[f"p{number}@x.io"]
        assert (of_one["name"], of_one[ID], of_one[TEAM]) == (f"Name {number}", str(number), number)
        assert "app_metadata.sync.invite" not in of_one
    assert_another_run_writes_nothing(job, AUTH0_CREATE_WITH=way)
