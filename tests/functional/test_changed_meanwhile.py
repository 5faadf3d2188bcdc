"""Accounts that somebody changes while a run goes on: left alone, told, and met by the next run as they are then."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from sandbox import Behaviour
from tests.functional.job import Job, StartJob
from tests.functional.mapped import after_reading, key_of, keyed, once, patches, people

OTHERS: tuple[dict[str, Any], ...] = ({"email": "new@x.io", "id": 90},)
"""Somebody with whom everything is well."""


def test_who_has_got_another_email_by_somebody_else_meanwhile_is_left_alone(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "1", roles=("editor",))
    people(job, {"email": "ann2@x.io", "id": 1, "role": "admin"}, *OTHERS)
    after_reading(job, lambda: job.tenant.update_user(user_id, email="by-hand@x.io"))

    result = job.run()

    assert result.code == 3
    assert patches(job) == []
    assert job.tenant.users[user_id]["email"] == "by-hand@x.io"
    assert job.tenant.roles_of(user_id) == {"editor"}
    assert job.outcomes(result)["update", "ann2@x.io"] == "skipped"
    assert "no longer the account that was planned: by-hand@x.io" in result.said
    assert job.outcomes(result)["create", "new@x.io"] == "done"


def test_who_has_got_the_new_email_already_meanwhile_is_as_wanted(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "1")
    people(job, {"email": "ann2@x.io", "id": 1, "name": "Ann"})
    after_reading(job, lambda: job.tenant.update_user(user_id, email="ann2@x.io"))

    result = job.run()

    assert result.code == 0
    assert job.tenant.users[user_id]["email"] == "ann2@x.io"
    assert job.tenant.users[user_id]["name"] == "Ann"


@pytest.mark.parametrize("status", [400, 409])
def test_an_email_that_somebody_takes_meanwhile_stays_theirs(start_job: StartJob, status: Literal[400, 409]) -> None:
    job = start_job(behaviour=Behaviour(patch_email_conflict_status=status))
    for role in ("admin", "editor", "viewer"):
        job.tenant.add_role(role)
    user_id = keyed(job, "ann@x.io", "1", roles=("editor",))
    people(job, {"email": "ann2@x.io", "id": 1, "role": "admin"}, *OTHERS)
    after_reading(job, lambda: job.tenant.add_user("ann2@x.io", user_id="auth0|another"))

    result = job.run()

    assert result.code == 3
    assert job.outcomes(result)["update", "ann2@x.io"] == "failed"
    assert job.tenant.users[user_id]["email"] == "ann@x.io"
    assert job.tenant.roles_of(user_id) == {"admin"}  # the key tells who it is: only the e-mail has to wait
    assert job.tenant.roles_of("auth0|another") == set()


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_a_key_that_somebody_has_set_meanwhile_is_not_overwritten(job: Job, role: str) -> None:
    user_id = job.tenant.add_user("ann@x.io", roles=("viewer",))
    people(job, {"email": "ann@x.io", "id": 1, "name": "Ann", "role": role}, *OTHERS)
    after_reading(job, lambda: job.tenant.update_user(user_id, app_metadata={"sync": {"id": "9"}}))

    result = job.run()

    assert result.code == 3
    assert patches(job) == []
    assert key_of(job, "ann@x.io") == "9"
    assert job.tenant.roles_of(user_id) == {"viewer"}
    assert job.outcomes(result)["update", "ann@x.io"] == "skipped"
    assert "app_metadata.sync.id is '9' by now" in result.said
    assert job.outcomes(result)["create", "new@x.io"] == "done"


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_an_account_that_has_got_another_key_meanwhile_is_not_renamed(job: Job, role: str) -> None:
    user_id = keyed(job, "ann@x.io", "1")
    people(job, {"email": "ann2@x.io", "id": 1, "role": role}, *OTHERS)
    after_reading(job, lambda: job.tenant.update_user(user_id, app_metadata={"sync": {"id": "9"}}))

    result = job.run()

    assert result.code == 3
    assert patches(job) == []
    assert job.tenant.users[user_id]["email"] == "ann@x.io"
    assert job.tenant.roles_of(user_id) == {"viewer"}
    assert job.outcomes(result)["update", "ann2@x.io"] == "skipped"
    assert job.outcomes(result)["create", "new@x.io"] == "done"


def test_notes_and_metadata_that_somebody_has_written_meanwhile_stay_beside_the_key(job: Job) -> None:
    user_id = job.tenant.add_user("ann@x.io", roles=("viewer",))
    people(job, {"email": "ann@x.io", "id": 1})
    meanwhile = {"plan": "gold", "sync": {"note": "by hand"}}
    after_reading(job, lambda: job.tenant.update_user(user_id, app_metadata=meanwhile))

    result = job.run()

    assert result.code == 0
    assert job.tenant.users[user_id]["app_metadata"] == {"plan": "gold", "sync": {"note": "by hand", "id": "1"}}


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("1", {"email": "ann2@x.io"}),
        ("1", {"email": "ann@x.io", "name": "Ann"}),
        (None, {"email": "ann@x.io"}),
    ],
    ids=["email", "name", "key"],
)
def test_who_is_deleted_meanwhile_is_told_and_made_again_by_the_next_run(
    job: Job, key: str | None, row: dict[str, Any]
) -> None:
    user_id = keyed(job, "ann@x.io", key)
    people(job, {"id": 1, **row})
    job.sandbox.before_answer = once("GET", "/api/v2/users", lambda: job.tenant.remove_user(user_id))

    result = job.run()
    gone = dict(job.tenant.users)
    again = job.run()

    assert (result.code, again.code) == (3, 0)
    assert job.outcomes(result)["update", row["email"]] == "skipped"
    assert "the account is gone" in result.said
    assert gone == {}
    assert key_of(job, row["email"]) == "1"


@pytest.mark.parametrize("how", ["requests", "import"])
@pytest.mark.parametrize(
    ("notes", "settings"),
    [
        ({"id": "9"}, {}),
        ({"owner": "other"}, {"SYNC_MANAGE": "marked", "SYNC_OWNER": "hr"}),
    ],
    ids=["another key", "another job"],
)
def test_an_account_of_somebody_else_that_the_lists_do_not_show_yet_is_not_adopted(
    start_job: StartJob, notes: dict[str, str], settings: dict[str, str], how: str
) -> None:
    job = start_job(behaviour=Behaviour(search_lag_seconds=3600))
    job.tenant.add_role("viewer")
    hidden = job.tenant.add_user("ann@x.io", app_metadata={"sync": notes}, name="Another")
    people(job, {"email": "ann@x.io", "id": 1, "name": "Ann"}, *OTHERS)

    result = job.run(**settings, AUTH0_CREATE_WITH=how)

    assert result.code == 3
    assert patches(job) == []
    assert job.tenant.roles_of(hidden) == set()
    assert job.outcomes(result)["create", "ann@x.io"] in {"failed", "skipped"}
    assert job.tenant.snapshot()["new@x.io"] == ["viewer"]


@pytest.mark.parametrize("how", ["requests", "import"])
@pytest.mark.parametrize("notes", [{}, {"id": "1"}], ids=str)
def test_an_account_of_the_person_that_the_lists_do_not_show_yet_is_adopted(
    start_job: StartJob, notes: dict[str, str], how: str
) -> None:
    job = start_job(behaviour=Behaviour(search_lag_seconds=3600))
    job.tenant.add_role("viewer")
    hidden = job.tenant.add_user("ann@x.io", app_metadata={"sync": notes})
    people(job, {"email": "ann@x.io", "id": 1}, *OTHERS)

    result = job.run(AUTH0_CREATE_WITH=how)

    assert result.code == 0
    assert job.tenant.roles_of(hidden) == {"viewer"}
    assert len(job.tenant.users) == 2
