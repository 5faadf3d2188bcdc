"""Metrics: what the last run did and how it ended, with the last success as long as there was one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client.watching import metrics
from sync.model import Kind, Status
from sync.report import Exit, success
from tests.watching.readings import LAST_SUCCESS, read, remember, value, write
from tests.watching.records import BEGAN, ENDED, NAMES, changed, ended, refused

LATER = ENDED + timedelta(hours=1)


def test_a_run_that_went_well_is_the_last_success(tmp_path: Path) -> None:
    file = write(tmp_path, changed())

    assert value(file, LAST_SUCCESS) == value(file, "last_run_timestamp_seconds") == ENDED.timestamp()
    assert value(file, "last_run_exit_code") == 0
    assert value(file, "last_run_duration_seconds") == 12.5


def test_before_the_first_success_there_is_none(tmp_path: Path) -> None:
    file = write(tmp_path, refused())

    assert value(file, LAST_SUCCESS) is None
    assert value(file, "last_run_exit_code") == 4


@pytest.mark.parametrize("code", [code for code in Exit if code is not Exit.OK])
def test_the_last_success_survives_a_run_that_ends_otherwise(tmp_path: Path, code: Exit) -> None:
    write(tmp_path, ended())

    file = write(tmp_path, ended(code, finished_at=LATER))

    assert value(file, LAST_SUCCESS) == ENDED.timestamp()
    assert value(file, "last_run_timestamp_seconds") == LATER.timestamp()
    assert value(file, "last_run_exit_code") == code


def test_the_last_success_is_that_of_the_state_folder_where_the_file_has_none(tmp_path: Path) -> None:
    remember(tmp_path, success(ended()))

    file = write(tmp_path, ended(Exit.FAILED, finished_at=LATER))

    assert value(file, LAST_SUCCESS) == ENDED.timestamp()


@pytest.mark.parametrize(
    "known",
    [
        {},
        [],
        {**success(ended()), "connection": "Others"},
        {**success(ended()), "finished_at": "soon"},
        {**success(ended()), "finished_at": 5},
        {**success(ended()), "finished_at": "9999-12-31T00:00:00+00:00"},
    ],
)
def test_a_success_of_another_connection_or_of_no_time_is_none(tmp_path: Path, known: object) -> None:
    remember(tmp_path, known)

    assert value(write(tmp_path, ended(Exit.FAILED)), LAST_SUCCESS) is None


def test_a_success_of_another_job_in_the_file_is_not_taken_for_ours(tmp_path: Path) -> None:
    write(tmp_path, ended(), SYNC_OWNER="another")

    assert value(write(tmp_path, ended(Exit.FAILED)), LAST_SUCCESS) is None


def test_every_kind_of_change_and_every_outcome_has_a_series_whatever_happened(tmp_path: Path) -> None:
    every = {(kind.value, status.value) for kind in Kind for status in Status}

    before = read(write(tmp_path, ended(Exit.FAILED)))["changes"]
    after = read(write(tmp_path, changed(Exit.PARTIAL)))["changes"]

    assert before == dict.fromkeys(every, 0)
    assert after == before | {("create", "done"): 1, ("add_roles", "done"): 1, ("delete", "failed"): 1}


def test_every_guard_has_a_series_and_those_that_refused_are_1(tmp_path: Path) -> None:
    guards = read(write(tmp_path, refused()))["refused"]

    assert guards == {(guard,): float(guard == "deletes") for guard in metrics.GUARDS}


def test_the_guards_are_those_that_there_are() -> None:
    source = (Path(__file__).resolve().parents[2] / "sync" / "guard.py").read_text()

    assert set(metrics.GUARDS) == set(re.findall(r'(?:_Measure|Refusal)\(\s*"([a-z ]+)"', source))


def test_the_numbers_are_those_of_the_run(tmp_path: Path) -> None:
    found = read(write(tmp_path, changed(Exit.PARTIAL)))

    numbers = {name: found[name][()] for name in ("people", "accounts", "held", "protected", "requests", "retries")}
    assert numbers == {"people": 1, "accounts": 1, "held": 1, "protected": 0, "requests": 9, "retries": 3}
    assert found["requests_answered_429"] == {(): 1}
    assert found["phase_seconds"] == {("read accounts",): 1.25, ("apply",): 2.5}
    assert found["info"] == {("1.2.3",): 1}


def test_what_is_not_known_has_no_series(tmp_path: Path) -> None:
    found = read(write(tmp_path, ended(Exit.FAILED)))

    assert not {"people", "accounts", "held", "protected"} & found.keys()


def test_two_jobs_on_a_host_have_no_series_in_common(tmp_path: Path) -> None:
    series = [
        {
            line.rpartition(" ")[0]
            for line in write(tmp_path, run, SYNC_OWNER=owner).read_text().splitlines()
            if line[0] != "#"
        }
        for run, owner in ((changed(), "a"), (changed(), "b"), (changed(connection="Others"), "a"))
    ]

    assert not series[0] & series[1]
    assert not series[0] & series[2]
    assert all('connection="' in line and 'owner="' in line for line in series[0] | series[1] | series[2])


@pytest.mark.parametrize("name", ['a"b\\c', 'a\nb{x="1"} 2', "d,e=}{", "\udcff", "\u202e", "é"])
def test_no_name_of_a_connection_breaks_the_file(tmp_path: Path, name: str) -> None:
    write(tmp_path, changed(connection=name))

    file = write(tmp_path, changed(Exit.FAILED, connection=name, finished_at=LATER))

    assert value(file, LAST_SUCCESS) == ENDED.timestamp()


def test_nobody_and_no_secret_is_in_the_file(tmp_path: Path) -> None:
    run = refused(error="converting 'ann@x.io' failed")

    text = write(tmp_path, run, SYNC_PING_URL="http://127.0.0.1:1/hunter2").read_text()

    assert not any(word in text for word in (*NAMES, "hunter2"))


def test_a_run_that_never_got_its_lock_has_an_end_of_its_own(tmp_path: Path) -> None:
    before = datetime.now(UTC).timestamp()

    file = write(tmp_path, ended(Exit.LOCKED, started_at=BEGAN, finished_at=None))

    told = value(file, "last_run_timestamp_seconds")
    assert told is not None
    assert before <= told <= datetime.now(UTC).timestamp()
