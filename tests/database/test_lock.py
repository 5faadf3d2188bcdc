"""The lock in the source: one run at a time, however many hosts there are."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable

import pytest

from database.lock import SourceLock, SourceLockHeld
from tests.config.builders import settings
from tests.database.builders import fake_pyodbc
from tests.database.lock_server import RESOURCE, TARGET, LockServer


class Enough(Exception):
    """What a signal raises."""


def enough_when(event: threading.Event) -> Callable[[], None]:
    """A check that raises once the event is set."""

    def check() -> None:
        if event.is_set():
            raise Enough

    return check


def the_thread_ends() -> None:
    for thread in threading.enumerate():
        if thread.name == "database lock":
            thread.join(30)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time to speak of passes between two questions."""
    monkeypatch.setattr("database.lock._AGAIN", 0.001)


def test_the_lock_is_ours_meanwhile_and_free_afterwards() -> None:
    server = LockServer()

    with server.lock().held():
        assert list(server.holders) == [server.lock().name]
        assert (server.connected, server.closed) == (1, 0)

    assert server.let_go


def test_an_exception_meanwhile_gets_through_and_the_lock_is_free_afterwards() -> None:
    server = LockServer()

    with pytest.raises(Enough), server.lock().held():
        raise Enough

    assert server.let_go


@pytest.mark.parametrize("answer", [0, 1])
def test_both_answers_that_mean_ours_are_understood(answer: int) -> None:
    server = LockServer(answer)

    with server.lock().held():
        assert server.questions == 1


def test_a_second_run_is_refused_at_once_and_takes_nothing_from_the_first() -> None:
    server = LockServer()
    name = server.lock().name

    with server.lock().held():
        with pytest.raises(SourceLockHeld) as caught, server.lock().held():
            pytest.fail("two at once")
        assert list(server.holders) == [name]
        assert (server.questions, server.closed, server.disposed) == (2, 1, 1)

    assert str(caught.value) == f"another run is going on (it holds the lock {name!r} in {TARGET}); nothing was done"
    with server.lock().held():
        assert list(server.holders) == [name]


@pytest.mark.usefixtures("_at_once")
def test_a_lock_that_gets_free_within_the_timeout_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    server = LockServer(-1, -1, -1)
    caplog.set_level(logging.INFO, "database")

    with server.lock().held(timeout=60):
        assert server.questions == 4
        assert len(server.holders) == 1

    told = [record.getMessage() for record in caplog.records]
    assert told == ["another run holds the lock in the source; waiting for it, 60 s at most"]


@pytest.mark.usefixtures("_at_once")
def test_a_lock_that_is_held_beyond_the_timeout_is_a_refusal() -> None:
    server = LockServer()

    with server.lock().held():
        started = time.monotonic()
        with pytest.raises(SourceLockHeld), server.lock().held(timeout=0.2):
            pytest.fail("two at once")
        waited = time.monotonic() - started

    assert waited >= 0.2
    assert server.questions > 2


def test_a_stop_while_another_run_holds_the_lock_gives_up_at_once() -> None:
    asked = threading.Event()

    def taken() -> int:
        asked.set()
        return -1

    server = LockServer(taken)
    started = time.monotonic()

    with pytest.raises(Enough), server.lock().held(timeout=3600, check=enough_when(asked)):
        pytest.fail("without the lock")

    assert time.monotonic() - started < 30
    the_thread_ends()
    assert server.questions == 1
    assert server.let_go


def test_a_stop_while_the_login_is_silent_gives_up_and_nothing_is_asked_later() -> None:
    trying, answering = threading.Event(), threading.Event()

    def slowly() -> None:
        trying.set()
        answering.wait(30)

    server = LockServer(login=slowly)

    with pytest.raises(Enough), server.lock().held(check=enough_when(trying)):
        pytest.fail("without the lock")

    answering.set()
    the_thread_ends()
    assert (server.connected, server.questions) == (1, 0)
    assert server.let_go


def test_a_lock_that_comes_when_nobody_waits_for_it_any_more_is_given_back() -> None:
    asked, answering = threading.Event(), threading.Event()

    def slowly() -> int:
        asked.set()
        answering.wait(30)
        return 0

    server = LockServer(slowly)

    with pytest.raises(Enough), server.lock().held(check=enough_when(asked)):
        pytest.fail("without the lock")

    answering.set()
    the_thread_ends()
    assert "sp_releaseapplock" in server.statements[-1]
    assert server.let_go


@pytest.mark.parametrize("url", ["sqlite:///people.db", "postgresql+psycopg://u:p@h/d", "mysql+pymysql://u:p@h/d"])
def test_other_databases_are_not_asked_at_all(url: str) -> None:
    server = LockServer()
    entered = False

    with server.lock(USERS_DB_URL=url, MSSQL_SERVER=None).held():
        entered = True

    assert entered
    assert server.engines == []


@pytest.mark.parametrize("driver", ["pyodbc", "pymssql"])
def test_a_sql_server_that_is_given_by_its_url_is_asked_with_the_timeouts_that_are_set(driver: str) -> None:
    server = LockServer()
    url = f"mssql+{driver}://u:p@h/d"
    ours = server.lock(USERS_DB_URL=url, MSSQL_SERVER=None, MSSQL_LOGIN_TIMEOUT="7", MSSQL_QUERY_TIMEOUT="11")

    with ours.held():
        assert len(server.holders) == 1

    assert [(asked.drivername, timeouts) for asked, timeouts in server.engines] == [
        (f"mssql+{driver}", {"login_timeout": 7, "query_timeout": 11})
    ]


def test_one_thread_does_everything_with_the_connection_and_it_is_not_that_of_the_run() -> None:
    server = LockServer()

    with server.lock().held():
        pass

    assert len(server.threads) == 1
    assert threading.get_ident() not in server.threads


def test_the_driver_gets_the_statements_as_they_are_and_no_transaction_is_open_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pyodbc = fake_pyodbc()
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)
    lock = SourceLock(settings(), "https://x'; DROP TABLE people; --.auth0.com/%s :name ? \udce4 李")

    with lock.held():
        (connection,) = pyodbc.connections
        assert not connection.closed

    take = (
        f"SET NOCOUNT ON; DECLARE @result int; EXEC @result = sp_getapplock @Resource = N'{lock.name}', "
        "@LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = 0; SELECT @result"
    )
    release = f"EXEC sp_releaseapplock @Resource = N'{lock.name}', @LockOwner = N'Session'"
    assert [asked for asked in connection.asked if "applock" in asked[0]] == [(take, (), True), (release, (), True)]
    assert connection.closed
    assert lock.name.isascii()
    assert lock.name.replace("-", "").replace(" ", "").isalnum()
    assert len(lock.name) == len("auth0-sql-sync ") + 32


def test_each_tenant_and_connection_has_a_lock_of_its_own_which_is_always_the_same() -> None:
    server = LockServer()
    one, other, third = "https://a.auth0.com/Users", "https://b.auth0.com/Users", "https://a.auth0.com/Staff"

    with server.lock(one).held(), server.lock(other).held(), server.lock(third).held():
        assert len(server.holders) == 3

    assert server.lock(RESOURCE).name == "auth0-sql-sync 96c2cc8823cadd9c410672a06212e074"


def test_making_a_lock_asks_nothing_of_the_database() -> None:
    server = LockServer()

    lock = server.lock()

    assert lock.resource == RESOURCE
    assert server.engines == []
