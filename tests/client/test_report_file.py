"""The report is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.report_file import ReportError, check_place, write


def test_a_report_replaces_the_one_before_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    place = tmp_path / "report.json"
    place.write_text("the one before")

    write(place, "exit_code: 0 – \ud800\n")

    assert place.read_text(encoding="utf-8") == "exit_code: 0 – \\ud800\n"
    assert place.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [place]


def test_a_report_that_cannot_be_written_leaves_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "report.json"
    place.write_text("the one before")

    with pytest.raises(TypeError):
        write(place, None)  # type: ignore[arg-type]

    assert place.read_text() == "the one before"
    assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("place", ["no folder/report.json", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    with pytest.raises(ReportError, match="cannot be written to"):
        check_place(tmp_path / place)

    with pytest.raises(ReportError, match="cannot be written to"):
        write(tmp_path / place, "")


def test_looking_at_a_place_leaves_nothing_there(tmp_path: Path) -> None:
    check_place(tmp_path / "report.json")

    assert list(tmp_path.iterdir()) == []
