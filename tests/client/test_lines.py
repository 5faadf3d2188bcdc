"""A private file that grows by a line at a time: nobody else reads it, and a broken one is left as it is."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from client.lines import Lines, Unwritable

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_begins_with_its_first_line_and_is_its_owners_alone(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "state" / "lines.jsonl")
    lines.check_place()
    begun_before, there_before = lines.begun, lines.path.exists()

    lines.append("one ä")
    lines.append("two")
    lines.close()

    assert (begun_before, there_before, lines.begun) == (False, False, True)
    assert lines.path.read_bytes() == "one ä\ntwo\n".encode()
    assert lines.path.stat().st_mode & 0o777 == 0o600
    assert lines.path.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in lines.path.parent.iterdir()] == ["lines.jsonl"]  # the check has left nothing


def test_a_file_that_nothing_is_written_to_is_never_there(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "lines.jsonl")

    lines.check_place()
    lines.close()

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_already_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text("of another run\n")

    with pytest.raises(Unwritable, match="cannot be written \\(File exists\\)"):
        Lines(path).append("ours")

    assert path.read_text() == "of another run\n"


def test_where_no_folder_can_be_the_check_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")

    with pytest.raises(Unwritable, match="cannot be written"):
        Lines(tmp_path / "state" / "lines.jsonl").check_place()


@pytest.mark.parametrize("room", [0, 1, 4])
def test_after_a_part_of_a_line_every_further_one_is_refused(
    tmp_path: Path, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, write = Lines(tmp_path / "lines.jsonl"), os.write
    lines.append("whole")
    with monkeypatch.context() as full:
        full.setattr("client.lines.os.write", lambda file, data: write(file, data[:room]))
        with pytest.raises(Unwritable, match="only a part of a line was taken"):
            lines.append("broken")

    with pytest.raises(Unwritable, match="only a part of a line was taken"):  # although there is room again
        lines.append("further")

    lines.close()
    assert lines.path.read_text() == "whole\n" + "broken"[:room]


def test_a_line_that_never_reaches_the_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    lines = Lines(tmp_path / "lines.jsonl")
    lines.append("whole")
    monkeypatch.setattr("client.lines.os.fsync", broken)

    with pytest.raises(Unwritable, match="Input/output error"):
        lines.append("lost")


def test_the_first_line_sees_the_file_and_its_folder_on_the_disk_and_each_further_one_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, fsync, synced = Lines(tmp_path / "lines.jsonl"), os.fsync, list[str]()

    def watched(file: int) -> None:
        synced.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file")
        fsync(file)

    monkeypatch.setattr("client.lines.os.fsync", watched)
    lines.append("one")
    lines.append("two")

    lines.close()
    assert synced == ["folder", "file", "file"]


def test_threads_share_a_file_without_mixing_their_lines(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "lines.jsonl")
    wanted = [f"{number:03}" * 300 for number in range(100)]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lines.append, wanted))
    lines.close()

    assert sorted(lines.path.read_text().splitlines()) == wanted
