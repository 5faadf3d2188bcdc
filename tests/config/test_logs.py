"""Logs: one line an event, whatever the event says."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import socket
import threading
import warnings
from collections.abc import Iterator

import pytest
import requests

from config import logs

NASTY = "a\nb\r\nc\x0bd\x85e\u2028f\u202eg\x1b[2Jh\u200bi\x00j\ud800k"
EVENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (DEBUG|INFO|WARNING|ERROR) +\S.*")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("", "urllib3", "azure", "msal", "filelock")]
    handlers, levels = loggers[0].handlers[:], [logger.level for logger in loggers]
    yield
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    logging.captureWarnings(capture=False)


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


def test_a_line_of_json_has_the_run_the_event_the_fields_and_the_message_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("INFO", "json", "run-1")

    fields = {"event": "change_done", "email": NASTY, "roles": ["admin"], "user_id": None}
    logging.getLogger("client.any").info("read %s", NASTY, extra=fields)

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.isascii()
    line = json.loads(said)
    assert list(line) == ["time", "level", "run_id", "event", "message", "email", "roles", "user_id"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {"level": "INFO", "run_id": "run-1", "message": f"read {NASTY}", **fields}


def test_the_fields_of_an_event_change_nothing_in_a_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text", "run-1")

    logging.getLogger("client.any").info("added %s", "ann", extra={"event": "change_done", "email": "ann@x.io"})

    assert re.fullmatch(r"\S+ INFO    added ann\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("sent", {"run_id": "forged", "password": "hunter2", "level": "DEBUG"}),
        ({"event": "forged", "run_id": "forged", "message": "sent"}, {}),
        ("sent", {"body": object(), "deep": {("a", "b"): float("nan")}}),
    ],
)
def test_what_a_library_says_is_an_event_of_its_own_without_the_fields_that_nobody_here_knows(
    capsys: pytest.CaptureFixture[str], message: object, fields: dict[str, object]
) -> None:
    logs.configure("INFO", "json", "run-1")

    logging.getLogger("some.library").info(message, extra=fields)

    line = json.loads(capsys.readouterr().err)
    assert set(line) == {"time", "level", "run_id", "event", "message", "logger"}
    assert (line["run_id"], line["event"], line["logger"]) == ("run-1", "other", "some.library")
    assert (line["level"], line["message"]) == ("INFO", str(message))


def test_a_warning_of_a_library_is_a_line_of_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json", "run-1")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("the server is\nunknown", UserWarning, stacklevel=1)

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    line = json.loads(said)
    assert (line["event"], line["level"], line["logger"]) == ("other", "WARNING", "py.warnings")
    assert "the server is\nunknown" in line["message"]


def test_a_line_goes_to_what_stderr_is_when_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text", "run-1")

    with contextlib.redirect_stderr(io.StringIO()) as bar:
        logging.getLogger("any").info("while a bar is shown")
    logging.getLogger("any").info("afterwards")

    assert bar.getvalue().endswith("while a bar is shown\n")
    assert capsys.readouterr().err.endswith("INFO    afterwards\n")


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


@pytest.mark.parametrize(
    ("library", "level"),
    [
        ("urllib3.connectionpool", logging.DEBUG),
        ("azure.identity._credentials.chained", logging.WARNING),
        ("azure.core.pipeline.policies.http_logging_policy", logging.INFO),
        ("msal.token_cache", logging.INFO),
        ("filelock", logging.DEBUG),
    ],
)
def test_libraries_do_not_show_urls_headers_and_pages_of_excuses_even_when_debugging(
    capsys: pytest.CaptureFixture[str], library: str, level: int
) -> None:
    logs.configure("DEBUG", "text", "run-1")

    logging.getLogger(library).log(level, "GET /export?Signature=hunter2")

    assert capsys.readouterr().err == ""


def test_urllib3_does_not_show_the_url_of_an_answer_that_it_finds_odd(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("DEBUG", "json", "run-1")

    with socket.create_server(("127.0.0.1", 0)) as server:
        answering = threading.Thread(target=_answer_oddly, args=(server,))
        answering.start()
        status = requests.get(f"http://127.0.0.1:{server.getsockname()[1]}/hunter2", timeout=5).status_code
        answering.join()

    assert status == 200
    assert capsys.readouterr().err == ""


def _answer_oddly(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nno header at all\r\n\r\n")
