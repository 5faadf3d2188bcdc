"""The source fails in every way that a source can: nothing is written, one sentence says why, the next run converges.

Exit codes, as README.md has them: 1 where the source could not be read, 4 where what it said is no instruction.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.functional.job import Job, Result
from tests.functional.odbc import PASSWORD, SQL_SERVER, TARGET, install

PEOPLE = 12
WIDE = {"SYNC_LIMIT_FLOOR": "1000000"}
"""No limit catches what should not have been planned at all."""
DRIVER = "[Microsoft][ODBC Driver 18 for SQL Server]"
# One row of each person, then of the next: who comes last is lost when the rows end too early.
MANY = (
    "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 35999) "
    "SELECT 'user' || (n / 3000) || '@x.io' AS email, {role} AS role FROM c"
)
# SQLite finds out that this is too large a number when it comes to that row.
BOMB = "CASE WHEN n >= {at} THEN abs(-9223372036854775807 - (n >= {at})) ELSE 'viewer' END"
SLOW = (
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1e12) "
    "SELECT max(n) AS email, 'viewer' AS role FROM c"
)


@pytest.fixture
def day(job: Job) -> list[str]:
    """Everybody of the source has an account, and nothing is to be done; returns who they are."""
    everybody = [f"user{number}@x.io" for number in range(PEOPLE)]
    for email in everybody:
        job.tenant.add_user(email, roles=("viewer",))
    job.people((email, "viewer") for email in everybody)
    return everybody


def assert_failed(job: Job, result: Result, code: int, sentence: str) -> None:
    """The run ended so, said so once and in one sentence, wrote it down, and touched nothing."""
    last = json.loads((job.folder / "state" / "last-report.json").read_text())
    everything = result.said + json.dumps(result.report) + json.dumps(last)
    assert result.code == code, result.said
    assert result.report == last
    assert result.report["exit_code"] == code
    assert result.report["changes"] == [] or code != 1
    assert job.sandbox.writes() == []
    shown = " ".join(result.stdout.split())  # the console wraps
    assert sentence in shown
    assert "Traceback" not in everything
    assert "this is a bug" not in everything
    assert [part for part in (PASSWORD, "hunter2") if part in everything] == []
    errors = [line for line in result.stderr.splitlines() if " ERROR " in line]
    assert [line.split(maxsplit=2)[2] for line in errors] == ([result.report["error"]] if code == 1 else [])
    assert code != 1 or f"Error: {' '.join(result.report['error'].split())} failed (" in shown


def assert_a_clean_run_converges(job: Job, everybody: list[str]) -> None:
    """One more person is in the source by now; nobody else is touched."""
    job.people([*((email, "viewer") for email in everybody), ("comes@x.io", "viewer")])
    result = job.run(**WIDE)
    assert result.code == 0
    assert job.tenant.snapshot() == {email: ["viewer"] for email in [*everybody, "comes@x.io"]}
    assert len(job.sandbox.writes()) == 2


REFUSED_LOGINS = {
    "connection refused": (
        "OperationalError", "08001", "TCP Provider: Error code 0x2749 (10057), connection refused (SQLDriverConnect)",
        f"{TARGET}: no SQL Server answers there",
    ),
    "wrong password": (
        "InterfaceError", "28000", "Login failed for user 'reader'. (18456)",
        f"{TARGET}: login failed for user 'reader'; check MSSQL_USERNAME and MSSQL_PASSWORD",
    ),
    "wrong database": (
        "ProgrammingError", "42000", "Cannot open database \"hr\" requested by the login. (4060)",
        f"{TARGET}: the database hr does not exist or user 'reader' may not open it",
    ),
    "connection string told": (
        "Error", "HY000", f"Invalid connection string attribute in UID=reader;PWD={{{PASSWORD.replace('}', '}}')}}};",
        "UID=reader;PWD={***}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lock", ["yes", "no"])
@pytest.mark.parametrize("login", REFUSED_LOGINS.values(), ids=REFUSED_LOGINS)
def test_a_login_that_fails_ends_the_run_whether_the_lock_or_the_query_needed_it(
    job: Job, day: list[str], login: tuple[str, str, str, str], lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, state, text, sentence = login
    install(monkeypatch, refuse=lambda driver: getattr(driver, name)(state, f"[{state}] {DRIVER}{text}"))

    result = job.run(**SQL_SERVER, **WIDE, SYNC_SOURCE_LOCK=lock)

    assert_failed(job, result, 1, sentence)
    assert_a_clean_run_converges(job, day)


@pytest.mark.parametrize("url", ["mssql+pymssql://reader:hunter2@db.example/hr", "oracle+nosuch://reader:hunter2@h/d"])
def test_a_driver_that_is_not_there_is_named_and_the_url_is_not(
    job: Job, day: list[str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymssql", None)

    result = job.run(USERS_DB_URL=url, **WIDE)

    assert_failed(job, result, 1, url.partition("://")[0])
    assert_a_clean_run_converges(job, day)


def test_a_file_that_is_no_database_ends_the_run(job: Job, day: list[str]) -> None:
    whole = job.database.read_bytes()
    job.database.write_bytes(b"hunter2" * 1000)

    result = job.run(**WIDE)

    assert_failed(job, result, 1, "file is not a database")
    job.database.write_bytes(whole)
    assert_a_clean_run_converges(job, day)


QUERIES = {
    "syntax": ("SELECT email role FORM people", 'near "FORM"'),
    "table": ("SELECT email, role FROM nosuch", "names a table that does not exist there (no such table: nosuch)"),
    "column": ("SELECT mail, role FROM people", "names a column that does not exist (no such column: mail)"),
    "renamed column": ("SELECT email AS mail, role FROM people", "no column 'email' (DB_COLUMN_EMAIL); it returns:"),
    "column twice": ("SELECT email, role, role FROM people", "returns 'role' more than once"),
    "update": ("UPDATE people SET role = 'admin'", "USERS_DB_QUERY returns no result: it must be a SELECT"),
    "delete": ("DELETE FROM people", "USERS_DB_QUERY returns no result: it must be a SELECT"),
    "two statements": ("SELECT email, role FROM people; SELECT 1", "You can only execute one statement at a time"),
    "first row": (MANY.format(role=BOMB.format(at=0)), "integer overflow"),
    "after some chunks": (MANY.format(role=BOMB.format(at=27_000)), "integer overflow"),
    "last row": (MANY.format(role=BOMB.format(at=35_999)), "integer overflow"),
}


@pytest.mark.parametrize(("query", "sentence"), QUERIES.values(), ids=QUERIES)
def test_a_query_that_fails_at_whatever_row_ends_the_run_and_leaves_the_source_as_it_was(
    job: Job, day: list[str], query: str, sentence: str
) -> None:
    result = job.run(USERS_DB_QUERY=query, **WIDE)

    assert_failed(job, result, 1, sentence)
    again = job.run(**WIDE)
    assert (again.code, again.report["counts"]["unchanged"]) == (0, PEOPLE)
    assert_a_clean_run_converges(job, day)


def test_many_rows_are_no_fault_by_themselves(job: Job, day: list[str]) -> None:
    result = job.run(USERS_DB_QUERY=MANY.format(role="'viewer'"), **WIDE)

    assert result.code == 0
    assert result.report["counts"]["source_rows"] == 36_000
    assert job.sandbox.writes() == []
    assert_a_clean_run_converges(job, day)


def test_a_connection_that_breaks_between_two_chunks_ends_the_run(
    job: Job, day: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(driver: ModuleType) -> Iterator[tuple[str, str]]:
        for email in day[:5]:
            yield from [(email, "viewer")] * 5_000
        raise driver.OperationalError("08S01", f"[08S01] {DRIVER}Communication link failure PWD={PASSWORD}")

    fetched = install(monkeypatch, rows)

    result = job.run(**SQL_SERVER, **WIDE)

    assert fetched == [10_000, 10_000]
    assert_failed(job, result, 1, f"{TARGET}: the connection was lost while reading")
    assert_a_clean_run_converges(job, day)


def test_a_query_that_takes_too_long_is_given_up(job: Job, day: list[str]) -> None:
    fork = job.fork(USERS_DB_QUERY=SLOW, MSSQL_QUERY_TIMEOUT="1", **WIDE)  # its thread goes on, and ends with it

    result = job.wait(fork)

    assert_failed(job, result, 1, "the query took longer than 1 s; make it faster or raise MSSQL_QUERY_TIMEOUT")
    assert_a_clean_run_converges(job, day)


def test_a_server_that_lets_nobody_in_is_given_up(job: Job, day: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(driver: ModuleType) -> Exception:
        over.wait(30)
        error: Exception = driver.OperationalError("08S01", "gone")
        return error

    install(monkeypatch, refuse=silent)

    result = job.run(**SQL_SERVER, **WIDE, MSSQL_LOGIN_TIMEOUT="1")
    over.set()

    assert_failed(job, result, 1, f"{TARGET}: no answer within 1 s")
    assert_a_clean_run_converges(job, day)


NO_INSTRUCTION = {
    "zero rows": ("SELECT email, role FROM people WHERE 1 = 0", "the query returned no rows"),
    "no e-mails": ("SELECT NULL AS email, role FROM people", "the query returned no row that could be understood"),
    "no roles": ("SELECT email, NULL AS role FROM people", "the query returned no row that could be understood"),
    "columns interchanged": ("SELECT role AS email, email AS role FROM people", "no row that could be understood"),
}


@pytest.mark.parametrize(("query", "sentence"), NO_INSTRUCTION.values(), ids=NO_INSTRUCTION)
def test_rows_that_say_nothing_are_refused_however_wide_the_limits(
    job: Job, day: list[str], query: str, sentence: str
) -> None:
    result = job.run(USERS_DB_QUERY=query, **WIDE)

    assert_failed(job, result, 4, sentence)
    assert_a_clean_run_converges(job, day)


def test_half_of_the_rows_are_refused_by_the_usual_limits(job: Job, day: list[str]) -> None:
    result = job.run(USERS_DB_QUERY="SELECT email, role FROM people WHERE rowid % 2 = 0")

    assert_failed(job, result, 4, f"{PEOPLE // 2} of {PEOPLE} accounts in scope would be deleted")
    assert_a_clean_run_converges(job, day)
