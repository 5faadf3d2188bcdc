"""Every way in which a real SQL Server fails is told in its sentence, without the password."""

from __future__ import annotations

import time

import pytest
from sqlalchemy.exc import DBAPIError

from database.failures import SourceError
from database.users import Users
from tests.integration.server import ANYBODY, Server, closed_port

WRONG = "hunter2-is-Wrong!"


def with_password(server: Server, password: str) -> Server:
    return server.login(str(server.url.username), password)


def test_a_wrong_password_is_told_and_not_shown(server: Server) -> None:
    told = with_password(server, WRONG).failure()

    assert f"login failed for user {server.url.username!r}; check " in told
    assert "hunter2" not in told


def test_a_user_whom_nobody_knows_is_told(server: Server) -> None:
    told = server.login("no_such_user", WRONG).failure()

    assert "login failed for user 'no_such_user'; check " in told


def test_a_wrong_database_is_told(server: Server) -> None:
    told = Server(server.url.set(database="no_such_database")).failure()

    assert "the database no_such_database does not exist or" in told


def test_a_host_that_nobody_knows_is_told_within_the_time_limit(server: Server) -> None:
    started = time.monotonic()

    told = Server(server.url.set(host="no-such-host.invalid")).failure(MSSQL_LOGIN_TIMEOUT="2")

    assert time.monotonic() - started < 10
    assert told.startswith("SQL Server no-such-host.invalid")
    assert "no answer within 2 s; check " in told or "no SQL Server answers there (" in told


def test_a_closed_port_is_told_within_the_time_limit(server: Server) -> None:
    port, query = closed_port(), dict(server.url.query)
    if "PORT" in query:  # FreeTDS has its own place for it
        query["PORT"] = str(port)
    url = server.url.set(host="127.0.0.1", port=None if "PORT" in query else port, query=query)
    started = time.monotonic()

    told = Server(url).failure(MSSQL_LOGIN_TIMEOUT="2")

    assert time.monotonic() - started < 10
    assert told.startswith(f"SQL Server 127.0.0.1:{port}, database ")
    assert "no answer within 2 s; check " in told or "no SQL Server answers there (" in told


def test_a_certificate_that_is_not_trusted_is_told(server: Server) -> None:
    if not server.by_microsofts_driver:
        pytest.skip("NOT TESTED: only Microsoft's driver verifies the certificate")
    strict = {"MSSQL_ENCRYPT": "yes", "MSSQL_TRUST_SERVER_CERTIFICATE": "no"}
    try:
        Users(server.asking(ANYBODY, **strict)).read()
    except SourceError:
        told = server.failure(**strict)
    else:
        pytest.skip("NOT TESTED: the certificate of this server is trusted here")

    assert "the server's certificate is not trusted; " in told or "certificate is for another host name; " in told


def test_a_driver_that_is_not_there_is_told_with_those_that_are(server: Server) -> None:
    if not server.by_pyodbc:
        pytest.skip("NOT TESTED: TEST_MSSQL_URL names no ODBC driver")

    told = server.failure(MSSQL_DRIVER="No Such Driver")

    assert told.startswith("the ODBC driver 'No Such Driver' is not installed; set MSSQL_DRIVER to one of: ")
    assert not told.endswith("(none is installed)")


def test_a_missing_table_is_told(server: Server) -> None:
    told = server.failure("SELECT email, role FROM no_such_table")

    assert "the query names a table that does not exist there (" in told
    assert "no_such_table" in told
    assert "check USERS_DB_QUERY" in told


def test_a_missing_column_is_told(server: Server, table: str) -> None:
    told = server.failure(f"SELECT email, no_such_column AS role FROM {table}")  # noqa: S608

    assert "the query names a column that does not exist (" in told
    assert "no_such_column" in told
    assert "check USERS_DB_QUERY" in told


def test_a_query_that_is_none_is_told(server: Server) -> None:
    told = server.failure("SELECT email, role FROM")

    assert "the query failed (" in told
    assert told.endswith("; check USERS_DB_QUERY")


def test_a_login_that_may_not_read_the_table_is_told(reader: Server, table: str) -> None:
    told = reader.failure(f"SELECT email, role FROM {table}")  # noqa: S608

    assert f"user {reader.url.username!r} may not read what the query asks for (" in told
    assert told.endswith("; grant SELECT on it")


def test_a_query_that_dies_on_its_way_gives_no_row_at_all(server: Server, everybody: str) -> None:
    """All but the last thousand rows can be computed, and most of them are on their way by then."""
    query = f"SELECT email, role, 1 / (9000 - number) AS level FROM {everybody}"  # noqa: S608 - a test's own text

    told = server.failure(query, DB_COLUMNS_APP_METADATA="level")

    assert "the query failed (" in told
    assert "8134" in told  # divide by zero
    assert told.endswith("; check USERS_DB_QUERY")


@pytest.mark.parametrize("statement", ["DECLARE @x int = 1", "UPDATE {} SET code = 0", "SET NOCOUNT ON"])
def test_a_statement_without_a_result_is_told_and_changes_nothing(server: Server, table: str, statement: str) -> None:
    told = server.failure(statement.format(table))

    assert told == "USERS_DB_QUERY returns no result: it must be a SELECT, after SET NOCOUNT ON if it does more"
    if server.by_pyodbc:  # pymssql is used without transactions
        with server.connection() as connection:
            codes = connection.exec_driver_sql(f"SELECT code FROM {table} ORDER BY id").scalars().all()  # noqa: S608
        assert codes == [101, None, 102]


def test_a_query_that_takes_too_long_is_told_when_the_limit_is_over(server: Server) -> None:
    started = time.monotonic()

    told = server.failure(f"WAITFOR DELAY '00:00:30'; {ANYBODY}", MSSQL_QUERY_TIMEOUT="1")

    assert "the query took longer than 1 s; make it faster or raise MSSQL_QUERY_TIMEOUT" in told
    assert time.monotonic() - started < 15


def test_a_query_that_is_slow_within_the_limit_is_read(server: Server) -> None:
    frame = Users(
        server.asking(f"SET NOCOUNT ON; WAITFOR DELAY '00:00:02'; {ANYBODY}", MSSQL_QUERY_TIMEOUT="20")
    ).read()

    assert frame["email"].tolist() == ["ann@x.io"]


def test_what_a_read_only_login_may_not_do_fails_at_the_server(reader: Server, everybody: str) -> None:
    """So that the tests with this login mean what they say."""
    with pytest.raises(DBAPIError, match="permission"):
        reader.execute(f"DELETE FROM {everybody}")  # noqa: S608 - a test's own text
