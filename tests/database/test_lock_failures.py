"""A lock that cannot be had, though no other run holds it: told in a sentence, and never waited for without an end."""

from __future__ import annotations

import sys
import time

import pytest
from sqlalchemy import URL, Engine
from sqlalchemy.exc import DBAPIError

from database.failures import SourceError
from database.lock import SourceLock
from database.users import Users
from tests.config.builders import settings
from tests.database.builders import fake_pyodbc
from tests.database.conftest import Silence
from tests.database.lock_server import RESOURCE, TARGET, Answer, LockServer

PYODBC = fake_pyodbc()


def refusal(server: LockServer, **changes: str) -> str:
    """The sentence with which the database is given up."""
    with pytest.raises(SourceError) as caught, server.lock(RESOURCE, **changes).held():
        pytest.fail("without the lock")
    return str(caught.value)


def wrapped(code: str, text: str) -> DBAPIError:
    """As SQLAlchemy hands it on."""
    return DBAPIError("EXEC", None, PYODBC.ProgrammingError(code, text))


def test_a_login_that_never_ends_is_given_up_when_its_timeout_is_over(silence: Silence) -> None:
    told = refusal(LockServer(login=silence), MSSQL_LOGIN_TIMEOUT="1", MSSQL_QUERY_TIMEOUT="86400")

    assert told.startswith(f"{TARGET}: no answer within 1 s; check MSSQL_SERVER and MSSQL_PORT")


def test_a_question_that_is_never_answered_is_given_up_when_its_timeout_is_over(silence: Silence) -> None:
    told = refusal(LockServer(silence), MSSQL_LOGIN_TIMEOUT="86400", MSSQL_QUERY_TIMEOUT="1")

    assert told == f"{TARGET}: the lock in the source could not be taken: no answer within 1 s; try again"


def test_each_question_has_the_whole_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("database.lock._AGAIN", 0.8)
    server = LockServer(-1, -1, -1)

    with server.lock(MSSQL_LOGIN_TIMEOUT="1", MSSQL_QUERY_TIMEOUT="1").held(timeout=60):
        assert server.questions == 4


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(
            wrapped("42000", "[42000] Could not find stored procedure 'sp_getapplock'. (2812)"),
            "user 'reader' may not execute sp_getapplock, or there is none (42000 [42000] Could not find stored "
            "procedure 'sp_getapplock'. (2812)); SYNC_SOURCE_LOCK=no does without it",
            id="no such procedure",
        ),
        pytest.param(
            wrapped("42000", "[42000] Berechtigung verweigert (229)"),
            "user 'reader' may not execute sp_getapplock, or there is none (42000 [42000] Berechtigung verweigert "
            "(229)); SYNC_SOURCE_LOCK=no does without it",
            id="not allowed, in another language",
        ),
        pytest.param(
            wrapped("HYT00", "[HYT00] Query timeout expired (0)"), "no answer within 300 s; try again", id="timeout"
        ),
    ],
)
def test_a_lock_that_cannot_be_taken_is_told_in_a_sentence(answer: Answer, why: str) -> None:
    """2812 and 229 are Microsoft's documented numbers."""
    server = LockServer(answer)

    told = refusal(server)

    assert told == f"{TARGET}: the lock in the source could not be taken: {why}"
    assert server.let_go


def test_a_procedure_that_is_missing_is_told_with_pymssql_too() -> None:
    told = refusal(LockServer(PYODBC.ProgrammingError((2812, b"Could not find stored procedure 'sp_getapplock'.DB-"))))

    assert "may not execute sp_getapplock, or there is none" in told


def test_a_connection_that_is_lost_while_asking_is_told() -> None:
    told = refusal(LockServer(wrapped("08S01", "[08S01] Communication link failure")))

    assert told.startswith(f"{TARGET}: the connection was lost while asking for the lock in the source (08S01 ")


@pytest.mark.parametrize("answer", [-2, -3, -999, None, 2, 42])
def test_any_other_answer_is_not_the_lock(answer: Answer) -> None:
    server = LockServer(answer)

    told = refusal(server)

    why = f"(sp_getapplock answered {answer}); SYNC_SOURCE_LOCK=no does without it"
    assert told == f"{TARGET}: the lock in the source could not be taken {why}"
    assert server.let_go


def test_a_login_that_fails_is_told_as_when_the_people_are_read_and_without_the_password() -> None:
    def refuse() -> None:
        raise wrapped("28000", "[28000] Login failed for user 'reader', PWD=hunter2-of-the-database. (18456)")

    server = LockServer(login=refuse)
    with pytest.raises(SourceError) as reading:
        Users(settings(), engine_for=server.engine_for).read()

    told = refusal(server)

    assert told == str(reading.value)
    assert told == f"{TARGET}: login failed for user 'reader'; check MSSQL_USERNAME and MSSQL_PASSWORD"
    assert server.disposed == 2


def test_a_password_that_a_driver_repeats_is_taken_out() -> None:
    told = refusal(LockServer(wrapped("XX000", "bad string PWD=hunter2-of-the-database;")))

    assert "(XX000 bad string PWD=***;)" in told
    assert "hunter2" not in told


def test_a_driver_that_is_not_installed_is_told() -> None:
    def engine_for(_url: URL, **_timeouts: int) -> Engine:
        raise SourceError("pip install it")

    with pytest.raises(SourceError, match="pip install it"), SourceLock(settings(), RESOURCE, engine_for).held():
        pytest.fail("without the lock")


def test_a_release_that_fails_does_not_matter() -> None:
    server = LockServer(0, wrapped("08S01", "[08S01] Communication link failure"))

    with server.lock().held():
        pass

    assert server.let_go


def test_a_connection_that_broke_meanwhile_is_not_worth_a_word(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pyodbc = fake_pyodbc()
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)

    def broken() -> None:
        raise pyodbc.OperationalError("HY000", "it is gone")

    with SourceLock(settings(), RESOURCE).held():
        (connection,) = pyodbc.connections
        connection.cursor = connection.rollback = broken

    assert caplog.records == []
    assert connection.closed


def test_a_release_that_is_never_answered_does_not_hold_up_the_end(silence: Silence) -> None:
    server = LockServer(0, silence)
    started = time.monotonic()

    with server.lock().held():
        pass

    assert time.monotonic() - started < 15
