"""The workflow of GitHub Actions: valid, without rights, with an end to everything, and it tests what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.deploy.files import ROOT, document
from tests.integration.server import REASON, mssql_settings

FILE = ROOT / ".github" / "workflows" / "test.yml"


@pytest.fixture(scope="module")
def workflow() -> Any:
    return document(FILE)


@pytest.fixture(scope="module")
def jobs(workflow: Any) -> Any:
    return workflow["jobs"]


def commands(job: Any) -> str:
    """All that a job runs."""
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_the_workflow_is_valid_and_every_job_has_a_time_limit(schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(FILE)]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout


def test_it_may_read_the_code_and_nothing_else(workflow: Any, jobs: Any) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in jobs.values())
    assert "secrets." not in FILE.read_text(encoding="utf-8")
    for job in jobs.values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_only_github_s_own_actions_are_used_and_each_is_pinned(jobs: Any) -> None:
    used = {step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step}

    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", action) for action in used)


def test_a_newer_push_ends_the_run_of_an_older_one(workflow: Any) -> None:
    assert workflow["concurrency"]["cancel-in-progress"] is True


def test_make_test_runs_on_every_python_from_the_oldest_on(jobs: Any) -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest = re.search(r'requires-python = ">=(\S+)"', pyproject)
    assert oldest is not None

    pythons = jobs["test"]["strategy"]["matrix"]["python"]

    assert pythons == [oldest[1], "3.12", "3.13", "3.14"]
    assert "make test" in commands(jobs["test"]).splitlines()
    assert "chromium" in commands(jobs["test"])


def test_the_tests_against_a_server_get_its_url_and_may_not_be_skipped(jobs: Any) -> None:
    job = jobs["integration"]
    service = job["services"]["sqlserver"]
    (step,) = [step for step in job["steps"] if "TEST_MSSQL_URL" in step.get("env", {})]
    url = make_url(step["env"]["TEST_MSSQL_URL"])

    assert url.password == service["env"]["MSSQL_SA_PASSWORD"] == job["env"]["MSSQL_SA_PASSWORD"]
    assert f"{url.port}:1433" in service["ports"]
    assert f"CREATE DATABASE {url.database}" in commands(job)
    assert mssql_settings(url)["MSSQL_DRIVER"] in commands(job)
    assert "tests/integration" in step["run"]
    (unwanted,) = re.findall(r'! grep "([^"]+)"', step["run"])
    assert unwanted in REASON


def test_the_image_is_built_both_ways_and_the_demonstration_runs_in_it(jobs: Any) -> None:
    run = commands(jobs["image"])
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    (argument,) = re.findall(r"--build-arg (\w+)=true", run)

    assert f"ARG {argument}=false" in dockerfile
    assert "docker compose -f deploy/compose/compose.yaml run --rm sync" in run
