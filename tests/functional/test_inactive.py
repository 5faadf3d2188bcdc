"""People whom the source calls inactive: blocked, deleted or kept, and back again, whatever their roles say."""

from __future__ import annotations

from datetime import date

import pytest

from tests.functional.job import Job, Result
from tests.functional.whose import (
    Cell,
    account,
    blocked,
    blocked_by_us,
    changes,
    days_ago,
    marks,
    reasons,
    run_again,
    table,
)

COLUMNS = "email role active"


def day(job: Job, *rows: tuple[Cell, ...], **settings: str) -> tuple[Result, list[str]]:
    """A run after which the source has these rows."""
    table(job, COLUMNS, rows)
    return run_again(job, **settings)


def test_who_becomes_inactive_is_blocked_with_the_day_as_a_mark_and_keeps_their_roles(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("admin",), app_metadata={"plan": "gold"})
    rows = ("ann@x.io", "viewer", 0), ("bob@x.io", "viewer", 1)
    before = days_ago(0)

    result, writes = day(job, *rows)
    _, more = day(job, *rows)

    assert result.code == 0
    assert changes(result)[-1:] == [("block", "ann@x.io")]
    assert "block (1)\n  ann@x.io    not active in the source\n" in result.stdout
    assert blocked(job) == {"ann@x.io"}
    assert marks(job, "ann@x.io").keys() == {"blocked_at"}
    assert before <= date.fromisoformat(marks(job, "ann@x.io")["blocked_at"]).isoformat() <= days_ago(0)
    assert account(job, "ann@x.io")["app_metadata"]["plan"] == "gold"
    assert job.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["viewer"]}
    assert (len(writes), more) == (3, [])


def test_an_inactive_person_may_be_deleted_instead(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))

    result, _ = day(job, ("ann@x.io", "viewer", "no"), ("bob@x.io", "viewer", "yes"), SYNC_ON_INACTIVE="delete")

    assert result.code == 0
    assert "delete (1)\n  ann@x.io    not active in the source\n" in result.stdout
    assert job.tenant.snapshot() == {"bob@x.io": ["viewer"]}


def test_or_be_kept_and_shown(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.tenant.add_user("gone@x.io", roles=("viewer",))

    result, writes = day(job, ("ann@x.io", "editor", 0), ("bob@x.io", "viewer", 1), SYNC_ON_INACTIVE="keep")

    assert result.code == 0
    assert "kept back by SYNC_ON_INACTIVE=keep (1)\n  ann@x.io    not active in the source\n" in result.stdout
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "bob@x.io": ["viewer"]}
    assert blocked(job) == set()
    assert writes[-1] == "DELETE /api/v2/users/{id}"


def test_the_brakes_of_a_run_hold_for_inactive_people_too(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    table(job, COLUMNS, [("ann@x.io", "viewer", 0), ("bob@x.io", "viewer", 1)])

    result = job.run("--no-delete")

    assert result.code == 0
    assert "block, kept back by --no-delete (1)" in result.stdout
    assert blocked(job) == set()


def test_an_inactive_newcomer_gets_no_account(job: Job) -> None:
    result, _ = day(job, ("ann@x.io", "viewer", 0), ("bob@x.io", "viewer", 1))
    _, writes = day(job, ("ann@x.io", "viewer", 0), ("bob@x.io", "viewer", 1))
    later, _ = day(job, ("ann@x.io", "viewer", 1), ("bob@x.io", "viewer", 1))

    assert (result.code, later.code) == (0, 0)
    assert result.report["counts"]["inactive"] == 1
    assert changes(later) == [("create", "ann@x.io"), ("add_roles", "ann@x.io")]
    assert writes == []
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "bob@x.io": ["viewer"]}


def test_a_flag_that_is_null_neither_blocks_nor_unblocks_and_all_else_is_done(job: Job) -> None:
    job.tenant.add_user("open@x.io", roles=("viewer",))
    blocked_by_us(job, "shut@x.io", "2026-01-02")
    rows = [(email, "editor", None) for email in ("open@x.io", "shut@x.io", "new@x.io")]

    result, _ = day(job, *rows)
    _, writes = day(job, *rows)

    assert result.code == 0
    assert blocked(job) == {"shut@x.io"}
    assert marks(job, "shut@x.io") == {"blocked_at": "2026-01-02"}
    assert job.tenant.snapshot() == {"open@x.io": ["editor"], "shut@x.io": ["editor"], "new@x.io": ["editor"]}
    assert writes == []


@pytest.mark.parametrize("word", ["maybe", "", "2", "-1", "gone"])
def test_a_flag_that_is_neither_yes_nor_no_holds_its_person(job: Job, word: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))

    result, _ = day(job, ("ann@x.io", "editor", word), ("bob@x.io", "viewer", "true"))

    assert result.code == 3
    assert reasons(result)["ann@x.io"] == f"{word!r} as active is neither yes nor no"
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "bob@x.io": ["viewer"]}
    assert blocked(job) == set()


@pytest.mark.parametrize("word", ["0", "False", " NO ", "f", "n", "off"])
def test_all_usual_words_for_no_are_understood(job: Job, word: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))

    day(job, ("ann@x.io", "viewer", word), ("bob@x.io", "viewer", "On"))

    assert blocked(job) == {"ann@x.io"}


@pytest.mark.parametrize("role", [None, "nosuch", ""])
def test_an_inactive_person_whose_role_is_not_understood_is_blocked_all_the_same(job: Job, role: str | None) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))

    result, _ = day(job, ("ann@x.io", role, 0), ("bob@x.io", "viewer", 1), AUTH0_CREATE_MISSING_ROLES="true")

    assert result.code == 0
    assert blocked(job) == {"ann@x.io"}
    assert sorted(one["name"] for one in job.tenant.roles.values()) == ["admin", "editor", "viewer"]


@pytest.mark.parametrize("second", [("ann@x.io", "editor", 1), ("ann@x.io", None, None), ("ann@x.io", "editor", "?")])
def test_rows_that_do_not_agree_or_are_not_understood_hold_an_inactive_person(
    job: Job, second: tuple[Cell, ...]
) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))

    result, _ = day(job, ("ann@x.io", "viewer", 0), second, ("bob@x.io", "viewer", 1))

    assert result.code == 3
    assert "ann@x.io" in reasons(result)
    assert job.tenant.snapshot()["ann@x.io"] == ["viewer"]
    assert blocked(job) == set()


def test_who_comes_back_is_unblocked_with_the_roles_of_that_day(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("admin",))
    job.tenant.add_user("stays@x.io", roles=("viewer",))
    stays = ("stays@x.io", "viewer", 1)
    day(job, ("ann@x.io", "admin", 0), stays)

    result, _ = day(job, ("ann@x.io", "editor", 1), stays)
    _, writes = day(job, ("ann@x.io", "editor", 1), stays)

    assert result.code == 0
    assert changes(result) == [("unblock", "ann@x.io"), ("add_roles", "ann@x.io"), ("remove_roles", "ann@x.io")]
    assert blocked(job) == set()
    assert marks(job, "ann@x.io") == {}
    assert job.tenant.snapshot()["ann@x.io"] == ["editor"]
    assert writes == []


def test_who_leaves_and_is_inactive_by_turns_is_blocked_once(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    stays = ("stays@x.io", "viewer", 1)
    day(job, ("ann@x.io", "viewer", 0), stays, SYNC_ON_MISSING="block")

    result, writes = day(job, stays, SYNC_ON_MISSING="block")
    day(job, ("ann@x.io", "viewer", 1), stays, SYNC_ON_MISSING="block")

    assert (result.code, writes) == (0, [])
    assert blocked(job) == set()


def test_a_block_by_an_administrator_is_never_lifted_nor_marked(job: Job) -> None:
    barred = job.tenant.add_user("barred@x.io", roles=("viewer",), blocked=True)
    before = dict(job.tenant.users[barred])
    stays = ("stays@x.io", "viewer", 1)

    for flag in (1, 0, None, 1):
        result, _ = day(job, ("barred@x.io", "viewer", flag), stays)
        assert result.code == 0

    assert job.tenant.users[barred] == before


def test_a_flag_of_another_name_is_found_and_a_query_without_it_is_an_error(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    table(job, "email role enabled", [("ann@x.io", "viewer", 0), ("bob@x.io", "viewer", 1)])

    unheard, wrong = job.run(), job.run(DB_COLUMN_ACTIVE="nosuch")
    still_open = blocked(job)
    result = job.run(DB_COLUMN_ACTIVE="Enabled")

    assert (unheard.code, wrong.code, result.code) == (0, 1, 0)
    assert "DB_COLUMN_ACTIVE" in wrong.report["error"]
    assert still_open == set()
    assert blocked(job) == {"ann@x.io"}


def test_too_many_inactive_people_at_once_are_refused(job: Job) -> None:
    for number in range(10):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    rows = [(f"user{number}@x.io", "viewer", int(number > 5)) for number in range(10)]

    result, writes = day(job, *rows)

    assert (result.code, writes) == (4, [])
    assert "6 of 10 accounts in scope would be blocked" in result.stdout
    assert blocked(job) == set()
