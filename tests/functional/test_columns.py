"""Which columns are taken, what a cell says, and what holds its person: seen by the accounts at the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.job import Job
from tests.functional.mapped import (
    LOGIN,
    MEMBERS,
    PASSWORDLESS,
    PROFILE,
    account,
    connected,
    everything,
    patches,
    people,
    reasons,
    record,
    run_twice,
)

ATTRIBUTES = [*LOGIN.items(), *PROFILE.items(), ("email_verified", "yes")]
SAYING: dict[str, Any] = {"email_verified": True}
"""What an account has where that is not the cell's own text."""
WHOLE: dict[str, Any] = {**PROFILE, "email_verified": "1", "id": "p-1", "active": "yes"}
"""A row with everything but a username."""
FULL_METADATA = {
    "DB_COLUMNS_APP_METADATA": "dept:department,cost",
    "DB_COLUMNS_USER_METADATA": "tea",
}


def expected(**further: Any) -> dict[str, Any]:
    """The account that agrees with `whole_rows`' first."""
    metadata = {"department": "Sales", "cost": 5, "sync": {"id": "p-1"}}
    return {
        **PROFILE,
        "email_verified": True,
        "app_metadata": metadata,
        "user_metadata": {"tea": "green"},
        **further,
    }


def whole_rows(count: int = 1, **further: Any) -> list[dict[str, Any]]:
    """People with every column at once, all different."""
    metadata = {"dept": "Sales", "cost": 5, "tea": "green"}
    rows = [{"email": "ann@x.io", **WHOLE, **metadata, **further}]
    for number in range(1, count):
        own = {"email": f"user{number}@x.io", "id": f"p-{number + 1}", "phone_number": f"+4940{number:05}"}
        own |= {name: f"{value}{number}" for name, value in further.items()}
        rows.append({**rows[0], **own})
    return rows


@pytest.mark.parametrize("own_name", [str.upper, str.title])
@pytest.mark.parametrize(("field", "cell"), ATTRIBUTES)
def test_a_column_is_taken_by_its_own_name_in_any_case_without_a_setting(
    job: Job, field: str, cell: str, own_name: Any
) -> None:
    if field == "username":
        connected(job, MEMBERS)
    people(job, {"email": "ann@x.io", own_name(field): cell})

    run_twice(job)

    assert record(job, "ann@x.io")[field] == SAYING.get(field, cell)


@pytest.mark.parametrize(("field", "cell"), ATTRIBUTES)
def test_a_column_that_a_setting_names_is_taken_in_any_case_and_instead_of_the_one_of_its_own_name(
    job: Job, field: str, cell: str
) -> None:
    if field == "username":
        connected(job, MEMBERS)
    people(job, {"email": "ann@x.io", "Hr Value": cell, field: "0"})

    run_twice(job, **{f"DB_COLUMN_{field.upper()}": "hr VALUE"})

    assert record(job, "ann@x.io")[field] == SAYING.get(field, cell)


def test_the_columns_for_email_role_key_and_activity_are_taken_in_any_case(job: Job) -> None:
    leaver = job.tenant.add_user("bob@x.io", roles=("admin",))
    people(
        job,
        {"EMAIL": "ann@x.io", "Role": "admin", "ID": 101, "Active": "yes"},
        {"EMAIL": "bob@x.io", "Role": "admin", "ID": 102, "Active": "no"},
    )

    run_twice(job)

    assert job.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["admin"]}
    assert record(job, "ann@x.io")["app_metadata"] == {"sync": {"id": "101"}}
    assert job.tenant.users[leaver]["blocked"] is True


def test_the_columns_for_email_role_key_and_activity_may_be_called_otherwise(job: Job) -> None:
    leaver = job.tenant.add_user("bob@x.io", roles=("admin",))
    people(
        job,
        {"role": "no such", "MAIL": "Ann@X.io", "Job": "admin", "Number": 101, "Employed": "J"},
        {"role": "no such", "MAIL": "bob@x.io", "Job": "admin", "Number": 102, "Employed": "N"},
    )
    names = {"DB_COLUMN_EMAIL": "mail", "DB_COLUMN_ROLE": "JOB", "DB_COLUMN_ID": "number"}

    held = job.run(**names, DB_COLUMN_ACTIVE="employed")
    people(
        job,
        {"MAIL": "Ann@X.io", "Job": "admin", "Number": 101, "Employed": "Y"},
        {"MAIL": "bob@x.io", "Job": "admin", "Number": 102, "Employed": "N"},
    )
    result = job.run(**names, DB_COLUMN_ACTIVE="employed")

    assert (held.code, result.code) == (3, 0)
    assert reasons(held)["ann@x.io"] == "'J' as active is neither yes nor no"
    assert job.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["admin"]}
    assert record(job, "ann@x.io")["app_metadata"] == {"sync": {"id": "101"}}
    assert job.tenant.users[leaver]["blocked"] is True


def test_a_column_that_a_setting_names_and_the_query_lacks_ends_the_run(job: Job) -> None:
    people(job, {"email": "ann@x.io", "name": "Ann"})

    result = job.run(DB_COLUMN_NICKNAME="called")

    assert result.code == 1
    assert "no column 'called' (DB_COLUMN_NICKNAME)" in result.said
    assert job.sandbox.writes() == []


def test_what_has_no_column_is_left_as_it_is(job: Job) -> None:
    metadata: dict[str, Any] = {"app_metadata": {"plan": "gold"}, "user_metadata": {"tea": "green"}}
    job.tenant.add_user("ann@x.io", roles=("viewer",), **PROFILE, **metadata)
    before = everything(job)
    people(job, {"email": "ann@x.io"})

    run_twice(job)

    assert everything(job) == before


def test_null_leaves_an_attribute_alone_also_where_the_others_of_the_row_are_changed(job: Job) -> None:
    metadata: dict[str, Any] = {"app_metadata": {"dept": "Sales"}, "user_metadata": {"tea": "green"}}
    job.tenant.add_user("ann@x.io", roles=("viewer",), **PROFILE, **metadata)
    nothing = dict.fromkeys([*PROFILE, "id", "active", "email_verified", "dept", "tea"])
    people(job, {"email": "ann@x.io", **nothing, "nickname": "new"})

    run_twice(job, DB_COLUMNS_APP_METADATA="dept", DB_COLUMNS_USER_METADATA="tea")

    assert account(job, "ann@x.io") == {**PROFILE, **metadata, "nickname": "new", "email_verified": True}


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_cell_clears_its_attribute(job: Job, empty: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), **PROFILE)
    people(job, {"email": "ann@x.io", **dict.fromkeys(PROFILE, empty)})

    result = run_twice(job)

    assert account(job, "ann@x.io") == {"email_verified": True}
    assert [edit["new"] for edit in result.report["changes"][0]["edits"]] == [None] * len(PROFILE)


def test_a_new_account_of_empty_cells_has_what_auth0_makes_of_the_email(job: Job) -> None:
    people(job, {"email": "ann@x.io", **dict.fromkeys(PROFILE, "")})

    run_twice(job)

    assert account(job, "ann@x.io") == {"email_verified": False}
    assert (record(job, "ann@x.io")["name"], record(job, "ann@x.io")["nickname"]) == ("ann@x.io", "ann")


@pytest.mark.parametrize("how", [{}, {"AUTH0_USER_READ": "export"}, {"AUTH0_CREATE_WITH": "import"}], ids=str)
def test_everything_at_once_is_in_agreement_after_one_run(job: Job, how: dict[str, str]) -> None:
    job.tenant.add_user("user1@x.io", roles=("admin",), name="Before", app_metadata={"plan": "gold"})
    people(job, *whole_rows(3))

    run_twice(job, **FULL_METADATA, **how)

    assert account(job, "ann@x.io") == expected()
    assert account(job, "user1@x.io") == expected(
        phone_number="+494000001",
        app_metadata={"plan": "gold", "department": "Sales", "cost": 5, "sync": {"id": "p-2"}},
    )
    assert job.tenant.snapshot() == {f"{name}@x.io": ["viewer"] for name in ("ann", "user1", "user2")}


@pytest.mark.parametrize("read", ["pages", "export"])
def test_a_hundred_people_are_imported_with_all_that_the_source_says(job: Job, read: str) -> None:
    connected(job, MEMBERS)
    people(job, *whole_rows(120, **LOGIN))

    result = run_twice(job, **FULL_METADATA, AUTH0_CREATE_WITH="import", AUTH0_USER_READ=read)

    assert result.report["requests"]["by_endpoint"]["POST /jobs/users-imports"] == 1
    assert "POST /users" not in result.report["requests"]["by_endpoint"]
    assert account(job, "ann@x.io") == expected(**LOGIN)
    last: dict[str, Any] = {"phone_number": "+494000119", "username": "ann.berg119"}
    last |= {"app_metadata": {"department": "Sales", "cost": 5, "sync": {"id": "p-120"}}}
    assert account(job, "user119@x.io") == expected(**last)


@pytest.mark.parametrize("how", [{}, {"AUTH0_USER_READ": "export"}], ids=str)
def test_everything_at_once_with_usernames_is_in_agreement_after_one_run(job: Job, how: dict[str, str]) -> None:
    connected(job, MEMBERS)
    people(job, *whole_rows(2, username="Ann.Berg"))

    run_twice(job, **FULL_METADATA, **how)

    assert account(job, "ann@x.io") == expected(username="ann.berg")
    assert account(job, "user1@x.io")["username"] == "ann.berg1"


def test_everything_at_once_is_in_agreement_after_one_run_where_people_have_no_passwords(job: Job) -> None:
    connected(job, PASSWORDLESS)
    job.tenant.add_user("User1@x.io", connection=PASSWORDLESS, provider="email", roles=("admin",), name="Before")
    people(job, *whole_rows(2))

    run_twice(job, **FULL_METADATA)

    assert account(job, "ann@x.io") == expected()
    assert account(job, "User1@x.io")["name"] == PROFILE["name"]
    assert job.tenant.snapshot(PASSWORDLESS) == {"ann@x.io": ["viewer"], "User1@x.io": ["viewer"]}
    assert job.tenant.mails == []


def test_a_username_column_is_told_and_not_used_where_the_connection_has_none(job: Job) -> None:
    people(job, {"email": "ann@x.io", "username": "ann", "name": "Ann"})

    first = run_twice(job)
    asked_for = job.run(DB_COLUMN_USERNAME="username")

    assert account(job, "ann@x.io") == {"name": "Ann", "email_verified": False}
    assert "the column username is not used" in first.stderr
    assert asked_for.code == 1
    assert "unset DB_COLUMN_USERNAME" in asked_for.said
    assert patches(job) == []
