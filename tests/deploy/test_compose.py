"""The demonstration with Compose: valid, closed to the outside, and its people are what the job can sync."""

from __future__ import annotations

import re
import runpy
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.requirements import Requirement

from config.loading import load
from config.sources import read_env_file
from sandbox import Sandbox, Tenant
from sandbox.people import ROLES
from tests.deploy.files import DEPLOY, ROOT, document
from tests.functional.job import Job

FOLDER = DEPLOY / "compose"
FILE = FOLDER / "compose.yaml"


@pytest.fixture(scope="module")
def services() -> Any:
    return document(FILE)["services"]


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


def test_the_file_is_what_the_specification_of_compose_describes() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout


def test_docker_compose_itself_takes_the_file() -> None:
    docker = shutil.which("docker")
    has_compose = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if not docker or not has_compose or has_compose.returncode != 0:
        pytest.skip("NOT TESTED WITH docker compose: it is not installed here")

    subprocess.run([docker, "compose", "-f", str(FILE), "config", "--quiet"], check=True)


def test_nothing_of_it_can_be_reached_from_outside(services: Any) -> None:
    assert [name for name, service in services.items() if "ports" in service] == []
    assert services["sync"]["network_mode"] == "service:sandbox"
    assert services["sync"]["read_only"] is True
    assert services["sync"]["cap_drop"] == ["ALL"]


def test_the_job_begins_when_the_people_are_there_and_the_tenant_answers(services: Any) -> None:
    assert services["sync"]["depends_on"] == {
        "seed": {"condition": "service_completed_successfully"},
        "sandbox": {"condition": "service_healthy"},
    }
    assert services["seed"]["depends_on"] == {"sqlserver": {"condition": "service_healthy"}}
    assert "healthcheck" in services["sqlserver"]
    assert "healthcheck" in services["sandbox"]
    assert "tools18/bin/sqlcmd -C " in services["sqlserver"]["healthcheck"]["test"][1]


def test_the_state_is_on_a_volume(services: Any) -> None:
    assert services["sync"]["volumes"] == ["state:/state"]
    assert "state" in document(FILE)["volumes"]
    assert "SYNC_STATE_DIR=/state" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_settings_are_those_of_the_job(environ: dict[str, str], tmp_path: Path) -> None:
    settings = load(environ, secrets_dir=tmp_path)

    assert settings.auth0_url == "http://127.0.0.1:8400"
    assert (settings.mssql_server, settings.mssql_username) == ("sqlserver", "auth0_sync")


def test_every_password_says_that_it_is_of_a_demonstration(environ: dict[str, str], services: Any) -> None:
    administrator = services["sqlserver"]["environment"]["MSSQL_SA_PASSWORD"]
    passwords = [administrator, environ["MSSQL_PASSWORD"], environ["AUTH0_CLIENT_SECRET"]]

    assert all("demonstration" in password.lower() for password in passwords)
    for password in passwords[:2]:  # what SQL Server asks of one
        assert len(password) >= 8
        assert all(re.search(kind, password) for kind in ("[A-Z]", "[a-z]", "[0-9]", "[^A-Za-z0-9]"))
    assert services["seed"]["environment"]["MSSQL_SA_PASSWORD"] == administrator


def test_the_sandbox_starts_with_the_command_that_is_written_there(services: Any, environ: dict[str, str]) -> None:
    (command,) = services["sandbox"]["command"]
    assert "--port 8400" in command
    shell = command.replace("$$", "$").replace("--port 8400", "--port 0").replace("python", sys.executable, 1)

    process = subprocess.Popen(
        [*services["sandbox"]["entrypoint"], shell], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("AUTH0_URL=")
        body = {
            "grant_type": "client_credentials",
            "client_id": environ["AUTH0_CLIENT_ID"],
            "client_secret": environ["AUTH0_CLIENT_SECRET"],
            "audience": f"{url}/api/v2/",
        }
        token = requests.post(f"{url}/oauth/token", json=body, timeout=5)
        state = requests.get(f"{url}/sandbox/state", timeout=5).json()  # what the health check asks for
        process.terminate()

    assert token.status_code == 200
    assert (state["users"], state["roles"]) == ([], sorted(ROLES))
    assert "/sandbox/state" in " ".join(services["sandbox"]["healthcheck"]["test"])


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


def test_the_sandboxs_image_gets_aiohttp_all_that_it_needs_and_the_sandbox_alone() -> None:
    text = (FOLDER / "sandbox.Dockerfile").read_text(encoding="utf-8")
    listed = re.search(r"/\^\(([\w|-]+)\)==/", text)
    assert listed is not None
    needed, new = set[str](), {"aiohttp"}
    while new:
        needed |= new
        asked = [Requirement(line) for name in new for line in metadata.requires(name) or ()]
        new = {one.name for one in asked if not one.marker or one.marker.evaluate({"extra": ""})} - needed

    assert {name.replace("_", "-") for name in needed} == set(listed[1].split("|"))
    assert set(re.findall(r"^COPY (\S+) ", text, flags=re.MULTILINE)) == {"requirements-dev.txt", "sandbox"}
    ignored = (FOLDER / "sandbox.Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == {"requirements-dev.txt", "sandbox"}


def test_the_sandboxs_requirements_are_taken_from_the_file_with_their_hashes(tmp_path: Path) -> None:
    text = (FOLDER / "sandbox.Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    command = re.search(r"RUN (awk '[^']+')\s+(\S+) > sandbox.txt", text)
    assert command is not None

    taken = subprocess.run(
        ["/bin/sh", "-c", f"{command[1]} {ROOT / command[2]}"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout

    pinned = re.findall(r"^([a-z-]+)==", taken, flags=re.MULTILINE)
    assert "aiohttp" in pinned
    assert len(pinned) == 10
    assert taken.count("--hash=sha256:") > len(pinned)
