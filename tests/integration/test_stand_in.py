"""What the tests against a SQL Server are made of, tried without one: so that a failure there means the server."""

from __future__ import annotations

import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import make_url

from database.engine import database_url
from database.users import Users
from sandbox import Sandbox, Tenant
from tests.config.builders import settings
from tests.database.builders import fake_pyodbc
from tests.database.test_engine import parts
from tests.database.typed import table
from tests.functional.job import Job
from tests.integration.population import (
    METADATA,
    NAMES,
    ROLES,
    TEAM_WIDTH,
    TEXT_FIELDS,
    Row,
    assert_shows,
    people,
    query,
    single_bytes,
)
from tests.integration.runs import keep_out_the_second_until_the_first_is_killed, sync_everybody
from tests.integration.server import ANYBODY, Server, closed_port

MICROSOFTS = (
    "mssql+pyodbc://sa:p%40s%20s%3Bw%7Dd'@127.0.0.1:1444/tempdb?driver=ODBC+Driver+18+for+SQL+Server"
    "&Encrypt=yes&TrustServerCertificate=yes"
)
FREETDS = "mssql+pyodbc://sa:pw@db.example/hr?driver=FreeTDS&Encryption=require&PORT=1444"


def fields_in_order() -> list[str]:
    return [*TEXT_FIELDS, *METADATA]


def as_driver_has_it(row: Row, field: str) -> object:
    """The value as pyodbc gives it: keys as text in capitals, fixed width filled up."""
    value = row[field]
    if value is None:
        return None
    if field == "id":
        return str(value).upper()
    return value.ljust(TEAM_WIDTH) if field == "team" else value


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A pyodbc whose server has the people, and that gives them as a real one would."""
    module: Any = fake_pyodbc()
    plain = module.connect

    class Cursor(module.Cursor):  # type: ignore[misc]
        def execute(self, statement: str, *parameters: object) -> None:
            super().execute(statement, *parameters)
            if "everybody" in statement:
                self._rows = [tuple(as_driver_has_it(row, field) for field in fields_in_order()) for row in people()]
                self.description = tuple((field, str, None, None, None, None, True) for field in fields_in_order())

        def fetchmany(self, size: int) -> list[Any]:
            taken, self._rows = self._rows[:size], self._rows[size:]
            return taken

    def connect(text: str, **arguments: object) -> Any:
        connection = plain(text, **arguments)
        connection.cursor = lambda: Cursor(connection)
        return connection

    module.connect, module.Cursor = connect, Cursor
    monkeypatch.setitem(sys.modules, "pyodbc", module)
    return module  # type: ignore[no-any-return]


@pytest.fixture
def sqlite(tmp_path: Path) -> Job:
    """A job whose tenant has the roles, and no accounts."""
    tenant = Tenant()
    for role in ROLES:
        tenant.add_role(role)
    return Job(tmp_path, tenant, Sandbox(tenant))


@pytest.mark.parametrize("text", [MICROSOFTS, FREETDS])
def test_the_settings_of_a_url_lead_the_driver_to_the_same_place(text: str) -> None:
    server = Server(make_url(text))

    by_url = parts(server.url)
    by_settings = settings(**server.as_settings(), USERS_DB_QUERY=ANYBODY)

    assert parts(database_url(by_settings)) == by_url
    assert parts(database_url(settings(**server.as_url()))) == by_url


def test_what_a_url_says_of_encryption_is_what_the_settings_say() -> None:
    url = make_url("mssql+pyodbc://u:p@h/d?driver=ODBC+Driver+18+for+SQL+Server")

    said = {
        written: Server(url.update_query_dict({"Encrypt": written})).as_settings()["MSSQL_ENCRYPT"]
        for written in ("yes", "Mandatory", "no", "optional", "strict")
    }

    assert said == {"yes": "yes", "Mandatory": "yes", "no": "no", "optional": "no", "strict": "strict"}
    assert Server(url).as_settings()["MSSQL_ENCRYPT"] == "yes"  # the default of the driver
    assert Server(url).as_settings()["MSSQL_TRUST_SERVER_CERTIFICATE"] == "no"


@pytest.mark.usefixtures("driver")
def test_ten_thousand_people_as_a_driver_gives_them_are_shown_as_expected() -> None:
    server = Server(make_url(MICROSOFTS))

    frame = Users(server.asking(query("everybody"), DB_COLUMNS_APP_METADATA=",".join(METADATA))).read()

    assert_shows(frame, people())


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "trimmed"), ("role", None), ("active", "1"), ("app_metadata.level", 4.0), ("app_metadata.team", "ops")],
)
def test_a_frame_that_differs_in_one_place_is_not_taken_for_the_same(field: str, value: Any) -> None:
    server = Server(make_url(MICROSOFTS))
    frame = Users(server.asking(query("everybody"), DB_COLUMNS_APP_METADATA=",".join(METADATA))).read()

    frame.loc[5_004, field] = value  # its name ends with spaces, its level is 4

    with pytest.raises(AssertionError, match=f"{field}: 1 differ"):
        assert_shows(frame, people())


def test_the_people_have_all_that_a_table_may_hold() -> None:
    rows = people()

    assert len({row["email"] for row in rows if row["email"]}) == len(rows) - 100
    assert sum(row["role"] is None for row in rows) == 100
    assert all(any(row[field] is None for row in rows) for field in ("id", "active", "name", "since", "notes", "team"))
    assert {row["active"] for row in rows} == {True, False, None}
    assert any(ord(character) > 0xFFFF for name in NAMES for character in name)
    assert max(len(row["notes"] or "") for row in rows) > 8_000  # beyond what fits into a row
    for text in (*ROLES, *(row["team"] or "" for row in rows)):
        assert text.encode("cp1252").decode("cp1252") == text


def test_the_columns_that_the_server_sets_are_those_of_the_people(tmp_path: Path) -> None:
    rows = people(500)
    file = table(tmp_path, "number, role, team", [(row["number"], None, None) for row in rows])
    with closing(sqlite3.connect(file)) as connection:
        for statement in single_bytes("people"):
            connection.execute(statement.replace("N'", "'"))
        found = connection.execute("SELECT role, team FROM people ORDER BY number").fetchall()

    assert found == [(row["role"], row["team"]) for row in rows]


def test_nobody_listens_on_a_closed_port() -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", closed_port()))


def test_a_whole_sync_of_such_people_from_another_database_ends_as_it_must(sqlite: Job) -> None:
    rows = people(400)
    sqlite.people([(row["email"], row["role"]) for row in rows])

    with sqlite.sandbox:
        sqlite.settings["AUTH0_URL"] = sqlite.sandbox.url
        sync_everybody(sqlite, {}, rows)


def test_of_two_runs_the_second_ends_with_5_until_the_first_is_killed(sqlite: Job) -> None:
    """Here by the lock of a folder that both have; with a SQL Server each has its own."""
    sqlite.people([(row["email"], row["role"]) for row in people(7)])

    with sqlite.sandbox:
        sqlite.settings["AUTH0_URL"] = sqlite.sandbox.url
        told = keep_out_the_second_until_the_first_is_killed(
            sqlite, {}, state_of_the_second=Path(sqlite.settings["SYNC_STATE_DIR"])
        )

    assert "it holds" in told
    assert len(sqlite.tenant.snapshot()) == 7
