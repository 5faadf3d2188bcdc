"""The brakes, and what ends a run well: what is kept back is shown, and says so in the exit code only if it should."""

from __future__ import annotations

import json

import pytest

from tests.functional.job import Job
from tests.functional.test_promises import AFTER_THAT_DAY, a_day_of_changes


@pytest.mark.parametrize(
    ("arguments", "settings", "after", "shown"),
    [
        (("--no-delete",), {}, AFTER_THAT_DAY | {"goes@x.io": ["viewer"]}, "delete, kept back by --no-delete (1)"),
        (
            ("--no-role-removal",),
            {},
            AFTER_THAT_DAY | {"swaps@x.io": ["admin", "editor"]},
            "take roles, kept back by --no-role-removal (1)",
        ),
        (
            (),
            {"SYNC_ON_MISSING": "keep"},
            AFTER_THAT_DAY | {"goes@x.io": ["viewer"]},
            "delete, kept back by SYNC_ON_MISSING=keep (1)",
        ),
    ],
)
def test_what_a_brake_keeps_back_is_not_done_but_counted_and_shown(
    job: Job, arguments: tuple[str, ...], settings: dict[str, str], after: dict[str, list[str]], shown: str
) -> None:
    a_day_of_changes(job)

    planned = job.run("--dry-run", *arguments, **settings)
    result = job.run(*arguments, **settings)

    assert (planned.code, result.code) == (0, 0)
    assert job.tenant.snapshot() == after
    assert shown in planned.stdout
    assert shown in result.stdout
    kept_back = [change for change in result.report["changes"] if change["outcome"] == "kept_back"]
    assert kept_back
    assert sum(kinds["kept_back"] for kinds in result.report["counts"]["changes"].values()) == len(kept_back)
    counts = result.report["counts"]
    assert counts["accounts"] == sum(
        counts[name] for name in ("unchanged", "changed", "kept_back", "protected", "held_accounts", "out_of_scope")
    )


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        (
            ("--only", "Swaps@X.io"),
            {"stays@x.io": ["admin"], "swaps@x.io": ["editor"], "goes@x.io": ["viewer"]},
        ),
        (
            ("--only", "goes@x.io", "sync", "--only", "comes@x.io"),
            AFTER_THAT_DAY | {"swaps@x.io": ["admin"]},
        ),
    ],
)
def test_only_those_who_are_named_are_changed_whatever_is_due_for_others(
    job: Job, arguments: tuple[str, ...], after: dict[str, list[str]]
) -> None:
    a_day_of_changes(job)

    result = job.run(*arguments)

    assert result.code == 0
    assert job.tenant.snapshot() == after
    assert "3 people in the source, 1 of their accounts read, as --only says" in result.stdout


def test_brakes_do_not_make_zero_rows_an_instruction(job: Job) -> None:
    job.tenant.add_user("ann@x.io")

    assert job.run("--no-delete", "--no-role-removal").code == 4


def test_with_brakes_the_guards_only_look_at_what_would_be_done(job: Job) -> None:
    for number in range(20):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user0@x.io", "editor")])

    result = job.run("--no-delete")

    assert result.code == 0
    assert job.tenant.snapshot()["user0@x.io"] == ["editor"]
    assert len(job.tenant.users) == 20


def test_somebody_who_is_named_and_is_nowhere_is_warned_about(job: Job) -> None:
    a_day_of_changes(job)

    result = job.run("--only", "nobody@x.io")

    assert result.code == 0
    assert job.sandbox.writes() == []
    assert "--only nobody@x.io: there is nobody of this e-mail" in result.stderr


@pytest.mark.parametrize("email", ["nobody", "a@@x.io", ""])
def test_only_takes_emails(job: Job, email: str) -> None:
    assert job.run("--only", email).code == 64


@pytest.mark.parametrize(("tolerated", "code"), [("0", 3), ("1", 3), ("2", 0), ("9", 0)])
def test_so_many_held_people_are_tolerated_and_no_more(job: Job, tolerated: str, code: int) -> None:
    job.tenant.add_user("lost@x.io", roles=("admin",))  # stays, as the second row may mean it: no third person
    job.people([("ann@x.io", "viewer"), ("bob@x.io", None), ("lost@@x.io", "viewer")])

    result = job.run(SYNC_TOLERATE_HELD=tolerated)

    assert result.code == code
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "lost@x.io": ["admin"]}
    assert (job.folder / "state" / "last-success.json").exists() == (code == 0)


def test_held_people_do_not_spoil_a_run_that_is_about_somebody_else(job: Job) -> None:
    job.people([("ann@x.io", "viewer"), ("bob@x.io", None)])

    assert job.run("--only", "ann@x.io").code == 0
    assert job.run("--only", "bob@x.io").code == 3


def test_the_last_success_is_that_of_the_last_run_that_ended_with_0(job: Job) -> None:
    place = job.folder / "state" / "last-success.json"
    a_day_of_changes(job)
    good = job.run()
    noted = json.loads(place.read_text())
    unmoved = []
    for rows in ([], [("ann@x.io", None)], [(f"user{n}@x.io", "viewer") for n in range(3)]):
        job.people(rows)  # no rows; nobody understood; everybody would go
        assert job.run(SYNC_LIMIT_FLOOR="0").code == 4
        unmoved.append(json.loads(place.read_text()))
    job.run(USERS_DB_QUERY="SELECT nonsense")
    job.run("plan", USERS_DB_QUERY="SELECT 'stays@x.io' AS email, 'admin' AS role")
    unmoved.append(json.loads(place.read_text()))

    assert (noted["run_id"], noted["digest"]) == (good.report["run_id"], good.report["digest"])
    assert noted["finished_at"] == good.report["finished_at"]
    assert unmoved == [noted] * 4
    assert oct(place.stat().st_mode & 0o777) == "0o600"


def test_a_run_for_one_person_is_no_success_of_the_whole(job: Job) -> None:
    a_day_of_changes(job)

    assert job.run("--only", "comes@x.io").code == 0
    assert not (job.folder / "state" / "last-success.json").exists()


def test_whom_we_block_we_unblock_on_return_and_nobody_else(job: Job) -> None:
    job.tenant.add_user("leaves@x.io", roles=("viewer",), app_metadata={"plan": "gold"})
    by_admin = job.tenant.add_user("barred@x.io", roles=("viewer",), blocked=True)
    job.tenant.add_user("stays@x.io", roles=("viewer",))
    everybody = [(f"{name}@x.io", "viewer") for name in ("leaves", "barred", "stays")]
    blocked = []

    for rows in (everybody[2:], everybody[2:], everybody, everybody):
        job.people(rows)
        assert job.run(SYNC_ON_MISSING="block").code == 0
        blocked.append({user["email"] for user in job.tenant.users.values() if user.get("blocked")})

    assert blocked == [{"leaves@x.io", "barred@x.io"}] * 2 + [{"barred@x.io"}] * 2
    assert len(job.sandbox.writes()) == 2
    assert job.tenant.users[by_admin].get("app_metadata", {}) == {}
    (leaver,) = (user for user in job.tenant.users.values() if user["email"] == "leaves@x.io")
    assert leaver["app_metadata"] == {"plan": "gold", "sync": {}}
    assert job.tenant.snapshot() == {email: ["viewer"] for email, _ in everybody}
