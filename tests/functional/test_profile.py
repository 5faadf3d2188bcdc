"""Profiles that follow the source: what is written, in how many requests, and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Fault
from tests.functional.job import Job
from tests.functional.mapped import (
    MEMBERS,
    PROFILE,
    account,
    connected,
    keyed,
    patches,
    people,
    record,
    run_twice,
    told,
)

SHORT = ["name", "given_name", "nickname"]


@pytest.mark.parametrize("fields", [["name"], SHORT, [*PROFILE], [*PROFILE, "email_verified"]], ids=len)
def test_one_request_changes_any_number_of_attributes_of_an_account(job: Job, fields: list[str]) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    wanted: dict[str, Any] = {**PROFILE, "email_verified": "no"}
    people(job, {"email": "ann@x.io", **{name: wanted[name] for name in fields}})

    first = job.run()
    bodies = patches(job)
    run_twice(job)

    agreed = {**PROFILE, "email_verified": False}
    assert first.code == 0
    assert bodies == [{name: agreed[name] for name in fields}]
    assert [edit["field"] for edit in first.report["changes"][0]["edits"]] == sorted(fields)


def test_values_to_set_and_to_clear_and_metadata_and_the_key_are_one_request(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), nickname="annie", phone_number="+491")
    row = {"email": "ann@x.io", "id": 7, "name": "Ann", "nickname": "", "phone_number": "+492", "dept": "IT", "tea": ""}
    people(job, row)

    result = job.run(DB_COLUMNS_APP_METADATA="dept", DB_COLUMNS_USER_METADATA="tea")

    assert result.code == 0
    assert patches(job) == [
        {
            "name": "Ann",
            "nickname": None,
            "phone_number": "+492",
            "app_metadata": {"dept": "IT", "sync": {"id": "7"}},
        }
    ]


@pytest.mark.parametrize(
    ("changed", "requests", "verified"),
    [
        ({"name": "Ann"}, 1, True),
        ({"username": "other"}, 1, True),
        ({"username": "other", "name": "Ann", "phone_number": "+493"}, 1, True),
        ({"email": "ann2@x.io", "email_verified": "1", "name": "Ann"}, 1, True),
        ({"username": "other", "email_verified": "0"}, 2, False),
        ({"username": "other", "email": "ann2@x.io"}, 2, False),
        ({"username": "other", "email": "ann2@x.io", "email_verified": "1", "name": "Ann"}, 2, True),
    ],
    ids=str,
)
def test_a_second_request_is_only_made_for_a_username_beside_the_email_or_its_state(
    job: Job, changed: dict[str, str], requests: int, *, verified: bool
) -> None:
    connected(job, MEMBERS)
    user_id = keyed(job, "ann@x.io", "1", connection=MEMBERS, username="ann")
    people(job, {"email": "ann@x.io", "id": 1, "username": "ann", **changed})

    result = job.run()
    bodies = patches(job)
    run_twice(job)

    assert result.code == 0
    assert len(bodies) == requests
    assert job.tenant.users[user_id]["email"] == changed.get("email", "ann@x.io")
    assert job.tenant.users[user_id]["username"] == changed.get("username", "ann")
    assert job.tenant.users[user_id]["email_verified"] is verified


def test_the_next_run_ends_what_fails_between_the_two_requests(job: Job) -> None:
    connected(job, MEMBERS)
    user_id = keyed(job, "ann@x.io", "1", connection=MEMBERS, username="ann")
    people(job, {"email": "ann2@x.io", "id": 1, "username": "other", "role": "admin"})
    fault = Fault(method="PATCH", kind="status", status=400, where='"username"')
    job.sandbox.faults.add(fault)

    broken = job.run()
    between = (job.tenant.users[user_id]["email"], job.tenant.users[user_id]["username"], job.tenant.roles_of(user_id))
    run_twice(job)

    assert broken.code == 3
    assert between == ("ann2@x.io", "ann", {"admin"})
    assert job.tenant.users[user_id]["username"] == "other"
    assert job.tenant.roles_of(user_id) == {"admin"}


@pytest.mark.parametrize(
    ("profile", "old_name", "new_name"),
    [
        ("always", "From the source", "From the source"),
        ("on-create", "By hand", "From the source"),
        ("never", "By hand", "new@x.io"),
    ],
)
def test_whether_profiles_follow_the_source_is_a_setting(job: Job, profile: str, old_name: str, new_name: str) -> None:
    job.tenant.add_user("old@x.io", roles=("viewer",), name="By hand", app_metadata={"dept": "Sales"})
    row = {"name": "From the source", "dept": "IT", "tea": "green"}
    people(job, {"email": "old@x.io", "id": 1, **row}, {"email": "new@x.io", "id": 2, **row})
    columns = {"DB_COLUMNS_APP_METADATA": "dept", "DB_COLUMNS_USER_METADATA": "tea"}

    run_twice(job, **columns, SYNC_PROFILE=profile)

    old, new = record(job, "old@x.io"), record(job, "new@x.io")
    assert (old["name"], new["name"]) == (old_name, new_name)
    follows, written = profile == "always", profile != "never"
    assert old["app_metadata"] == {"dept": "IT" if follows else "Sales", "sync": {"id": "1"}}
    assert old.get("user_metadata") == ({"tea": "green"} if follows else None)
    assert new["app_metadata"] == ({"dept": "IT"} if written else {}) | {"sync": {"id": "2"}}
    assert new.get("user_metadata") == ({"tea": "green"} if written else None)


def test_what_is_not_written_holds_nobody(job: Job) -> None:
    people(job, {"email": "ann@x.io", "phone_number": "none", "name": "n" * 301})

    result = job.run(SYNC_PROFILE="never")

    assert result.code == 0
    assert account(job, "ann@x.io") == {"email_verified": False}


def test_the_plan_and_the_report_tell_old_and_new_of_each_field(job: Job) -> None:
    user_id = job.tenant.add_user(
        "ann@x.io", roles=("viewer",), name='Ann "A"', given_name="Ann", app_metadata={"cost": 5}
    )
    people(job, {"email": "ann@x.io", "name": "Änn", "given_name": "", "nickname": "a", "cost": 6, "id": "k"})

    planned = job.run("plan", DB_COLUMNS_APP_METADATA="cost")
    result = job.run(DB_COLUMNS_APP_METADATA="cost")

    parts = [
        "app_metadata.cost: 5 → 6",
        'app_metadata.sync.id: (none) → "k"',
        'given_name: "Ann" → (none)',
        r'name: "Ann \"A\"" → "Änn"',
        'nickname: "ann" → "a"',
    ]
    assert [part for part in parts if part in told(planned, "ann@x.io")] == parts
    assert [part for part in parts if part in told(result, "ann@x.io")] == parts
    assert planned.report["digest"] == result.report["digest"]
    assert result.report["changes"] == [
        {
            "kind": "update",
            "email": "ann@x.io",
            "user_id": user_id,
            "roles": [],
            "edits": [
                {"field": "app_metadata.cost", "old": 5, "new": 6},
                {"field": "app_metadata.sync.id", "old": None, "new": "k"},
                {"field": "given_name", "old": "Ann", "new": None},
                {"field": "name", "old": 'Ann "A"', "new": "Änn"},
                {"field": "nickname", "old": "ann", "new": "a"},
            ],
            "cause": None,
            "outcome": "done",
            "why": None,
        }
    ]


def test_the_plan_of_a_new_account_tells_what_it_gets(job: Job) -> None:
    people(job, {"email": "ann@x.io", "name": "Ann", "given_name": "", "id": 7})

    result = job.run(AUTH0_EMAIL_VERIFIED="true")

    parts = ['app_metadata.sync.id: "7"', "email_verified: true", 'name: "Ann"']
    assert [part for part in parts if part in told(result, "ann@x.io")] == parts
    assert "given_name" not in result.stdout
    assert account(job, "ann@x.io")["email_verified"] is True


def test_an_update_that_auth0_refuses_fails_for_its_account_alone(job: Job) -> None:
    taken = job.tenant.add_user("taken@x.io", roles=("viewer",), phone_number="+491")
    people(
        job,
        {"email": "ann@x.io", "phone_number": "+492"},
        {"email": "bob@x.io"},
        {"email": "taken@x.io", "phone_number": "+491"},
    )
    job.run()
    people(
        job,
        {"email": "ann@x.io", "phone_number": "+491", "name": "Ann"},
        {"email": "bob@x.io", "phone_number": "+493"},
        {"email": "taken@x.io", "phone_number": "+491"},
    )

    result = job.run()

    assert result.code == 3
    assert job.outcomes(result) == {("update", "ann@x.io"): "failed", ("update", "bob@x.io"): "done"}
    assert account(job, "ann@x.io") == {"phone_number": "+492", "email_verified": False}
    assert record(job, "bob@x.io")["phone_number"] == "+493"
    assert job.tenant.users[taken]["phone_number"] == "+491"


def test_an_attribute_that_auth0_refuses_costs_nobody_a_role_and_keeps_nobody_in_one(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "1")
    people(job, {"email": "ann@x.io", "id": 1, "name": "Ann", "role": "admin"})
    job.sandbox.faults.add(Fault(method="PATCH", kind="status", status=400, times=None))

    result = job.run()

    assert result.code == 3
    assert job.outcomes(result)["update", "ann@x.io"] == "failed"
    assert job.tenant.roles_of(user_id) == {"admin"}
