"""Whoever watches a sync of everybody hears what became of it; and nothing that they do becomes of it."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from filelock import FileLock
from prometheus_client.parser import text_string_to_metric_families

from client.watching import Watch
from sandbox import Fault
from tests.functional.job import Job, Result
from tests.watching.listener import Answer, Listener, answer, silence, trickle

WANTED = {"ann@x.io": ["admin"], "ben@x.io": ["editor"]}
SECRET = "hunter2-of-the-watchers"
PROMISED = 5.0  # seconds from a signal to the end of a run


@pytest.fixture
def job(job: Job) -> Job:
    """A day on which ann comes, ben changes roles and cy goes."""
    job.tenant.add_user("ben@x.io", roles=("viewer",))
    job.tenant.add_user("cy@x.io", roles=("viewer",))
    job.people((email, role) for email, roles in WANTED.items() for role in roles)
    return job


@pytest.fixture
def outside() -> Iterator[Listener]:
    """Answers every watcher well."""
    with Listener() as listener:
        yield listener


def watchers(job: Job, url: str) -> dict[str, str]:
    """Settings with all of them."""
    return {
        "SYNC_PING_URL": f"{url}/{SECRET}/ping",
        "SYNC_NOTIFY_URL": f"{url}/{SECRET}/chat",
        "SYNC_METRICS_FILE": str(job.folder / "sync.prom"),
    }


def told(outside: Listener) -> list[str]:
    """What the server was told, without the secret."""
    assert all(target.startswith(f"/{SECRET}/") for target in outside.targets)
    return [target.removeprefix(f"/{SECRET}/") for target in outside.targets]


def metrics(job: Job) -> dict[str, float]:
    """Metric to the sum of its values."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families((job.folder / "sync.prom").read_text()):
        for sample in family.samples:
            name = sample.name.removeprefix("sync_auth0_")
            found[name] = found.get(name, 0) + sample.value
    return found


def places_with_the_secret(result: Result, job: Job) -> list[str]:
    """Of all that was said, and of every file that there is."""
    files = [path for path in job.folder.rglob("*") if path.is_file()]
    texts = {"said": result.said} | {str(path): path.read_text("latin-1") for path in files}
    return [where for where, text in texts.items() if SECRET in text]


def test_a_sync_that_goes_well_is_told_from_its_beginning_to_its_end(job: Job, outside: Listener) -> None:
    result = job.run(**watchers(job, outside.url), SYNC_NOTIFY_ON="change")

    assert result.code == 0, result.said
    assert told(outside)[0] == "ping/start"
    assert sorted(told(outside)[1:]) == ["chat", "ping/0"]
    assert job.tenant.snapshot() == WANTED
    found = metrics(job)
    assert found["last_success_timestamp_seconds"] == found["last_run_timestamp_seconds"] > 1_700_000_000
    assert found["last_run_exit_code"] == 0
    assert found["requests"] == len(job.sandbox.log)
    assert found["changes"] == len(result.report["changes"]) == 5
    assert found["people"] == found["accounts"] == 2
    assert found["phase_seconds"] > 0


def test_a_sync_with_nothing_to_do_is_no_change_worth_telling(job: Job, outside: Listener) -> None:
    job.run()

    result = job.run(**watchers(job, outside.url), SYNC_NOTIFY_ON="change")

    assert result.code == 0
    assert told(outside) == ["ping/start", "ping/0"]


def test_a_refusal_is_told_with_the_command_that_approves_of_this_plan(job: Job, outside: Listener) -> None:
    limits = {"SYNC_MAX_DELETES": "0", "SYNC_LIMIT_FLOOR": "0"}
    job.run(**watchers(job, outside.url), SYNC_ON_MISSING="keep")
    outside.heard.clear()

    result = job.run(**watchers(job, outside.url), **limits)

    assert result.code == 4
    assert sorted(told(outside)) == ["chat", "ping/4", "ping/start"]
    (chat,) = (heard for heard in outside.heard if heard.target.endswith("chat"))
    (command,) = re.findall(r"no other: python main\.py (.+)", chat.json["text"])
    assert job.run(*command.split(), **limits).code == 0
    assert job.tenant.snapshot() == WANTED
    found = metrics(job)
    assert found["refused"] == 1
    assert found["last_success_timestamp_seconds"] < found["last_run_timestamp_seconds"]


def test_a_failure_is_told_with_its_reason(job: Job, outside: Listener) -> None:
    result = job.run(**watchers(job, outside.url), USERS_DB_QUERY="SELECT nothing FROM nowhere")

    assert result.code == 1
    assert sorted(told(outside)) == ["chat", "ping/1", "ping/start"]
    assert all("Error: database " in heard.body.decode() for heard in outside.heard if heard.body)
    assert metrics(job)["last_run_exit_code"] == 1


def test_people_who_are_held_are_told_by_their_number(job: Job, outside: Listener) -> None:
    job.people([("ann@x.io", "admin"), ("ben@x.io", None)])

    result = job.run(**watchers(job, outside.url))

    assert result.code == 3
    assert sorted(told(outside)) == ["chat", "ping/3", "ping/start"]
    assert metrics(job)["held"] == 1
    assert all("1 held" in heard.body.decode() for heard in outside.heard if heard.body)


def test_nobody_is_named_to_those_outside(job: Job, outside: Listener) -> None:
    job.people([("ann@x.io", "admin"), ("ben@x.io", None), ("no address", "viewer")])
    job.sandbox.faults.add(Fault(kind="status", method="POST", path="/api/v2/users", status=400, times=None))

    job.run(**watchers(job, outside.url))
    job.run(**watchers(job, outside.url), USERS_DB_QUERY="SELECT [ann@x.io] FROM people")

    text = " ".join(heard.body.decode() for heard in outside.heard) + (job.folder / "sync.prom").read_text()
    assert len(outside.heard) == 6
    assert not any(name in text for name in ("ann", "ben", "cy@", "x.io", "no address"))


@pytest.mark.parametrize(
    "arguments", [("plan",), ("--dry-run",), ("--only", "ann@x.io"), ("plan", "--only", "ann@x.io")]
)
def test_only_a_sync_of_everybody_is_told(job: Job, outside: Listener, arguments: tuple[str, ...]) -> None:
    result = job.run(*arguments, **watchers(job, outside.url), SYNC_NOTIFY_ON="always")

    assert result.code == 0, result.said
    assert outside.heard == []
    assert not (job.folder / "sync.prom").exists()


def test_a_run_that_finds_another_going_on_tells_only_that(job: Job, outside: Listener) -> None:
    (job.folder / "state").mkdir()
    with FileLock(job.folder / "state" / "lock"):
        result = job.run(**watchers(job, outside.url))

    assert result.code == 5
    assert sorted(told(outside)) == ["chat", "ping/5"]
    assert metrics(job)["last_run_exit_code"] == 5


def test_a_run_that_is_stopped_tells_so(job: Job, outside: Listener) -> None:
    job.sandbox.faults.add(Fault(kind="hang", path="/api/v2/roles", times=None))
    fork = job.fork(**watchers(job, outside.url), AUTH0_TIMEOUT="60")
    job.wait_for("GET", "/api/v2/roles")

    fork.terminate()

    assert job.wait(fork).code == 143
    assert sorted(told(outside)) == ["chat", "ping/143", "ping/start"]
    assert metrics(job)["last_run_exit_code"] == 143


def test_a_run_that_is_stopped_waits_two_seconds_at_most_for_who_does_not_answer(job: Job) -> None:
    job.sandbox.faults.add(Fault(kind="hang", path="/api/v2/roles", times=None))
    with Listener(trickle) as outside:
        fork = job.fork(**watchers(job, outside.url), AUTH0_TIMEOUT="60")
        job.wait_for("GET", "/api/v2/roles")

        fork.terminate()
        asked = time.monotonic()
        result = job.wait(fork)
        seconds = time.monotonic() - asked

    assert result.code == 143
    assert seconds < PROMISED
    assert "SYNC_PING_URL: no answer within the time limit" in result.stderr


def test_a_run_that_is_stopped_while_it_waits_for_another_is_no_success(job: Job, outside: Listener) -> None:
    (job.folder / "state").mkdir()
    with FileLock(job.folder / "state" / "lock"):
        process = job.start("--lock-timeout", "60", **watchers(job, outside.url))
        assert process.stderr is not None
        line = process.stderr.readline()

        process.send_signal(signal.SIGTERM)

        result = job.finish(process)
    assert "waiting for it" in line
    assert result.code == 143
    assert "ping/0" not in told(outside)
    assert "last_success_timestamp_seconds" not in metrics(job)


MISBEHAVING = pytest.mark.parametrize(
    "manner", [silence, trickle, answer(500), answer(302, "Location: http://127.0.0.1:1/"), answer(200, "no header")]
)


@MISBEHAVING
def test_no_watcher_has_any_say_in_what_becomes_of_a_sync(
    job: Job, manner: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = Watch.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "limit", 0.3)  # the right one is for the sweep
    os.mkfifo(job.folder / "sync.prom")

    with Listener(manner) as outside:
        result = job.run(**watchers(job, outside.url), SYNC_NOTIFY_ON="always", LOG_LEVEL="DEBUG")

    assert result.code == 0
    assert job.tenant.snapshot() == WANTED
    assert result.report["exit_code"] == 0
    assert "SYNC_METRICS_FILE: " in result.stderr
    assert "the sync itself is not affected" in result.stderr
    assert places_with_the_secret(result, job) == []


@pytest.mark.sweep
@pytest.mark.parametrize("manner", [silence, trickle])
def test_watchers_that_never_answer_hold_a_run_up_for_ten_seconds_at_most(job: Job, manner: Answer) -> None:
    with Listener(manner) as outside:
        began = time.monotonic()
        result = job.run(**watchers(job, outside.url), SYNC_NOTIFY_ON="always")
        seconds = time.monotonic() - began

    assert result.code == 0
    assert seconds - result.report["seconds"] < 10.5  # half a second for all that is around the run


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_urls_of_the_watchers_are_never_told(job: Job, log_format: str) -> None:
    with Listener(answer(500)) as outside:
        bad = job.run("-v", "--log-format", log_format, **watchers(job, outside.url), SYNC_NOTIFY_ON="always")
        port = outside.url
    closed = job.run("-v", "--log-format", log_format, **watchers(job, port), SYNC_NOTIFY_ON="always")

    assert bad.stderr.count("it answers 500") == 2
    assert closed.stderr.count("the connection was refused") == 2
    assert places_with_the_secret(bad, job) == places_with_the_secret(closed, job) == []
