"""Roles that the database names and the tenant does not have: held by default, created if the operator says so."""

from __future__ import annotations

import pytest

from sandbox import Behaviour, Fault, LoggedRequest
from tests.functional.job import Job, StartJob
from tests.functional.whose import changes, reasons, run_again

CREATE = {"AUTH0_CREATE_MISSING_ROLES": "true"}
ROLES = "/api/v2/roles"


def role_names(job: Job) -> list[str]:
    return sorted(role["name"] for role in job.tenant.roles.values())


def test_by_default_an_unknown_role_holds_its_people_and_is_not_created(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("ann@x.io", "author"), ("bob@x.io", "author"), ("cy@x.io", "viewer")])

    result = job.run()

    assert result.code == 3
    assert role_names(job) == ["admin", "editor", "viewer"]
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "cy@x.io": ["viewer"]}
    assert reasons(result)["bob@x.io"] == "the role 'author' does not exist in Auth0"


def test_a_missing_role_is_created_first_and_given_and_then_there_is_nothing_to_do(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("ann@x.io", "author"), ("bob@x.io", "author"), ("bob@x.io", "viewer")])

    planned = job.run("plan", **CREATE)
    result, writes = run_again(job, **CREATE)
    again, more = run_again(job, **CREATE)

    assert "create role (1)\n  author\n" in planned.stdout
    assert planned.stdout.index("create role (1)") < planned.stdout.index("create (1)")
    assert changes(result)[0] == ("create_role", None)
    assert (planned.code, result.code, again.code) == (0, 0, 0)
    assert writes[0] == f"POST {ROLES}"
    assert role_names(job) == ["admin", "author", "editor", "viewer"]
    assert job.tenant.snapshot() == {"ann@x.io": ["author"], "bob@x.io": ["author", "viewer"]}
    assert more == []
    assert "Nothing to change." in again.stdout


def test_two_spellings_make_one_role_whatever_row_comes_first(job: Job) -> None:
    job.people([("ann@x.io", "author"), ("bob@x.io", "Author "), ("cy@x.io", "AUTHOR")])

    result = job.run(**CREATE)
    _, writes = run_again(job, **CREATE)

    assert result.code == 0
    assert role_names(job) == ["AUTHOR", "admin", "editor", "viewer"]
    assert job.tenant.snapshot() == {email: ["AUTHOR"] for email in ("ann@x.io", "bob@x.io", "cy@x.io")}
    assert writes == []


def test_a_created_role_has_the_prefix_or_the_name_that_the_map_says(job: Job) -> None:
    job.people([("ann@x.io", "author"), ("bob@x.io", "boss")])
    settings = {**CREATE, "AUTH0_ROLE_PREFIX": "app:", "AUTH0_ROLE_MAP": '{"boss": "app:Chief"}'}

    result = job.run(**settings)
    _, writes = run_again(job, **settings)

    assert result.code == 0
    assert role_names(job) == ["admin", "app:Chief", "app:author", "editor", "viewer"]
    assert job.tenant.snapshot() == {"ann@x.io": ["app:author"], "bob@x.io": ["app:Chief"]}
    assert writes == []


@pytest.mark.parametrize(
    "settings", [{"AUTH0_MANAGED_ROLES": "view*"}, {"AUTH0_ROLE_PREFIX": "v", "AUTH0_ROLE_MAP": '{"author": "author"}'}]
)
def test_a_role_that_would_not_be_managed_is_not_created(job: Job, settings: dict[str, str]) -> None:
    job.people([("ann@x.io", "author"), ("bob@x.io", "viewer" if "AUTH0_MANAGED_ROLES" in settings else "iewer")])

    result = job.run(**CREATE, **settings)

    assert result.code == 3
    assert role_names(job) == ["admin", "editor", "viewer"]
    assert job.tenant.snapshot() == {"bob@x.io": ["viewer"]}
    assert "'author' is not managed" in reasons(result)["ann@x.io"]


def test_a_role_that_only_held_or_inactive_people_would_have_is_not_created(job: Job) -> None:
    job.people([("ann@x.io", "author"), ("ann@x.io", None), ("bob@x.io", "viewer")])

    result = job.run(**CREATE)

    assert result.code == 3
    assert role_names(job) == ["admin", "editor", "viewer"]


def test_a_run_about_some_people_creates_just_the_roles_that_they_need(job: Job) -> None:
    job.people([("ann@x.io", "author"), ("bob@x.io", "boss"), ("cy@x.io", "viewer")])

    result = job.run("--only", "ann@x.io", **CREATE)

    assert result.code == 0
    assert role_names(job) == ["admin", "author", "editor", "viewer"]
    assert job.tenant.snapshot() == {"ann@x.io": ["author"]}


@pytest.mark.parametrize("status", [400, 403, 500])
def test_people_whose_new_role_could_not_be_created_keep_theirs_and_the_next_run_ends_right(
    job: Job, status: int
) -> None:
    job.tenant.add_user("swaps@x.io", roles=("viewer",))
    job.people([("swaps@x.io", "author"), ("new@x.io", "author"), ("new@x.io", "viewer"), ("other@x.io", "boss")])
    fault = Fault(method="POST", path=ROLES, kind="status", status=status, where="author", times=None)
    job.sandbox.faults.add(fault)

    failed = job.run(AUTH0_MAX_RETRIES="1", **CREATE)
    job.sandbox.faults.clear()
    then = job.tenant.snapshot()
    result = job.run(**CREATE)
    _, writes = run_again(job, **CREATE)

    told = {(change["kind"], change["email"]): change["why"] for change in failed.report["changes"]}
    assert failed.code == 3
    assert then == {"swaps@x.io": ["viewer"], "new@x.io": ["viewer"], "other@x.io": ["boss"]}
    assert told["add_roles", "swaps@x.io"] == told["add_roles", "new@x.io"] == "not created: author"
    assert job.outcomes(failed)["remove_roles", "swaps@x.io"] == "skipped"
    assert "could not create the role author" in failed.stderr
    assert result.code == 0
    assert job.tenant.snapshot() == {"swaps@x.io": ["author"], "new@x.io": ["author", "viewer"], "other@x.io": ["boss"]}
    assert writes == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html", "status_after"])
def test_a_role_whose_answer_is_lost_is_there_exactly_once(job: Job, kind: str) -> None:
    job.people([("ann@x.io", "author")])
    job.sandbox.faults.add(Fault(method="POST", path=ROLES, kind=kind, times=1))  # type: ignore[arg-type]

    result = job.run(**CREATE)

    assert not [entry for entry in job.sandbox.log if entry.status == 409]
    assert result.code == 0
    assert role_names(job) == ["admin", "author", "editor", "viewer"]
    assert job.tenant.snapshot() == {"ann@x.io": ["author"]}


@pytest.mark.parametrize(("name", "sensitive"), [("author", True), ("Author", False)])
def test_a_role_that_somebody_else_has_created_meanwhile_is_as_good(
    start_job: StartJob,
    name: str,
    sensitive: bool,  # noqa: FBT001
) -> None:
    job = start_job(behaviour=Behaviour(role_names_case_sensitive=sensitive))
    job.tenant.add_role("viewer")
    job.people([("ann@x.io", "author")])

    def meanwhile(entry: LoggedRequest) -> None:
        """After the list of roles was read, but before one is created."""
        if (entry.method, entry.path) == ("GET", "/api/v2/users"):
            job.tenant.add_role(name)

    job.sandbox.before_answer = meanwhile
    result = job.run(**CREATE)

    assert [entry.status for entry in job.sandbox.writes() if entry.path == ROLES] == [409]
    assert result.code == 0
    assert role_names(job) == sorted([name, "viewer"])
    assert job.tenant.snapshot() == {"ann@x.io": [name]}


@pytest.mark.parametrize(("most", "code"), [("2", 4), ("3", 0)])
def test_more_new_roles_than_the_limit_are_refused_and_can_be_approved(job: Job, most: str, code: int) -> None:
    job.people([(f"{name}@x.io", name) for name in ("author", "boss", "clerk")])

    result = job.run(SYNC_MAX_NEW_ROLES=most, SYNC_LIMIT_FLOOR="0", **CREATE)

    assert result.code == code
    assert len(role_names(job)) == (3 if code else 6)
    if code:
        digest = result.report["digest"][:12]
        assert job.sandbox.writes() == []
        assert "3 roles would be created; at most 2 may in one run (SYNC_MAX_NEW_ROLES)" in result.stdout
        assert job.run("--approve", digest, SYNC_MAX_NEW_ROLES=most, SYNC_LIMIT_FLOOR="0", **CREATE).code == 0
        assert job.tenant.snapshot() == {f"{name}@x.io": [name] for name in ("author", "boss", "clerk")}


def test_a_run_without_the_right_to_create_roles_says_so_before_it_does_anything(job: Job) -> None:
    job.tenant.scopes.remove("create:roles")
    job.people([("ann@x.io", "author"), ("bob@x.io", "viewer")])

    planned, result = job.run("plan", **CREATE), job.run(**CREATE)
    without = job.run()

    assert (planned.code, result.code, without.code) == (0, 1, 3)
    assert "create:roles" in result.report["error"]
    assert result.report["counts"] is None
    assert job.tenant.snapshot() == {"bob@x.io": ["viewer"]}
