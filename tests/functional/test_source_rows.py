"""Rows that are not all as they should be: who is not understood is held (exit 3), and the others go on."""

from __future__ import annotations

import pytest

from tests.functional.job import Job, Row

THERE = ("ann@x.io", "strasse@x.io")
NOT_UNDERSTOOD: dict[str, tuple[list[Row], str]] = {
    "a role is NULL": ([("ann@x.io", None)], "the role is NULL"),
    "an e-mail is NULL": ([(None, "admin")], "the e-mail is NULL"),
    "two spellings count as one": ([("strasse@x.io", "viewer"), ("straße@x.io", "admin")], "count as the same person"),
    "one role of two is not known": ([("ann@x.io", "admin"), ("ann@x.io", "nosuch")], "does not exist in Auth0"),
    "a role is empty": ([("ann@x.io", "admin"), ("ANN@x.io", " ")], "the role is empty"),
}
NO_FAULT: dict[str, list[Row]] = {
    "the same row twice": [("comes@x.io", "viewer"), ("comes@x.io", "viewer")],
    "another role": [("comes@x.io", "viewer"), ("comes@x.io", "editor")],
    "another case and spaces": [("comes@x.io", "viewer"), (" COMES@X.io\t", " Viewer ")],
}


@pytest.fixture
def everybody(job: Job) -> list[Row]:
    """Rows for all who have an account already."""
    for email in THERE:
        job.tenant.add_user(email, roles=("viewer",))
    return [(email, "viewer") for email in THERE]


@pytest.mark.parametrize(("rows", "reason"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_who_is_not_understood_is_held_and_the_others_go_on(
    job: Job, everybody: list[Row], rows: list[Row], reason: str
) -> None:
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    others = [row for row in everybody if row[0] not in dict(rows)] + [("comes@x.io", "viewer")]
    job.people([*rows, *others])

    result = job.run()

    assert result.code == 3
    assert [reason in held["reason"] for held in result.report["held"]] == [True]
    assert reason in result.stdout
    assert job.tenant.snapshot() == {email: ["viewer"] for email in (*THERE, "comes@x.io")}
    job.people([*everybody, ("comes@x.io", "viewer")])
    job.sandbox.clear_log()
    assert job.run().code == 0
    assert job.sandbox.writes() == []


@pytest.mark.parametrize("rows", NO_FAULT.values(), ids=NO_FAULT)
def test_who_is_named_twice_is_one_person(job: Job, everybody: list[Row], rows: list[Row]) -> None:
    job.people([*rows, *everybody])

    result = job.run()

    roles = {str(role).strip().lower() for _, role in rows}
    assert result.code == 0
    assert job.tenant.snapshot() == {email: ["viewer"] for email in THERE} | {"comes@x.io": sorted(roles)}
    job.sandbox.clear_log()
    assert job.run().code == 0
    assert job.sandbox.writes() == []
