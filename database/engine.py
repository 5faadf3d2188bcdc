"""From `MSSQL_*` or `USERS_DB_URL` to an engine whose timeouts hold."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from config.login import is_freetds
from config.settings import Settings
from database.failures import SourceError

_LOGIN_TIMEOUT_ARGUMENTS = {  # what the drivers call it; URLs and connection strings are no reliable place
    "pyodbc": "timeout",
    "pymssql": "login_timeout",
    "psycopg": "connect_timeout",
    "psycopg2": "connect_timeout",
    "pymysql": "connect_timeout",
}


def database_url(settings: Settings) -> URL:
    """The database's URL. `MSSQL_*` need no escaping: passwords may hold `;`, `}` and `@`."""
    if settings.users_db_url:
        try:
            url = make_url(settings.users_db_url.get_secret_value())
        except (ArgumentError, ValueError):  # a ValueError shows what it took for the port: part of a password
            raise SourceError("USERS_DB_URL is not a database URL (dialect+driver://user@host/name)") from None
        # A part of the password would count as a name, and be shown.
        if url.host and "@" in f"{url.host}{url.database}":
            raise SourceError("USERS_DB_URL: an @ or / in user or password must be written as %40 or %2F")
        return url
    host, port = settings.mssql_server or "", settings.mssql_port
    named_instance = "\\" in host  # its port is found out by the driver
    query = {"driver": settings.mssql_driver}
    if is_freetds(settings.mssql_driver):  # it ignores Encrypt= and a port in Server=
        query |= {"Encryption": "off" if settings.mssql_encrypt == "no" else "require"}
        query |= {} if named_instance else {"PORT": str(port)}
    else:
        trust = "yes" if settings.mssql_trust_server_certificate else "no"
        query |= {"Encrypt": settings.mssql_encrypt, "TrustServerCertificate": trust}
    return URL.create(
        "mssql+pyodbc",
        username=None if settings.mssql_ad_login else settings.mssql_username,  # a token says who we are
        password=settings.mssql_password.get_secret_value() if settings.mssql_password else None,
        host=host,
        port=None if "PORT" in query or named_instance else port,
        database=settings.mssql_database,
        query=query,
    )


def make_engine(url: URL, *, login_timeout: int, query_timeout: int) -> Engine:
    """An engine for `url`; the driver is imported here and nowhere else. Timeouts are in seconds.

    Raises `SourceError` when the driver is not installed.
    """
    try:
        driver = url.get_driver_name()
        arguments: dict[str, Any] = {}
        if name := _LOGIN_TIMEOUT_ARGUMENTS.get(driver):
            arguments[name] = login_timeout
        if driver == "pymssql":
            arguments["timeout"] = query_timeout
        engine = create_engine(url, connect_args=arguments, hide_parameters=True)
    except NoSuchModuleError:
        raise SourceError(f"USERS_DB_URL: SQLAlchemy knows no database {url.drivername!r}") from None
    except ImportError as error:
        raise SourceError(_missing(url, error)) from None
    if driver == "pyodbc":
        event.listen(engine, "connect", _query_timeout(query_timeout))
    if driver == "pymssql":  # its implicit transaction is refused by some servers
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine


def _query_timeout(seconds: int) -> Any:
    def set_timeout(connection: Any, _record: object) -> None:
        connection.timeout = seconds  # pyodbc has no other place for it

    return set_timeout


def _missing(url: URL, error: ImportError) -> str:
    if url.get_driver_name() == "pyodbc" and "libodbc" in str(error):
        return (
            "pyodbc needs unixODBC, which is not installed: install Debian's package libodbc2 "
            "and Microsoft's ODBC Driver 18 for SQL Server (or use USERS_DB_URL=mssql+pymssql://...)"
        )
    return f"the database driver for {url.drivername} is not installed: pip install {error.name or url.drivername}"
