"""The report is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from client.report_file import ReportError, check_place, write


def test_a_report_replaces_the_one_before_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    place = tmp_path / "report.json"
    place.write_text("the one before")

    write(place, "exit_code: 0 \u2013 \ud800\n")

    assert place.read_text(encoding="utf-8") == "exit_code: 0 \u2013 \\ud800\n"
    assert place.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [place]


def test_a_report_that_cannot_be_written_leaves_the_one_before_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "report.json"
    place.write_text("the one before")
    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(ReportError, match="No space left"):
        write(place, "the new one")

    assert place.read_text() == "the one before"
    assert list(tmp_path.iterdir()) == [place]


def full(_file: int) -> None:
    """A disk that has no room left."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("place", ["no folder/report.json", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    with pytest.raises(ReportError, match="cannot be written to"):
        check_place(tmp_path / place)

    with pytest.raises(ReportError, match="cannot be written to"):
        write(tmp_path / place, "")


def test_looking_at_a_place_leaves_nothing_there(tmp_path: Path) -> None:
    check_place(tmp_path / "report.json")

    assert list(tmp_path.iterdir()) == []


def test_what_is_no_ordinary_file_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "pipe"
    os.mkfifo(place)

    for attempt in (check_place, lambda path: write(path, "text")):
        with pytest.raises(ReportError, match="it is no ordinary file"):
            attempt(place)

    assert place.is_fifo()


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "report.json")

    write(tmp_path / "link", "text")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "report.json").read_text() == "text"


def test_links_that_go_in_a_circle_are_named(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "other")
    (tmp_path / "other").symlink_to(tmp_path / "one")

    with pytest.raises(ReportError, match="in a circle"):
        check_place(tmp_path / "one")
