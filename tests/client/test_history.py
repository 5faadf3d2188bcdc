"""The history: a line for each sync, kept in bounds, private, and never in the way of a run."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from client import history
from tests.formats.builders import approved_run, failed_run, synced_run

NAME = "history.jsonl"


def numbered(number: int) -> dict[str, Any]:
    return synced_run() | {"run_id": f"run-{number}"}


def ids(folder: Path, number: int = 60) -> list[str]:
    return [line["run_id"] for line in history.recent(folder, number)]


def test_a_run_leaves_a_line_with_its_numbers(tmp_path: Path) -> None:
    history.append(tmp_path, synced_run())

    assert history.recent(tmp_path) == [
        {
            "run_id": "run-1",
            "finished_at": "2026-11-23T08:30:06.500000+00:00",
            "exit_code": 3,
            "people": 5,
            "accounts": 5,
            "held": 1,
            "changes": {"create": 2, "add_roles": 3, "remove_roles": 1, "block": 1},
        }
    ]


def test_the_line_names_nobody(tmp_path: Path) -> None:
    for document in (synced_run(), approved_run()):
        history.append(tmp_path, document)

    assert "x.io" not in (tmp_path / NAME).read_text()
    assert "auth0|" not in (tmp_path / NAME).read_text()


def test_a_run_without_a_plan_has_a_line_without_numbers(tmp_path: Path) -> None:
    history.append(tmp_path, failed_run())

    (line,) = history.recent(tmp_path)
    assert (line["exit_code"], line["people"], line["accounts"], line["held"]) == (1, None, None, None)
    assert line["changes"] == {}


def test_the_last_runs_are_told_the_oldest_first(tmp_path: Path) -> None:
    for number in range(5):
        history.append(tmp_path, numbered(number))

    assert ids(tmp_path) == ["run-0", "run-1", "run-2", "run-3", "run-4"]
    assert ids(tmp_path, 2) == ["run-3", "run-4"]
    assert ids(tmp_path, 0) == []


def test_only_the_last_four_hundred_are_kept(tmp_path: Path) -> None:
    history.append(tmp_path, synced_run())
    line = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text(line * 450)

    history.append(tmp_path, numbered(451))

    assert len((tmp_path / NAME).read_text().splitlines()) == 400
    assert ids(tmp_path, 1) == ["run-451"]


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / NAME).touch(0o644)

    history.append(tmp_path, synced_run())

    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(
    "odd",
    [
        b'{"run_id": "half a li',
        b"\xff\xfe\x00",
        b"\n\n",
        b"null",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"run_id": 1}',
        b'{"run_id": "x", "finished_at": "", "exit_code": 0, "people": "many", "accounts": 1, "changes": {}}',
        b'{"run_id": "x", "finished_at": "", "exit_code": 0, "people": 1, "accounts": 1, "changes": {"a": []}}',
        b'{"run_id": "x", "finished_at": "", "exit_code": ' + b"9" * 5000 + b"}",
    ],
)
def test_whatever_else_the_file_holds_the_good_lines_are_read(tmp_path: Path, odd: bytes) -> None:
    history.append(tmp_path, numbered(1))
    with (tmp_path / NAME).open("ab") as file:
        file.write(odd)
    read = ids(tmp_path)

    history.append(tmp_path, numbered(2))

    assert read == ["run-1"]
    assert ids(tmp_path) == ["run-1", "run-2"]


def test_of_a_file_that_somebody_made_very_long_the_end_counts(tmp_path: Path) -> None:
    history.append(tmp_path, numbered(1))
    line = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(b"x" * 3_000_000 + b"\n" + line)

    history.append(tmp_path, numbered(2))

    assert ids(tmp_path) == ["run-1", "run-2"]
    assert (tmp_path / NAME).stat().st_size < 10_000


def test_no_history_is_an_empty_one(tmp_path: Path) -> None:
    assert history.recent(tmp_path) == []
    assert history.recent(tmp_path / "nowhere") == []


def test_a_pipe_of_that_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)

    assert history.recent(tmp_path) == []


@pytest.mark.parametrize("place", ["nowhere", "taken"])
def test_a_history_that_cannot_be_kept_is_a_warning_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / NAME).mkdir()

    with caplog.at_level(logging.WARNING):
        history.append(tmp_path / place, synced_run())

    assert "the history cannot be kept in" in caplog.text
    assert [path.name for path in (tmp_path / "taken").iterdir()] == [NAME]


def test_every_line_is_json_on_its_own(tmp_path: Path) -> None:
    for number in range(3):
        history.append(tmp_path, numbered(number))

    lines = (tmp_path / NAME).read_text().splitlines()
    assert [json.loads(line)["run_id"] for line in lines] == ["run-0", "run-1", "run-2"]
