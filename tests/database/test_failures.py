"""Each way in which a database fails has a sentence of its own, and never the password."""

from __future__ import annotations

import sys

import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

from database.engine import database_url
from database.failures import Explainer, SourceError
from database.users import Users
from tests.config.builders import settings
from tests.database.builders import fake_pyodbc

PASSWORD = "p;w}d hunter2"
TARGET = "SQL Server db.example:1433, database hr"
PYODBC = fake_pyodbc()
MICROSOFT = "[Microsoft][ODBC Driver 18 for SQL Server]"


def explainer(url: URL | None = None) -> Explainer:
    url = url or database_url(settings(MSSQL_PASSWORD=PASSWORD))
    return Explainer(url, login_timeout=15, query_timeout=300, drivers=lambda: ["FreeTDS", "Other"])


def wrapped(error: Exception) -> DBAPIError:
    """As SQLAlchemy hands it on, with the statement that must not be shown."""
    return DBAPIError("SELECT 'hunter2'", None, error)


LOGIN_FAILURES = [
    pytest.param(
        PYODBC.InterfaceError("28000", f"[28000] {MICROSOFT}[SQL Server]Login failed for user 'reader'. (18456)"),
        f"{TARGET}: login failed for user 'reader'; check MSSQL_USERNAME and MSSQL_PASSWORD",
        id="wrong password",
    ),
    pytest.param(
        PYODBC.ProgrammingError("42000", "[42000] [FreeTDS][SQL Server]Login failed for user 'reader'. (18456)"),
        f"{TARGET}: login failed for user 'reader'; check MSSQL_USERNAME and MSSQL_PASSWORD",
        id="wrong password, FreeTDS",
    ),
    pytest.param(
        PYODBC.OperationalError((18456, b"Login failed for user 'reader'.DB-Lib error message 20018")),
        f"{TARGET}: login failed for user 'reader'; check MSSQL_USERNAME and MSSQL_PASSWORD",
        id="wrong password, pymssql",
    ),
    pytest.param(
        PYODBC.OperationalError("08004", f"[08004] {MICROSOFT}Database does not exist (911)"),
        f"{TARGET}: the database hr does not exist or user 'reader' may not open it; check MSSQL_DATABASE",
        id="wrong database, as measured",
    ),
    pytest.param(
        PYODBC.InterfaceError(
            "28000",
            f"[28000] {MICROSOFT}[SQL Server]Login failed for user 'reader'. (18456) (SQLDriverConnect); "
            f'[28000] {MICROSOFT}[SQL Server]Cannot open database "hr" requested by the login. (4060)',
        ),
        f"{TARGET}: the database hr does not exist or user 'reader' may not open it; check MSSQL_DATABASE",
        id="wrong database, 28000",
    ),
    pytest.param(
        PYODBC.ProgrammingError("42000", f"[42000] {MICROSOFT}[SQL Server]Kann nicht geöffnet werden. (4060)"),
        f"{TARGET}: the database hr does not exist or user 'reader' may not open it; check MSSQL_DATABASE",
        id="wrong database, 42000, in another language",
    ),
    pytest.param(
        PYODBC.OperationalError(
            "08001",
            f"[08001] {MICROSOFT}SSL Provider: [error:0A000086:SSL routines::certificate verify failed:"
            "self-signed certificate] (-1)",
        ),
        f"{TARGET}: the server's certificate is not trusted; install its authority's certificate on this machine, "
        "or set MSSQL_TRUST_SERVER_CERTIFICATE=true if you accept any",
        id="untrusted certificate",
    ),
    pytest.param(
        PYODBC.OperationalError(
            "08001",
            f"[08001] {MICROSOFT}SSL Provider: [certificate verify: subject name does not match host name] (-1)",
        ),
        f"{TARGET}: the server's certificate is for another host name; set MSSQL_SERVER to that name",
        id="host name of the certificate",
    ),
    pytest.param(
        PYODBC.OperationalError("HYT00", f"[HYT00] {MICROSOFT}Login timeout expired (0) (SQLDriverConnect)"),
        f"{TARGET}: no answer within 15 s; check MSSQL_SERVER and MSSQL_PORT, the firewall, and that the server is up",
        id="closed port, unknown host, silent server",
    ),
    pytest.param(
        PYODBC.OperationalError("08S01", "[08S01] [FreeTDS][SQL Server]Unable to connect: it is away (20009)"),
        f"{TARGET}: no SQL Server answers there (08S01 [08S01] [FreeTDS][SQL Server]Unable to connect: it is away "
        "(20009)); check MSSQL_SERVER and MSSQL_PORT",
        id="closed port, FreeTDS",
    ),
    pytest.param(
        PYODBC.Error("01000", "[01000] [unixODBC][Driver Manager]Can't open lib 'ODBC Driver 18 for SQL Server'"),
        "the ODBC driver 'ODBC Driver 18 for SQL Server' is not installed; set MSSQL_DRIVER to one of: FreeTDS, Other",
        id="driver missing",
    ),
    pytest.param(
        PYODBC.InterfaceError("IM002", "[IM002] [unixODBC][Driver Manager]Data source name not found (0)"),
        "the ODBC driver 'ODBC Driver 18 for SQL Server' is not installed; set MSSQL_DRIVER to one of: FreeTDS, Other",
        id="no driver given",
    ),
    pytest.param(
        PYODBC.Error("HY000", "[HY000] [Microsoft]Protocol error (0)"),
        f"{TARGET}: no SQL Server answers there (HY000 [HY000] [Microsoft]Protocol error (0)); check MSSQL_SERVER "
        "and MSSQL_PORT",
        id="not a TDS port",
    ),
    pytest.param(
        PYODBC.OperationalError("08001", f"[08001] {MICROSOFT}Client unable to establish connection (0)"),
        f"{TARGET}: no SQL Server answers there (08001 [08001] {MICROSOFT}Client unable to establish connection "
        "(0)); check MSSQL_SERVER and MSSQL_PORT",
        id="not a TDS port, the other way",
    ),
    pytest.param(
        PYODBC.Error("XX000", "something\nnew\x1b[2J"),
        f"{TARGET}: cannot connect (XX000 something new\\x1b[2J)",
        id="anything else",
    ),
]
QUERY_FAILURES = [
    pytest.param(
        PYODBC.ProgrammingError("42S02", f"[42S02] {MICROSOFT}[SQL Server]Invalid object name 'nope'. (208)"),
        f"{TARGET}: the query names a table that does not exist there (42S02 [42S02] {MICROSOFT}[SQL Server]Invalid "
        "object name 'nope'. (208)); check USERS_DB_QUERY and MSSQL_DATABASE",
        id="missing table",
    ),
    pytest.param(
        PYODBC.ProgrammingError("42S22", "[42S22] Invalid column name 'nope'. (207)"),
        f"{TARGET}: the query names a column that does not exist (42S22 [42S22] Invalid column name 'nope'. (207)); "
        "check USERS_DB_QUERY",
        id="missing column",
    ),
    pytest.param(
        PYODBC.ProgrammingError("42000", "[42000] The SELECT permission was denied on the object 'people' (229)"),
        f"{TARGET}: user 'reader' may not read what the query asks for (42000 [42000] The SELECT permission was "
        "denied on the object 'people' (229)); grant SELECT on it",
        id="no right to read",
    ),
    pytest.param(
        PYODBC.OperationalError("HYT00", f"[HYT00] {MICROSOFT}Query timeout expired (0)"),
        f"{TARGET}: the query took longer than 300 s; make it faster or raise MSSQL_QUERY_TIMEOUT",
        id="slow query",
    ),
    pytest.param(
        PYODBC.OperationalError("08S01", "[08S01] Communication link failure"),
        f"{TARGET}: the connection was lost while reading (08S01 [08S01] Communication link failure); nothing was "
        "changed, try again",
        id="lost connection",
    ),
    pytest.param(
        PYODBC.ProgrammingError("42000", "[42000] Incorrect syntax near 'FORM'. (102)"),
        f"{TARGET}: the query failed (42000 [42000] Incorrect syntax near 'FORM'. (102)); check USERS_DB_QUERY",
        id="anything else",
    ),
]


@pytest.mark.parametrize(("error", "sentence"), LOGIN_FAILURES)
def test_a_login_that_fails_is_told_in_a_sentence_of_its_own(error: Exception, sentence: str) -> None:
    """Classes, SQLSTATEs and native codes: reference/sql-server.md, Failures, as measured with real drivers.

    Texts around them, as far as not quoted there, are of the drivers' usual form.
    """
    told = explainer().login(wrapped(error))

    assert str(told) == sentence
    assert "hunter2" not in str(told)


@pytest.mark.parametrize(("error", "sentence"), QUERY_FAILURES)
def test_a_query_that_fails_is_told_in_a_sentence_of_its_own(error: Exception, sentence: str) -> None:
    """reference/sql-server.md, Failures, last row; 229 and 08S01 are Microsoft's documented codes."""
    told = explainer().query(wrapped(error))

    assert str(told) == sentence
    assert "hunter2" not in str(told)


@pytest.mark.parametrize("spelling", [PASSWORD, "p;w}}d hunter2", "p%3Bw%7Dd+hunter2"])
def test_a_password_that_a_driver_repeats_is_taken_out(spelling: str) -> None:
    error = PYODBC.Error("XX000", f"bad string UID=reader;PWD={{{spelling}}};")

    told = [explainer().login(wrapped(error)), explainer().query(wrapped(error))]

    assert ["hunter2" in str(one) for one in told] == [False, False]
    assert all("***" in str(one) for one in told)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://h/d?user=u&password=hunter2",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BUID%3Du%3BPWD%3Dhunter2",
        "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3D%7Bhunter2%7D%3BUID%3Du",
    ],
)
def test_a_password_elsewhere_in_a_url_is_taken_out_too(url: str) -> None:
    told = explainer(make_url(url)).login(PYODBC.Error("XX000", "the password hunter2 is bad"))

    assert "the password *** is bad" in str(told)
    assert "hunter2" not in str(told)


@pytest.mark.parametrize("password", ["28000", "HYT00", "0", "expired"])
def test_a_password_that_looks_like_an_error_code_hides_no_error(password: str) -> None:
    url = database_url(settings(MSSQL_PASSWORD=password))

    told = explainer(url).login(PYODBC.InterfaceError("28000", "[28000] no (18456)"))

    assert "login failed for user 'reader'" in str(told)


def test_a_driver_that_says_a_megabyte_is_cut_short() -> None:
    told = explainer().login(PYODBC.Error("XX000", "long " * 200_000))

    assert len(str(told)) < 500


def test_braces_in_what_a_driver_says_are_just_braces() -> None:
    told = explainer().query(PYODBC.Error("XX000", "near '{target}' {0} }{"))

    assert "near '{target}' {0} }{" in str(told)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("mssql+pymssql://u:p@h/d", "SQL Server h, database d"),
        ("postgresql+psycopg://u:p@h:5433/d", "postgresql+psycopg h:5433, database d"),
        ("sqlite:///people.db", "database people.db"),
        ("sqlite://", "database sqlite"),
    ],
)
def test_the_database_is_named_as_the_operator_knows_it(url: str, target: str) -> None:
    named = explainer(make_url(url)).target

    assert named == target


def test_no_installed_driver_is_said_too() -> None:
    bare = Explainer(database_url(settings()), login_timeout=1, query_timeout=1, drivers=list)

    told = bare.login(PYODBC.Error("01000", "Can't open lib"))

    assert str(told).endswith("(none is installed)")


@pytest.mark.parametrize(("error", "sentence"), LOGIN_FAILURES[-6:-4])
def test_a_failure_comes_through_sqlalchemy_and_the_reader_as_the_same_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    pyodbc = fake_pyodbc(lambda module: getattr(module, type(error).__name__)(*error.args))
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)

    with pytest.raises(SourceError) as caught:
        Users(settings(MSSQL_PASSWORD=PASSWORD)).read()

    assert str(caught.value) == sentence.replace("FreeTDS, Other", "SQL Server 2042, FreeTDS")
