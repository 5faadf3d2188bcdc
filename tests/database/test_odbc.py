"""Failures that need a real unixODBC but no server; skipped where pyodbc cannot be imported."""

from __future__ import annotations

import socket

import pytest

from database.failures import SourceError
from database.users import Users
from tests.config.builders import settings

pyodbc = pytest.importorskip(
    "pyodbc", reason="NOT TESTED WITH unixODBC: pyodbc cannot be imported here", exc_type=ImportError
)


def failure(**changes: str) -> str:
    with pytest.raises(SourceError) as caught:
        Users(settings(MSSQL_LOGIN_TIMEOUT="1", **changes)).read()
    return str(caught.value)


@pytest.mark.parametrize("driver", ["No Such Driver", "/no/such/driver.so"])
def test_a_driver_that_is_not_there_is_told_with_those_that_are(driver: str) -> None:
    told = failure(MSSQL_DRIVER=driver)

    assert told.startswith(f"the ODBC driver {driver!r} is not installed; set MSSQL_DRIVER to one of: ")


def test_a_closed_port_is_told() -> None:
    if not pyodbc.drivers():
        pytest.skip("NOT TESTED: no ODBC driver is registered here")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    told = failure(MSSQL_DRIVER=pyodbc.drivers()[-1], MSSQL_SERVER="127.0.0.1", MSSQL_PORT=str(port))

    assert told.startswith(f"SQL Server 127.0.0.1:{port}, database hr: no ")
    assert "hunter2" not in told
