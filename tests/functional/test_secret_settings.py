"""Secrets in settings: a database password that was not escaped, and secrets where they do not belong."""

from __future__ import annotations

import pytest

from tests.functional.job import Job
from tests.functional.odbc import install

UNESCAPED = {
    "at sign": "mssql+pyodbc://reader:pass@hunter2@db.example/hr?driver=X",
    "at sign and slash": "mssql+pyodbc://reader:pass@word/hunter2@db.example/hr?driver=X",
    "two at signs and a port": "mssql+pyodbc://reader:pa@ss@hunter2@db.example:1433/hr?driver=X",
    "in the place of the port": "mssql+pyodbc://reader@db.example:hunter2/hr?driver=X",
    "no dialect": "reader:hunter2@db.example/hr",
    "as an option": "mssql+pyodbc://reader@db.example/hr?driver=X&PWD=hunter2",
    "in a connection string": "mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BUID%3Dreader%3BPWD%3Dhunter2",
    "of another driver": "sqlite:///people.db?password=hunter2",
}


@pytest.mark.parametrize("url", UNESCAPED.values(), ids=UNESCAPED)
def test_a_database_password_is_not_told_however_little_it_was_escaped(
    job: Job, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, refuse=lambda driver: driver.OperationalError("08001", f"refused {driver.calls[-1]}"))

    result = job.run("-v", USERS_DB_URL=url)

    assert result.code == 1
    left = [path for path in job.folder.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert "hunter2" not in result.said
    assert left == []
    assert job.sandbox.writes() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTH0_URL", "https://client:hunter2@example.eu.auth0.com"),
        ("AUTH0_URL", "https://example.eu.auth0.com:hunter2"),
        ("AUTH0_URL", "hunter2"),
        ("MSSQL_PORT", "hunter2"),
        ("AUTH0_TIMEOUT", "hunter2"),
        ("LOG_LEVEL", "hunter2"),
        ("SYNC_ON_MISSING", "hunter2"),
        ("SYNC_CLIENT_SECRET", "hunter2"),
    ],
)
def test_a_secret_in_the_wrong_setting_is_not_repeated(job: Job, name: str, value: str) -> None:
    result = job.run(**{name: value})

    assert result.code == 78
    assert name in result.stderr
    assert "hunter2" not in result.said


def test_a_line_of_an_env_file_that_means_nothing_is_told_by_its_number(job: Job) -> None:
    file = job.folder / "job.env"
    file.write_text("AUTH0_CONNECTION=Users\nAUTH0_CLIENT_SECRET: hunter2\n")

    result = job.run("--env-file", str(file))

    assert result.code == 78
    assert "line 2 is not of the form NAME=value" in result.stderr
    assert "hunter2" not in result.said
