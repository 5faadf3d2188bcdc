"""Metadata from columns: which keys are ours, what type a value has, and how one is taken away."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Behaviour
from tests.functional.job import Job, StartJob
from tests.functional.mapped import patches, people, record, run_twice

BOTH = {"DB_COLUMNS_APP_METADATA": "dept:department, cost", "DB_COLUMNS_USER_METADATA": "Tea, floor:room"}


@pytest.fixture(params=["removes", "stays"])
def either(request: pytest.FixtureRequest, start_job: StartJob) -> Job:
    """A job whose tenant takes a null for a key away, or keeps it."""
    job = start_job(behaviour=Behaviour(metadata_null=request.param))
    job.tenant.add_role("viewer")
    return job


@pytest.fixture
def truths() -> Iterator[None]:
    """A database that has truth values: SQLite itself has none."""
    sqlite3.register_converter("truth", lambda stored: stored == b"1")
    yield
    sqlite3.converters.pop("TRUTH")


def without_nothing(metadata: dict[str, Any]) -> dict[str, Any]:
    """Metadata without keys that are null."""
    return {name: value for name, value in metadata.items() if value is not None}


def test_a_column_becomes_the_key_of_its_name_as_the_setting_has_it_or_the_one_after_the_colon(job: Job) -> None:
    people(job, {"email": "ann@x.io", "DEPT": "Sales", "Cost": 5, "TEA": "green", "floor": "2"})

    run_twice(job, **BOTH)

    assert record(job, "ann@x.io")["app_metadata"] == {"department": "Sales", "cost": 5}
    assert record(job, "ann@x.io")["user_metadata"] == {"Tea": "green", "room": "2"}


def test_one_column_may_be_a_key_in_both(job: Job) -> None:
    people(job, {"email": "ann@x.io", "dept": "Sales", "name": "Ann"})

    run_twice(job, DB_COLUMNS_APP_METADATA="dept,name:full", DB_COLUMNS_USER_METADATA="dept:team")

    assert record(job, "ann@x.io")["app_metadata"] == {"dept": "Sales", "full": "Ann"}
    assert record(job, "ann@x.io")["user_metadata"] == {"team": "Sales"}
    assert record(job, "ann@x.io")["name"] == "Ann"


def test_keys_that_are_not_ours_stay(either: Job) -> None:
    job = either
    ours = {"department": "IT", "cost": 1}
    others = {"plan": {"name": "gold", "seats": 3}, "dept": "theirs", "sync": {"note": "theirs"}}
    job.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata={**ours, **others}, user_metadata={"hat": "red"})
    people(job, {"email": "ann@x.io", "id": 1, "dept": "Sales", "cost": 5, "tea": "green", "floor": None})

    run_twice(job, **BOTH)

    assert record(job, "ann@x.io")["app_metadata"] == {
        **others,
        "department": "Sales",
        "cost": 5,
        "sync": {"note": "theirs", "id": "1"},
    }
    assert record(job, "ann@x.io")["user_metadata"] == {"hat": "red", "Tea": "green"}


def test_only_the_keys_that_differ_are_sent(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata={"department": "Sales", "cost": 1})
    people(job, {"email": "ann@x.io", "dept": "Sales", "cost": 5, "tea": None, "floor": None})

    result = job.run(**BOTH)

    assert result.code == 0
    assert patches(job) == [{"app_metadata": {"cost": 5}}]


def test_an_object_that_somebody_else_has_put_under_our_key_gives_way_as_a_whole(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata={"department": {"name": "Sales", "floor": 2}})
    people(job, {"email": "ann@x.io", "dept": "Sales"})

    run_twice(job, DB_COLUMNS_APP_METADATA="dept:department")

    assert record(job, "ann@x.io")["app_metadata"] == {"department": "Sales"}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (5, 5),
        (-1, -1),
        (0, 0),
        (2.5, 2.5),
        (2**53, str(2**53)),
        ("5", "5"),
        ("007", "007"),
        ("true", "true"),
        (" Sales ", "Sales"),
        ("Zürich", "Zürich"),
    ],
    ids=repr,
)
def test_a_value_keeps_the_type_that_the_database_gives_it(job: Job, cell: object, value: object) -> None:
    job.tenant.add_user("old@x.io", roles=("viewer",), app_metadata={"cost": "before"})
    people(
        job,
        {"email": "new@x.io", "cost": cell},
        {"email": "old@x.io", "cost": cell},
        {"email": "nothing@x.io", "cost": None},
    )

    run_twice(job, DB_COLUMNS_APP_METADATA="cost", DB_COLUMNS_USER_METADATA="cost:amount")

    for email in ("new@x.io", "old@x.io"):
        metadata = record(job, email)["app_metadata"]["cost"], record(job, email)["user_metadata"]["amount"]
        assert metadata == (value, value)
        assert [type(one) for one in metadata] == [type(value)] * 2
    assert "app_metadata" not in record(job, "nothing@x.io")


@pytest.mark.usefixtures("truths")
def test_true_and_one_are_not_the_same_where_the_database_has_truth_values(job: Job) -> None:
    job.settings["USERS_DB_URL"] += "?detect_types=1"
    job.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata={"staff": 1, "guest": False})
    rows = {"email": "ann@x.io", "staff": 1, "guest": 0}, {"email": "bob@x.io", "staff": 0, "guest": None}
    people(job, *rows, types={"staff": "truth", "guest": "truth"})

    first = run_twice(job, DB_COLUMNS_APP_METADATA="staff,guest")

    assert record(job, "ann@x.io")["app_metadata"]["staff"] is True
    assert record(job, "bob@x.io")["app_metadata"]["staff"] is False
    (update,) = (change for change in first.report["changes"] if change["kind"] == "update")
    assert [edit["field"] for edit in update["edits"]] == ["app_metadata.staff"]
    assert update["edits"][0]["new"] is True


def test_an_empty_cell_takes_its_key_away_and_no_other(either: Job) -> None:
    job = either
    app, user = {"department": "IT", "cost": 1, "plan": "gold"}, {"Tea": "green", "hat": "red"}
    job.tenant.add_user("ann@x.io", roles=("viewer",), app_metadata=app, user_metadata=user)
    people(job, {"email": "ann@x.io", "dept": "", "cost": " ", "tea": "", "floor": ""})

    result = run_twice(job, **BOTH)

    ann = record(job, "ann@x.io")
    assert without_nothing(ann["app_metadata"]) == {"plan": "gold"}
    assert without_nothing(ann["user_metadata"]) == {"hat": "red"}
    assert len(result.report["changes"]) == 1


def test_a_key_that_was_taken_away_can_come_back(either: Job) -> None:
    job = either
    people(job, {"email": "ann@x.io", "dept": "", "cost": 1})
    run_twice(job, DB_COLUMNS_APP_METADATA="dept,cost")
    people(job, {"email": "ann@x.io", "dept": "Sales", "cost": ""})
    run_twice(job, DB_COLUMNS_APP_METADATA="dept,cost")
    people(job, {"email": "ann@x.io", "dept": "", "cost": 2})

    run_twice(job, DB_COLUMNS_APP_METADATA="dept,cost")

    assert without_nothing(record(job, "ann@x.io")["app_metadata"]) == {"cost": 2}


@pytest.mark.parametrize("read", ["pages", "export"])
def test_metadata_is_read_whichever_way_the_accounts_are(either: Job, read: str) -> None:
    job = either
    people(job, *({"email": f"user{n}@x.io", "id": n, "dept": "", "cost": n, "tea": "T", "floor": n} for n in range(5)))

    run_twice(job, **BOTH, AUTH0_USER_READ=read)

    assert record(job, "user3@x.io")["app_metadata"] == {"cost": 3, "sync": {"id": "3"}}
    assert record(job, "user3@x.io")["user_metadata"] == {"Tea": "T", "room": 3}


def test_our_notes_are_kept_when_metadata_is_cleared_beside_them(either: Job) -> None:
    job = either
    people(job, {"email": "ann@x.io", "id": 1, "dept": "Sales"})
    run_twice(job, DB_COLUMNS_APP_METADATA="dept")
    people(job, {"email": "ann2@x.io", "id": 1, "dept": ""})

    run_twice(job, DB_COLUMNS_APP_METADATA="dept")

    assert without_nothing(record(job, "ann2@x.io")["app_metadata"]) == {"sync": {"id": "1"}}


@pytest.mark.parametrize("namespace", ["sync", "job"])
def test_the_key_of_our_own_notes_cannot_be_a_column(job: Job, namespace: str) -> None:
    people(job, {"email": "ann@x.io", "dept": "Sales"})

    result = job.run(DB_COLUMNS_APP_METADATA=f"dept:{namespace}", SYNC_NAMESPACE=namespace)

    assert result.code == 78
    assert f"the key '{namespace}' is SYNC_NAMESPACE" in result.said
    assert job.sandbox.log == []
