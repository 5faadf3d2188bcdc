"""Days after a block: the deletion in the end, an administrator's hand in it, and sessions that are to be ended."""

from __future__ import annotations

import pytest

from sandbox import Fault, LoggedRequest
from tests.functional.job import Job
from tests.functional.whose import account, blocked, blocked_by_us, changes, days_ago, marks, run_again, table

REVOKE = {"SYNC_REVOKE_SESSIONS": "true", "SYNC_ON_MISSING": "block"}
REVOKING = "POST /api/v2/users/{id}/revoke-access"
PATCHING = "PATCH /api/v2/users/{id}"
STAYS = ("stays@x.io", "viewer", 1)


@pytest.fixture
def revoking(job: Job) -> Job:
    """A job that may end sessions, and whose tenant has two people."""
    job.tenant.scopes |= {"delete:sessions", "delete:refresh_tokens"}
    for email in ("ann@x.io", "stays@x.io"):
        job.tenant.add_user(email, roles=("viewer",))
    table(job, "email role active", [STAYS])
    return job


@pytest.mark.parametrize("missing", [True, False])
def test_whom_a_run_has_blocked_so_many_days_ago_is_deleted_and_not_a_day_earlier(
    job: Job,
    missing: bool,  # noqa: FBT001
) -> None:
    for days in (6, 7, 8):
        blocked_by_us(job, f"days{days}@x.io", days_ago(days))
    blocked_by_us(job, "nodate@x.io", "long ago")
    blocked_by_us(job, "number@x.io", "20200101x")
    job.tenant.add_user("barred@x.io", roles=("viewer",), blocked=True)
    gone = [user["email"] for user in job.tenant.users.values()]
    table(job, "email role active", [STAYS, *([] if missing else [(email, "viewer", 0) for email in gone])])

    never = job.run(SYNC_ON_MISSING="block", SYNC_DELETE_AFTER_DAYS="0")
    result, writes = run_again(job, SYNC_ON_MISSING="block", SYNC_DELETE_AFTER_DAYS="7")
    _, more = run_again(job, SYNC_ON_MISSING="block", SYNC_DELETE_AFTER_DAYS="7")

    assert (never.code, result.code) == (0, 0)
    assert ("delete", "days7@x.io") not in changes(never)
    assert set(changes(result)) == {("delete", "days7@x.io"), ("delete", "days8@x.io")}
    assert "days7@x.io    blocked long enough\n" in result.stdout
    assert set(job.tenant.snapshot()) == {"days6@x.io", "nodate@x.io", "number@x.io", "barred@x.io", "stays@x.io"}
    assert writes == ["DELETE /api/v2/users/{id}"] * 2
    assert more == []


def test_who_is_back_before_the_days_are_over_is_not_deleted(job: Job) -> None:
    blocked_by_us(job, "ann@x.io", days_ago(30))
    blocked_by_us(job, "null@x.io", days_ago(30))
    table(job, "email role active", [("ann@x.io", "viewer", 1), ("null@x.io", "viewer", None)])

    result = job.run(SYNC_ON_MISSING="block", SYNC_DELETE_AFTER_DAYS="7")

    assert changes(result) == [("unblock", "ann@x.io")]
    assert blocked(job) == {"null@x.io"}


@pytest.mark.parametrize(("arguments", "code"), [((), 4), (("--no-delete",), 0)])
def test_deletions_after_days_are_under_the_same_guards_and_brakes(
    job: Job, arguments: tuple[str, ...], code: int
) -> None:
    for number in range(6):
        blocked_by_us(job, f"old{number}@x.io", days_ago(10))
    job.people([("stays@x.io", "viewer")])

    result = job.run(*arguments, SYNC_ON_MISSING="block", SYNC_DELETE_AFTER_DAYS="7")

    assert result.code == code
    assert len(blocked(job)) == 6


def test_an_old_block_that_an_administrator_has_lifted_is_a_new_one_on_its_own_day(job: Job) -> None:
    ann = blocked_by_us(job, "ann@x.io", days_ago(30))
    job.tenant.update_user(ann, blocked=False)
    job.people([("stays@x.io", "viewer")])

    result = job.run(SYNC_ON_MISSING="block", SYNC_DELETE_AFTER_DAYS="7")

    assert ("block", "ann@x.io") in changes(result)
    assert blocked(job) == {"ann@x.io"}
    assert marks(job, "ann@x.io")["blocked_at"] >= days_ago(1)


def test_whom_an_administrator_lets_in_is_nobody_whom_we_have_blocked_and_a_later_block_of_theirs_stays(
    job: Job,
) -> None:
    ann = blocked_by_us(job, "ann@x.io", days_ago(3))
    job.tenant.update_user(ann, blocked=False)
    job.people([("ann@x.io", "viewer")])

    let_in = job.run()
    noted = marks(job, "ann@x.io")
    job.tenant.update_user(ann, blocked=True)
    result, writes = run_again(job)

    assert changes(let_in) == [("update", "ann@x.io")]
    assert noted == {}
    assert (result.code, writes) == (0, [])
    assert blocked(job) == {"ann@x.io"}


def test_a_mark_of_somebody_whose_flag_is_null_is_left_as_it_is(job: Job) -> None:
    ann = blocked_by_us(job, "ann@x.io", days_ago(3))
    job.tenant.update_user(ann, blocked=False)
    table(job, "email role active", [("ann@x.io", "viewer", None)])

    _, writes = run_again(job)

    assert writes == []
    assert marks(job, "ann@x.io") == {"blocked_at": days_ago(3)}


def test_sessions_are_ended_once_with_the_block_and_never_again(revoking: Job) -> None:
    ann = account(revoking, "ann@x.io")["user_id"]

    result, writes = run_again(revoking, **REVOKE)
    _, more = run_again(revoking, **REVOKE)

    assert result.code == 0
    assert writes == [PATCHING, REVOKING, PATCHING]
    assert revoking.tenant.revoked_access == [ann]
    assert marks(revoking, "ann@x.io") == {"blocked_at": days_ago(0)}
    assert more == []


def test_by_default_no_session_is_ended_and_no_right_to_it_is_needed(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("stays@x.io", "viewer")])

    result = job.run(SYNC_ON_MISSING="block")

    assert result.code == 0
    assert blocked(job) == {"ann@x.io"}
    assert job.tenant.revoked_access == []


@pytest.mark.parametrize("scope", ["delete:sessions", "delete:refresh_tokens"])
def test_without_the_right_to_end_sessions_the_run_says_so_before_it_writes(revoking: Job, scope: str) -> None:
    revoking.tenant.scopes.remove(scope)

    result = revoking.run(**REVOKE)

    assert result.code == 1
    assert scope in result.report["error"]
    assert revoking.sandbox.writes() == []


@pytest.mark.parametrize("kind", ["status", "drop_before", "drop_after"])
def test_a_revocation_that_fails_is_told_and_tried_again_with_the_first_days_date(revoking: Job, kind: str) -> None:
    path = REVOKING.removeprefix("POST ")
    revoking.sandbox.faults.add(Fault(method="POST", path=path, kind=kind, status=403, times=None))  # type: ignore[arg-type]
    failed = revoking.run(AUTH0_MAX_RETRIES="0", **REVOKE)
    shut, noted = blocked(revoking), marks(revoking, "ann@x.io")
    revoking.tenant.update_user(
        account(revoking, "ann@x.io")["user_id"],
        app_metadata={"sync": noted | {"blocked_at": days_ago(2)}},  # as if that had been two days ago
    )
    revoking.sandbox.faults.clear()
    revoking.tenant.revoked_access.clear()

    result, writes = run_again(revoking, **REVOKE)
    _, more = run_again(revoking, **REVOKE)

    assert failed.code == 3
    assert shut == {"ann@x.io"}
    assert noted == {"blocked_at": days_ago(0), "revoke": "pending"}
    assert "could not block ann@x.io" in failed.stderr
    assert result.code == 0
    assert writes == [PATCHING, REVOKING, PATCHING]
    assert len(revoking.tenant.revoked_access) == 1
    assert marks(revoking, "ann@x.io") == {"blocked_at": days_ago(2)}
    assert more == []


def test_a_revocation_that_is_due_is_dropped_when_its_person_is_back(revoking: Job) -> None:
    path = REVOKING.removeprefix("POST ")
    revoking.sandbox.faults.add(Fault(method="POST", path=path, kind="status", status=403))
    revoking.run(**REVOKE)
    table(revoking, "email role active", [STAYS, ("ann@x.io", "viewer", 1)])

    result = revoking.run(**REVOKE)
    _, writes = run_again(revoking, **REVOKE)

    assert changes(result) == [("unblock", "ann@x.io")]
    assert (blocked(revoking), marks(revoking, "ann@x.io"), writes) == (set(), {}, [])
    assert revoking.tenant.revoked_access == []


def test_after_a_kill_between_block_and_revocation_the_next_run_ends_the_sessions(revoking: Job) -> None:
    revoking.killed(1, **REVOKE)
    shut = blocked(revoking), list(revoking.tenant.revoked_access)

    result = revoking.run(**REVOKE)

    assert shut == ({"ann@x.io"}, [])
    assert result.code == 0
    assert revoking.tenant.revoked_access == [account(revoking, "ann@x.io")["user_id"]]
    assert marks(revoking, "ann@x.io").keys() == {"blocked_at"}


def test_whom_an_administrator_lets_in_again_is_not_blocked_because_of_a_revocation_that_was_due(
    revoking: Job,
) -> None:
    ann = account(revoking, "ann@x.io")["user_id"]
    mark = {"sync": {"blocked_at": days_ago(3), "revoke": "pending"}}
    revoking.tenant.update_user(ann, app_metadata=mark)
    table(revoking, "email role active", [STAYS, ("ann@x.io", "viewer", 1)])
    revoking.run(**REVOKE)
    noted = marks(revoking, "ann@x.io")
    revoking.tenant.update_user(ann, blocked=True)  # by the administrator, for another reason
    table(revoking, "email role active", [STAYS])

    _, writes = run_again(revoking, **REVOKE)

    assert noted == {}
    assert writes == []
    assert blocked(revoking) == {"ann@x.io"}


def while_somebody_is_created(job: Job, **attributes: object) -> None:
    """After the accounts were read, and before anything is taken, ann's account is changed by somebody else."""

    def meanwhile(entry: LoggedRequest) -> None:
        if (entry.method, entry.path) == ("POST", "/api/v2/users"):
            job.tenant.update_user(account(job, "ann@x.io")["user_id"], **attributes)

    job.sandbox.before_answer = meanwhile


def test_a_block_by_an_administrator_that_comes_meanwhile_is_not_made_ours(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("stays@x.io", "viewer")])
    while_somebody_is_created(job, blocked=True)

    result = job.run(SYNC_ON_MISSING="block")

    assert ("block", "ann@x.io") in changes(result)
    assert blocked(job) == {"ann@x.io"}
    assert marks(job, "ann@x.io") == {}


def test_whom_an_administrator_lets_in_meanwhile_is_not_deleted_for_an_old_block(job: Job) -> None:
    blocked_by_us(job, "ann@x.io", days_ago(30))
    job.people([("stays@x.io", "viewer")])
    while_somebody_is_created(job, blocked=False)

    result = job.run(SYNC_ON_MISSING="block", SYNC_DELETE_AFTER_DAYS="7")

    assert ("delete", "ann@x.io") in changes(result)
    assert "ann@x.io" in job.tenant.snapshot()
