"""Journals as files: what may be read back, what may not, and how long they are kept."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from client.journal import Journal, JournalUnreadable, Scope, forget_old, read
from client.lines import Unwritable
from sync.model import Kind, Prior, Role

if TYPE_CHECKING:
    from pathlib import Path

SCOPE = Scope("https://x.eu.auth0.com", "Users")
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADMIN, OTHER = Role("admin", "rol_a"), Role("other\n=1+1", "rol_o")
CY = Prior(
    Kind.REMOVE_ROLES, "auth0|cy", "cy@x.io", (ADMIN, OTHER), (ADMIN,),
    {"name": "Cy \u202e \ud800", "blocked": False}, {"tea": {"kind": "green"}}, {"plan": ["gold"]},
)  # fmt: skip
DI = Prior(Kind.DELETE, "auth0|di", "di@x.io", (), (), {}, {}, {})


def written(folder: Path, *priors: Prior) -> Path:
    journal = Journal(folder, SCOPE, "0123456789abcdef", START)
    for prior in priors:
        journal.write(prior)
    journal.lines.close()
    return journal.lines.path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = written(tmp_path, CY, DI)

    assert path.name == "20260102T030405Z-01234567.jsonl"
    assert read(path, SCOPE) == [CY, DI]
    assert len(path.read_bytes().splitlines()) == 2


def test_two_runs_do_not_write_into_one_file(tmp_path: Path) -> None:
    written(tmp_path, CY)

    with pytest.raises(Exception, match="cannot be written"):
        written(tmp_path, DI)


def test_after_half_a_line_no_other_is_written_and_those_before_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, SCOPE, "0123456789abcdef", START)
    journal.write(DI)
    write = os.write
    with monkeypatch.context() as full:
        full.setattr("client.lines.os.write", lambda file, data: write(file, data[: len(data) // 2]))
        with pytest.raises(Unwritable, match="only a part of a line was taken"):
            journal.write(CY)

    with pytest.raises(Unwritable):  # although there is room again
        journal.write(CY)

    journal.lines.close()
    assert read(journal.lines.path, SCOPE) == [DI]


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, DI, CY)
    path.write_bytes(path.read_bytes()[:-cut])

    with caplog.at_level(logging.WARNING):
        priors = read(path, SCOPE)

    assert priors == [DI]
    assert "was cut off" in caplog.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"no journal", "is empty"),
        (b"no journal\n", "line 1 is not understood"),
        (b"[]\n", "line 1 is not understood"),
        (b'{"kind": "delete"}\n', "line 1 is not understood"),
        (b"\xff\xfe\n", "line 1 is not understood"),
        (b"\n", "line 1 is not understood"),
    ],
)
def test_what_is_no_journal_is_said_to_be_none(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)

    with pytest.raises(JournalUnreadable, match=words):
        read(path, SCOPE)


@pytest.mark.parametrize(
    "wrong", [{"kind": "explode"}, {"roles": [{"id": "rol_a"}]}, {"roles": {}}, {"profile": None}, {"taken": None}]
)
def test_a_line_that_is_not_whole_is_named_by_its_number(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = written(tmp_path, CY, DI)
    first, second = map(json.loads, path.read_text().splitlines())
    path.write_text(f"{json.dumps(first)}\n{json.dumps(second | wrong)}\n")

    if wrong == {"roles": {}}:
        assert read(path, SCOPE)[1].roles == ()
    else:
        with pytest.raises(JournalUnreadable, match="line 2 is not understood"):
            read(path, SCOPE)


@pytest.mark.parametrize("other", [Scope("https://y.eu.auth0.com", "Users"), Scope(SCOPE.tenant, "Staff")])
def test_a_journal_of_another_tenant_or_connection_is_not_taken(tmp_path: Path, other: Scope) -> None:
    path = written(tmp_path, CY)

    with pytest.raises(JournalUnreadable, match="AUTH0_URL and AUTH0_CONNECTION name another"):
        read(path, other)


def test_a_journal_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(JournalUnreadable, match="cannot be read: No such file"):
        read(tmp_path / "nowhere", SCOPE)


def test_journals_are_kept_as_long_as_the_operator_wants_and_what_is_not_ours_for_ever(tmp_path: Path) -> None:
    path = written(tmp_path, CY)
    for name in ("notes.jsonl", "20250101T000000Z-01234567.txt", "20250101-x.jsonl"):
        (tmp_path / name).touch()
    everything = {one.name for one in tmp_path.iterdir()}

    forget_old(tmp_path, 0, START + timedelta(days=9999))
    forget_old(tmp_path, 30, START + timedelta(days=30))
    before = {one.name for one in tmp_path.iterdir()}
    forget_old(tmp_path, 30, START + timedelta(days=30, seconds=1))

    assert before == everything
    assert {one.name for one in tmp_path.iterdir()} == everything - {path.name}


def test_where_there_are_no_journals_there_is_nothing_to_forget(tmp_path: Path) -> None:
    forget_old(tmp_path / "nowhere", 30, START)

    assert list(tmp_path.iterdir()) == []
