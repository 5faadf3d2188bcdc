"""What the database's errors mean, each in a sentence for the operator, without the password."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import URL

from sync.text import visible


class SourceError(Exception):
    """The people could not be read. The message says what failed, where, and what to try."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """One way to fail: how it is recognised in `SQLSTATE message`, and what it means."""

    pattern: str
    sentence: str


# Measured with ODBC Driver 18.6, FreeTDS 1.3.17 and pymssql 2.4.6; the first that fits wins.
_LOGIN_FAILURES = (
    _Failure(r"Can't open lib|IM002|IM003|IM004",
             "the ODBC driver {driver} is not installed; set MSSQL_DRIVER to one of: {drivers}"),
    _Failure(r"\b4060\b|\b911\b|08004|Cannot open database",
             "{target}: the database {database} does not exist or {user} may not open it; check MSSQL_DATABASE"),
    _Failure(r"28000|\b18456\b|Login failed|password authentication failed|Access denied",
             "{target}: login failed for {user}; check MSSQL_USERNAME and MSSQL_PASSWORD"),
    _Failure(r"certificate verify failed|self.signed certificate|certificate chain",
             "{target}: the server's certificate is not trusted; install its authority's certificate on this "
             "machine, or set MSSQL_TRUST_SERVER_CERTIFICATE=true if you accept any"),
    _Failure(r"does not match host name|hostname mismatch",
             "{target}: the server's certificate is for another host name; set MSSQL_SERVER to that name"),
    _Failure(r"HYT00|HYT01|[Tt]imeout expired|timed out",
             "{target}: no answer within {login_timeout} s; check MSSQL_SERVER and MSSQL_PORT, the firewall, "
             "and that the server is up"),
    _Failure(r"08S01|08001|HY000|20009|20002|refused|could not translate|Unable to connect",
             "{target}: no SQL Server answers there ({detail}); check MSSQL_SERVER and MSSQL_PORT"),
)  # fmt: skip
_QUERY_FAILURES = (
    _Failure(r"HYT00|Query timeout expired|20003|statement timeout",
             "{target}: the query took longer than {query_timeout} s; make it faster or raise MSSQL_QUERY_TIMEOUT"),
    _Failure(r"42S02|\b208\b|Invalid object name|no such table|UndefinedTable",
             "{target}: the query names a table that does not exist there ({detail}); check USERS_DB_QUERY "
             "and MSSQL_DATABASE"),
    _Failure(r"42S22|\b207\b|Invalid column name|no such column|UndefinedColumn",
             "{target}: the query names a column that does not exist ({detail}); check USERS_DB_QUERY"),
    _Failure(r"\b229\b|permission was denied|permission denied|InsufficientPrivilege",
             "{target}: {user} may not read what the query asks for ({detail}); grant SELECT on it"),
    _Failure(r"08S01|08007|20004|20006|Communication link failure|server closed the connection",
             "{target}: the connection was lost while reading ({detail}); nothing was changed, try again"),
)  # fmt: skip
_ODBC_PASSWORD = re.compile(r"(?i)\b(?:PWD|Password)\s*=\s*(?:\{((?:[^}]|\}\})*)\}|([^;]*))")


@dataclass(frozen=True, slots=True)
class Explainer:
    """Turns a driver's exception into a `SourceError`. `drivers` lists the ODBC drivers of this machine."""

    url: URL
    login_timeout: int
    query_timeout: int
    drivers: Callable[[], list[str]]

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
        return self._explain(error, _LOGIN_FAILURES, "{target}: cannot connect ({detail})")

    def query(self, error: BaseException) -> SourceError:
        """Why the query gave no rows."""
        return self._explain(error, _QUERY_FAILURES, "{target}: the query failed ({detail}); check USERS_DB_QUERY")

    def silent(self, *, logged_in: bool) -> SourceError:
        """The driver's own timeout did not hold; ours did."""
        stage = self.query if logged_in else self.login
        return stage(TimeoutError("HYT00 timeout expired"))

    def _explain(self, error: BaseException, failures: tuple[_Failure, ...], otherwise: str) -> SourceError:
        cause = getattr(error, "orig", None) or error
        text = " ".join(part if isinstance(part, str) else str(part) for part in cause.args) or str(cause)
        sentence = next((f.sentence for f in failures if re.search(f.pattern, text)), otherwise)
        return SourceError(
            sentence.format(
                target=self.target,
                database=self.url.database,
                user=f"user {self.url.username!r}",
                driver=repr(self.url.query.get("driver", self.url.drivername)),
                drivers=", ".join(self.drivers()) or "(none is installed)" if "{drivers}" in sentence else "",
                detail=visible(" ".join(self._without_secrets(text).split()), 300),
                login_timeout=self.login_timeout,
                query_timeout=self.query_timeout,
            )
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
