"""What an operator is told to look at is what they have set: MSSQL_*, or USERS_DB_URL instead."""

from __future__ import annotations

import sys

import pytest

from database.engine import database_url
from database.failures import Explainer, SourceError
from database.users import Users
from tests.config.builders import settings
from tests.database.builders import fake_pyodbc

PYODBC = fake_pyodbc()
ODBC = "mssql+pyodbc://reader:hunter2@db.example:1433/hr?driver=Nope"
AT = "SQL Server db.example:1433, database hr"


def explainer(url: str) -> Explainer:
    found = settings(USERS_DB_URL=url, MSSQL_SERVER=None)
    return Explainer.of(found, database_url(found))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("4060", "the database hr does not exist or user 'reader' may not open it; check USERS_DB_URL"),
        ("28000", "login failed for user 'reader'; check USERS_DB_URL"),
        (
            "hostname mismatch",
            "the server's certificate is for another host name; set the host in USERS_DB_URL to that name",
        ),
        ("HYT00", "no answer within 15 s; check USERS_DB_URL, the firewall, and that the server is up"),
        ("08001", "no SQL Server answers there (08001); check USERS_DB_URL"),
    ],
)
def test_a_login_that_fails_names_the_url_where_that_is_set(error: str, sentence: str) -> None:
    told = explainer(ODBC).login(PYODBC.Error(error))

    assert str(told) == f"{AT}: {sentence}"


def test_a_certificate_that_is_not_trusted_is_a_matter_of_the_url_where_that_is_set() -> None:
    told = explainer(ODBC).login(PYODBC.Error("certificate verify failed"))

    assert str(told).endswith("on this machine, or change USERS_DB_URL if you accept any")


def test_another_database_is_not_called_sql_server() -> None:
    told = explainer("postgresql+psycopg://u:p@h/d").login(PYODBC.Error("connection refused"))

    assert str(told) == (
        "postgresql+psycopg h, database d: no database answers there (connection refused); check USERS_DB_URL"
    )


def test_a_driver_that_is_not_there_is_to_be_named_in_the_url_where_that_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pyodbc = fake_pyodbc(lambda module: module.Error("01000", "[01000] Can't open lib 'Nope'"))
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)

    with pytest.raises(SourceError) as caught:
        Users(settings(USERS_DB_URL=ODBC, MSSQL_SERVER=None)).read()

    assert str(caught.value) == (
        "the ODBC driver 'Nope' is not installed; set driver= in USERS_DB_URL to one of: SQL Server 2042, FreeTDS"
    )


@pytest.mark.parametrize("error", ["208", "08S01", "229", "no idea", "HYT00"])
def test_a_query_that_fails_names_no_setting_that_is_not_in_use(error: str) -> None:
    told = str(explainer(ODBC).query(PYODBC.Error(error)))

    assert "MSSQL_" not in told.replace("MSSQL_QUERY_TIMEOUT", "")  # which holds with a URL, too
    assert "hunter2" not in told


def test_a_table_that_does_not_exist_may_be_in_another_database_of_the_url() -> None:
    told = explainer(ODBC).query(PYODBC.Error("208"))

    assert str(told).endswith("check USERS_DB_QUERY and USERS_DB_URL")
