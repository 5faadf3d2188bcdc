"""SYNC_ROLE_MINIMUM: a plan that leaves too few people a role is refused, before anything is written."""

from __future__ import annotations

import re

import pytest

from tests.functional.job import Job, Result
from tests.functional.whose import blocked, blocked_by_us, run_again, table

COLUMNS = "email role active"
TWO_ADMINS = {"SYNC_ROLE_MINIMUM": "Admin:2"}
STAYS = ("stays@x.io", "viewer", 1)


def two_admins(job: Job) -> None:
    for email in ("ann@x.io", "bob@x.io"):
        job.tenant.add_user(email, roles=("admin",))
    job.tenant.add_user("stays@x.io", roles=("viewer",))


def refused(result: Result) -> bool:
    """Whether the guard has refused the plan, for this reason alone."""
    told = [refusal["guard"] for refusal in result.report["guard"]["refusals"]]
    return result.code == 4 and told == ["role minimum"]


WAYS_TO_LOSE_ONE = {
    "by role": ([("ann@x.io", "viewer", 1)], {}),
    "swapped": ([("ann@x.io", "editor", 1)], {}),
    "deleted": ([], {}),
    "blocked": ([], {"SYNC_ON_MISSING": "block"}),
    "inactive": ([("ann@x.io", "admin", 0)], {}),
    "inactive and deleted": ([("ann@x.io", "admin", 0)], {"SYNC_ON_INACTIVE": "delete"}),
}


@pytest.mark.parametrize("way", WAYS_TO_LOSE_ONE)
def test_a_plan_that_leaves_too_few_is_refused_however_one_is_lost_and_can_be_approved(job: Job, way: str) -> None:
    rows, settings = WAYS_TO_LOSE_ONE[way]
    two_admins(job)
    table(job, COLUMNS, [("bob@x.io", "admin", 1), STAYS, *rows])
    before = job.tenant.snapshot()

    result, writes = run_again(job, **TWO_ADMINS, **settings)
    (command,) = re.findall(r"^  python main\.py (.*)$", result.stdout, re.MULTILINE)
    untouched = job.tenant.snapshot()
    approved = job.run(*command.split(), **TWO_ADMINS, **settings)
    again, more = run_again(job, **TWO_ADMINS, **settings)

    assert refused(result)
    assert writes == []
    assert untouched == before
    assert blocked(job) | {"ann@x.io"} == {"ann@x.io"}
    assert "the role 'admin' would be left with 1 of its 2 holders; at least 2 must have it" in result.stdout
    assert result.report["guard"]["refusals"][0]["concerned"] == ["ann@x.io"]
    assert command.startswith("sync --approve ")
    assert approved.code == 0
    assert "Approved by --approve: the role 'admin'" in approved.stdout
    assert (again.code, more) == (0, [])  # too few already, and none is taken
    assert again.report["role_minimum"] == [{"role": "admin", "least": 2, "before": 1, "after": 1}]


def test_what_is_no_loss_is_not_refused(job: Job) -> None:
    two_admins(job)
    table(job, COLUMNS, [("ann@x.io", "admin", 1), ("bob@x.io", "admin", None)])

    result = job.run(**TWO_ADMINS)

    assert result.code == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["admin"]}


@pytest.mark.parametrize("how", ["created", "given", "unblocked"])
def test_somebody_who_comes_makes_up_for_somebody_who_goes(job: Job, how: str) -> None:
    two_admins(job)
    if how == "given":
        job.tenant.add_user("cy@x.io", roles=("viewer",))
    if how == "unblocked":
        job.tenant.assign(blocked_by_us(job, "cy@x.io", "2026-01-01"), "admin")
    table(job, COLUMNS, [("bob@x.io", "admin", 1), ("cy@x.io", "admin", 1), STAYS])

    result = job.run(**TWO_ADMINS)

    assert result.code == 0
    assert job.tenant.snapshot() == {"bob@x.io": ["admin"], "cy@x.io": ["admin"], "stays@x.io": ["viewer"]}


@pytest.mark.parametrize("flag", [None, 0])
def test_who_cannot_log_in_does_not_count(job: Job, flag: int | None) -> None:
    two_admins(job)
    job.tenant.add_user("barred@x.io", roles=("admin",), blocked=True)
    job.tenant.assign(blocked_by_us(job, "shut@x.io", "2026-01-01"), "admin")
    rows = [("barred@x.io", "admin", 1), ("shut@x.io", "admin", flag), ("new@x.io", "admin", 0)]
    table(job, COLUMNS, [("bob@x.io", "admin", 1), *rows, STAYS])

    result, writes = run_again(job, **TWO_ADMINS)

    assert refused(result)
    assert writes == []
    assert result.report["role_minimum"] == [{"role": "admin", "least": 2, "before": 2, "after": 1}]


def test_a_protected_or_out_of_the_way_holder_counts_as_the_role_is_theirs(job: Job) -> None:
    two_admins(job)
    job.tenant.add_user("glass@corp.io", roles=("admin",))
    job.tenant.add_user("social@x.io", connection="github", provider="github", user_id="github|1", roles=("admin",))
    table(job, COLUMNS, [("bob@x.io", "admin", 1), STAYS])

    enough = job.run(**TWO_ADMINS, CLIENT_IGNORE_USERS="corp.io")
    too_many = job.run(SYNC_ROLE_MINIMUM="admin:4", CLIENT_IGNORE_USERS="corp.io")

    assert (enough.code, too_many.code) == (0, 0)
    assert too_many.report["role_minimum"] == [{"role": "admin", "least": 4, "before": 2, "after": 2}]
    assert set(job.tenant.snapshot()) == {"bob@x.io", "glass@corp.io", "stays@x.io"}


def test_with_too_few_already_not_one_more_may_go(job: Job) -> None:
    two_admins(job)
    table(job, COLUMNS, [("bob@x.io", "admin", 1), STAYS])

    result, writes = run_again(job, SYNC_ROLE_MINIMUM="admin:9")

    assert refused(result)
    assert writes == []


def test_what_is_kept_back_is_no_loss(job: Job) -> None:
    two_admins(job)
    table(job, COLUMNS, [("bob@x.io", "viewer", 1), STAYS])

    result = job.run("--no-delete", "--no-role-removal", **TWO_ADMINS)

    assert result.code == 0
    assert job.tenant.snapshot()["ann@x.io"] == ["admin"]


def test_a_role_that_is_not_managed_is_watched_too_and_only_its_holders_are_named(job: Job) -> None:
    job.tenant.add_role("owner")
    for email, roles in {"ann@x.io": ("owner",), "none@x.io": (), "bob@x.io": ("viewer",)}.items():
        job.tenant.add_user(email, roles=roles)
    table(job, COLUMNS, [STAYS])

    result, writes = run_again(job, SYNC_ROLE_MINIMUM="owner:1", AUTH0_MANAGED_ROLES="view*")

    assert refused(result)
    assert writes == []
    assert result.report["guard"]["refusals"][0]["concerned"] == ["ann@x.io"]


def test_only_holders_are_named_where_all_roles_are_managed(job: Job) -> None:
    two_admins(job)
    job.tenant.add_user("none@x.io")
    table(job, COLUMNS, [("bob@x.io", "admin", 1), STAYS])

    result = job.run(**TWO_ADMINS)

    assert refused(result)
    assert result.report["guard"]["refusals"][0]["concerned"] == ["ann@x.io"]


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_a_role_that_the_tenant_does_not_have_ends_the_run_before_anything_is_written(job: Job, command: str) -> None:
    two_admins(job)
    table(job, COLUMNS, [STAYS])

    result = job.run(command, SYNC_ROLE_MINIMUM="admin:1, amdin:2")

    assert result.code == 78
    assert result.report["error"] == "SYNC_ROLE_MINIMUM names the role 'amdin', which Auth0 does not have"
    assert job.sandbox.writes() == []


def test_a_plan_shows_what_would_be_refused(job: Job) -> None:
    two_admins(job)
    table(job, COLUMNS, [("bob@x.io", "admin", 1), STAYS])

    result = job.run("plan", **TWO_ADMINS)

    assert refused(result)
    assert job.sandbox.writes() == []
