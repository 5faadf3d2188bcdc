"""The SQL Server of TEST_MSSQL_URL: ways to lead the job there, and what a failure there is told as."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import URL, Connection

from config.login import is_freetds
from config.settings import Settings
from database.engine import make_engine
from database.failures import SourceError
from database.users import Users
from tests.config.builders import settings

TEXT = os.environ.get("TEST_MSSQL_URL", "")
REASON = (
    "NOT TESTED AGAINST A SQL SERVER: set TEST_MSSQL_URL to an mssql+pyodbc:// URL of a user who may create tables "
    "and logins (docs/deploy.md)"
)
ANYBODY = "SELECT 'ann@x.io' AS email, 'admin' AS role"
_ENCRYPT = {"mandatory": "yes", "true": "yes", "require": "yes", "optional": "no", "false": "no", "off": "no"}


def mssql_settings(url: URL) -> dict[str, str]:
    """The `MSSQL_*` that lead where an `mssql+pyodbc` URL does; quoted where spaces and quotes would be lost."""
    query = {name.lower(): "".join(value) for name, value in url.query.items()}
    encrypt = query.get("encrypt", query.get("encryption", "yes")).lower()
    return {
        "MSSQL_SERVER": url.host or "",
        "MSSQL_PORT": query.get("port", str(url.port or 1433)),
        "MSSQL_DATABASE": url.database or "",
        "MSSQL_USERNAME": f'"{url.username}"',
        "MSSQL_PASSWORD": f'"{url.password}"',
        "MSSQL_DRIVER": query.get("driver", "ODBC Driver 18 for SQL Server"),
        "MSSQL_ENCRYPT": _ENCRYPT.get(encrypt, encrypt),
        "MSSQL_TRUST_SERVER_CERTIFICATE": query.get("trustservercertificate", "no"),
    }


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Server:
    """A SQL Server, and who we are there."""

    url: URL
    schema: str = "dbo"
    """Where the tables of the tests are."""

    @property
    def by_pyodbc(self) -> bool:
        return self.url.get_driver_name() == "pyodbc"

    @property
    def by_microsofts_driver(self) -> bool:
        return self.by_pyodbc and not is_freetds(mssql_settings(self.url)["MSSQL_DRIVER"])

    def login(self, name: str, password: str) -> Server:
        """The same server, as somebody else."""
        return replace(self, url=self.url.set(username=name, password=password))

    def as_url(self) -> dict[str, str]:
        """The settings that lead here, as an environment has them: what is empty is not set."""
        return {"USERS_DB_URL": self.url.render_as_string(hide_password=False), "MSSQL_SERVER": ""}

    def as_settings(self) -> dict[str, str]:
        """The same as `MSSQL_*` or, for a driver that these do not know, as a URL."""
        return {"USERS_DB_URL": "", **mssql_settings(self.url)} if self.by_pyodbc else self.as_url()

    def asking(self, query: str, **changes: str) -> Settings:
        """Settings that ask here, by `MSSQL_*` where that can be."""
        return settings(**{"MSSQL_LOGIN_TIMEOUT": "30", **self.as_settings(), "USERS_DB_QUERY": query, **changes})

    def failure(self, query: str = ANYBODY, **changes: str) -> str:
        """What is told of a query that fails; never the password."""
        with pytest.raises(SourceError) as caught:
            Users(self.asking(query, **changes)).read()
        told = str(caught.value)
        assert not self.url.password or str(self.url.password) not in told
        assert "\n" not in told
        return told

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of our own, without transactions."""
        engine = make_engine(self.url, login_timeout=30, query_timeout=120)
        try:
            with engine.connect() as connection:
                yield connection.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
        finally:
            engine.dispose()

    def execute(self, statement: str) -> None:
        """Carry out one statement that returns nothing."""
        with self.connection() as connection:
            connection.exec_driver_sql(statement)
