"""`explain`: why one person is treated so, from the rows to the decision, in a few requests."""

from __future__ import annotations

import pytest

from bench.population import world
from sandbox import Fault
from tests.functional.job import Job, Result, StartJob
from tests.functional.mapped import keyed, people
from tests.functional.test_requests import a_job_for, requests
from tests.functional.whose import blocked_by_us, days_ago

A_FEW = 12


def part(result: Result, title: str) -> list[str]:
    """The lines of one section."""
    lines, found = result.stdout.splitlines()[1:-1], ""
    sections: dict[str, list[str]] = {}
    for line in lines:
        found = line[:12].strip() or found
        sections.setdefault(found, []).append(line[12:])
    return sections[title]


def test_somebody_with_other_roles_is_explained_from_the_rows_to_the_changes(job: Job) -> None:
    job.tenant.add_role("legacy")
    account = job.tenant.add_user("ann@x.io", roles=("editor", "legacy"))
    job.people([("bob@x.io", "viewer"), (" Ann@X.io", "viewer"), ("ann@x.io", "admin")])

    result = job.run("explain", "ANN@x.io", AUTH0_MANAGED_ROLES="admin,editor,viewer")

    assert result.code == 0
    assert part(result, "source") == [
        "2 of the 3 rows of the query",
        '  row 2: email " Ann@X.io", role "viewer"',
        '  row 3: email "ann@x.io", role "admin"',
    ]
    assert part(result, "person") == ["ann@x.io", "roles: admin, viewer"]
    assert part(result, "match") == [f"{account}: it has this e-mail"]
    assert part(result, "account") == ["ann@x.io; not blocked", "roles: editor, legacy (not managed)"]
    assert part(result, "decision") == [
        "give roles",
        "  + admin: the source names it",
        "  + viewer: the source names it",
        "take roles",
        "  - editor: the source does not name it",
    ]
    assert job.sandbox.writes() == []
    assert sum(requests(job).values()) <= A_FEW


@pytest.mark.parametrize("named", ["old@x.io", "new@x.io"])
def test_a_changed_email_is_explained_by_the_key_with_old_and_new_values(job: Job, named: str) -> None:
    account = keyed(job, "old@x.io", "7", name="Ann Berg")
    people(job, {"email": "new@x.io", "id": "7", "name": "Ann Carlsen", "role": "viewer"})

    result = job.run("explain", named)

    assert part(result, "match") == [f"{account}: it bears the key '7'"]
    assert part(result, "decision") == [
        "update",
        '  email: "old@x.io" → "new@x.io"',
        '  name: "Ann Berg" → "Ann Carlsen"',
    ]
    assert sum(requests(job).values()) <= A_FEW


def test_of_many_thousands_just_the_one_is_read_and_no_job_is_started(start_job: StartJob) -> None:
    job = a_job_for(world(2_000, first=False), start_job)
    email = next(iter(job.tenant.users.values()))["email"]

    result = job.run("explain", email)

    assert result.code == 0
    assert sum(requests(job).values()) <= A_FEW
    assert not [endpoint for endpoint in requests(job) if "/jobs" in endpoint]


@pytest.mark.parametrize(
    ("settings", "decision"),
    [
        ({}, ["delete: not in the source (SYNC_ON_MISSING)"]),
        ({"SYNC_ON_MISSING": "block"}, ["block: not in the source (SYNC_ON_MISSING)"]),
        (
            {"SYNC_ON_MISSING": "keep"},
            ["kept back by SYNC_ON_MISSING=keep:", "  delete: not in the source (SYNC_ON_MISSING)"],
        ),
        ({"SYNC_MANAGE": "marked"}, ["nothing to do: the account is not this job's"]),
        ({"CLIENT_IGNORE_USERS": "*@x.io"}, ["left alone: protected by CLIENT_IGNORE_USERS: *@x.io"]),
        ({"CLIENT_IGNORE_ROLES": "Viewer"}, ["left alone: protected by CLIENT_IGNORE_ROLES: viewer"]),
    ],
)
def test_somebody_who_is_not_in_the_source_is_told_what_becomes_of_them(
    job: Job, settings: dict[str, str], decision: list[str]
) -> None:
    job.tenant.add_user("gone@x.io", roles=("viewer",))
    job.people([("ann@x.io", "viewer")])

    result = job.run("explain", "gone@x.io", **settings)

    assert part(result, "source") == ["0 of the 1 rows of the query"]
    assert part(result, "decision") == decision


@pytest.mark.parametrize(
    ("rows", "decision"),
    [
        ([("ann@x.io", None)], "left alone: held, because the role is NULL"),
        ([("ann@@x.io", "viewer")], "left alone: held, because the source has the unreadable e-mail 'ann@@x.io'"),
        ([("ann@x.io", "viewer"), ("ann@x.io", "pilot")], "left alone: held, because"),
        ([("ann@x.io", "viewer")], "nothing to do: the account is just what the source says"),
    ],
)
def test_somebody_who_is_held_is_told_why(job: Job, rows: list[tuple[str, str | None]], decision: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([*rows, ("bob@x.io", "viewer")])

    result = job.run("explain", "ann@x.io")

    (decided,) = part(result, "decision")
    assert decided.startswith(decision)
    assert part(result, "source")[0] == f"{len(rows)} of the {len(rows) + 1} rows of the query"


def test_of_somebody_who_is_not_active_the_account_of_another_is_told_apart(job: Job) -> None:
    keyed(job, "old@x.io", "1")
    other = job.tenant.add_user("new@x.io", roles=("viewer",))
    people(job, {"email": "new@x.io", "id": "1", "active": 0}, {"email": "ann@x.io"})

    for named in ("old@x.io", "new@x.io"):
        decision = part(job.run("explain", named), "decision")

        assert decision[0] == "block: not active in the source (SYNC_ON_INACTIVE)"
        assert decision[1].startswith(f"{other}, which has this e-mail, is left alone: ")
        assert len(decision) == 2


@pytest.mark.parametrize("named", ["old@x.io", "new@x.io", "far@x.io"])
def test_emails_that_change_hands_between_two_are_explained_in_a_few_requests(job: Job, named: str) -> None:
    for key, email in (("1", "old@x.io"), ("2", "new@x.io")):
        keyed(job, email, key)
    people(job, {"email": "new@x.io", "id": "1"}, {"email": "far@x.io", "id": "2"})

    result = job.run("explain", named)

    assert part(result, "decision")[0] == "update"
    assert sum(requests(job).values()) <= A_FEW


@pytest.mark.parametrize(
    ("rows", "why"),
    [([], "the query returned no rows"), ([(f"bad{number}", "viewer") for number in range(30)], "no row that could")],
)
def test_what_no_run_would_do_is_not_told_as_a_decision(job: Job, rows: list[tuple[str, str]], why: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people(rows)

    first, *rest = part(job.run("explain", "ann@x.io"), "decision")

    assert first.startswith("a run for everybody would be refused: ")
    assert why in first
    assert rest[-1] == "delete: not in the source (SYNC_ON_MISSING)"


def test_a_key_that_another_job_has_given_makes_nobody_of_ours(job: Job) -> None:
    job.tenant.add_user("hr@x.io", roles=("viewer",), app_metadata={"sync": {"id": "2", "owner": "hr"}})
    people(job, {"email": "bob@x.io", "id": "2"})
    marked = {"SYNC_MANAGE": "marked", "SYNC_OWNER": "crm"}

    theirs, ours = job.run("explain", "hr@x.io", **marked), job.run("explain", "bob@x.io", **marked)

    assert part(theirs, "person") == ["nobody in the source has this e-mail"]
    assert part(theirs, "decision") == ["nothing to do: the account is not this job's"]
    assert part(ours, "account") == ["none"]
    assert part(ours, "decision")[0] == "create"


def test_whoever_cannot_log_in_is_told_every_reason_that_auth0_knows(job: Job) -> None:
    by_admin = job.tenant.add_user("ann@x.io", roles=("viewer",), blocked=True)
    blocked_by_us(job, "bob@x.io", days_ago(2))
    job.tenant.locked_out[by_admin] = ["203.0.113.7"]
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "viewer")])

    ann, bob = job.run("explain", "ann@x.io"), job.run("explain", "bob@x.io")

    assert part(ann, "account")[0] == "ann@x.io; blocked, but by no run: whoever did it has to unblock it"
    assert "brute-force protection, from 203.0.113.7" in part(ann, "account")[1]
    assert part(bob, "account")[0] == f"bob@x.io; blocked by a run on {days_ago(2)}"
    assert part(bob, "decision")[0].startswith("unblock")


def test_what_of_an_account_cannot_be_told_is_said_and_the_rest_is_told(job: Job) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("ann@x.io", "viewer")])
    job.sandbox.faults.add(Fault(method="GET", path="/api/v2/user-blocks/{id}", kind="status", status=403))

    result = job.run("explain", "ann@x.io")

    assert result.code == 0
    assert "cannot be told" in part(result, "account")[1]
    assert part(result, "decision") == ["nothing to do: the account is just what the source says"]


def test_an_account_whose_primary_identity_is_elsewhere_is_out_of_scope(job: Job) -> None:
    job.tenant.add_connection("google-oauth2", strategy="google-oauth2")
    elsewhere = job.tenant.add_user("ann@x.io", connection="google-oauth2")
    job.people([("ann@x.io", "viewer")])

    result = job.run("explain", "ann@x.io")

    assert part(result, "scope")[0] == f"{elsewhere} is out of scope: its primary identity is in google-oauth2"


def test_whose_account_is_one_of_a_circle_is_told_so_although_all_have_to_be_read(job: Job) -> None:
    for key, email in enumerate(("a@x.io", "b@x.io", "c@x.io")):
        keyed(job, email, str(key))
    people(job, *({"email": email, "id": str(key)} for key, email in enumerate(("b@x.io", "c@x.io", "a@x.io"))))

    result = job.run("explain", "a@x.io")

    assert result.code == 0
    assert "in a circle" in part(result, "decision")[0]
    assert part(result, "account")[1] == "roles: viewer"


def test_somebody_whom_nobody_knows_is_said_to_be_nobody(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])

    result = job.run("explain", "nobody@x.io")

    assert result.code == 0
    assert part(result, "person") == ["nobody in the source has this e-mail"]
    assert part(result, "decision") == ["nothing to do: neither source nor connection knows them"]


@pytest.mark.parametrize(
    "arguments", [["explain"], ["explain", "nobody"], ["--approve", "0" * 12, "explain", "a@x.io"]]
)
def test_explain_takes_one_email_and_no_orders(job: Job, arguments: list[str]) -> None:
    assert job.run(*arguments).code == 64


def test_reading_rights_are_enough_to_explain(job: Job) -> None:
    job.tenant.scopes = {"read:users", "read:roles", "read:role_members", "read:connections"}
    job.people([("ann@x.io", "viewer")])

    assert job.run("explain", "ann@x.io").code == 0


def test_a_source_that_cannot_be_read_ends_an_explanation_with_a_sentence(job: Job) -> None:
    result = job.run("explain", "ann@x.io", USERS_DB_QUERY="SELECT * FROM nowhere")

    assert result.code == 1
    assert "names a table that does not exist" in result.stderr
    assert "Traceback" not in result.said
