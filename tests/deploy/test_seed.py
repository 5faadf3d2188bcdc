"""The people of the demonstration with Compose: how they are made, and that the job can sync them."""

from __future__ import annotations

import re
import runpy
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from config.sources import read_env_file
from sandbox import Sandbox, Tenant
from sandbox.people import ROLES
from tests.database.builders import fake_pyodbc
from tests.deploy.files import DEPLOY, document
from tests.functional.job import Job

FOLDER = DEPLOY / "compose"


@pytest.fixture(scope="module")
def services() -> Any:
    return document(FOLDER / "compose.yaml")["services"]


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return read_env_file(FOLDER / ".env.compose")


@pytest.fixture(scope="module")
def seed() -> Any:
    """What seed.py defines."""
    return runpy.run_path(str(FOLDER / "seed.py"))


def seeded(seed: Any, file: Path, *, times: int = 1) -> None:
    """Carry out, in SQLite, what seed.sql does with the table: its words are the same but for a few."""
    batches: Callable[[str, str], list[str]] = seed["batches"]
    script = batches((FOLDER / "seed.sql").read_text(encoding="utf-8"), "pw")
    (create,) = [text.partition("\n")[2] for text in script if "CREATE TABLE" in text]
    (fill,) = [text for text in script if "INSERT INTO" in text]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.create_function("CONCAT", -1, lambda *parts: "".join(map(str, parts)))
        connection.execute(re.sub(r"COLLATE \w+", "", create).replace("dbo.", ""))
        for _ in range(times):
            connection.execute(re.sub(r"\bN'", "'", fill).replace("dbo.", ""))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """A tenant as the demonstration's: the roles, and nobody."""
    tenant = Tenant()
    for role in ROLES:
        tenant.add_role(role)
    with Sandbox(tenant) as sandbox:
        yield Job(tmp_path, tenant, sandbox)


def test_the_batches_are_parted_at_go_and_the_password_is_put_in_as_a_string(seed: Any) -> None:
    script = "SELECT 1\nGO\n\n go \nSELECT N'$(MSSQL_PASSWORD)', 'GO'\n-- GOING\nGO\n"

    assert seed["batches"](script, "it's") == ["SELECT 1", "SELECT N'it''s', 'GO'\n-- GOING"]


def test_the_seed_makes_everything_only_if_it_is_not_there_and_grants_nothing_but_select(seed: Any) -> None:
    batches = seed["batches"]((FOLDER / "seed.sql").read_text(encoding="utf-8"), "pw")
    bare = [re.sub(r"^--.*\n", "", text, flags=re.MULTILINE) for text in batches]

    for text in bare:
        assert text.startswith(("IF ", "USE ", "WITH ", "GRANT ")), text[:60]
        assert text.count(";") == text.endswith(";"), "one statement a batch: an error in a second would not be seen"
    assert [text for text in bare if text.startswith("GRANT")] == ["GRANT SELECT ON dbo.app_users TO auth0_sync;"]
    assert sum("CREATE LOGIN auth0_sync" in text for text in bare) == 1


def test_the_seed_carries_out_every_batch_in_order_outside_of_a_transaction(
    seed: Any,
    environ: dict[str, str],
    services: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pyodbc = fake_pyodbc()
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)

    code = seed["main"]({**environ, **services["seed"]["environment"]})

    (connection,) = pyodbc.connections
    batches = seed["batches"]((FOLDER / "seed.sql").read_text(encoding="utf-8"), environ["MSSQL_PASSWORD"])
    carried_out = [(statement, autocommit) for statement, _, autocommit in connection.asked if statement in batches]
    assert code == 0
    assert carried_out == [(batch, True) for batch in batches]
    assert f"is ready ({len(batches)} batches)" in capsys.readouterr().out


def test_a_seed_that_is_not_let_in_says_so_without_the_password(
    seed: Any, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pyodbc = fake_pyodbc(lambda module: module.InterfaceError("28000", "[28000] Login failed for user 'sa'. (18456)"))
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)

    code = seed["main"]({**environ, "MSSQL_SA_PASSWORD": "hunter2"})

    told = capsys.readouterr().err
    assert code == 1
    assert "Login failed for user 'sa'" in told
    assert "hunter2" not in told
    assert environ["MSSQL_PASSWORD"] not in told


def test_the_people_are_hundreds_of_all_kinds_and_seeding_again_makes_no_more(seed: Any, tmp_path: Path) -> None:
    seeded(seed, tmp_path / "once.db")
    seeded(seed, tmp_path / "twice.db", times=2)

    with closing(sqlite3.connect(tmp_path / "once.db")) as connection:
        count = "SELECT COUNT(DISTINCT employee_no), COUNT(*), SUM(email IS NULL), SUM(role IS NULL) FROM app_users"
        people, rows, without_email, without_role = connection.execute(count).fetchone()
        names = [name for (name,) in connection.execute("SELECT full_name FROM app_users")]
        inactive, departments = connection.execute(
            "SELECT COUNT(DISTINCT employee_no), GROUP_CONCAT(DISTINCT department) FROM app_users WHERE is_active = 0"
        ).fetchone()
    with closing(sqlite3.connect(tmp_path / "twice.db")) as connection:
        again = connection.execute("SELECT COUNT(*) FROM app_users").fetchone()

    assert (people, rows, again[0]) == (300, 360, 360)
    assert (without_email, without_role) == (3, 7)
    assert inactive == 19
    assert departments
    assert any(ord(letter) > 0xFFFF for name in names for letter in name)
    assert any("'" in name for name in names)


def test_the_query_finds_its_columns_and_the_job_syncs_the_people(seed: Any, environ: dict[str, str], job: Job) -> None:
    seeded(seed, job.folder / "seeded.db")
    source = {
        "USERS_DB_URL": f"sqlite:///{job.folder / 'seeded.db'}",
        "USERS_DB_QUERY": environ["USERS_DB_QUERY"].replace("dbo.", ""),
    }

    planned = job.run("plan", **source)
    synced = job.run("sync", **source)
    again = job.run("plan", "--detailed-exitcode", **source)

    assert (planned.code, synced.code, again.code) == (0, 3, 0), synced.stderr
    assert len(job.tenant.users) > 250
    assert {user["name"] for user in job.tenant.users.values()} >= {"Zoë Müller", "小龍 Nguyễn"}
    assert {role for roles in job.tenant.snapshot().values() for role in roles} == {*ROLES} - {"support"}
