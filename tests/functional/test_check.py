"""`check`: everything that a run needs is tried, nothing is changed, and each fault is told with what to do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from client.locks import Locks
from client.stop import Stop
from config.loading import load
from sandbox import DEFAULT_CONNECTION, Fault, Tenant
from sandbox.clock import ManualClock
from sandbox.connection import Connection
from tests.functional.job import Job, Result, StartJob
from tests.functional.mapped import people

SUBJECTS = [
    "settings", "driver", "login", "query", "TLS", "token", "scopes", "connection", "roles", "rate limit", "clock",
    "people", "state folder",
]  # fmt: skip


def lines(result: Result) -> dict[str, str]:
    """What was tried, to the mark and what was found; of several lines about one thing, all in one."""
    found: dict[str, str] = {}
    for line in result.stdout.splitlines():
        if line[:1] in "✔✘":
            subject, _, text = line[2:].partition(": ")
            found[subject] = f"{found[subject]}; {text}" if subject in found else f"{line[0]} {text}"
    return found


@pytest.fixture
def ready(job: Job) -> Job:
    """A job with nothing wrong: three people, two of whom are understood."""
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "admin"), ("bad@@x.io", "viewer")])
    return job


def test_a_job_that_can_run_has_a_line_for_all_that_it_needs(ready: Job) -> None:
    result = ready.run("check")

    assert result.code == 0
    assert list(lines(result)) == SUBJECTS
    assert {line[0] for line in lines(result).values()} == {"✔"}
    assert "3 rows" in lines(result)["query"]
    assert "columns email, role" in lines(result)["query"]
    assert lines(result)["people"].startswith("✔ 2 understood, 1 held")
    assert "    held: bad@@x.io: 'bad@@x.io' is not an e-mail address" in result.stdout
    assert result.stdout.splitlines()[-1] == "all 13 are well, a run can begin; nothing was changed; exit 0"


def test_nothing_is_written_anywhere(ready: Job) -> None:
    before = sorted(path.name for path in ready.folder.iterdir())

    ready.run("check")

    assert ready.sandbox.writes() == []
    assert sorted(path.name for path in ready.folder.iterdir()) == before


def test_every_fault_is_told_in_one_go(ready: Job) -> None:
    ready.tenant.scopes = {"read:users", "read:roles", "read:role_members", "read:connections"}
    (ready.folder / "state").write_text("a file, where a folder should be")

    result = ready.run("check", USERS_DB_QUERY="SELECT * FROM nowhere", SYNC_MAX_DELETE="5", AUTH0_CONNECTION="Nope")

    found = lines(result)
    assert result.code == 78
    assert found["settings"].startswith("✘ SYNC_MAX_DELETE: there is no such setting; is SYNC_MAX_DELETES meant?")
    assert found["login"].startswith("✔")
    assert "names a table that does not exist" in found["query"]
    assert "create:users" in found["scopes"]
    assert "enough for `plan`, not for `sync`" in found["scopes"]
    assert "there is no connection named 'Nope'; check AUTH0_CONNECTION" in found["connection"]
    assert found["state folder"].startswith("✘ SYNC_STATE_DIR")
    assert {subject for subject, line in found.items() if line[0] == "✘"} == {
        "settings", "query", "scopes", "connection", "state folder",
    }  # fmt: skip


def test_what_hangs_on_a_setting_at_fault_is_not_tried_and_the_rest_is(ready: Job) -> None:
    without_secret = ready.run("check", AUTH0_CLIENT_SECRET="")
    without_query = ready.run("check", USERS_DB_QUERY="")

    assert (without_secret.code, without_query.code) == (78, 78)
    assert "AUTH0_CLIENT_SECRET: is required" in lines(without_secret)["settings"]
    assert lines(without_secret)["query"].startswith("✔ 3 rows")
    assert lines(without_secret)["Auth0"].startswith("✘ not tried")
    assert lines(without_query)["database"].startswith("✘ not tried")
    assert lines(without_query)["connection"].startswith("✔")


def test_a_login_that_fails_is_told_as_that_and_the_query_is_not_tried(ready: Job) -> None:
    result = ready.run("check", USERS_DB_URL="sqlite:////no/such/folder/people.db")

    assert result.code == 1
    assert lines(result)["login"].startswith("✘")
    assert "query" not in lines(result)


def test_a_value_that_no_setting_can_have_is_told_and_the_rest_is_tried_without_it(ready: Job) -> None:
    result = ready.run("check", SYNC_MAX_DELETES="many", AUTH0_TIMEOUT="-1", SYNC_STATE_DIR="")

    assert result.code == 78
    assert "SYNC_MAX_DELETES" in lines(result)["settings"]
    assert "AUTH0_TIMEOUT" in lines(result)["settings"]
    assert lines(result)["query"].startswith("✔")


def test_a_wrong_secret_is_told_from_a_tenant_that_is_not_there(ready: Job) -> None:
    denied = ready.run("check", AUTH0_CLIENT_SECRET="wrong")
    away = ready.run("check", AUTH0_URL="http://127.0.0.1:9", AUTH0_MAX_RETRIES="0")

    assert (denied.code, away.code) == (1, 1)
    assert lines(denied)["TLS"].startswith("✔")
    assert "check AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET" in lines(denied)["token"]
    assert "the connection was refused; check AUTH0_URL" in lines(away)["Auth0"]
    assert "TLS" not in lines(away)
    assert lines(away)["query"].startswith("✔")


@pytest.mark.parametrize(
    ("setting", "code", "said"),
    [
        ({"CLIENT_IGNORE_ROLES": "Chef"}, 78, "CLIENT_IGNORE_ROLES names the role 'Chef', which Auth0 does not have"),
        ({"SYNC_ROLE_MINIMUM": "chef:1"}, 78, "SYNC_ROLE_MINIMUM names the role 'chef', which Auth0 does not have"),
        ({"AUTH0_ROLE_PREFIX": "app_"}, 1, "none is managed; look at AUTH0_ROLE_PREFIX and AUTH0_MANAGED_ROLES"),
    ],
)
def test_roles_that_cannot_be_resolved_are_named(ready: Job, setting: dict[str, str], code: int, said: str) -> None:
    result = ready.run("check", **setting)

    assert result.code == code
    assert said in lines(result)["roles"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "a run would be refused: the query returned no rows"),
        ([("bad", None)] * 3, "a run would be refused: the query returned no row that could be understood"),
        (
            [(f"bad{number}", "viewer") for number in range(9)] + [("ann@x.io", "viewer")],
            "9 of 10 people in the source",
        ),
    ],
)
def test_a_source_for_which_a_run_would_be_refused_is_no_good_one(
    job: Job, rows: list[tuple[str, str | None]], said: str
) -> None:
    job.people(rows)

    result = job.run("check")

    assert result.code == 1
    assert said in lines(result)["people"]


def test_of_many_held_people_the_first_are_shown(job: Job) -> None:
    job.people(
        [(f"user{number}@x.io", "viewer") for number in range(400)] + [(f"b{n}@@x.io", "admin") for n in range(30)]
    )

    result = job.run("check")

    assert result.code == 0
    assert result.stdout.count("    held: ") == 20
    assert "... and 10 more" in result.stdout


def test_a_connection_that_no_application_uses_takes_nobody(ready: Job) -> None:
    known = ready.tenant.connection(DEFAULT_CONNECTION)
    assert known is not None
    ready.tenant.connections[known.id] = Connection(known.id, known.name, known.strategy, enabled=False)

    result = ready.run("check")

    assert result.code == 1
    assert "is enabled for no application" in lines(result)["connection"]


def test_a_passwordless_connection_takes_creations_but_no_imports(ready: Job) -> None:
    ready.tenant.add_connection("email", strategy="email")

    found = lines(ready.run("check", AUTH0_CONNECTION="email"))

    assert found["connection"] == "✔ email (email) is there and takes creations, but no imports"


def test_usernames_that_the_connection_does_not_have_are_told_of(ready: Job) -> None:
    people(ready, {"email": "ann@x.io", "username": "ann"})

    result = ready.run("check", DB_COLUMN_USERNAME="username")

    assert result.code == 1
    assert "unset DB_COLUMN_USERNAME" in lines(result)["connection"]


def test_a_clock_that_is_far_off_is_told(start_job: StartJob) -> None:
    job = start_job(Tenant(clock=ManualClock(time.time() + 300)))
    job.people([("ann@x.io", "viewer")])

    result = job.run("check")

    assert result.code == 1
    assert "s behind Auth0's; set it (NTP)" in lines(result)["clock"]


def test_a_run_that_is_going_on_is_told_of_and_not_disturbed(ready: Job) -> None:
    (ready.folder / "state").mkdir()
    locks = Locks(load(ready.environment()), Stop(), timeout=0)

    with locks.on_this_host():
        result = ready.run("check")

    assert result.code == 0
    assert "a run is going on at this moment" in lines(result)["state folder"]


@pytest.mark.parametrize("name", ["journal", "lock"])
def test_what_is_in_the_way_in_the_state_folder_is_told(ready: Job, name: str) -> None:
    state = ready.folder / "state"
    state.mkdir()
    if name == "lock":
        (state / name).mkdir()
    else:
        (state / name).write_text("a file, where a folder should be")

    result = ready.run("check")

    assert result.code == 78
    assert f"{state / name} cannot be" in lines(result)["state folder"]


def test_a_place_for_metrics_that_is_not_there_is_told(ready: Job, tmp_path: Path) -> None:
    places = ("nowhere/sync.prom", "sync.txt", ".", "sync.prom")

    missing, unread, folder, there = (ready.run("check", SYNC_METRICS_FILE=str(tmp_path / place)) for place in places)

    assert (missing.code, unread.code, folder.code, there.code) == (1, 1, 1, 0)
    assert "there is no folder" in lines(missing)["metrics"]
    assert "end in .prom" in lines(unread)["metrics"]
    assert "it is a folder" in lines(folder)["metrics"]


def test_quiet_says_only_what_is_wrong(ready: Job) -> None:
    well = ready.run("-q", "check")
    wrong = ready.run("-q", "check", AUTH0_CONNECTION="Nope")

    assert well.said == ""
    assert list(lines(wrong)) == ["connection"]


def test_no_secret_is_said(ready: Job) -> None:
    result = ready.run("check", "-v")

    assert ready.tenant.client_secret not in result.said


@pytest.mark.parametrize(
    "arguments", [["--only", "a@x.io", "check"], ["check", "--report", "x"], ["--dry-run", "check"]]
)
def test_check_takes_no_orders(job: Job, arguments: list[str]) -> None:
    assert job.run(*arguments).code == 64


def test_a_tenant_that_answers_nonsense_is_told_of_without_a_traceback(ready: Job) -> None:
    for path in ("/api/v2/connections", "/api/v2/roles"):
        ready.sandbox.faults.add(Fault(method="GET", path=path, kind="html", times=None))

    result = ready.run("check", AUTH0_MAX_RETRIES="0")

    assert result.code == 1
    assert lines(result)["connection"].startswith("✘")
    assert "Traceback" not in result.said
