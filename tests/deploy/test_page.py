"""docs/deploy.md tells the truth: its files are there, its commands are what they should be, its numbers the code's."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import make_url

from client.cli import parse
from sync.report import Exit
from tests.deploy.files import DEPLOY, ROOT, document

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL) for line in block.splitlines() if line
]


def test_every_file_that_a_command_names_is_there() -> None:
    named = {word for line in COMMANDS for word in shlex.split(line) if word.startswith(("deploy/", "tests/", ".env."))}

    assert len(named) > 5
    assert [word for word in named if not (ROOT / word).exists()] == []


def test_every_file_of_deploy_is_named_or_in_a_folder_that_is() -> None:
    for path in [*DEPLOY.iterdir(), *(ROOT / ".github" / "workflows").iterdir()]:
        assert str(path.relative_to(ROOT)) in PAGE, path


def test_every_command_of_the_job_is_one_that_it_takes() -> None:
    ours = [shlex.split(line.partition("main.py ")[2]) for line in COMMANDS if "main.py " in line]
    ours += [shlex.split(line)[-1:] for line in COMMANDS if " auth0-sql-sync plan" in line]
    ours += [shlex.split(line.partition("--rm sync")[2]) for line in COMMANDS if "compose.yaml run" in line]

    assert len(ours) == 4
    assert [parse(words).command for words in ours] == ["plan", "plan", "plan", "sync"]


def test_the_exit_codes_are_those_of_the_code() -> None:
    told = re.findall(r"^\| ([\d, ]+) \|", PAGE, flags=re.MULTILINE)

    named = {int(code) for cell in told for code in cell.split(", ")}

    assert named == set(Exit) - {Exit.PENDING, Exit.INTERRUPTED}  # which nobody who starts it so will see


def test_the_codes_that_fail_a_job_at_once_are_those_of_the_manifest() -> None:
    rules = document(DEPLOY / "kubernetes" / "cronjob.yaml")["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    *first, last = rules[1]["onExitCodes"]["values"]

    assert f"{', '.join(map(str, first))} and {last} fail the Job at once" in PAGE


def test_the_secret_that_is_made_has_what_the_manifest_mounts(tmp_path: Path) -> None:
    (command,) = [line for line in COMMANDS if "create secret" in line]
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("NOT TESTED WITH kubectl: it is not installed here")
    for name in re.findall(r"--from-file=(\S+)", command):
        (tmp_path / name).write_text("hunter2")

    made = subprocess.run(
        [kubectl, *shlex.split(command)[1:], "--dry-run=client", "-o", "name"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    pod = document(DEPLOY / "kubernetes" / "cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (volume,) = [volume for volume in pod["volumes"] if "secret" in volume]
    assert made.strip() == f"secret/{volume['secret']['secretName']}"
    mounted = {mount["subPath"] for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == volume["name"]}
    assert {path.name for path in tmp_path.iterdir()} == mounted


def test_the_url_for_the_tests_is_one() -> None:
    (text,) = re.findall(r"TEST_MSSQL_URL='([^']+)'", PAGE)

    url = make_url(text)

    assert url.drivername == "mssql+pyodbc"
    assert url.query["driver"] == "ODBC Driver 18 for SQL Server"


def test_what_was_not_tried_is_said() -> None:
    assert "**Not tried:** no Docker engine, no cluster, no systemd as process 1 and no Microsoft SQL Server" in PAGE
