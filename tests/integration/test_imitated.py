"""The tests against a SQL Server, against an imitation of one, so that a failure of theirs means the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.database.imitation import ADMINISTRATOR, DATABASE, DRIVER, PASSWORD, installed, tables
from tests.functional.forks import ROOT, UNMEASURED

FILES = ["test_reading.py", "test_failures.py", "test_locks.py", "test_whole_runs.py"]


@pytest.mark.sweep
@pytest.mark.parametrize("name", FILES)
def test_the_tests_against_a_server_pass_against_an_imitation_and_leave_nothing_there(
    name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "server"
    query = {"driver": DRIVER, "TrustServerCertificate": "yes"}
    url = URL.create("mssql+pyodbc", ADMINISTRATOR, PASSWORD, "127.0.0.1", 1433, DATABASE, query)
    machine = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # of this very run
    environ = {**machine, **installed(folder), "TEST_MSSQL_URL": url.render_as_string(hide_password=False)}
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'theirs'}"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", f"tests/integration/{name}", *options],
        cwd=ROOT, env={**environ, **UNMEASURED}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"\d+ passed", done.stdout)
    assert "NOT TESTED" not in done.stdout
    assert tables(folder) == []


def test_every_file_that_needs_a_server_is_among_them() -> None:
    folder = Path(__file__).parent

    needing = {path.name for path in folder.glob("test_*.py") if re.search(r"\bserver: Server\b", path.read_text())}

    assert needing == set(FILES)
