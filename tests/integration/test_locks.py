"""The lock in a real SQL Server: one run at a time, whatever becomes of the one that holds it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import uuid

import pytest

from database.failures import SourceError
from database.lock import SourceLock, SourceLockHeld
from database.users import Users
from tests.database.test_users import rows
from tests.functional.job import ROOT, Job
from tests.integration.runs import keep_out_the_second_until_the_first_is_killed
from tests.integration.server import ANYBODY, Server


@pytest.fixture
def resource() -> str:
    """What nobody else locks."""
    return f"https://{uuid.uuid4().hex}.auth0.com/Users"


def lock(server: Server, resource: str) -> SourceLock:
    return SourceLock(server.asking(ANYBODY), resource)


def some(everybody: str) -> str:
    """A query for a few people, of whom nobody is held."""
    return f"SELECT email, role FROM {everybody} WHERE number < 20 AND email IS NOT NULL AND role IS NOT NULL"  # noqa: S608


def test_a_second_run_is_refused_while_the_first_holds_the_lock_and_gets_it_afterwards(
    server: Server, resource: str
) -> None:
    with lock(server, resource).held():
        with pytest.raises(SourceLockHeld), lock(server, resource).held():
            pytest.fail("two at once")
        with lock(server, f"{resource}-2").held():
            pass

    with lock(server, resource).held(timeout=10):
        pass


def test_a_second_run_with_a_timeout_waits_until_the_first_lets_go(
    server: Server, resource: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "database.lock")
    held, enough = threading.Event(), threading.Event()

    def first() -> None:
        with lock(server, resource).held():
            held.set()
            enough.wait(60)

    def check() -> None:
        if any(record.name == "database.lock" for record in caplog.records):  # it says that it waits
            enough.set()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert held.wait(30)
        with lock(server, resource).held(timeout=30, check=check):
            assert enough.is_set()
    finally:
        enough.set()
        thread.join()


def test_a_process_that_is_killed_holds_the_lock_no_longer(server: Server, resource: str) -> None:
    program = """
import sys
from sqlalchemy import make_url
from tests.integration.server import TEXT, Server
from tests.integration.test_locks import lock
with lock(Server(make_url(TEXT).set(database=sys.argv[2])), sys.argv[1]).held():
    print("held", flush=True)
    sys.stdin.read()
"""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program, resource, str(server.url.database)]
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(SourceLockHeld), lock(server, resource).held():
                pytest.fail("two at once")
        finally:
            holder.kill()

    with lock(server, resource).held(timeout=10):
        pass


def test_the_lock_and_a_query_that_is_running_do_not_get_in_each_others_way(server: Server, resource: str) -> None:
    many = "SELECT TOP (1000000) a.object_id FROM sys.all_objects AS a CROSS JOIN sys.all_objects AS b"
    with server.connection() as connection:
        result = connection.exec_driver_sql(many)
        assert result.fetchone() is not None
        with lock(server, resource).held():
            assert result.fetchone() is not None
            frame = Users(server.asking(ANYBODY)).read()
        result.close()

    assert rows(frame) == [("ann@x.io", "admin")]


def test_a_wrong_password_is_told_when_the_lock_is_asked_for_too(server: Server, resource: str) -> None:
    stranger = server.login(str(server.url.username), "hunter2-is-Wrong!")

    with pytest.raises(SourceError) as caught, lock(stranger, resource).held():
        pytest.fail("without the lock")

    assert f"login failed for user {server.url.username!r}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_of_two_runs_on_two_hosts_the_second_ends_with_5_until_the_first_is_killed(
    job: Job, server: Server, everybody: str
) -> None:
    source = {**server.as_settings(), "USERS_DB_QUERY": some(everybody)}

    told = keep_out_the_second_until_the_first_is_killed(
        job, source, state_of_the_second=job.folder / "state of another host"
    )

    assert "it holds the lock 'auth0-sql-sync" in told
    assert len(job.tenant.snapshot()) == 18


def test_a_login_that_may_only_read_may_take_the_lock_too(reader: Server, resource: str) -> None:
    with lock(reader, resource).held(), pytest.raises(SourceLockHeld), lock(reader, resource).held():
        pytest.fail("two at once")
