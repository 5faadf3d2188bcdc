"""For machines every line of a log is an object, whatever happens: with its run, its event and what belongs to it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from filelock import FileLock

from database.users import Users
from sandbox import Behaviour, Fault
from tests.functional.days import OF_A_BIG_DAY, a_big_day
from tests.functional.job import ROOT, Job, Result, StartJob

FOREIGN = "other"


@pytest.fixture
def job(start_job: StartJob) -> Job:
    """A day with something of everything."""
    job = start_job(as_published=False, behaviour=Behaviour(export_seconds=0, import_seconds=0))
    a_big_day(job, come=3)
    return job


def lines(result: Result) -> list[dict[str, Any]]:
    """Each line of stderr; that it is none of JSON, or says too little, is a failure."""
    found = [json.loads(line) for line in result.stderr.splitlines()]
    events = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "logs.md").read_text(), re.MULTILINE))
    for line in found:
        assert {"time", "level", "run_id", "event", "message"} <= line.keys(), line
        assert line["event"] in events | {FOREIGN}, line
        assert ("logger" in line) == (line["event"] == FOREIGN), line
    assert len({line["run_id"] for line in found}) == 1
    return found


@pytest.mark.parametrize(
    "settings", [{}, {"AUTH0_USER_READ": "export", "AUTH0_CREATE_WITH": "import", "AUTH0_ROLE_READ": "pool"}]
)
def test_every_line_of_a_big_day_is_an_event_of_its_run(job: Job, settings: dict[str, str]) -> None:
    result = job.run_as_process("-v", "--log-format", "json", **OF_A_BIG_DAY, **settings)

    found = lines(result)
    assert result.code == 0, result.said
    assert {line["run_id"] for line in found} == {result.report["run_id"]}
    assert {"source_read", "request_answered", "change_done"} <= {line["event"] for line in found}


def test_a_change_says_of_what_kind_it_is_and_whom_it_concerns(job: Job) -> None:
    job.sandbox.faults.add(Fault(kind="status", method="DELETE", path="/api/v2/users/{id}", status=400))

    result = job.run("--log-format", "json", **OF_A_BIG_DAY)

    told = {
        (line["kind"], line["email"]): (line["event"], line["user_id"], line["roles"])
        for line in lines(result)
        if line["event"].startswith("change_")
    }
    assert told == {
        (change["kind"], change["email"]): (
            "change_done" if change["outcome"] == "done" else "change_not_done",
            change["user_id"],
            change["roles"],
        )
        for change in result.report["changes"]
    }
    assert "change_not_done" in {event for event, _, _ in told.values()}


def test_a_request_that_is_tried_again_says_how_often_and_how_long_it_waits(job: Job) -> None:
    job.sandbox.faults.add(Fault(kind="status", path="/api/v2/roles", status=503, times=2))

    result = job.run("--log-format", "json", **OF_A_BIG_DAY)

    retried = [line for line in lines(result) if line["event"] == "request_retried"]
    assert [line["attempt"] for line in retried] == [1, 2]
    assert all(0 <= line["wait_seconds"] < 1 for line in retried)


@pytest.mark.parametrize(
    ("settings", "event", "code"),
    [
        ({"AUTH0_POOL_SIZE": "many", "LOG_FORMAT": ""}, "settings_fault", 78),
        ({"USERS_DB_QUERY": "SELECT nothing FROM nowhere"}, "run_failed", 1),
        ({"AUTH0_CONNECTION": "Nonsense"}, "run_failed", 1),
        ({"SYNC_METRICS_FILE": "/nowhere/at/all/sync.prom"}, "watcher_not_told", 0),
    ],
)
def test_what_goes_wrong_is_an_event_too(job: Job, settings: dict[str, str], event: str, code: int) -> None:
    result = job.run("--log-format", "json", **OF_A_BIG_DAY, **settings)

    assert result.code == code
    assert event in {line["event"] for line in lines(result)}


def test_a_run_that_cannot_begin_says_so_in_json(job: Job) -> None:
    (job.folder / "state").mkdir()
    with FileLock(job.folder / "state" / "lock"):
        result = job.run("--log-format", "json", "--lock-timeout", "0.1")

    assert result.code == 5
    assert [line["event"] for line in lines(result)] == ["host_lock_awaited", "not_begun"]


def test_a_bug_is_one_line_with_its_traceback(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Users, "read", _fail)

    result = job.run("--log-format", "json")

    (bug,) = (line for line in lines(result) if line["event"] == "bug")
    assert result.code == 1
    assert bug["exception"].startswith("Traceback ")
    assert "two\nlines" in bug["exception"]


def _fail(*_: object) -> None:
    raise ZeroDivisionError("two\nlines")


def test_the_lines_are_what_the_page_about_them_shows() -> None:
    example = re.search(r"```json\n(.+)\n```", (ROOT / "docs" / "logs.md").read_text())

    assert example is not None
    assert list(json.loads(example[1])) == [
        "time", "level", "run_id", "event", "message", "kind", "email", "user_id", "roles",
    ]  # fmt: skip
