"""`python main.py plan` and `sync` of ten thousand people from a real SQL Server, as a login that may only read."""

from __future__ import annotations

from tests.functional.job import Job
from tests.integration.population import people
from tests.integration.runs import sync_everybody
from tests.integration.server import Server


def query(everybody: str) -> str:
    return f"SELECT email, role FROM {everybody}"  # noqa: S608 - a test's own text


def test_a_login_that_may_only_read_is_enough_for_a_whole_sync(job: Job, reader: Server, everybody: str) -> None:
    sync_everybody(job, {**reader.as_settings(), "USERS_DB_QUERY": query(everybody)}, people())


def test_a_plan_by_a_url_shows_the_same_as_one_by_settings(job: Job, server: Server, everybody: str) -> None:
    asked = {"USERS_DB_QUERY": query(everybody)}

    by_settings = job.run_as_process("plan", **server.as_settings(), **asked)
    by_url = job.run_as_process("plan", **server.as_url(), **asked)

    assert (by_settings.code, by_url.code) == (0, 0), by_settings.stderr + by_url.stderr
    assert by_settings.report["digest"] == by_url.report["digest"]
    assert str(server.url.password) not in by_settings.said + by_url.said
    assert job.sandbox.writes() == []
