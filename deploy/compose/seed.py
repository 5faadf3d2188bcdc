# ruff: noqa: INP001 - a script, mounted into a container alone
"""Fills the SQL Server of the demonstration from seed.sql: `python seed.py`, in the job's own image."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from database.engine import make_engine

SCRIPT = Path(__file__).with_name("seed.sql")


def batches(script: str, password: str) -> list[str]:
    """The statements between lines of GO, with the password where `$(MSSQL_PASSWORD)` is in a string."""
    parts = re.split(r"(?im)^[ \t]*GO[ \t]*$", script)
    return [part.strip().replace("$(MSSQL_PASSWORD)", password.replace("'", "''")) for part in parts if part.strip()]


def seed(url: URL, statements: list[str]) -> None:
    """Carry them out one after another, in one connection."""
    engine = make_engine(url, login_timeout=30, query_timeout=300)
    try:
        with engine.connect() as fresh:
            connection = fresh.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def main(environ: Mapping[str, str]) -> int:
    """Seed the server that the environment names; the exit code is 1 when it cannot be done."""
    url = URL.create(
        "mssql+pyodbc",
        username="sa",
        password=environ["MSSQL_SA_PASSWORD"],
        host=environ["MSSQL_SERVER"],
        port=1433,
        database="master",
        query={"driver": "ODBC Driver 18 for SQL Server", "TrustServerCertificate": "yes"},
    )
    statements = batches(SCRIPT.read_text(encoding="utf-8"), environ["MSSQL_PASSWORD"])
    try:
        seed(url, statements)
    except DBAPIError as error:
        sys.stderr.write(f"the demonstration's database cannot be made: {error.orig}\n")
        return 1
    sys.stdout.write(f"the demonstration's database is ready ({len(statements)} batches)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
