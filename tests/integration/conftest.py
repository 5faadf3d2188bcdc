"""A SQL Server with a table of ten thousand people, a login that may read it and nothing else, and a tenant."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from sandbox import Sandbox, Tenant
from tests.functional.job import Job
from tests.integration import population
from tests.integration.server import REASON, TEXT, Server


def pytest_itemcollected(item: pytest.Item) -> None:
    """Without a server, skip every test that needs one, and say so: in a line for each file."""
    if not TEXT and "server" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture(scope="session")
def server() -> Server:
    """The server of TEST_MSSQL_URL."""
    plain = Server(make_url(TEXT))
    with plain.connection() as connection:
        database, schema = connection.exec_driver_sql("SELECT DB_NAME() AS name, SCHEMA_NAME() AS place").one()
    return Server(plain.url.set(database=database), schema)


@contextmanager
def _table(server: Server, columns: str) -> Iterator[str]:
    """A table of a name that nobody else has; it is gone afterwards, however that comes."""
    name = f"{server.schema}.people_{uuid.uuid4().hex}"
    server.execute(f"CREATE TABLE {name} ({columns})")
    try:
        yield name
    finally:
        server.execute(f"DROP TABLE {name}")


@pytest.fixture(scope="session")
def everybody(server: Server) -> Iterator[str]:
    """The table of ten thousand."""
    with _table(server, population.COLUMNS) as name:
        population.fill(server.url, name, population.people())
        yield name


@pytest.fixture
def table(server: Server) -> Iterator[str]:
    """A table of three people, for this test alone."""
    with _table(server, "id INT, email NVARCHAR(100), role CHAR(10), code INT") as name:
        server.execute(
            f"INSERT INTO {name} VALUES (1, N'jö@x.io', 'admin', 101), (2, N'李@x.io', NULL, NULL), "  # noqa: S608
            "(3, NULL, 'reader', 102)"
        )
        yield name


@pytest.fixture(scope="session")
def reader(server: Server, everybody: str) -> Iterator[Server]:
    """The server as a login that may do one thing: read the table of ten thousand."""
    name, password = f"reader_{uuid.uuid4().hex}", f"Aa1!{uuid.uuid4().hex}"
    with ExitStack() as undo:
        try:
            server.execute(f"CREATE LOGIN [{name}] WITH PASSWORD = N'{password}'")
        except DBAPIError as error:
            pytest.skip(f"NOT TESTED AS A READ-ONLY LOGIN: {server.url.username} may not create one ({error.orig})")
        undo.callback(_drop_login, server, name)
        server.execute(f"CREATE USER [{name}] FOR LOGIN [{name}]")
        undo.callback(server.execute, f"DROP USER [{name}]")
        server.execute(f"GRANT SELECT ON {everybody} TO [{name}]")
        yield server.login(name, password)


def _drop_login(server: Server, name: str) -> None:
    """It cannot be dropped while it is logged in, and the server learns of a closed connection a bit later."""
    for attempt in range(50):
        try:
            server.execute(f"DROP LOGIN [{name}]")
        except DBAPIError:
            if attempt == 49:
                raise
            time.sleep(0.2)
        else:
            return


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """The job, and a tenant that has the roles but no accounts."""
    tenant = Tenant()
    for role in population.ROLES:
        tenant.add_role(role)
    with Sandbox(tenant) as sandbox:
        job = Job(tmp_path, tenant, sandbox)
        yield job
        job.close()
