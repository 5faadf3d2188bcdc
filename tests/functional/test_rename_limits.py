"""How many people may get another e-mail in one run, by their key or, as it seems, without one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.functional.job import Job, Result
from tests.functional.mapped import emails, everything, keyed, people, run_twice

OPEN = {"SYNC_LIMIT_FLOOR": "0", "SYNC_MAX_DELETE_PERCENT": "100", "SYNC_MAX_RENAME_PERCENT": "100"}
"""No limit but the one in question."""


def refused(job: Job, guard: str, **settings: str) -> Result:
    """See that a run is refused by this guard alone, and writes nothing."""
    before = everything(job)
    result = job.run(**settings)
    assert result.code == 4
    assert [refusal["guard"] for refusal in result.report["guard"]["refusals"]] == [guard]
    assert job.sandbox.writes() == []
    assert everything(job) == before
    return result


def way_out(result: Result) -> list[str]:
    (command,) = re.findall(r"^  python main\.py (.*--approve .*)$", result.stdout, re.MULTILINE)
    return str(command).split()


def ten(job: Job) -> list[str]:
    return [keyed(job, f"user{n}@x.io", str(n)) for n in range(10)]


def renamed(count: int) -> list[dict[str, Any]]:
    """The ten people, so many of them with another e-mail."""
    return [{"email": f"{'new' if n < count else 'user'}{n}@x.io", "id": n} for n in range(10)]


@pytest.mark.parametrize(
    ("limits", "most", "setting"),
    [
        ({"SYNC_MAX_RENAMES": "2"}, 2, "SYNC_MAX_RENAMES"),
        ({"SYNC_MAX_RENAME_PERCENT": "30"}, 3, "SYNC_MAX_RENAME_PERCENT"),
        ({"SYNC_MAX_RENAME_PERCENT": "30", "SYNC_MAX_RENAMES": "1"}, 1, "SYNC_MAX_RENAMES"),
        ({"SYNC_MAX_RENAMES": "1", "SYNC_LIMIT_FLOOR": "4"}, 4, "SYNC_LIMIT_FLOOR"),
    ],
)
def test_more_renames_than_the_limit_are_refused_and_as_many_are_not(
    job: Job, limits: dict[str, str], most: int, setting: str
) -> None:
    made = ten(job)
    people(job, *renamed(most + 1))

    result = refused(job, "renames", **OPEN | limits)
    people(job, *renamed(most))
    run_twice(job, **OPEN | limits)

    told = f"{most + 1} of 10 accounts in scope would get another e-mail"
    assert told in result.stdout
    assert f"at most {most} may in one run ({setting})" in " ".join(result.stdout.split())
    assert all(f"user{n}@x.io -> new{n}@x.io" in result.stdout for n in range(most + 1))
    assert emails(job) == {made[n]: row["email"] for n, row in enumerate(renamed(most))}


def test_renames_beyond_the_limit_are_carried_out_when_this_plan_is_approved(job: Job) -> None:
    made = ten(job)
    people(job, *renamed(4))
    limits = OPEN | {"SYNC_MAX_RENAMES": "2"}
    approval = way_out(refused(job, "renames", **limits))

    people(job, *renamed(5))
    another = job.run(*approval, **limits)
    writes = job.sandbox.writes()
    people(job, *renamed(4))
    result = job.run(*approval, **limits)

    assert (another.code, writes) == (4, [])
    assert result.code == 0
    assert emails(job) == {made[n]: row["email"] for n, row in enumerate(renamed(4))}


@pytest.mark.parametrize(
    ("attributes", "shared"),
    [
        ({"name": "Ann Berg"}, "name"),
        ({"given_name": "Ann", "family_name": "Berg"}, "given_name, family_name"),
        ({"phone_number": "+491"}, "phone_number"),
        ({"nickname": "annie", "picture": "https://x.io/a.png"}, "nickname, picture"),
    ],
    ids=str,
)
def test_one_who_goes_and_one_who_comes_and_are_alike_are_told_and_counted(
    job: Job, attributes: dict[str, Any], shared: str
) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), **attributes)
    people(job, {"email": "ann2@x.io", **attributes})

    result = refused(job, "possible renames", **OPEN, SYNC_MAX_POSSIBLE_RENAMES="0")
    planned = job.run("plan", **OPEN)

    told = " ".join(planned.stdout.split())
    assert "possible rename: one goes, one comes, and they are alike (1)" in told
    assert f"ann@x.io → ann2@x.io same {shared}" in told
    assert "SYNC_MAX_POSSIBLE_RENAMES" in result.stdout
    assert planned.code == 0
    assert result.report["possible_renames"] == [
        {"old_email": "ann@x.io", "new_email": "ann2@x.io", "shared": shared.split(", ")}
    ]


def test_possible_renames_beyond_the_limit_are_carried_out_when_this_plan_is_approved(job: Job) -> None:
    old = {job.tenant.add_user(f"ann{n}@x.io", roles=("viewer",), name=f"Ann {n}") for n in range(3)}
    people(job, *({"email": f"new{n}@x.io", "name": f"Ann {n}"} for n in range(3)))
    limits = OPEN | {"SYNC_MAX_POSSIBLE_RENAMES": "2"}
    approval = way_out(refused(job, "possible renames", **limits))

    result = job.run(*approval, **limits)

    assert result.code == 0
    assert not old & job.tenant.users.keys()
    assert job.tenant.snapshot() == {f"new{n}@x.io": ["viewer"] for n in range(3)}


def test_as_many_possible_renames_as_the_limit_are_carried_out_and_capitals_make_no_difference(job: Job) -> None:
    for n in range(2):
        job.tenant.add_user(f"ann{n}@x.io", roles=("viewer",), name=f"Ann {n}")
    people(job, *({"email": f"new{n}@x.io", "name": f"ANN {n}"} for n in range(2)))

    result = run_twice(job, **OPEN, SYNC_MAX_POSSIBLE_RENAMES="2")

    assert [pair["shared"] for pair in result.report["possible_renames"]] == [["name"], ["name"]]
    assert sorted(job.tenant.snapshot()) == ["new0@x.io", "new1@x.io"]


@pytest.mark.parametrize(
    ("leaver", "newcomer"),
    [
        ({}, {}),
        ({}, {"name": "ann@x.io"}),
        ({"name": "Ann", "app_metadata": {"sync": {"id": "1"}}}, {"name": "Ann", "id": 2}),
        ({"given_name": "Ann"}, {"given_name": "Ann"}),
        ({"name": "Ann"}, {"name": "Bob"}),
    ],
    ids=str,
)
def test_two_who_share_nothing_telling_or_have_two_keys_are_two_people(
    job: Job, leaver: dict[str, Any], newcomer: dict[str, Any]
) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), **leaver)
    people(job, {"email": "ann2@x.io", **newcomer})

    result = job.run(**OPEN, SYNC_MAX_POSSIBLE_RENAMES="0")

    assert result.code == 0
    assert "possible rename" not in result.stdout
    assert sorted(job.tenant.snapshot()) == ["ann2@x.io"]


def test_one_who_is_to_be_blocked_counts_like_one_who_is_to_be_deleted_and_one_who_is_kept_does_not(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), name="Ann")
    people(job, {"email": "ann2@x.io", "name": "Ann"})
    limits = OPEN | {"SYNC_MAX_POSSIBLE_RENAMES": "0"}

    refused(job, "possible renames", **limits, SYNC_ON_MISSING="block")
    result = job.run(**limits, SYNC_ON_MISSING="keep")

    assert result.code == 0
    assert sorted(job.tenant.snapshot()) == ["ann2@x.io", "ann@x.io"]
