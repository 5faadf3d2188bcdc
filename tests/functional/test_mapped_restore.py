"""`restore` after a day of updates and renames: all is as it was, but for what somebody else has changed since."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Behaviour, Fault
from tests.functional.course import Course, flat
from tests.functional.job import Job, StartJob
from tests.functional.kinds import SAMPLED, USER, Kind
from tests.functional.mapped_days import ID, TEA, TEAM, a_mapped_day, a_table
from tests.functional.oracle import Picture
from tests.functional.test_fault_matrix import PATIENCE, assert_no_trace_of_bugs_or_secrets, cases, hurry, where
from tests.functional.test_mapped_kills import lacking
from tests.functional.test_restore import undo

__all__ = ["hurry"]  # a fixture


@pytest.fixture
def job(start_job: StartJob) -> Job:
    return start_job()


@pytest.fixture
def course(job: Job) -> Course:
    """A mapped day that is yet to be run."""
    return a_mapped_day(job)


def the_id(job: Job, email: str) -> str:
    return next(user_id for user_id, account in job.tenant.users.items() if account.get("email") == email)


def of(job: Job, email: str) -> dict[str, Any]:
    return flat(job.tenant.users[the_id(job, email)])


def test_all_that_was_overwritten_is_as_before_and_a_second_restore_has_nothing_to_do(job: Job, course: Course) -> None:
    taken = job.run()
    changed = lacking(job, course.before)

    restored = undo(job, taken)
    writes = len(job.sandbox.writes())
    again = undo(job, taken)

    assert (taken.code, restored.code, again.code) == (0, 0, 0)
    assert {name for _, name, *_ in changed} >= {
        "email",
        "email_verified",
        "username",
        "name",
        TEAM,
        TEA,
        ID,
        "blocked",
    }
    assert lacking(job, course.before) == []
    assert restored.report["notes"] == []
    assert again.report["changes"] == []
    assert len(job.sandbox.writes()) == writes
    assert [mail["kind"] for mail in job.tenant.mails] == ["change_password"] * 3  # those of the run itself


def test_a_dry_run_shows_what_becomes_of_each_value_and_writes_nothing(job: Job, course: Course) -> None:
    taken = job.run()
    job.sandbox.clear_log()

    dry = undo(job, taken, "--dry-run")

    shown = " ".join(dry.stdout.split())
    assert dry.code == 0
    assert job.sandbox.writes() == []
    for line in (
        'email: "new@x.io" → "old@x.io"',
        'email: "link3@x.io" → "link2@x.io"',
        'app_metadata.team: "blue" → "red"',
        'name: "Prof. Ile" → "Profile"',
        'user_metadata.tea: (none) → "green"',
        'app_metadata.sync.id: "key of adopt" → (none)',
    ):
        assert line in shown
    assert course.lacks(job.tenant) == []


def test_what_somebody_has_changed_since_stays_and_is_told(job: Job, course: Course) -> None:
    taken = job.run()
    profile, keyless = the_id(job, "profile@x.io"), the_id(job, "keyless@x.io")
    metadata = {**job.tenant.users[profile]["app_metadata"], "team": "green"}
    job.tenant.update_user(profile, app_metadata=metadata, user_metadata={"tea": "black"})
    job.tenant.update_user(keyless, app_metadata={"sync": {"id": "another key", "owner": "hr"}})

    result = undo(job, taken)

    assert result.code == 0
    stays = "somebody has changed it since, it stays"
    notes = {(one["email"], one["note"]) for one in result.report["notes"]}
    assert notes == {
        ("profile@x.io", f"{TEAM}: {stays}"), ("profile@x.io", f"{TEA}: {stays}"), ("keyless@x.io", f"{ID}: {stays}"),
    }  # fmt: skip
    assert f"Not brought back: {TEAM}: {stays} (profile@x.io)" in result.stdout
    has = of(job, "profile@x.io")
    assert (has["name"], has[TEAM], has[TEA]) == ("Profile", "green", "black")
    assert of(job, "keyless@x.io")[ID] == "another key"
    assert {email for email, *_ in lacking(job, course.before)} == {"profile@x.io", "keyless@x.io"}


def test_an_email_is_verified_again_as_it_was_although_nobody_has_said_so(job: Job, course: Course) -> None:
    taken = job.run(
        AUTH0_EMAIL_VERIFIED="column"
    )  # and there is no such column: Auth0 takes new e-mails for unverified
    between = of(job, "new@x.io")["email_verified"]

    result = undo(job, taken)

    assert (taken.code, result.code, between) == (0, 0, False)
    assert lacking(job, course.before) == []
    assert (of(job, "old@x.io")["email_verified"], of(job, "link1@x.io")["email_verified"]) == (True, False)


def test_an_account_of_which_nobody_knows_whether_its_email_is_verified_gets_it_back(job: Job) -> None:
    a_mapped_day(job)
    job.tenant.update_user(the_id(job, "old@x.io"), email_verified=None)
    taken = job.run()

    result = undo(job, taken)

    assert (taken.code, result.code) == (0, 0), result.said
    assert of(job, "old@x.io")["username"] == "old"


def test_an_email_that_is_taken_by_now_is_told_and_the_others_are_given_back(job: Job, course: Course) -> None:
    taken = job.run()
    job.tenant.add_user("old@x.io", username="squatter")

    result = undo(job, taken)

    assert result.code == 3
    told = [(one["email"], one["outcome"], one["why"]) for one in result.report["changes"] if one["outcome"] != "done"]
    told += [(one["email"], "held", one["reason"]) for one in result.report["held"]]
    ((email, _, why),) = told
    assert email == "old@x.io"
    assert "already exists" in why or "another account has this e-mail by now" in why
    assert why in " ".join(result.said.split())
    assert of(job, "old@x.io")["username"] == "squatter"
    assert {email for email, name, *_ in lacking(job, course.before) if name == "email"} == {"old@x.io"}


def test_an_account_that_has_got_yet_another_email_is_left_alone(job: Job, course: Course) -> None:
    taken = job.run()
    job.tenant.update_user(the_id(job, "new@x.io"), email="newer@x.io")

    result = undo(job, taken)

    assert result.code == 3
    assert "the account is another person's by now: newer@x.io" in " ".join(result.stdout.split())
    assert {email for email, *_ in lacking(job, course.before)} == {"old@x.io"}


@pytest.mark.parametrize("kind", ["status", "drop_before", "drop_after"])
def test_a_link_of_a_chain_that_cannot_be_given_back_is_by_the_next_restore(
    job: Job, course: Course, kind: Any
) -> None:
    taken = job.run()
    where = the_id(job, "link1@x.io").rpartition("|")[2]
    job.sandbox.faults.add(Fault(method="PATCH", path="/api/v2/users/{id}", where=where, kind=kind, times=None))

    failed = undo(job, taken, AUTH0_MAX_RETRIES="0")
    emails = [account.get("email") for account in job.tenant.users.values()]
    job.sandbox.faults.clear()
    result = undo(job, taken)

    assert (failed.code, result.code) == (3, 0)
    assert emails.count("link1@x.io") + emails.count("link0@x.io") == 1 + (kind == "drop_after")
    assert lacking(job, course.before) == []


def test_whoever_is_deleted_at_last_comes_back_with_all_that_they_had(job: Job) -> None:
    a_mapped_day(job)
    user_id = the_id(job, "again@x.io")
    before = Picture.of(job.tenant)
    taken = job.run(SYNC_DELETE_AFTER_DAYS="30")
    gone = user_id not in job.tenant.users

    result = undo(job, taken)

    assert (gone, result.code) == (True, 0)
    assert flat(job.tenant.users[user_id]) == flat(before.accounts[user_id])
    assert job.tenant.roles_of(user_id) == {"viewer"}
    assert [mail["kind"] for mail in job.tenant.mails] == ["change_password"] * 3


@pytest.mark.parametrize("null", ["removes", "stays"])
def test_metadata_that_is_cleared_comes_back_whatever_null_means_to_the_tenant(start_job: StartJob, null: Any) -> None:
    job = start_job(behaviour=Behaviour(metadata_null=null))
    job.settings |= {"USERS_DB_QUERY": "SELECT * FROM people", "DB_COLUMNS_APP_METADATA": "team, level, boss"}
    job.tenant.add_role("viewer")
    kept = {"team": "red", "level": 3, "boss": False, "plan": {"kind": "gold"}}
    user_id = job.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata=dict(kept))
    a_table(job, ("email", "role", "team", "level", "boss"), [("ann@x.io", "viewer", "", 4, "")])

    taken = job.run()
    between = {key: value for key, value in job.tenant.users[user_id]["app_metadata"].items() if value is not None}
    result = undo(job, taken)

    assert (taken.code, result.code) == (0, 0)
    assert between == {"level": 4, "plan": {"kind": "gold"}}
    assert job.tenant.users[user_id]["app_metadata"] == kept


RESTORING = (
    Kind(name="rename back", method="PATCH", path=USER, where="new@x.io", code=3, some=SAMPLED),
    Kind(name="profile back", method="PATCH", path=USER, where="profile@x.io", code=3, some=SAMPLED),
    Kind(name="mark back", method="PATCH", path=USER, where="adopt@x.io", code=3, some=SAMPLED),
    Kind(name="username back", method="PATCH", path=USER, where="both-new@x.io", code=3, some=SAMPLED, after=1),
)


@pytest.mark.parametrize(("kind", "fault", "always"), [*cases(RESTORING)])
@pytest.mark.usefixtures("hurry")
def test_what_cannot_be_written_back_harms_nobody_and_the_next_restore_does_it(
    job: Job, course: Course, kind: Kind, fault: str, *, always: bool
) -> None:
    taken = job.run()
    told = kind.fault(fault, always=always, where=where(job.tenant, kind), echo=job.tenant.client_secret)
    job.sandbox.faults.add(told)

    troubled = undo(job, taken, "-v", **PATIENCE, AUTH0_TIMEOUT="0.5" if fault == "hang" else "")
    job.sandbox.faults.clear()
    mended = undo(job, taken)

    assert troubled.code == troubled.report["exit_code"] == kind.promised(fault, always=always), troubled.said
    assert_no_trace_of_bugs_or_secrets(job, troubled)
    assert mended.code == 0, mended.said
    assert lacking(job, course.before) == []
