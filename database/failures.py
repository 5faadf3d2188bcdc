"""What the database's errors mean, each in a sentence for the operator, without the password."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import URL

from config.settings import Settings
from sync.text import visible


class SourceError(Exception):
    """The people could not be read. The message says what failed, where, and what to try."""

    def __init__(self, message: str, stage: str = "") -> None:
        """`stage`: `login`, `query` or `lock`, as far as it is known."""
        super().__init__(message)
        self.stage = stage


@dataclass(frozen=True, slots=True)
class _Failure:
    """One way to fail: how it is recognised in `SQLSTATE message`, and what it means."""

    pattern: str
    sentence: str


# Measured with ODBC Driver 18.6, FreeTDS 1.3.17 and pymssql 2.4.6; the first that fits wins.
_LOGIN_FAILURES = (
    _Failure(r"Can't open lib|IM002|IM003|IM004",
             "the ODBC driver {driver} is not installed; set {driver_setting} to one of: {drivers}"),
    _Failure(r"\b4060\b|\b911\b|08004|Cannot open database",
             "{target}: the database {database} does not exist or {user} may not open it; check {database_setting}"),
    _Failure(r"28000|\b18456\b|Login failed|password authentication failed|Access denied",
             "{target}: login failed for {user}; check {login_settings}"),
    _Failure(r"certificate verify failed|self.signed certificate|certificate chain",
             "{target}: the server's certificate is not trusted; install its authority's certificate on this "
             "machine, or {trust} if you accept any"),
    _Failure(r"does not match host name|hostname mismatch",
             "{target}: the server's certificate is for another host name; set {host_setting} to that name"),
    _Failure(r"HYT00|HYT01|[Tt]imeout expired|timed out",
             "{target}: no answer within {login_timeout} s; check {place_settings}, the firewall, "
             "and that the server is up"),
    _Failure(r"08S01|08001|HY000|20009|20002|refused|could not translate|Unable to connect",
             "{target}: no {server} answers there ({detail}); check {place_settings}"),
)  # fmt: skip
_TOKEN_FAILURES = (  # come before the others where a token of Entra ID takes the place of user and password
    _Failure(_LOGIN_FAILURES[1].pattern,
             "{target}: the database {database} does not exist there, or has no user for {user}; check "
             "{database_setting}, or run CREATE USER [its name] FROM EXTERNAL PROVIDER in it"),
    _Failure(_LOGIN_FAILURES[2].pattern,
             "{target}: the server took the token of Entra ID for nobody it knows ({detail}); run CREATE USER "
             "[its name] FROM EXTERNAL PROVIDER in {database}, as an administrator from Entra ID"),
    _Failure(r"HYT00|HYT01|[Tt]imeout expired|timed out",
             "{target}: no answer within {login_timeout} s, from Entra ID or from the server; check "
             "{place_settings}, the firewall, and that both are up"),
)  # fmt: skip
_QUERY_FAILURES = (
    _Failure(r"HYT00|Query timeout expired|20003|statement timeout",
             "{target}: the query took longer than {query_timeout} s; make it faster or raise MSSQL_QUERY_TIMEOUT"),
    _Failure(r"42S02|\b208\b|Invalid object name|no such table|UndefinedTable",
             "{target}: the query names a table that does not exist there ({detail}); check USERS_DB_QUERY "
             "and {database_setting}"),
    _Failure(r"42S22|\b207\b|Invalid column name|no such column|UndefinedColumn",
             "{target}: the query names a column that does not exist ({detail}); check USERS_DB_QUERY"),
    _Failure(r"\b229\b|permission was denied|permission denied|InsufficientPrivilege",
             "{target}: {user} may not read what the query asks for ({detail}); grant SELECT on it"),
    _Failure(r"08S01|08007|20004|20006|Communication link failure|server closed the connection",
             "{target}: the connection was lost while reading ({detail}); nothing was changed, try again"),
)  # fmt: skip
_LOCK_FAILURES = (
    _Failure(r"\b2812\b|\b229\b|Could not find stored procedure|permission was denied",
             "{target}: the lock in the source could not be taken: {user} may not execute sp_getapplock, or there is "
             "none ({detail}); SYNC_SOURCE_LOCK=no does without it"),
    _Failure(r"HYT00|Query timeout expired|20003",
             "{target}: the lock in the source could not be taken: no answer within {query_timeout} s; try again"),
    _Failure(_QUERY_FAILURES[-1].pattern,
             "{target}: the connection was lost while asking for the lock in the source ({detail}); try again"),
)  # fmt: skip
_HINTS = {  # what the operator has set: MSSQL_*, or USERS_DB_URL instead
    "driver_setting": ("MSSQL_DRIVER", "driver= in USERS_DB_URL"),
    "database_setting": ("MSSQL_DATABASE", "USERS_DB_URL"),
    "login_settings": ("MSSQL_USERNAME and MSSQL_PASSWORD", "USERS_DB_URL"),
    "trust": ("set MSSQL_TRUST_SERVER_CERTIFICATE=true", "change USERS_DB_URL"),
    "host_setting": ("MSSQL_SERVER", "the host in USERS_DB_URL"),
    "place_settings": ("MSSQL_SERVER and MSSQL_PORT", "USERS_DB_URL"),
}
_ODBC_PASSWORD = re.compile(r"(?i)\b(?:PWD|Password)\s*=\s*(?:\{((?:[^}]|\}\})*)\}|([^;]*))")


@dataclass(frozen=True, slots=True)
class Explainer:
    """Turns a driver's exception into a `SourceError`. Timeouts are in seconds.

    `drivers` lists the ODBC drivers of this machine; `by_url` tells that the operator gave the URL as it is, and
    `by_token` that Entra ID lets us in instead of user and password.
    """

    url: URL
    login_timeout: int
    query_timeout: int
    drivers: Callable[[], list[str]]
    by_url: bool = False
    by_token: bool = False

    @classmethod
    def of(cls, settings: Settings, url: URL) -> Explainer:
        """For the database of these settings."""
        return cls(
            url,
            settings.mssql_login_timeout,
            settings.mssql_query_timeout,
            installed_odbc_drivers,
            by_url=bool(settings.users_db_url),
            by_token=settings.mssql_ad_login,
        )

    @property
    def timeouts(self) -> dict[str, int]:
        """The time limits, as `make_engine` takes them."""
        return {"login_timeout": self.login_timeout, "query_timeout": self.query_timeout}

    @property
    def target(self) -> str:
        """The database, as an operator knows it: never with a password."""
        if not self.url.host:
            return f"database {self.url.database or self.url.drivername}"
        kind = "SQL Server" if self.url.drivername.startswith("mssql") else self.url.drivername
        port = self.url.port or self.url.query.get("PORT")
        return f"{kind} {self.url.host}{f':{port}' if port else ''}, database {self.url.database}"

    def login(self, error: BaseException) -> SourceError:
        """Why we were not let in."""
        failures = (*_TOKEN_FAILURES, *_LOGIN_FAILURES) if self.by_token else _LOGIN_FAILURES
        return self._explain("login", error, failures, "{target}: cannot connect ({detail})")

    def query(self, error: BaseException) -> SourceError:
        """Why the query gave no rows."""
        otherwise = "{target}: the query failed ({detail}); check USERS_DB_QUERY"
        return self._explain("query", error, _QUERY_FAILURES, otherwise)

    def lock(self, error: BaseException) -> SourceError:
        """Why the lock in the source could not be asked for."""
        otherwise = (
            "{target}: the lock in the source could not be taken ({detail}); SYNC_SOURCE_LOCK=no does without it"
        )
        return self._explain("lock", error, _LOCK_FAILURES, otherwise)

    def _explain(self, stage: str, error: BaseException, failures: tuple[_Failure, ...], otherwise: str) -> SourceError:
        cause = getattr(error, "orig", None) or error
        text = " ".join(part if isinstance(part, str) else str(part) for part in cause.args) or str(cause)
        sentence = next((f.sentence for f in failures if re.search(f.pattern, text)), otherwise)
        return SourceError(
            sentence.format(
                target=self.target,
                database=self.url.database,
                user="the identity from Entra ID" if self.by_token else f"user {self.url.username!r}",
                driver=repr(self.url.query.get("driver", self.url.drivername)),
                drivers=", ".join(self.drivers()) or "(none is installed)" if "{drivers}" in sentence else "",
                detail=visible(" ".join(self._without_secrets(text).split()), 300),
                login_timeout=self.login_timeout,
                query_timeout=self.query_timeout,
                server="SQL Server" if self.url.drivername.startswith("mssql") else "database",
                **{name: texts[self.by_url] for name, texts in _HINTS.items()},
            ),
            stage,
        )

    def _without_secrets(self, text: str) -> str:
        for secret in _secrets(self.url):
            for spelling in (secret, secret.replace("}", "}}"), urllib.parse.quote_plus(secret)):
                text = text.replace(spelling, "***")
        return text


def _secrets(url: URL) -> list[str]:
    """Every place of a URL where a password may be, the longest first."""
    found = [str(url.password or "")]
    for name, values in url.normalized_query.items():
        if name.lower() in {"password", "pwd"}:
            found += values
        if name.lower() == "odbc_connect":
            found += [match[1] or match[2] for match in _ODBC_PASSWORD.finditer(";".join(values))]
    return sorted(filter(None, found), key=len, reverse=True)


def installed_odbc_drivers() -> list[str]:
    """The names of the ODBC drivers registered on this machine."""
    import pyodbc  # noqa: PLC0415 - needs unixODBC, which only ODBC users have

    return list(pyodbc.drivers())
