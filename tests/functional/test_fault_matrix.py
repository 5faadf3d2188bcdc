"""Every kind of request fails in every way: no harm is done, the run says how it ended, and the next one mends it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from client.auth0 import buckets
from client.stop import Stop
from sandbox import Behaviour, Fault, LoggedRequest, Tenant
from tests.functional.days import OF_A_BIG_DAY, a_big_day
from tests.functional.job import Job, Result, StartJob
from tests.functional.kinds import AFTER, KINDS, Kind
from tests.functional.oracle import Oracle, Picture

_MIXED = {"come": 1, "swap": 1, "strip": 1, "go": 1}
_ONLY_NEW = {"come": 2, "swap": 0, "strip": 0, "go": 0}  # then a request about one account is about the import
_BLOCKS = {"come": 0, "swap": 0, "strip": 0, "go": 1, "back": 1, "blocks": True}
DAYS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "members": (_MIXED, {}),
    "late": (_MIXED, {}),
    "lost": (_MIXED, {}),
    "pool": (_MIXED, {"AUTH0_ROLE_READ": "pool", "AUTH0_POOL_SIZE": "1"}),
    "export": (_MIXED, {"AUTH0_USER_READ": "export"}),
    "import": (_ONLY_NEW, {"AUTH0_CREATE_WITH": "import"}),
    "block": (_BLOCKS, {"SYNC_ON_MISSING": "block"}),
}
"""Who there is, and the settings of the run that goes wrong."""
PATIENCE = {"AUTH0_MAX_RETRIES": "1", "AUTH0_BACKOFF_FACTOR": "0"}
HURRY = 25
NARROW = frozenset({("500", True)})
"""The faults that are tried in every run of the tests; the others are the sweep."""


class Day:
    """A day of each kind: a creation, a swap, a strip, a deletion, and accounts that nobody may touch."""

    def __init__(self, job: Job, name: str) -> None:
        people, self.settings = DAYS[name]
        self.job, self.oracle = job, a_big_day(job, **people)
        job.settings |= OF_A_BIG_DAY | ({"SYNC_ON_MISSING": "block"} if self.oracle.blocks else {})
        if name in {"late", "import"}:
            job.sandbox.before_answer = self._let_somebody_come
        if name == "lost":
            job.sandbox.faults.add(Fault(method="POST", path="/api/v2/users", kind="drop_after"))

    def _let_somebody_come(self, entry: LoggedRequest) -> None:
        """Somebody else makes an account just after all were listed."""
        if (entry.method, entry.path, entry.fault) == ("GET", "/api/v2/users", None):
            self.job.sandbox.before_answer = None
            self.job.tenant.add_user("come0@x.io")
            self.oracle = replace(self.oracle, before=Picture.of(self.job.tenant))


def where(tenant: Tenant, kind: Kind) -> str | None:
    """The words that tell a request about the victim."""
    if kind.where is None or kind.is_creation:
        return kind.where
    ids = [user_id for user_id, account in tenant.users.items() if account.get("email") == kind.where]
    ids += [role_id for role_id, role in tenant.roles.items() if role["name"] == kind.where]
    return ids[0].rpartition("|")[2] if ids else kind.where


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits are as many as ever, and much shorter."""
    patient = Stop.sleep
    monkeypatch.setattr(Stop, "sleep", lambda self, seconds: patient(self, seconds / HURRY))
    for user in ("buckets", "pace"):
        monkeypatch.setattr(f"client.auth0.{user}.BLIND_PAUSE", buckets.BLIND_PAUSE / HURRY)


def cases(kinds: Iterable[Kind]) -> Iterator[Any]:
    """Kind, fault, and whether it befalls all requests of the kind."""
    for kind in kinds:
        for fault, always in kind.cases():
            marks = [] if (fault, always) in NARROW else [pytest.mark.sweep]
            name = f"{kind.name}-{fault}-{'always' if always else 'once'}"
            yield pytest.param(kind, fault, always, id=name, marks=marks)


@pytest.mark.parametrize(("kind", "fault", "always"), [*cases(KINDS)])
@pytest.mark.usefixtures("hurry")
def test_a_request_that_fails_does_no_harm_and_the_next_run_mends_it(
    start_job: StartJob, kind: Kind, fault: str, *, always: bool
) -> None:
    job = start_job(as_published=False, behaviour=Behaviour(export_seconds=0, import_seconds=0))
    day = Day(job, kind.day)
    told = kind.fault(fault, always=always, where=where(job.tenant, kind), echo=job.tenant.client_secret)
    job.sandbox.faults.add(told)
    timeout = {"AUTH0_TIMEOUT": "0.5"} if fault == "hang" else {}

    result = job.run("-v", **day.settings, **PATIENCE, **timeout)

    assert any(entry.fault == told.kind for entry in job.sandbox.log if entry.path == kind.path)
    assert result.code == result.report["exit_code"] == kind.promised(fault, always=always), result.said
    assert day.oracle.wrongs(job.tenant) == []
    if kind.code == result.code == 1:
        assert job.sandbox.writes() == []
    if kind.held is not None and result.code:
        hands_off = day.oracle.hands_off | {kind.held}
        assert replace(day.oracle, hands_off=hands_off).wrongs(job.tenant) == []
    assert_no_trace_of_bugs_or_secrets(job, result)
    job.sandbox.faults.clear()
    assert_the_next_run_mends_it(job, day.oracle)
    if (fault, always) in NARROW or fault in AFTER or kind.day == "import":
        assert_the_run_after_it_writes_nothing(job, day.oracle)


def assert_no_trace_of_bugs_or_secrets(job: Job, result: Result) -> None:
    """Neither in what was said nor in any file that was left."""
    left = [file.read_bytes().decode(errors="replace") for file in job.folder.rglob("*") if file.is_file()]
    everything = "\n".join([result.said, *left])
    signatures = [entry.query["Signature"] for entry in job.sandbox.log if "Signature" in entry.query]
    secrets = [job.tenant.client_secret, *job.tenant.tokens, *job.sandbox.passwords, *signatures]
    assert [secret for secret in secrets if secret in everything] == []
    assert re.findall(r"\beyJ\w+|Signature=", everything) == []
    assert "Traceback" not in everything
    assert "this is a bug" not in everything
    assert not result.report["error"] or result.report["error"] in result.stdout + result.stderr


def assert_the_next_run_mends_it(job: Job, oracle: Oracle) -> None:
    """It ends with 0, and tenant and source agree."""
    job.sandbox.clear_log()
    assert job.run("-q").code == 0
    assert (oracle.wrongs(job.tenant), oracle.lacks(job.tenant)) == ([], [])


def assert_the_run_after_it_writes_nothing(job: Job, oracle: Oracle) -> None:
    """Unless the run that mended it had nothing to write already.

    Who agrees to the letter agrees, whatever went wrong before; so not every fault is worth this run, but all that
    leave something half known, or an import that is still going on.
    """
    if job.sandbox.writes():
        job.sandbox.clear_log()
        assert job.run("-q").code == 0
    assert job.sandbox.writes() == []
    assert (oracle.wrongs(job.tenant), oracle.lacks(job.tenant)) == ([], [])
