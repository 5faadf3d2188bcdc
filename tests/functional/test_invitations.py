"""Invitations: everybody who gets an account gets one way to set a password, once, and nobody else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox import DEFAULT_CONNECTION, Behaviour, Fault, LoggedRequest
from sandbox.routes import CHANGE_PASSWORD_PATH
from tests.functional.job import Job, StartJob
from tests.functional.whose import account, changes, marks, run_again

EMAIL, TICKET = {"AUTH0_INVITE": "email"}, {"AUTH0_INVITE": "ticket"}
TICKET_PATH = "/api/v2/tickets/password-change"


def mailed(job: Job) -> list[str]:
    """To whom a mail went with which a password is set; no other mail may go to anybody."""
    assert {mail["kind"] for mail in job.tenant.mails} <= {"change_password"}
    return sorted(mail["to"] for mail in job.tenant.mails)


def links(job: Job) -> list[dict[str, str]]:
    """The lines of all files of links."""
    files = sorted((job.folder / "state" / "invitations").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def nobody_is_pending(job: Job) -> bool:
    return not any(user.get("app_metadata", {}).get("sync") for user in job.tenant.users.values())


def test_everybody_who_gets_an_account_gets_one_mail(job: Job) -> None:
    job.tenant.add_user("there@x.io", roles=("viewer",))
    job.people([("there@x.io", "editor"), ("ann@x.io", "viewer"), ("bob@x.io", "viewer")])

    planned = job.run("plan", **EMAIL)
    unasked = mailed(job)
    result = job.run(**EMAIL)
    again, writes = run_again(job, **EMAIL)

    assert "invite (2)\n  ann@x.io\n  bob@x.io\n" in planned.stdout
    assert unasked == []
    assert (result.code, again.code, writes) == (0, 0, [])
    assert mailed(job) == ["ann@x.io", "bob@x.io"]
    assert nobody_is_pending(job)
    assert links(job) == job.tenant.tickets == []


def test_by_default_nobody_is_invited_and_no_account_waits_for_it(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])

    first, later = job.run(), run_again(job, **EMAIL)

    assert first.code == 0
    assert later[1] == []
    assert mailed(job) == []
    assert job.tenant.tickets == []


def test_a_hundred_people_who_are_imported_get_one_mail_each(job: Job) -> None:
    people = [f"user{number:03}@x.io" for number in range(103)]
    job.people([(email, "viewer") for email in people])

    result = job.run(**EMAIL)
    _, writes = run_again(job, **EMAIL)

    assert result.code == 0
    assert not [entry for entry in job.sandbox.writes() if (entry.method, entry.path) == ("POST", "/api/v2/users")]
    assert mailed(job) == people
    assert nobody_is_pending(job)
    assert writes == []


def test_a_mail_is_asked_for_after_the_roles_are_given_and_for_the_right_application(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])

    job.run(**EMAIL)
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "viewer")])
    job.run(AUTH0_INVITE_CLIENT_ID="another", **EMAIL)

    asked = [entry for entry in job.sandbox.log if entry.path == CHANGE_PASSWORD_PATH]
    paths = [entry.path for entry in job.sandbox.writes() if entry.path != "/api/v2/users"]
    assert [entry.body["client_id"] for entry in asked] == [job.tenant.client_id, "another"]
    assert [entry.body["connection"] for entry in asked] == [DEFAULT_CONNECTION] * 2
    assert not any(entry.authorization for entry in asked)
    assert paths == ["/api/v2/roles/{id}/users", CHANGE_PASSWORD_PATH, "/api/v2/users/{id}"] * 2


@pytest.mark.parametrize("way", ["requests", "import"])
def test_who_has_an_account_already_unknown_to_the_lists_gets_no_mail(start_job: StartJob, way: str) -> None:
    job = start_job(behaviour=Behaviour(search_lag_seconds=3600))
    job.tenant.add_role("viewer")
    hidden = job.tenant.add_user("hidden@x.io")
    job.people([("hidden@x.io", "viewer"), ("new@x.io", "viewer")])

    result = job.run(AUTH0_CREATE_WITH=way, **EMAIL)

    assert result.code == 0
    assert mailed(job) == ["new@x.io"]
    assert job.tenant.roles_of(hidden) == {"viewer"}
    told = {(change["kind"], change["email"]): change["why"] for change in result.report["changes"]}
    assert told["invite", "hidden@x.io"] == "not invited: the account existed already"


def test_somebody_whose_creation_was_not_answered_is_invited_all_the_same(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])
    job.sandbox.faults.add(Fault(method="POST", path="/api/v2/users", kind="drop_after", times=1))

    result = job.run(**EMAIL)

    assert result.code == 0
    assert mailed(job) == ["ann@x.io"]


@pytest.mark.parametrize("mode", ["email", "ticket"])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_after_a_kill_at_any_write_the_next_run_invites_whom_the_first_has_not(job: Job, mode: str, after: int) -> None:
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "viewer")])
    job.killed(after, AUTH0_INVITE=mode, AUTH0_POOL_SIZE="1")

    result = job.run(AUTH0_INVITE=mode)
    _, writes = run_again(job, AUTH0_INVITE=mode)

    invited = mailed(job) if mode == "email" else sorted({one["user_id"] for one in job.tenant.tickets})
    everybody = {"ann@x.io", "bob@x.io"} if mode == "email" else set(job.tenant.users)
    assert result.code == 0
    assert set(invited) == everybody
    assert len(invited) <= 3  # at least once: who was killed between mail and mark gets a second one
    assert nobody_is_pending(job)
    assert writes == []


def test_a_kill_during_an_import_costs_nobody_their_mail(job: Job) -> None:
    job.people([(f"user{number}@x.io", "viewer") for number in range(5)])
    job.killed(1, AUTH0_CREATE_WITH="import", **EMAIL)

    job.wait_for("POST", "/api/v2/jobs/users-imports")
    result = job.run(AUTH0_CREATE_WITH="import", **EMAIL)
    job.run(**EMAIL)

    assert result.code in {0, 3}
    assert mailed(job) == [f"user{number}@x.io" for number in range(5)]
    assert nobody_is_pending(job)


@pytest.mark.parametrize(
    ("settings", "path"), [(EMAIL, CHANGE_PASSWORD_PATH), (TICKET, TICKET_PATH), (EMAIL, "/api/v2/users/{id}")]
)
def test_an_invitation_that_fails_is_told_and_made_up_for_by_the_next_run(
    job: Job, settings: dict[str, str], path: str
) -> None:
    job.people([("ann@x.io", "viewer")])
    method = "PATCH" if path.endswith("{id}") else "POST"
    job.sandbox.faults.add(Fault(method=method, path=path, kind="status", status=400, times=1))

    failed = job.run(**settings)
    pending = marks(job, "ann@x.io")
    result = job.run(**settings)
    _, writes = run_again(job, **settings)

    assert failed.code == 3
    assert job.outcomes(failed)["invite", "ann@x.io"] == "failed"
    assert job.outcomes(failed)["add_roles", "ann@x.io"] == "done"
    assert "could not invite ann@x.io" in failed.stderr
    assert pending == {"invite": "pending"}
    assert result.code == 0
    assert changes(result) == [("invite", "ann@x.io")]
    assert len(job.tenant.mails) + len(job.tenant.tickets) == (2 if method == "PATCH" else 1)
    assert nobody_is_pending(job)
    assert writes == []


def test_who_could_not_be_created_is_not_invited(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])
    job.sandbox.faults.add(Fault(method="POST", path="/api/v2/users", kind="status", status=400, times=1))

    result = job.run(**EMAIL)

    assert job.outcomes(result)["invite", "ann@x.io"] == "skipped"
    assert mailed(job) == []


def test_who_was_invited_meanwhile_by_another_run_is_not_invited_again(job: Job) -> None:
    pending = {"sync": {"invite": "pending"}}
    ann = job.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata=pending)
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "viewer")])

    def meanwhile(entry: LoggedRequest) -> None:
        if (entry.method, entry.path) == ("POST", "/api/v2/users"):
            job.tenant.update_user(ann, app_metadata={"sync": {}})

    job.sandbox.before_answer = meanwhile
    result = job.run(**EMAIL)

    assert result.code == 0
    assert mailed(job) == ["bob@x.io"]


def test_the_other_marks_and_metadata_of_a_new_account_outlive_its_invitation(job: Job) -> None:
    job.settings["USERS_DB_QUERY"] = "SELECT 7 AS id, 'IT' AS team, email, role FROM people"
    job.people([("ann@x.io", "viewer")])

    result = job.run(SYNC_MANAGE="marked", SYNC_OWNER="hr", DB_COLUMNS_APP_METADATA="team", **EMAIL)

    assert result.code == 0
    assert account(job, "ann@x.io")["app_metadata"] == {"team": "IT", "sync": {"id": "7", "owner": "hr"}}
    assert mailed(job) == ["ann@x.io"]


def test_no_place_for_links_is_needed_where_mails_are_sent(job: Job) -> None:
    (job.folder / "state").mkdir()
    (job.folder / "state" / "invitations").write_text("in the way")
    job.people([("ann@x.io", "viewer")])

    result = job.run(**EMAIL)

    assert result.code == 0
    assert mailed(job) == ["ann@x.io"]


@pytest.mark.parametrize("mode", ["email", "ticket"])
def test_a_connection_without_passwords_cannot_be_invited_to_and_the_run_says_so_before_it_writes(
    job: Job, mode: str
) -> None:
    job.tenant.add_connection("email", strategy="email")
    job.people([("ann@x.io", "viewer")])

    result = job.run(AUTH0_CONNECTION="email", AUTH0_INVITE=mode)

    assert result.code in {1, 78}
    assert "AUTH0_INVITE" in result.report["error"]
    assert job.sandbox.writes() == []
    assert Path(job.folder / "state" / "invitations").exists() is False
