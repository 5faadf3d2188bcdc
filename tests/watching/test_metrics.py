"""Metrics: a file that node_exporter reads, with the last success in it as long as there was one."""

from __future__ import annotations

import json
import os
import re
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from client.watching import Watch, metrics
from sync.model import Kind, Status
from sync.report import Exit, Run, success
from tests.watching.records import BEGAN, ENDED, NAMES, changed, ended, refused, watched

LAST_SUCCESS = "last_success_timestamp_seconds"
LATER = ENDED + timedelta(hours=1)


def write(folder: Path, run: Run, **settings: str) -> Path:
    """The file after a run that was watched."""
    file = folder / "sync.prom"
    given = {"SYNC_METRICS_FILE": str(file), "SYNC_STATE_DIR": str(folder / "state"), **settings}
    Watch(watched(**given)).end(run)
    return file


def read(file: Path) -> dict[str, dict[tuple[str, ...], float]]:
    """Metric (without its prefix) to the values by the labels of its own, as an exporter sees them."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(file.read_text()):
        assert family.type == "gauge"
        assert re.fullmatch(r"[A-Z].+\.", family.documentation)
        for sample in family.samples:
            own = tuple(value for name, value in sample.labels.items() if name not in {"connection", "owner"})
            found.setdefault(sample.name.removeprefix("sync_auth0_"), {})[own] = sample.value
    return found


def value(file: Path, name: str) -> float | None:
    """Of a metric without labels of its own; None: there is no such series."""
    return read(file).get(name, {}).get(())


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


def remember(folder: Path, known: object) -> None:
    """Make it what the state folder knows of the last success."""
    (folder / "state").mkdir()
    (folder / "state" / "last-success.json").write_text(json.dumps(known))


@pytest.mark.parametrize("garbage", [b"\x00\xff\xfe", b"sync_auth0_{{{ 1", b"what is this?", b"{" * 2_000_000])
def test_a_corrupt_file_is_replaced_with_a_warning_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    remember(tmp_path, success(ended()))
    (tmp_path / "sync.prom").write_bytes(garbage)

    file = write(tmp_path, ended(Exit.FAILED, finished_at=LATER))

    assert value(file, LAST_SUCCESS) == ENDED.timestamp()
    (line,) = caplog.records
    assert line.levelname == "WARNING"
    assert line.getMessage().startswith(f"SYNC_METRICS_FILE: {file} held what are no metrics; it was replaced")


def test_the_line_of_the_last_success_is_found_in_a_file_that_breaks_off_behind_it(tmp_path: Path) -> None:
    file = write(tmp_path, ended())
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.index(b"last_run_exit_code{") + 25])

    assert value(write(tmp_path, ended(Exit.FAILED)), LAST_SUCCESS) == ENDED.timestamp()


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


def test_everybody_may_read_the_file_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        file = write(tmp_path, ended())
    finally:
        os.umask(before)

    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_nothing_but_the_file_is_left_in_its_folder(tmp_path: Path) -> None:
    for code in (Exit.OK, Exit.FAILED):
        write(tmp_path, ended(code))

    assert [path.name for path in tmp_path.iterdir()] == ["sync.prom"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "sync.prom").symlink_to(tmp_path / "elsewhere.prom")

    file = write(tmp_path, ended())

    assert file.is_symlink()
    assert value(tmp_path / "elsewhere.prom", LAST_SUCCESS) == ENDED.timestamp()


def _no_folder(file: Path) -> None:
    file.parent.rmdir()


def _circle(file: Path) -> None:
    file.symlink_to(file)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "is no ordinary file"),
        (Path.mkdir, "is no ordinary file"),
        (lambda file: file.symlink_to("/dev/null"), "is no ordinary file"),
        (_no_folder, "No such file or directory"),
        (_circle, "its links go in a circle"),
    ],
)
def test_what_cannot_be_written_is_a_warning_and_stays_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, make: Callable[[Path], None], why: str
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    make(folder / "sync.prom")
    before = kind_of(folder / "sync.prom")

    write(folder, ended())

    (line,) = caplog.records
    assert line.getMessage().startswith("SYNC_METRICS_FILE: ")
    assert why in line.getMessage()
    assert kind_of(folder / "sync.prom") == before


def kind_of(path: Path) -> int | None:
    """What kind of thing it is, links not followed."""
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except FileNotFoundError:
        return None


def test_a_full_disk_is_a_warning_and_leaves_the_file_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = write(tmp_path, ended())
    before = file.read_bytes()

    with _no_file_longer_than(100):
        write(tmp_path, ended(Exit.FAILED))

    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["sync.prom"]
    assert "SYNC_METRICS_FILE: the metrics cannot be written to" in caplog.text


@contextmanager
def _no_file_longer_than(most: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_success_is_not_lost_to_a_run_that_ends_at_the_same_time(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    good = [ended(finished_at=now - timedelta(seconds=50 - turn)) for turn in range(20)]
    bad = [ended(Exit.LOCKED, finished_at=now) for _ in range(20)]

    for winner, loser in zip(good, bad, strict=True):
        threads = [threading.Thread(target=write, args=(tmp_path, run)) for run in (winner, loser)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert winner.finished_at is not None
        assert value(tmp_path / "sync.prom", LAST_SUCCESS) == winner.finished_at.timestamp()


def test_a_run_that_never_got_its_lock_has_an_end_of_its_own(tmp_path: Path) -> None:
    before = datetime.now(UTC).timestamp()

    file = write(tmp_path, ended(Exit.LOCKED, started_at=BEGAN, finished_at=None))

    told = value(file, "last_run_timestamp_seconds")
    assert told is not None
    assert before <= told <= datetime.now(UTC).timestamp()
