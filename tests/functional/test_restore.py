"""`restore`: what a run took comes back, as far as Auth0 lets it, and what does not is said."""

from __future__ import annotations

import copy
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from sandbox import Fault
from tests.functional.job import Job, Result
from tests.functional.test_guard_story import way_out

CHANGING = ("created_at", "updated_at")


def world(job: Job) -> dict[str, Any]:
    """Accounts with all that an account may have; returns the tenant as it is."""
    job.tenant.add_role("unmanaged")
    job.tenant.add_user("stays@x.io", roles=("viewer",))
    job.tenant.add_user(
        "goes@x.io", roles=("admin", "unmanaged"), given_name="Gö", nickname="go", email_verified=True,
        user_metadata={"tea": {"kind": "green"}}, app_metadata={"plan": "gold"}, blocked=False,
    )  # fmt: skip
    job.tenant.add_user("goes-too@x.io", email_verified=False)
    job.tenant.add_user("swaps@x.io", roles=("admin", "unmanaged"))
    job.settings["AUTH0_MANAGED_ROLES"] = "admin,editor,viewer"
    job.people([("stays@x.io", "viewer"), ("swaps@x.io", "editor"), ("comes@x.io", "viewer")])
    return state(job)


def state(job: Job) -> dict[str, Any]:
    """User id to document and roles, without what changes by itself."""
    return {
        user_id: (
            {name: copy.deepcopy(user[name]) for name in user if name not in CHANGING},
            job.tenant.roles_of(user_id),
        )
        for user_id, user in job.tenant.users.items()
    }


def undo(job: Job, result: Result, *arguments: str, **settings: str) -> Result:
    return job.run("restore", result.report["journal"], *arguments, **settings)


def test_deleted_accounts_come_back_as_they_were_and_roles_are_given_back(job: Job) -> None:
    before = world(job)
    taken = job.run()

    dry = undo(job, taken, "--dry-run")
    writes = len(job.sandbox.writes())
    result = undo(job, taken)
    after = state(job)
    again = undo(job, taken)

    assert (taken.code, dry.code, result.code, again.code) == (0, 0, 0, 0)
    assert f"python main.py restore {taken.report['journal']}" in taken.stdout
    for user_id, (document, roles) in before.items():
        assert after[user_id][0] == document
        assert after[user_id][1] >= roles
    assert {user["email"] for user in job.tenant.users.values()} == {
        "stays@x.io", "goes@x.io", "goes-too@x.io", "swaps@x.io", "comes@x.io",
    }  # fmt: skip
    assert writes == len(job.sandbox.writes()) - 4  # two accounts, and two roles: a request each
    assert again.report["changes"] == []
    assert job.tenant.mails == []
    assert (result.report["mode"], dry.report["dry_run"], result.report["dry_run"]) == ("restore", True, False)


def test_what_cannot_be_brought_back_is_said_with_what_to_do(job: Job) -> None:
    world(job)
    (goes,) = (user_id for user_id, user in job.tenant.users.items() if user["email"] == "goes@x.io")
    job.tenant.link(goes, connection="google", provider="google-oauth2", user_id="117")
    job.tenant.update_user(goes, multifactor=["guardian"])
    taken = job.run()
    job.tenant.remove_role(job.tenant.role_id("unmanaged"))

    result = undo(job, taken)

    assert result.code == 0
    for words in (
        "Not brought back: the password: the person sets a new one with 'forgot password' (goes-too@x.io, goes@x.io)",
        "Not brought back: the MFA factors guardian: the person enrols again (goes@x.io)",
        "Not brought back: the linked identities google-oauth2|117: they have to be linked again (goes@x.io)",
        "Not brought back: the role 'unmanaged': it no longer exists (goes@x.io)",
        "The next sync does again what the source says.",
    ):
        assert words in " ".join(result.stdout.split())
    assert {"email": "goes@x.io", "note": "the MFA factors guardian: the person enrols again"} in result.report["notes"]


def test_blocked_accounts_are_unblocked(job: Job) -> None:
    before = world(job)
    taken = job.run(SYNC_ON_MISSING="block")
    blocked = {user["email"] for user in job.tenant.users.values() if user.get("blocked")}

    result = undo(job, taken, SYNC_ON_MISSING="block")

    assert (taken.code, result.code) == (0, 0)
    assert blocked == {"goes@x.io", "goes-too@x.io"}
    assert not any(user.get("blocked") for user in job.tenant.users.values())
    assert {user_id: job.tenant.roles_of(user_id) >= roles for user_id, (_, roles) in before.items()} == dict.fromkeys(
        before, True
    )


def test_only_brings_back_those_who_are_named(job: Job) -> None:
    world(job)
    taken = job.run()

    result = undo(job, taken, "--only", "GOES@x.io")

    assert result.code == 0
    assert sorted(job.tenant.snapshot()) == ["comes@x.io", "goes@x.io", "stays@x.io", "swaps@x.io"]
    assert job.tenant.snapshot()["swaps@x.io"] == ["editor", "unmanaged"]


def test_somebody_whom_the_journal_does_not_name_is_warned_about(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("bob@x.io", "viewer")])
    journal = job.run().report["journal"]

    result = job.run("restore", journal, "--only", "an@x.io")

    assert "--only an@x.io: there is nobody of this e-mail, not in this journal" in result.stderr
    assert "ann@x.io" not in job.tenant.snapshot()


def test_the_way_back_is_by_the_same_settings(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("bob@x.io", "viewer")])
    file = job.folder / "some where.env"
    file.write_text("LOG_LEVEL=INFO\n")

    result = job.run("--env-file", str(file))
    (way_back,) = [line for line in result.stdout.splitlines() if line.startswith("  python main.py restore")]
    restored = job.run(*shlex.split(way_back)[2:])

    assert result.report["way_back"] == way_back.strip()
    assert f"--env-file={file}" in shlex.split(way_back)
    assert restored.code == 0
    assert "ann@x.io" in job.tenant.snapshot()


def test_a_restore_can_be_reviewed_and_approved_as_any_plan(job: Job) -> None:
    world(job)
    taken = job.run()
    dry = undo(job, taken, "--dry-run")
    writes = len(job.sandbox.writes())

    other = undo(job, taken, "--expect", "0123456789ab")
    in_between = len(job.sandbox.writes())
    reviewed = job.run(*way_out(dry))

    assert (other.code, in_between) == (4, writes)
    assert reviewed.code == 0
    assert "goes@x.io" in job.tenant.snapshot()


def test_a_restore_that_is_mostly_doubtful_is_refused_by_the_guard(job: Job) -> None:
    for number in range(8):
        job.tenant.add_user(f"goes{number}@x.io", roles=("admin",))
    job.tenant.add_user("stays@x.io", roles=("viewer",))
    job.people([("stays@x.io", "viewer")])
    taken = job.run(SYNC_LIMIT_FLOOR="10")
    for number in range(7):
        job.tenant.add_user(f"goes{number}@x.io")
    writes = len(job.sandbox.writes())

    refused = undo(job, taken)
    untouched = len(job.sandbox.writes()) == writes
    approved = job.run(*way_out(refused))

    assert refused.code == 4
    assert untouched
    assert "7 of 8 people in the journal are held" in refused.stdout
    assert approved.code == 3
    assert job.tenant.snapshot()["goes7@x.io"] == ["admin"]
    assert "another account has this e-mail by now" in approved.stdout


def test_a_restore_of_somebody_who_cannot_be_brought_back_says_so_and_ends_with_3(job: Job) -> None:
    world(job)
    taken = job.run()
    job.tenant.add_user("goes@x.io")
    writes = len(job.sandbox.writes())
    path = Path(taken.report["journal"])
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if '"goes@x.io"' in line))

    result = undo(job, taken)

    assert result.code == 3
    assert "another account has this e-mail by now" in result.stdout
    assert len(job.sandbox.writes()) == writes


def test_protected_accounts_are_not_brought_back(job: Job) -> None:
    world(job)
    taken = job.run()

    result = undo(job, taken, CLIENT_IGNORE_USERS="goes@x.io")

    assert result.code == 0
    assert "goes@x.io" not in job.tenant.snapshot()
    assert "goes-too@x.io" in job.tenant.snapshot()


@pytest.mark.parametrize("kind", ["drop_after", "status_after", "drop_before", "html"])
def test_a_lost_answer_does_not_make_two_accounts_of_one(job: Job, kind: Any) -> None:
    before = world(job)
    taken = job.run()
    job.sandbox.faults.add(Fault(method="POST", path="/api/v2/users", kind=kind, times=1))

    result = undo(job, taken)

    assert result.code == 0
    assert set(before) <= set(job.tenant.users)
    assert len({user["email"] for user in job.tenant.users.values()}) == len(job.tenant.users) == 5


def test_a_restore_that_fails_half_way_is_finished_by_the_next(job: Job) -> None:
    before = world(job)
    taken = job.run()
    job.sandbox.faults.add(Fault(method="POST", path="/api/v2/roles/{id}/users", kind="status", status=400, times=None))

    failed = undo(job, taken)
    job.sandbox.faults.clear()
    result = undo(job, taken)

    assert (failed.code, result.code) == (3, 0)
    assert all(job.tenant.roles_of(user_id) >= roles for user_id, (_, roles) in before.items())


def test_journals_that_cannot_be_used_are_a_usage_error_and_nothing_is_asked(job: Job, tmp_path: Path) -> None:
    world(job)
    taken = job.run()
    text = Path(taken.report["journal"]).read_text()
    (tmp_path / "broken").write_text(text.replace('"kind"', '"mind"'))
    (tmp_path / "foreign").write_text(text.replace(job.sandbox.url, "https://other.eu.auth0.com"))
    job.sandbox.clear_log()

    for name, words in (("broken", "line 1 is not understood"), ("foreign", "name another"), ("none", "No such file")):
        result = job.run("restore", str(tmp_path / name))
        assert result.code == 64
        assert words in result.stderr
        assert result.report["exit_code"] == 64
    assert job.run("restore").code == 64
    assert job.sandbox.log == []


def test_a_restore_takes_the_lock_and_moves_no_last_success(job: Job) -> None:
    world(job)
    taken = job.run()
    noted = (job.folder / "state" / "last-success.json").read_text()

    undo(job, taken)

    assert (job.folder / "state" / "last-success.json").read_text() == noted
    assert json.loads((job.folder / "state" / "last-report.json").read_text())["mode"] == "restore"


def test_a_journal_that_is_old_can_still_be_restored(job: Job) -> None:
    world(job)
    taken = Path(job.run().report["journal"])
    old = taken.rename(taken.with_name(f"20200101T000000Z-{taken.name[-14:]}"))

    result = job.run("restore", str(old))

    assert result.code == 0
    assert result.report["journal"] == str(old)
    assert "goes@x.io" in job.tenant.snapshot()


def test_old_journals_are_deleted_by_the_next_run_and_the_setting_says_when(job: Job) -> None:
    world(job)
    taken = Path(job.run().report["journal"])
    old = taken.with_name(f"20200101T000000Z-{taken.name[-14:]}")
    old.write_text(taken.read_text())

    job.run(SYNC_JOURNAL_DAYS="0")
    kept = old.exists()
    job.run("plan")
    still_kept = old.exists()
    job.run()

    assert (kept, still_kept, old.exists(), taken.exists()) == (True, True, False, True)
