"""From settings to a URL and an engine: what reaches the driver, and which timeouts hold."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL
from sqlalchemy.dialects.mssql.pyodbc import MSDialect_pyodbc

from database.engine import database_url, make_engine
from database.failures import SourceError
from database.users import Users
from tests.config.builders import settings
from tests.database.builders import fake_pyodbc, people

ROOT = Path(__file__).parents[2]
# A connection string's NAME=value or NAME={value with ;, where }} is a }}
PART = re.compile(r"([^=;]+)=(?:\{((?:[^}]|\}\})*)\}|([^;]*))(?:;|$)")


def connection_string(url: URL) -> str:
    """What SQLAlchemy hands to pyodbc, which need not be there for it."""
    arguments, _ = MSDialect_pyodbc().create_connect_args(url)  # type: ignore[no-untyped-call]
    return str(arguments[0])


def parts(url: URL) -> dict[str, str]:
    """The connection string as a driver understands it."""
    found = PART.findall(connection_string(url))
    return {name.upper(): braced.replace("}}", "}") or plain for name, braced, plain in found}


@pytest.mark.parametrize(
    "password",
    ["p;w", "p}w", "{pw", "{pw}", "p@w", "p=w", "p w", "p:w/x?y#z%41", "a;b}c;UID=sa", "}};", "jö€", "'", '"', "+%20"],
)
def test_a_password_reaches_the_driver_as_it_is(password: str) -> None:
    url = database_url(settings(MSSQL_PASSWORD=f'"{password}"', MSSQL_USERNAME=f'"{password}"'))

    found = parts(url)

    assert (found["PWD"], found["UID"]) == (password, password)
    assert found["DATABASE"] == "hr"
    assert found["ENCRYPT"] == "yes"


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_password_reaches_the_driver_as_it_is(password: str) -> None:
    url = database_url(settings(MSSQL_PASSWORD=f"'{password}'"))

    found = parts(url)

    assert found["PWD"] == password
    assert set(found) == {"DRIVER", "SERVER", "DATABASE", "UID", "PWD", "ENCRYPT", "TRUSTSERVERCERTIFICATE"}


def test_the_connection_is_encrypted_and_the_certificate_verified_unless_it_is_set_otherwise() -> None:
    careful = parts(database_url(settings()))
    careless = parts(database_url(settings(MSSQL_ENCRYPT="no", MSSQL_TRUST_SERVER_CERTIFICATE="yes")))
    strict = parts(database_url(settings(MSSQL_ENCRYPT="strict")))

    assert (careful["ENCRYPT"], careful["TRUSTSERVERCERTIFICATE"]) == ("yes", "no")
    assert (careless["ENCRYPT"], careless["TRUSTSERVERCERTIFICATE"]) == ("no", "yes")
    assert strict["ENCRYPT"] == "strict"


def test_the_port_and_the_driver_are_those_that_are_set() -> None:
    found = parts(database_url(settings(MSSQL_PORT="1444", MSSQL_DRIVER="/opt/microsoft/libmsodbcsql-18.6.so")))

    assert (found["SERVER"], found["DRIVER"]) == ("db.example,1444", "/opt/microsoft/libmsodbcsql-18.6.so")


def test_a_named_instance_is_asked_for_without_a_port() -> None:
    found = parts(database_url(settings(MSSQL_SERVER="db\\SQLEXPRESS")))

    assert found["SERVER"] == "db\\SQLEXPRESS"
    assert "PORT" not in found


@pytest.mark.parametrize("driver", ["FreeTDS", "/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so"])
@pytest.mark.parametrize(("encrypt", "encryption"), [("yes", "require"), ("strict", "require"), ("no", "off")])
def test_freetds_gets_its_port_and_its_encryption_in_its_own_words(driver: str, encrypt: str, encryption: str) -> None:
    found = parts(database_url(settings(MSSQL_DRIVER=driver, MSSQL_ENCRYPT=encrypt, MSSQL_PORT="1444")))

    assert (found["SERVER"], found["PORT"], found["ENCRYPTION"]) == ("db.example", "1444", encryption)
    assert "ENCRYPT" not in found


def test_freetds_looks_up_the_port_of_a_named_instance_itself() -> None:
    found = parts(database_url(settings(MSSQL_DRIVER="FreeTDS", MSSQL_SERVER="db\\SQLEXPRESS")))

    assert found["SERVER"] == "db\\SQLEXPRESS"
    assert "PORT" not in found


def test_a_path_to_microsofts_driver_below_a_folder_named_tds_is_not_freetds() -> None:
    found = parts(database_url(settings(MSSQL_DRIVER="/opt/tds/libmsodbcsql-18.6.so")))

    assert found["ENCRYPT"] == "yes"


def test_a_database_url_is_taken_as_it_is() -> None:
    url = database_url(settings(USERS_DB_URL="postgresql+psycopg://u:p%40w@h:5433/d?x=y", MSSQL_SERVER=None))

    assert (url.password, url.port, url.database, dict(url.query)) == ("p@w", 5433, "d", {"x": "y"})


@pytest.mark.parametrize(
    "url", ["hunter2", "//u:hunter2@h/d", "mssql+pymssql://sa:a@hunter2:b@h:1433/d", "a://h:hunter2"]
)
def test_what_is_no_database_url_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        database_url(settings(USERS_DB_URL=url, MSSQL_SERVER=None))

    assert str(caught.value) == "USERS_DB_URL is not a database URL (dialect+driver://user@host/name)"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["nosuch://h/d", "mssql+nosuch://h/d", "sqlite+nosuch://"])
def test_a_database_that_sqlalchemy_does_not_know_is_told(name: str) -> None:
    url = database_url(settings(USERS_DB_URL=name, MSSQL_SERVER=None))

    with pytest.raises(SourceError, match="USERS_DB_URL: SQLAlchemy knows no database '"):
        make_engine(url, login_timeout=1, query_timeout=1)


def test_pyodbc_gets_both_timeouts_at_the_only_places_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """reference/sql-server.md, Timeouts: `timeout=` of connect for the login, `connection.timeout` for the query."""
    pyodbc = fake_pyodbc()
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)
    engine = make_engine(database_url(settings()), login_timeout=7, query_timeout=11)

    engine.connect().close()

    assert [arguments["timeout"] for _, arguments in pyodbc.calls] == [7]
    assert [connection.timeout for connection in pyodbc.connections] == [11]
    engine.dispose()


def test_the_settings_timeouts_are_those_that_the_driver_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    pyodbc = fake_pyodbc()
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)
    query = "SELECT email, role FROM people"

    frame = Users(settings(MSSQL_LOGIN_TIMEOUT="7", MSSQL_QUERY_TIMEOUT="11", USERS_DB_QUERY=query)).read()

    assert list(frame.columns) == ["email", "role"]
    assert len(frame) == 0
    assert [arguments["timeout"] for _, arguments in pyodbc.calls] == [7]
    assert [connection.timeout for connection in pyodbc.connections] == [11]


def test_pymssql_gets_its_own_two_timeouts_and_no_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """reference/sql-server.md, Routes: some servers refuse its implicit transaction."""
    pymssql = fake_pyodbc()
    pymssql.__version__, pymssql.paramstyle = "2.4.6", "pyformat"
    calls: list[dict[str, object]] = []

    def connect(**arguments: object) -> None:
        calls.append(arguments)
        raise pymssql.OperationalError("no server")

    pymssql.connect = connect
    monkeypatch.setitem(sys.modules, "pymssql", pymssql)
    engine = make_engine(URL.create("mssql+pymssql", "u", "p", "h"), login_timeout=7, query_timeout=11)

    with pytest.raises(Exception, match="no server"):
        engine.connect()

    assert [(call["login_timeout"], call["timeout"]) for call in calls] == [(7, 11)]
    assert engine.get_execution_options()["isolation_level"] == "AUTOCOMMIT"


def test_without_pyodbc_a_url_that_needs_none_is_read_all_the_same(tmp_path: Path) -> None:
    file = people(tmp_path, [("ann@x.io", "admin")])
    program = f"""
import sys
sys.modules["pyodbc"] = None
from pathlib import Path
from database.users import Users
from tests.database.builders import sqlite_settings
print(Users(sqlite_settings(Path({str(file)!r}))).read().to_dict("records"))
"""

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "[{'email': 'ann@x.io', 'role': 'admin'}]\n"


def test_without_pyodbc_one_sentence_says_what_to_install() -> None:
    program = """
import sys
sys.modules["pyodbc"] = None
from database.failures import SourceError
from database.users import Users
from tests.config.builders import settings
try:
    Users(settings()).read()
except SourceError as error:
    print(error)
"""

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the database driver for mssql+pyodbc is not installed: pip install pyodbc\n"


def test_without_unixodbc_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """reference/sql-server.md, Routes: the wheel of pyodbc does not carry unixODBC."""

    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "pyodbc":
                raise ImportError("libodbc.so.2: cannot open shared object file: No such file or directory", name=name)

    monkeypatch.delitem(sys.modules, "pyodbc", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])

    with pytest.raises(SourceError) as caught:
        Users(settings()).read()

    assert "libodbc2" in str(caught.value)
    assert "ODBC Driver 18 for SQL Server" in str(caught.value)
    assert "\n" not in str(caught.value)
