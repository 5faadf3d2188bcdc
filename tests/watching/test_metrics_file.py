"""The file of the metrics: replaced as a whole, read by everybody, and no reason for anything to go wrong."""

from __future__ import annotations

import os
import resource
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.report import Exit, success
from tests.watching.readings import LAST_SUCCESS, remember, value, write
from tests.watching.records import ENDED, ended

LATER = ENDED + timedelta(hours=1)


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\xfe", b"sync_auth0_{{{ 1", b"what is this?", b"{" * 2_000_000, b'x{a="b", ="c"} 1\n']
)
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
        (Path.mkdir, "it is a folder"),
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
