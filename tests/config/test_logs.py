"""Logs: one line an event, whatever the event says."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest

from config import logs

NASTY = "a\nb\r\nc\x0bd\x85e\u2028f\u202eg\x1b[2Jh\u200bi\x00j\ud800k"
EVENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (DEBUG|INFO|WARNING|ERROR) +\S.*")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, urllib3 = logging.getLogger(), logging.getLogger("urllib3")
    before = root.handlers[:], root.level, urllib3.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    urllib3.setLevel(before[2])


def fail(message: str) -> None:
    raise ValueError(message)


def test_a_line_of_text_is_one_line_whatever_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text", "run-1")

    logging.getLogger("any").warning("read %s", NASTY)

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.rstrip("\n").isprintable()
    assert EVENT.fullmatch(said.err.rstrip("\n"))


def test_a_traceback_is_set_in_so_that_it_can_forge_no_event(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text", "run-1")

    try:
        fail(f"{NASTY}\n2026-01-01T00:00:00Z INFO    all is well")
    except ValueError:
        logging.getLogger("any").exception("it broke")

    first, *rest = capsys.readouterr().err.rstrip("\n").split("\n")
    assert EVENT.fullmatch(first)
    assert any("all is well" in line for line in rest)
    assert all(line.startswith("    ") and line.isprintable() for line in rest)


def test_a_line_of_json_parses_and_carries_the_run_and_the_message_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("INFO", "json", "run-1")

    logging.getLogger("any").info("read %s", NASTY)

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.isascii()
    line = json.loads(said)
    assert set(line) == {"time", "level", "run_id", "message"}
    assert (line["level"], line["run_id"], line["message"]) == ("INFO", "run-1", f"read {NASTY}")


def test_a_traceback_in_json_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json", "run-1")

    try:
        fail("it broke\nin two")
    except ValueError:
        logging.getLogger("any").exception("no")

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "it broke\nin two" in json.loads(said)["exception"]


def test_the_level_decides_what_is_said_and_configuring_twice_says_nothing_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("DEBUG", "text", "run-1")
    logs.configure("WARNING", "text", "run-1")

    logging.getLogger("any").info("too quiet")
    logging.getLogger("any").warning("loud enough")

    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["enough"]


def test_urllib3_does_not_show_signed_urls_even_when_debugging(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("DEBUG", "text", "run-1")

    logging.getLogger("urllib3.connectionpool").debug("GET /export?Signature=hunter2")

    assert capsys.readouterr().err == ""
