"""Links and passwords of new people are told to nobody but the private file that is meant for them."""

from __future__ import annotations

import json
import re
import stat
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from client.auth0.writer import Writer
from sandbox import Fault
from tests.functional.job import Job, Result, StartJob
from tests.functional.leaks import Watch
from tests.functional.mapped_days import a_mapped_day
from tests.functional.test_fault_matrix import PATIENCE, hurry
from tests.functional.test_secrecy import ECHOES, FORMATS, saying_back

__all__ = ["hurry"]  # a fixture

LOUD = {"LOG_LEVEL": "DEBUG", **PATIENCE}
SAID_BACK = {
    "creation": ("POST", "/api/v2/users"),
    "update": ("PATCH", "/api/v2/users/{id}"),
    "new role": ("POST", "/api/v2/roles"),
    "mail": ("POST", "/dbconnections/change_password"),
    "ticket": ("POST", "/api/v2/tickets/password-change"),
    "revocation": ("POST", "/api/v2/users/{id}/revoke-access"),
}


@pytest.fixture
def job(start_job: StartJob) -> Job:
    """A mapped day on which links are made for who comes."""
    job = start_job(as_published=False)
    a_mapped_day(job)
    job.settings["AUTH0_INVITE"] = "ticket"
    return job


@pytest.fixture
def watch(job: Job) -> Watch:
    """Of that job, from its beginning on."""
    return Watch(job)


def links_of(result: Result) -> list[str]:
    """Those in the file that the report names."""
    lines = Path(result.report["invitations"]).read_text().splitlines()
    return [json.loads(line)["link"] for line in lines]


@FORMATS
def test_a_run_that_goes_well_tells_links_to_the_private_file_alone(job: Job, watch: Watch, log_format: str) -> None:
    result = job.run("-v", **LOUD, LOG_FORMAT=log_format)

    assert result.code == 0, result.said
    assert len(watch.tickets) == 3
    assert len(job.sandbox.passwords) == 2
    assert watch.leaks(result.said) == []
    assert sorted(links_of(result)) == sorted(watch.tickets)
    file = Path(result.report["invitations"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    (journal,) = (job.folder / "state" / "journal").iterdir()
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


@pytest.mark.parametrize("asked", SAID_BACK.values(), ids=SAID_BACK)
@pytest.mark.usefixtures("hurry")
@pytest.mark.sweep
def test_what_a_server_says_back_of_new_requests_is_not_passed_on(
    job: Job, watch: Watch, asked: tuple[str, str]
) -> None:
    way = "email" if "dbconnections" in asked[1] else "ticket"
    heard = 0
    for (kind, answer), log_format in zip(ECHOES.items(), cycle(("text", "json")), strict=False):
        with saying_back(job, *asked, answer) as said:
            result = job.run("-v", **LOUD, LOG_FORMAT=log_format, AUTH0_INVITE=way)

        heard += bool(said)
        assert result.code in {0, 1, 3}, result.said
        assert watch.leaks(result.said) == [], kind
        assert not re.search(r"Traceback|this is a bug", result.said), kind
    assert heard >= len(ECHOES) - 1  # the last but one may count as a good answer, and then nothing is left to do


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/v2/tickets/password-change"), ("PATCH", "/api/v2/users/{id}")]
)
@pytest.mark.parametrize("kind", ["status_after", "drop_after", "truncate", "html", "hang"])
@pytest.mark.usefixtures("hurry")
def test_a_link_that_is_made_in_vain_is_told_to_nobody(
    job: Job, watch: Watch, method: str, path: str, kind: Any
) -> None:
    job.sandbox.faults.add(Fault(method=method, path=path, kind=kind, times=2, applied=kind == "hang"))

    result = job.run("-v", **LOUD, AUTH0_TIMEOUT="0.5" if kind == "hang" else "")

    assert result.code in {0, 3}, result.said
    assert watch.tickets
    assert watch.leaks(result.said) == []


def test_links_that_cannot_be_written_are_told_to_nobody(job: Job, watch: Watch, monkeypatch: Any) -> None:
    made = Writer.ticket

    def full(self: Writer, user_id: str, client_id: str = "") -> str:
        link = made(self, user_id, client_id)
        monkeypatch.setattr("client.lines.os.write", lambda _file, data: len(data) - 1)  # the disk is full
        return link

    monkeypatch.setattr(Writer, "ticket", full)

    result = job.run("-v", **LOUD)

    assert result.code == 1
    assert "cannot be written" in result.report["error"]
    assert watch.tickets
    assert watch.leaks(result.said) == []
    assert "Traceback" not in result.said
