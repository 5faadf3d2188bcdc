"""What a run prints in each form: all of it, nothing else, and the same facts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping

import pytest

from client import door
from tests.functional.job import Job

BEGINNINGS = {"json": "{\n", "csv": "\ufeffrun_id,", "markdown": "# ", "html": "<!doctype html>\n"}
RUNS: Mapping[str, tuple[int, Mapping[str, str]]] = {
    "in agreement": (0, {}),
    "refused": (4, {"SYNC_MAX_DELETES": "0", "SYNC_LIMIT_FLOOR": "0"}),
    "without a database": (1, {"USERS_DB_QUERY": "SELECT nothing"}),
    "with a bad setting": (78, {"SYNC_MAX_DELETES": "many"}),
}


@pytest.fixture
def job(job: Job) -> Job:
    job.people([("ann@x.io", "viewer")])
    job.tenant.add_user("bob@x.io", roles=["admin"])
    return job


@pytest.mark.parametrize("form", BEGINNINGS)
@pytest.mark.parametrize("name", RUNS)
def test_stdout_has_the_form_and_nothing_else_however_the_run_ends(job: Job, name: str, form: str) -> None:
    code, settings = RUNS[name]

    result = job.run("sync", "--format", form, **settings)

    assert result.code == code
    assert result.stdout.startswith(BEGINNINGS[form])
    assert result.stdout.endswith({"html": "</html>\n", "json": "}\n"}.get(form, "\n"))
    assert {"html": "</h1>", "json": '"exit_code"', "csv": "what", "markdown": "| exit |"}[form] in result.stdout


def test_what_is_printed_as_json_is_the_report(job: Job) -> None:
    result = job.run("plan", "--format", "json")

    assert json.loads(result.stdout) == result.report


def test_what_is_printed_as_csv_has_the_changes_of_the_report(job: Job) -> None:
    result = job.run("--format", "csv")

    rows = list(csv.DictReader(io.StringIO(result.stdout.removeprefix("\ufeff"), newline="")))
    assert [(row["what"], row["email"], row["outcome"]) for row in rows] == [
        ("create", "ann@x.io", "done"),
        ("add_roles", "ann@x.io", "done"),
        ("delete", "bob@x.io", "done"),
    ]


@pytest.mark.parametrize(
    ("ending", "form"), [(".html", "html"), (".csv", "csv"), (".md", "markdown"), (".txt", "json")]
)
def test_the_ending_of_a_report_says_its_form_and_nobody_else_may_read_it(job: Job, ending: str, form: str) -> None:
    place = job.folder / f"report{ending}"

    job.run("--report", str(place))

    assert place.read_bytes().decode().startswith(BEGINNINGS[form])
    assert place.stat().st_mode & 0o077 == 0


def test_a_page_shows_the_runs_before_it(job: Job) -> None:
    job.run()

    result = job.run("--format", "html")

    assert "The last 2 runs" in result.stdout


@pytest.mark.parametrize("form", BEGINNINGS)
def test_whatever_the_locale_a_form_is_utf_8(job: Job, form: str) -> None:
    job.people([("j\u00fcrgen@x.io", "viewer")])
    process = job.start("plan", "--format", form, PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert process.stdout is not None

    text = process.stdout.buffer.read().decode("utf-8")  # type: ignore[attr-defined]
    process.communicate()

    assert text.startswith(BEGINNINGS[form])
    assert "j\u00fcrgen@x.io" in text


def test_what_nobody_has_thought_of_is_told_in_the_form_that_was_asked_for(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_given: object) -> None:
        raise LookupError("odd")

    monkeypatch.setattr(door, "forget_old", bug)

    result = job.run("--format", "json")

    assert result.code == 1
    assert json.loads(result.stdout)["error"] == "unexpected: LookupError"
    assert "this is a bug" in result.stderr
    assert job.sandbox.writes() == []


def test_a_run_that_cannot_begin_leaves_no_report_of_an_earlier_one(job: Job) -> None:
    earlier = job.run()

    result = job.run("--report", str(job.folder / "report.json"), SYNC_MAX_DELETES="many")

    assert (earlier.code, result.code) == (0, 78)
    assert result.report["exit_code"] == 78
    assert result.report["run_id"] != earlier.report["run_id"]
