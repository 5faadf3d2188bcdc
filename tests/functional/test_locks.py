"""One run at a time: on this host by a file, and across hosts by a lock in the SQL Server that both read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import URL

from database.failures import SourceError
from database.lock import SourceLock
from tests.database.lock_server import LockServer
from tests.functional.job import Job
from tests.functional.test_promises import AFTER_THAT_DAY, a_day_of_changes


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> LockServer:
    """What grants the locks of a SQL Server, to runs that read their people from elsewhere."""
    server = LockServer()
    url = URL.create("mssql+pyodbc", host="db.example", database="hr")
    monkeypatch.setattr("database.lock.database_url", lambda _: url)
    monkeypatch.setattr("database.lock._AGAIN", 0.01)
    monkeypatch.setattr("client.locks.SourceLock", partial(SourceLock, engine_for=server.engine_for))
    return server


@contextmanager
def another_host(server: LockServer, job: Job) -> Iterator[None]:
    """Another host's run holds the lock of this tenant and connection meanwhile."""
    with server.lock(f"{job.settings['AUTH0_URL']}/{job.settings['AUTH0_CONNECTION']}").held():
        yield


@pytest.mark.parametrize("command", ["sync", "restore"])
def test_a_run_on_another_host_keeps_this_one_from_beginning(job: Job, server: LockServer, command: str) -> None:
    a_day_of_changes(job)
    with another_host(server, job):
        result = job.run(command, *(["nowhere.jsonl"] if command == "restore" else []))

    assert result.code == 5
    assert "another run is going on (it holds the lock 'auth0-sql-sync" in result.stderr
    assert job.sandbox.log == []
    assert result.report == {}
    assert "Traceback" not in result.said


def test_the_lock_in_the_source_is_held_while_the_run_writes_and_free_afterwards(job: Job, server: LockServer) -> None:
    a_day_of_changes(job)
    held: list[int] = []
    job.sandbox.before_answer = lambda _: held.append(len(server.holders))

    result = job.run()

    assert result.code == 0
    assert held
    assert set(held) == {1}
    assert server.let_go


@pytest.mark.parametrize(("arguments", "settings"), [(("plan",), {}), ((), {"SYNC_SOURCE_LOCK": "no"})])
def test_who_writes_nothing_or_wants_no_such_lock_does_not_ask_for_it(
    job: Job, server: LockServer, arguments: tuple[str, ...], settings: dict[str, str]
) -> None:
    a_day_of_changes(job)
    with another_host(server, job):
        result = job.run(*arguments, **settings)

    assert result.code == 0
    assert server.questions == 1  # of the other host


def test_a_run_waits_for_another_host_as_long_as_it_was_told_to(job: Job, server: LockServer) -> None:
    a_day_of_changes(job)
    server.answers[:] = [-1, -1, -1]  # held by another; then free

    result = job.run("--lock-timeout", "60")

    assert result.code == 0
    assert server.questions == 4
    assert job.tenant.snapshot() == AFTER_THAT_DAY


def test_a_source_that_does_not_grant_locks_ends_the_run_with_the_way_out(job: Job, server: LockServer) -> None:
    a_day_of_changes(job)
    server.answers[:] = [RuntimeError("[42000] Could not find stored procedure 'sp_getapplock'. (2812)")]

    result = job.run()

    assert result.code == 1
    assert "SYNC_SOURCE_LOCK=no" in result.stderr
    assert result.report["exit_code"] == 1
    assert job.sandbox.writes() == []


def test_what_was_taken_can_be_brought_back_while_the_source_is_down(job: Job, server: LockServer) -> None:
    a_day_of_changes(job)
    taken = job.run()

    def down() -> None:
        raise SourceError("the database is away")

    server.login = down
    result = job.run("restore", taken.report["journal"])

    assert result.code == 0
    assert "the database is away; going on without the lock there" in result.stderr
    assert job.tenant.snapshot()["goes@x.io"] == ["viewer"]


def test_a_run_waits_for_another_on_this_host_as_long_as_it_was_told_to(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_day_of_changes(job)
    state = Path(job.settings["SYNC_STATE_DIR"])
    state.mkdir()
    other = FileLock(state / "lock")
    other.acquire()
    looks: list[float] = []

    def let_go(_: object, seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            other.release()

    monkeypatch.setattr("client.stop.Stop.sleep", let_go)
    at_once = job.run()
    before = len(looks)
    waited = job.run("--lock-timeout", "60")

    assert (at_once.code, before) == (5, 0)
    assert waited.code == 0
    assert len(looks) >= 3
    assert job.tenant.snapshot() == AFTER_THAT_DAY


@pytest.mark.parametrize("seconds", ["-1", "soon", "", "1e9"])
def test_what_is_no_number_of_seconds_is_a_usage_error(job: Job, seconds: str) -> None:
    assert job.run("--lock-timeout", seconds).code == 64
