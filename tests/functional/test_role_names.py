"""Which roles people get: from rows, cells, a map, a prefix and globs, judged by what the tenant has afterwards."""

from __future__ import annotations

import json

import pytest

from tests.functional.job import Job
from tests.functional.whose import reasons, run_again, table


def test_several_rows_and_several_names_in_one_cell_are_several_roles(job: Job) -> None:
    job.tenant.add_user("has@x.io", roles=("admin", "viewer"))
    job.people(
        [
            ("rows@x.io", "viewer"),
            ("rows@x.io", "editor"),
            ("cell@x.io", "viewer; Editor ;viewer;"),
            ("both@x.io", "viewer;admin"),
            ("both@x.io", "editor"),
            ("has@x.io", ";editor;admin"),
        ]
    )

    result = job.run(DB_ROLE_SEPARATOR=";")
    again, writes = run_again(job, DB_ROLE_SEPARATOR=";")

    assert (result.code, again.code) == (0, 0)
    assert job.tenant.snapshot() == {
        "rows@x.io": ["editor", "viewer"],
        "cell@x.io": ["editor", "viewer"],
        "both@x.io": ["admin", "editor", "viewer"],
        "has@x.io": ["admin", "editor"],
    }
    assert writes == []


@pytest.mark.parametrize(("cell", "why"), [("viewer;nosuch", "'nosuch' does not exist"), (" ; ;", "the role is empty")])
def test_one_name_in_a_cell_that_is_not_understood_holds_the_person(job: Job, cell: str, why: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("admin",))
    job.people([("ann@x.io", cell), ("bob@x.io", "viewer")])

    result = job.run(DB_ROLE_SEPARATOR=";")

    assert result.code == 3
    assert job.tenant.snapshot() == {"ann@x.io": ["admin"], "bob@x.io": ["viewer"]}
    assert why in reasons(result)["ann@x.io"]
    assert why in result.stdout


def test_without_a_separator_a_cell_is_one_name(job: Job) -> None:
    job.tenant.add_role("viewer;editor")
    job.people([("ann@x.io", "viewer;editor")])

    result = job.run()

    assert result.code == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer;editor"]}


@pytest.mark.parametrize("as_file", [False, True])
def test_the_map_has_auth0s_names_prefix_included_in_any_case(job: Job, as_file: bool) -> None:  # noqa: FBT001
    for name in ("app:Admin", "app:viewer", "app:chef"):
        job.tenant.add_role(name)
    job.tenant.add_user("ann@x.io", roles=("app:viewer", "viewer"))  # viewer has no prefix: it is not ours to take
    text = json.dumps({"Superuser": "APP:ADMIN", " Küche ": "app:chef"})
    (job.folder / "roles.json").write_text(text)
    rows = [("ann@x.io", "superUSER"), ("bob@x.io", "Viewer"), ("bob@x.io", "küche"), ("cy@x.io", "admin")]
    job.people(rows)
    role_map = str(job.folder / "roles.json") if as_file else text

    result = job.run(AUTH0_ROLE_PREFIX="app:", AUTH0_ROLE_MAP=role_map)
    again, writes = run_again(job, AUTH0_ROLE_PREFIX="app:", AUTH0_ROLE_MAP=role_map)

    assert (result.code, again.code) == (0, 0)
    assert job.tenant.snapshot() == {
        "ann@x.io": ["app:Admin", "viewer"],
        "bob@x.io": ["app:chef", "app:viewer"],
        "cy@x.io": ["app:Admin"],
    }
    assert writes == []


def test_the_map_does_not_reach_beyond_the_prefix(job: Job) -> None:
    job.tenant.add_role("app:viewer")
    job.people([("ann@x.io", "boss"), ("bob@x.io", "viewer")])

    result = job.run(AUTH0_ROLE_PREFIX="app:", AUTH0_ROLE_MAP='{"boss": "admin"}')

    assert result.code == 3
    assert job.tenant.snapshot() == {"bob@x.io": ["app:viewer"]}
    assert "'admin' is not managed" in reasons(result)["ann@x.io"]


@pytest.mark.parametrize("text", ['{"a": "b"', '{"A": "x", "a": "y"}', '{"a": ""}', "nosuchfile.json"])
def test_a_map_that_cannot_be_read_ends_the_run_before_it_begins(job: Job, text: str) -> None:
    job.people([("ann@x.io", "viewer")])

    result = job.run(AUTH0_ROLE_MAP=text)

    assert result.code == 78
    assert "AUTH0_ROLE_MAP" in result.stderr
    assert job.sandbox.log == []


def test_only_roles_that_match_a_glob_are_given_and_taken(job: Job) -> None:
    for name in ("Team-a", "team-b", "other"):
        job.tenant.add_role(name)
    job.tenant.add_user("ann@x.io", roles=("Team-a", "other", "admin"))
    job.tenant.add_user("bob@x.io", roles=("viewer",))
    job.people([("ann@x.io", "TEAM-B"), ("bob@x.io", "other"), ("cy@x.io", "viewer")])

    result = job.run(AUTH0_MANAGED_ROLES="team-*, view??")

    assert result.code == 3
    assert job.tenant.snapshot() == {
        "ann@x.io": ["admin", "other", "team-b"],
        "bob@x.io": ["viewer"],
        "cy@x.io": ["viewer"],
    }
    assert "'other' is not managed" in reasons(result)["bob@x.io"]


def test_names_that_two_roles_of_the_tenant_share_but_for_case_are_told_apart_or_held(job: Job) -> None:
    job.tenant.add_role("Viewer")
    job.people([("exact@x.io", "viewer"), ("other@x.io", "Viewer"), ("neither@x.io", "VIEWER")])

    result = job.run()

    assert result.code == 3
    assert job.tenant.snapshot() == {"exact@x.io": ["viewer"], "other@x.io": ["Viewer"]}
    assert "is ambiguous" in reasons(result)["neither@x.io"]


def test_the_role_column_may_have_another_name(job: Job) -> None:
    table(job, "mail groups", [("ann@x.io", "viewer,editor")])

    result = job.run(DB_COLUMN_EMAIL="MAIL", DB_COLUMN_ROLE="Groups", DB_ROLE_SEPARATOR=",")

    assert result.code == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["editor", "viewer"]}
