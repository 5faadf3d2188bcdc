"""Whether the people can be read: the driver, the login, the query itself, the lock."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pandas as pd
from sqlalchemy import URL

from client.checkup.findings import Finding, bad, good
from client.locks import source_lock
from client.stop import Stop
from config.settings import Settings
from database.engine import database_url, make_engine
from database.failures import Explainer, SourceError, installed_odbc_drivers
from database.lock import SourceLockHeld
from database.users import Users


def findings(settings: Settings, stop: Stop) -> Generator[Finding, None, pd.DataFrame | None]:
    """Returns the rows of the query, if there are any to return. Raises `Stopped`."""
    try:
        url = database_url(settings)
        yield good("driver", f"{_driver(settings, url)} is installed")
    except SourceError as error:
        yield bad("driver", str(error))
        return None
    target, began = Explainer.of(settings, url).target, time.monotonic()
    try:
        frame = Users(settings).read(stop.check)
    except SourceError as error:
        if error.stage != "login":
            yield good("login", f"let in by {target}")
        yield bad(error.stage or "query", str(error))
        return None
    yield good("login", f"let in by {target}")
    seconds, columns = time.monotonic() - began, ", ".join(map(str, frame.columns))
    yield good("query", f"{len(frame):,} rows in {seconds:.1f} s with the columns {columns}")
    yield from _lock(settings, url, stop)
    return frame


def _driver(settings: Settings, url: URL) -> str:
    """What the database is spoken to with. Raises `SourceError` if it is not installed."""
    make_engine(url, **Explainer.of(settings, url).timeouts).dispose()
    driver = str(url.query.get("driver", ""))
    if url.get_driver_name() != "pyodbc" or not driver or Path(driver).is_absolute():
        return url.drivername
    if driver not in (installed := installed_odbc_drivers()):
        known = ", ".join(installed) or "(none is installed)"
        raise SourceError(f"the ODBC driver {driver!r} is not installed; set MSSQL_DRIVER to one of: {known}")
    return driver


def _lock(settings: Settings, url: URL, stop: Stop) -> Iterator[Finding]:
    if url.get_backend_name() != "mssql" or not settings.sync_source_lock:
        return
    try:
        with source_lock(settings).held(check=stop.check):
            yield good("source lock", "it can be taken; it was given back at once")
    except SourceLockHeld:
        yield good("source lock", "it can be asked for; another run holds it at this moment")
    except SourceError as error:
        yield bad("source lock", str(error))
