"""A run that logs in to its SQL Server with Entra ID, from the first setting to the last line of the report."""

from __future__ import annotations

import pytest

from tests.database.identity import metadata_service
from tests.functional.job import Job
from tests.functional.odbc import SQL_SERVER, TARGET, install

ENTRA = {**SQL_SERVER, "MSSQL_USERNAME": "", "MSSQL_PASSWORD": "", "MSSQL_AD_LOGIN": "true"}


def test_a_run_reads_locks_and_writes_and_shows_no_token(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, lambda _: [("ann@x.io", "admin")])

    with metadata_service(monkeypatch) as service:
        result = job.run("-v", **ENTRA)

    assert result.code == 0, result.stderr
    assert job.tenant.snapshot() == {"ann@x.io": ["admin"]}
    assert len(service.tokens) == 2  # of the lock and of the query
    written = "".join(path.read_text() for path in job.folder.rglob("*.json*"))
    assert "secret-token" not in result.said + written


def test_a_run_without_a_token_reads_nothing_and_ends_with_one_sentence(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, lambda _: [("ann@x.io", "admin")])

    with metadata_service(monkeypatch) as service:
        service.refusal = "Identity not found"
        result = job.run("plan", **ENTRA)

    assert result.code == 1
    assert f"{TARGET}: Entra ID gave no token (" in result.stderr
    assert "DefaultAzureCredential" not in result.stderr  # azure-identity's own warning has pages of the same
    assert "Traceback" not in result.said
    assert job.sandbox.writes() == []
