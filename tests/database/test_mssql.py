"""Against a real SQL Server: only where TEST_MSSQL_URL names one on which a table may be made."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from config.settings import Settings
from database.engine import make_engine
from database.failures import SourceError
from database.lock import SourceLock, SourceLockHeld
from database.users import Users
from tests.config.builders import settings
from tests.database.test_users import rows

ROOT = Path(__file__).parents[2]
TEXT = os.environ.get("TEST_MSSQL_URL", "")
pytestmark = pytest.mark.skipif(
    not TEXT,
    reason="NOT TESTED AGAINST A SQL SERVER: set TEST_MSSQL_URL to an mssql+pyodbc:// or mssql+pymssql:// URL",
)


def asking(url: URL, query: str) -> Settings:
    text = url.render_as_string(hide_password=False)
    return settings(USERS_DB_URL=text, MSSQL_SERVER=None, USERS_DB_QUERY=query, MSSQL_LOGIN_TIMEOUT="10")


def failure(url: URL, query: str) -> str:
    with pytest.raises(SourceError) as caught:
        Users(asking(url, query)).read()
    return str(caught.value)


def lock(url: URL, resource: str) -> SourceLock:
    return SourceLock(asking(url, "SELECT 1 AS email, 1 AS role"), resource)


@pytest.fixture
def url() -> URL:
    return make_url(TEXT)


@pytest.fixture
def resource() -> str:
    """What nobody else locks."""
    return f"https://{uuid.uuid4().hex}.auth0.com/Users"


@pytest.fixture
def table(url: URL) -> Iterator[str]:
    """A table with three people, gone after the test."""
    name = f"people_{uuid.uuid4().hex}"
    engine = make_engine(url, login_timeout=10, query_timeout=30).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {name} (id INT, email NVARCHAR(100), role CHAR(10), code INT)")
        connection.exec_driver_sql(
            f"INSERT INTO {name} VALUES (1, N'jö@x.io', 'admin', 101), (2, N'李@x.io', NULL, NULL), "  # noqa: S608
            "(3, NULL, 'reader', 102)"
        )
        yield name
        connection.exec_driver_sql(f"DROP TABLE {name}")
    engine.dispose()


def test_unicode_nulls_and_trailing_spaces_come_as_they_are(url: URL, table: str) -> None:
    frame = Users(asking(url, f"SELECT email, role FROM {table} ORDER BY id;")).read()  # noqa: S608

    assert rows(frame) == [("jö@x.io", "admin     "), ("李@x.io", None), (None, "reader    ")]


def test_numbers_among_nulls_stay_whole(url: URL, table: str) -> None:
    query = f"SELECT email, code AS role FROM {table} WHERE role LIKE '%' OR 1 = 1 ORDER BY id"  # noqa: S608

    frame = Users(asking(url, query)).read()

    assert [role for _, role in rows(frame)] == ["101", None, "102"]


def test_keys_flags_and_metadata_of_every_type_come_as_the_database_has_them(url: URL) -> None:
    query = """
        SELECT CAST(101 AS int) AS id, N'ann@x.io' AS email, N'admin' AS role, CAST(1 AS bit) AS active,
               CAST('Ann  ' AS char(5)) AS name, CAST(10.50 AS decimal(9, 2)) AS cost, CAST(7 AS bigint) AS number,
               CAST('2026-01-02T03:04:05' AS datetime2(0)) AS since, CAST(0 AS bit) AS premium
        UNION ALL
        SELECT NULL, N'bob@x.io', N'admin', NULL, NULL, NULL, NULL, NULL, NULL
        ORDER BY email
    """
    chosen = asking(url, query).model_copy(
        update={"db_columns_app_metadata": {name: name for name in ("cost", "number", "since", "premium")}}
    )

    frame = Users(chosen).read()

    assert [value if isinstance(value, str) else None for value in frame["id"]] == ["101", None]
    assert [value if isinstance(value, str) else None for value in frame["active"]] == ["True", None]
    assert frame["name"][0] == "Ann  "
    metadata = {name: [*frame[f"app_metadata.{name}"]] for name in ("cost", "number", "since", "premium")}
    assert metadata == {
        "cost": [10.5, None],
        "number": [7, None],
        "since": ["2026-01-02T03:04:05", None],
        "premium": [False, None],
    }


def test_a_key_that_is_a_uniqueidentifier_is_text(url: URL) -> None:
    query = (
        "SELECT CAST('6f9619ff-8b86-d011-b42d-00c04fc964ff' AS uniqueidentifier) AS id, N'ann@x.io' AS email, "
        "N'admin' AS role"
    )

    frame = Users(asking(url, query)).read()

    assert frame["id"][0].lower() == "6f9619ff-8b86-d011-b42d-00c04fc964ff"


def test_a_wrong_password_is_told_and_not_shown(url: URL) -> None:
    told = failure(url.set(password="hunter2-is-wrong"), "SELECT 1 AS email, 1 AS role")

    assert f"login failed for user {url.username!r}" in told
    assert "hunter2" not in told


def test_a_wrong_database_is_told(url: URL) -> None:
    told = failure(url.set(database="no_such_database"), "SELECT 1 AS email, 1 AS role")

    assert "the database no_such_database does not exist or" in told


def test_a_missing_table_is_told(url: URL) -> None:
    told = failure(url, "SELECT email, role FROM no_such_table")

    assert "no_such_table" in told
    assert "check USERS_DB_QUERY" in told


def test_a_missing_column_is_told(url: URL, table: str) -> None:
    told = failure(url, f"SELECT email, no_such_column AS role FROM {table}")  # noqa: S608

    assert "no_such_column" in told
    assert "check USERS_DB_QUERY" in told


def test_a_second_run_is_refused_while_the_first_holds_the_lock_and_gets_it_afterwards(url: URL, resource: str) -> None:
    with lock(url, resource).held():
        with pytest.raises(SourceLockHeld), lock(url, resource).held():
            pytest.fail("two at once")
        with lock(url, f"{resource}-2").held():
            pass

    with lock(url, resource).held(timeout=10):
        pass


def test_a_second_run_with_a_timeout_waits_until_the_first_lets_go(
    url: URL, resource: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "database.lock")
    held, enough = threading.Event(), threading.Event()

    def first() -> None:
        with lock(url, resource).held():
            held.set()
            enough.wait(60)

    def check() -> None:
        if any(record.name == "database.lock" for record in caplog.records):  # it says that it waits
            enough.set()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert held.wait(30)
        with lock(url, resource).held(timeout=30, check=check):
            assert enough.is_set()
    finally:
        enough.set()
        thread.join()


def test_a_process_that_is_killed_holds_the_lock_no_longer(url: URL, resource: str) -> None:
    program = """
import sys
from sqlalchemy import make_url
from tests.database.test_mssql import TEXT, lock
with lock(make_url(TEXT), sys.argv[1]).held():
    print("held", flush=True)
    sys.stdin.read()
"""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", program, resource], cwd=ROOT, stdin=pipe, stdout=pipe, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(SourceLockHeld), lock(url, resource).held():
                pytest.fail("two at once")
        finally:
            holder.kill()

    with lock(url, resource).held(timeout=10):
        pass


def test_the_lock_and_a_query_that_is_running_do_not_get_in_each_others_way(url: URL, resource: str) -> None:
    engine = make_engine(url, login_timeout=10, query_timeout=30)
    many = "SELECT TOP (1000000) a.object_id FROM sys.all_objects AS a CROSS JOIN sys.all_objects AS b"
    with engine.connect() as connection:
        result = connection.exec_driver_sql(many)
        assert result.fetchone() is not None
        with lock(url, resource).held():
            assert result.fetchone() is not None
            frame = Users(asking(url, "SELECT 'ann@x.io' AS email, 'admin' AS role")).read()
        result.close()
    engine.dispose()

    assert rows(frame) == [("ann@x.io", "admin")]


def test_a_wrong_password_is_told_when_the_lock_is_asked_for_too(url: URL, resource: str) -> None:
    with pytest.raises(SourceError) as caught, lock(url.set(password="hunter2-is-wrong"), resource).held():
        pytest.fail("without the lock")

    assert f"login failed for user {url.username!r}" in str(caught.value)
    assert "hunter2" not in str(caught.value)
