"""No secret is told: not on the screen, not in a file, not in the list of processes; whatever happens."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from urllib.parse import parse_qsl

import pytest

from client import app
from client.auth0 import transport
from client.auth0.tokens import READ_SCOPES, WRITE_SCOPES, Tokens
from client.auth0.transport import Transport
from client.stop import Stop
from database.engine import database_url
from database.users import Users
from sandbox import Behaviour, Fault, LoggedRequest
from sandbox.application import Application, Incoming, Outcome
from sandbox.exchange import Answer, answer_json, answer_text
from sandbox.routes import Router
from tests.functional.days import OF_A_BIG_DAY, a_big_day
from tests.functional.job import Job, StartJob
from tests.functional.leaks import DATABASE_PASSWORD, Watch, command_lines
from tests.functional.odbc import SQL_SERVER

LOUD = {"LOG_LEVEL": "DEBUG", "AUTH0_MAX_RETRIES": "1", "AUTH0_BACKOFF_FACTOR": "0", **OF_A_BIG_DAY}
HEAD = "eyJhbGciOiJSUzI1NiJ9"  # as tokens begin
FORMATS = pytest.mark.parametrize("log_format", ["text", "json"])


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits are as often as ever, and much shorter."""
    patient = Stop.sleep
    monkeypatch.setattr(Stop, "sleep", lambda self, seconds: patient(self, seconds / 25))


@pytest.fixture
def job(start_job: StartJob) -> Job:
    """A day with something of everything."""
    job = start_job(as_published=False, behaviour=Behaviour(export_seconds=0, import_seconds=0))
    a_big_day(job, come=3)
    return job


@pytest.fixture
def watch(job: Job) -> Watch:
    """Of that job, from its beginning on."""
    return Watch(job)


@FORMATS
def test_a_run_that_goes_well_tells_no_secret_nor_shows_it_in_the_list_of_processes(
    job: Job, watch: Watch, log_format: str
) -> None:
    seen: list[str] = []
    pid = 0

    def look(entry: LoggedRequest) -> None:
        if entry.path.startswith("/api/"):
            seen.extend(command_lines(pid))

    job.sandbox.before_answer = look
    settings = LOUD | {"AUTH0_USER_READ": "export", "AUTH0_ROLE_READ": "pool", "AUTH0_POOL_SIZE": "2"}
    report = ("--report", str(job.folder / "report.json"))
    process = job.start("-v", *report, **settings, LOG_FORMAT=log_format, MSSQL_PASSWORD=DATABASE_PASSWORD)
    pid = process.pid

    result = job.finish(process)

    assert result.code == 0, result.said
    assert any("main.py" in line for line in seen)
    assert any("spawn_main" in line for line in seen)
    assert len(job.sandbox.passwords) == 3
    assert len(watch.secrets) >= 9
    assert len(list((job.folder / "state").rglob("*.json*"))) == 4  # report, success, history, journal
    assert watch.leaks(result.said, *seen) == []


Echo = Callable[[str], Answer]


def echoing(status: int, key: str) -> Echo:
    return lambda text: answer_json({"statusCode": status, "error": "Bad", key: f"You sent {text}"}, status)


ECHOES: dict[str, Echo] = {
    **{f"{status}": echoing(status, "message") for status in (400, 401, 403, 404, 409, 429, 500, 503)},
    "error code": echoing(400, "errorCode"),
    "description": echoing(401, "error_description"),
    "error": lambda text: answer_json({"error": text}, 400),
    "html": lambda text: answer_text(f"<h1>{text}</h1>", "text/html", 502),
    "html with 200": lambda text: answer_text(f"<h1>{text}</h1>", "text/html"),
    "another document": lambda text: answer_json({"request": text}),
    "a list": lambda text: answer_json([text]),
}
"""Answers of a server, or of something before it, that says back what it was sent."""


@contextmanager
def saying_back(job: Job, method: str, path: str, echo: Echo) -> Iterator[list[str]]:
    """The tenant says back what it is sent, with its body and its token, instead of doing it; yields what it said."""
    genuine, router, said = Application.respond, Router(), list[str]()

    def respond(self: Application, incoming: Incoming) -> Outcome:
        found = router.find(incoming.method, incoming.raw_path.partition("?")[0])
        if incoming.method != method or found is None or found[0].path != path:
            return genuine(self, incoming)
        said.append(f"{incoming.text} {incoming.raw_path} {incoming.authorization}")
        answer = dataclasses.replace(echo(said[-1]), headers={"retry-after": "0"})
        query = dict(parse_qsl(incoming.raw_path.partition("?")[2]))
        entry = LoggedRequest(method, path, incoming.raw_path, query, None, 0.0, authorization=True)
        job.sandbox.log.append(entry)
        return Outcome(answer, entry, None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Application, "respond", respond)
        yield said


SAID_BACK = {
    "login": ("POST", "/oauth/token"),
    "read": ("GET", "/api/v2/users"),
    "creation": ("POST", "/api/v2/users"),
    "deletion": ("DELETE", "/api/v2/users/{id}"),
    "export file": ("GET", "/exports/{name}"),
}


@pytest.mark.parametrize("asked", SAID_BACK.values(), ids=SAID_BACK)
def test_what_a_server_says_back_is_not_passed_on(job: Job, watch: Watch, asked: tuple[str, str]) -> None:
    way = "export" if asked[1].startswith("/exports/") else "pages"
    for (kind, answer), log_format in zip(ECHOES.items(), cycle(("text", "json")), strict=False):
        with saying_back(job, *asked, answer) as said:
            result = job.run("-v", **LOUD, LOG_FORMAT=log_format, AUTH0_USER_READ=way)

        assert said, kind
        assert any(secret in said[-1] for secret in watch.secrets), kind
        assert result.code in {0, 1, 3}, result.said
        assert watch.leaks(result.said) == [], kind
        assert "Traceback" not in result.said, kind


def granted(token: str, expires_in: object = 3600) -> Fault:
    """The tenant hands out this token."""
    body = {"access_token": token, "expires_in": expires_in, "scope": " ".join((*READ_SCOPES, *WRITE_SCOPES))}
    return Fault(kind="status", status=200, path="/oauth/token", body=body, times=None)


def linked(location: str) -> Fault:
    """An export is ready at this address."""
    body = {"id": "job_1", "status": "completed", "location": location}
    return Fault(kind="status", status=200, path="/api/v2/jobs/{id}", body=body, times=None)


FAILURES = {
    "a login that is lost": Fault(kind="status", status=401, path="/api/v2/users", times=None),
    "no login at all": Fault(kind="status", status=401, path="/oauth/token", times=None),
    "no token": Fault(kind="status", status=200, path="/oauth/token", body={"token": HEAD}),
    "half a token": Fault(kind="truncate", path="/oauth/token", times=None),
    "a token that no header can carry": granted(f"{HEAD}\n"),
    "a token of other letters": granted(f"{HEAD}€"),
    "a token for no time": granted(HEAD, expires_in=HEAD),
    "a link that is refused": Fault(kind="status", status=403, path="/exports/{name}", times=None),
    "a link that breaks": Fault(kind="drop_before", path="/exports/{name}", times=None),
    "a link that is none": linked("https://[::x/exports/1?Signature=abc"),
    "a link that leads nowhere": linked("http://127.0.0.1:1/exports/1?Signature=abc"),
    "half a file": Fault(kind="truncate", path="/exports/{name}", times=None),
    "no file": Fault(kind="html", path="/exports/{name}", times=None),
    "half an account": Fault(kind="truncate", method="POST", path="/api/v2/users", times=None),
    "no answer to a creation": Fault(kind="drop_after", method="POST", path="/api/v2/users", times=None),
    "no answer to a deletion": Fault(kind="drop_before", method="DELETE", path="/api/v2/users/{id}", times=None),
}


@pytest.mark.parametrize("fault", FAILURES.values(), ids=FAILURES)
def test_a_failure_tells_no_secret(job: Job, watch: Watch, fault: Fault) -> None:
    job.sandbox.faults.add(fault)

    result = job.run("-v", **LOUD, AUTH0_USER_READ="export")

    assert any(entry.fault for entry in job.sandbox.log)
    assert watch.leaks(result.said) == []
    assert result.code in {0, 1, 3}
    assert "Traceback" not in result.said


def bug(what: object) -> Any:
    """What nobody has thought of: an exception that shows all that is at hand."""
    raise LookupError(f"cannot use {what!r}")


def in_a_creation(self: Transport, method: str, template: str, **named: Any) -> Any:
    if (method, template) == ("POST", "/users"):
        password = named["body"]["password"]
        raise LookupError(f"cannot send {len(password)} characters")
    return REQUEST(self, method, template, **named)


REQUEST = Transport.request
BUGS: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "sending": (Transport, "_sent", lambda self, endpoint, call: bug((self, endpoint, call))),
    "logging in": (Transport, "_token_once", lambda self, call: bug((self._credentials, call))),
    "an answer": (transport, "result", lambda answer, call, _secrets: bug((answer, call))),
    "a token": (Tokens, "missing", lambda self, needed: bug((self.current(), needed))),
    "a creation": (Transport, "request", in_a_creation),
    "settings": (app, "make_applier", lambda *given: bug(given)),
    "the database": (Users, "read", lambda self, *_given: bug((self, database_url(self.settings)))),
}


@FORMATS
@pytest.mark.parametrize(("owner", "name", "instead"), BUGS.values(), ids=BUGS)
def test_the_traceback_of_a_bug_tells_no_secret(
    job: Job, watch: Watch, owner: object, name: str, instead: Any, log_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, instead)
    database = {**SQL_SERVER, "MSSQL_PASSWORD": DATABASE_PASSWORD, "SYNC_SOURCE_LOCK": "no"} if owner is Users else {}

    result = job.run("-v", **LOUD, **database, LOG_FORMAT=log_format)

    assert result.code == 1
    assert result.report["error"] == "unexpected: LookupError"
    assert "Traceback" in result.stderr
    assert "LookupError: cannot " in result.stderr
    assert watch.leaks(result.said) == []
