"""The demonstration with Compose: valid, closed to the outside, and its people are what the job can sync."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.requirements import Requirement

from config.loading import load
from config.sources import read_env_file
from sandbox.people import ROLES
from tests.deploy.files import DEPLOY, ROOT, document

FOLDER = DEPLOY / "compose"
FILE = FOLDER / "compose.yaml"


@pytest.fixture(scope="module")
def services() -> Any:
    return document(FILE)["services"]


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return read_env_file(FOLDER / ".env.compose")


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


def test_hadolint_has_nothing_against_the_sandboxs_image() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("NOT TESTED WITH hadolint: it is not installed here")

    told = subprocess.run([hadolint, FOLDER / "sandbox.Dockerfile"], capture_output=True, text=True, check=False)

    assert (told.returncode, told.stdout) == (0, "")


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
