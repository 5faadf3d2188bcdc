"""People whose e-mail changes: by the source's key it is the same account, with all that hangs on it."""

from __future__ import annotations

import pytest

from sandbox import Behaviour, Tenant
from tests.functional.job import Job, StartJob
from tests.functional.mapped import (
    PASSWORDLESS,
    connected,
    emails,
    everything,
    key_of,
    keyed,
    patches,
    people,
    reasons,
    record,
    run_twice,
    told,
)


def test_a_new_email_under_the_same_key_is_the_same_account_with_all_that_it_has(job: Job) -> None:
    job.tenant.add_role("unmanaged")
    user_id = job.tenant.add_user(
        "ann@x.io", roles=("viewer", "unmanaged"), multifactor=["guardian"], last_login="2026-11-01T08:00:00.000Z",
        app_metadata={"plan": "gold"}, user_metadata={"tea": "green"}, given_name="Ann",
    )  # fmt: skip
    before = everything(job)[user_id]
    managed = {"AUTH0_MANAGED_ROLES": "admin,viewer", "AUTH0_EMAIL_VERIFIED": "true"}

    people(job, {"email": "ann@x.io", "id": 101})
    run_twice(job, **managed)
    people(job, {"email": "ann.berg@y.io", "id": 101})
    run_twice(job, **managed)

    agreed = {**before[0], "email": "ann.berg@y.io", "app_metadata": {"plan": "gold", "sync": {"id": "101"}}}
    assert everything(job) == {user_id: (agreed, {"viewer", "unmanaged"})}
    assert job.tenant.mails == []


def test_a_rename_is_one_request_that_asks_for_no_mail_and_comes_with_whatever_else_changes(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "101", roles=("admin",), name="Ann")
    people(job, {"email": "ann2@x.io", "id": 101, "name": "Ann B"})

    planned = job.run("plan")
    result = job.run()

    assert (planned.code, result.code) == (0, 0)
    assert patches(job) == [{"email": "ann2@x.io", "verify_email": False, "name": "Ann B"}]
    assert 'email: "ann@x.io" → "ann2@x.io"' in told(planned, "ann2@x.io")
    assert {"field": "email", "old": "ann@x.io", "new": "ann2@x.io"} in result.report["changes"][0]["edits"]
    assert job.tenant.roles_of(user_id) == {"viewer"}
    assert job.tenant.mails == []
    assert result.report["counts"]["changes"]["delete"]["done"] == 0


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ((101, None), "101"),
        (("007", 7), "007"),
        (("101 ", "101"), "101 "),
        ((" 101", 101), " 101"),
        (("Ä-1", "ä-1"), "Ä-1"),
        ((2**60, None), str(2**60)),
        (("{5F0C}", None), "{5F0C}"),
        pytest.param(("a" * 500, None), "a" * 500, id="long"),
    ],
    ids=repr,
)
def test_a_key_is_kept_as_the_text_that_it_is_whatever_keys_the_others_have(
    job: Job, keys: tuple[object, object], told: str
) -> None:
    people(job, {"email": "ann@x.io", "id": keys[0]}, {"email": "bob@x.io", "id": keys[1]})
    run_twice(job)
    ann, bob = record(job, "ann@x.io"), record(job, "bob@x.io")

    people(job, {"email": "ann2@x.io", "id": keys[0]}, {"email": "bob@x.io", "id": keys[1]})
    run_twice(job)

    assert key_of(job, "ann2@x.io") == told
    assert key_of(job, "bob@x.io") == (None if keys[1] is None else str(keys[1]))
    assert emails(job) == {ann["user_id"]: "ann2@x.io", bob["user_id"]: "bob@x.io"}


@pytest.mark.parametrize("number", [101, 0])
def test_a_key_that_somebody_has_written_as_a_number_is_the_same_key(job: Job, number: int) -> None:
    user_id = keyed(job, "ann@x.io", number)
    people(job, {"email": "ann2@x.io", "id": number})

    run_twice(job)

    assert emails(job) == {user_id: "ann2@x.io"}


def test_the_place_of_the_key_is_a_setting(job: Job) -> None:
    settings = {"SYNC_NAMESPACE": "hr_job"}
    people(job, {"email": "ann@x.io", "id": 1})
    run_twice(job, **settings)
    user_id = record(job, "ann@x.io")["user_id"]
    job.tenant.update_user(user_id, app_metadata={"hr_job": {"id": "1"}, "sync": {"id": "another"}})

    people(job, {"email": "ann2@x.io", "id": 1})
    run_twice(job, **settings)

    assert emails(job) == {user_id: "ann2@x.io"}
    assert record(job, "ann2@x.io")["app_metadata"] == {"hr_job": {"id": "1"}, "sync": {"id": "another"}}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("setting", "cell", "verified"),
    [
        ("true", None, True),
        ("false", None, False),
        ("column", "yes", True),
        ("column", "no", False),
        ("column", None, False),
        ("true", "no", True),
        ("false", "yes", False),
    ],
)
def test_whether_a_new_email_is_verified_is_as_the_setting_or_the_column_says(
    job: Job, setting: str, cell: str | None, *, before: bool, verified: bool
) -> None:
    user_id = keyed(job, "ann@x.io", "1")
    other = keyed(job, "bob@x.io", "2")
    job.tenant.update_user(user_id, email_verified=before)
    people(job, {"email": "ann2@x.io", "id": 1, "email_verified": cell}, {"email": "bob@x.io", "id": 2})

    result = job.run(AUTH0_EMAIL_VERIFIED=setting)
    sent = patches(job)
    run_twice(job, AUTH0_EMAIL_VERIFIED=setting)

    said = {} if (setting, cell) == ("column", None) else {"email_verified": verified}
    assert result.code == 0
    assert sent == [{"email": "ann2@x.io", "verify_email": False, **said}]
    assert job.tenant.users[user_id]["email_verified"] is verified
    assert job.tenant.users[other]["email_verified"] is True
    assert job.tenant.mails == []


@pytest.mark.parametrize("profile", ["on-create", "never"])
def test_emails_follow_the_source_also_where_profiles_do_not(job: Job, profile: str) -> None:
    user_id = keyed(job, "ann@x.io", "1", name="By hand")
    people(job, {"email": "ann2@x.io", "id": 1, "name": "Ann"})

    run_twice(job, SYNC_PROFILE=profile)

    assert emails(job) == {user_id: "ann2@x.io"}
    assert job.tenant.users[user_id]["name"] == "By hand"


def test_a_rename_and_new_roles_and_the_way_back_in_are_one_run(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "1", roles=("viewer",))
    job.tenant.update_user(user_id, blocked=True, app_metadata={"sync": {"id": "1", "blocked_at": "2026-11-01"}})
    people(job, {"email": "ann2@x.io", "id": 1, "role": "admin"})

    run_twice(job)

    assert job.tenant.snapshot() == {"ann2@x.io": ["admin"]}
    assert job.tenant.users[user_id]["blocked"] is False


def test_somebody_inactive_is_blocked_and_keeps_the_email_until_they_are_back(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "1")
    people(job, {"email": "ann2@x.io", "id": 1, "active": "no"})
    run_twice(job)
    between = (emails(job), job.tenant.users[user_id]["blocked"])

    people(job, {"email": "ann2@x.io", "id": 1, "active": "yes"})
    run_twice(job)

    assert between == ({user_id: "ann@x.io"}, True)
    assert emails(job) == {user_id: "ann2@x.io"}
    assert job.tenant.users[user_id]["blocked"] is False


def test_without_passwords_an_email_is_the_login_and_cannot_be_changed(job: Job) -> None:
    connected(job, PASSWORDLESS)
    user_id = keyed(job, "ann@x.io", "1", connection=PASSWORDLESS, provider="email")
    before = everything(job)
    people(job, {"email": "ann2@x.io", "id": 1, "role": "admin"}, {"email": "bob@x.io", "id": 2})

    result = job.run()

    assert result.code == 3
    assert everything(job)[user_id] == before[user_id]
    assert "another e-mail, which Auth0 allows in databases only" in reasons(result)["ann2@x.io"]
    assert job.tenant.snapshot(PASSWORDLESS) == {"ann@x.io": ["viewer"], "bob@x.io": ["viewer"]}


@pytest.mark.parametrize("read", ["pages", "export"])
def test_a_tenant_from_before_the_keys_gets_them_in_the_first_run(job: Job, read: str) -> None:
    known = {
        job.tenant.add_user(f"user{n}@x.io", roles=("viewer",), app_metadata={"plan": n}): n for n in range(8)
    }  # fmt: skip
    people(job, *({"email": f" USER{n}@X.io", "id": n} for n in range(8)))

    first = run_twice(job, AUTH0_USER_READ=read)

    assert {change["kind"] for change in first.report["changes"]} == {"update"}
    assert {user_id: user["app_metadata"] for user_id, user in job.tenant.users.items()} == {
        user_id: {"plan": n, "sync": {"id": str(n)}} for user_id, n in known.items()
    }
    assert emails(job) == {user_id: f"user{n}@x.io" for user_id, n in known.items()}


def test_an_email_in_other_letters_is_no_rename(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "1")
    people(job, {"email": "ANN@X.IO ", "id": 1})

    run_twice(job)

    assert patches(job) == []
    assert emails(job) == {user_id: "ann@x.io"}


def test_a_run_whose_lists_still_have_the_old_email_does_it_again_without_harm(start_job: StartJob) -> None:
    tenant = Tenant()
    tenant.add_role("viewer")
    user_id = tenant.add_user("ann@x.io", roles=("viewer",), app_metadata={"sync": {"id": "1"}})
    job = start_job(tenant, behaviour=Behaviour(search_lag_seconds=3600))
    people(job, {"email": "ann2@x.io", "id": 1})

    codes = [job.run().code for _ in range(2)]

    assert codes == [0, 0]
    assert emails(job) == {user_id: "ann2@x.io"}
    assert tenant.roles_of(user_id) == {"viewer"}
