"""The runs inside the test's process are what a process of its own does, and leave nothing behind."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import threading
from pathlib import Path

import pytest

from tests.functional.job import Job, Result


def told(result: Result) -> tuple[int, list[str], list[str]]:
    """What a run says, but for the time of it."""
    lines = [re.sub(r"\d[\d:TZ.-]+", "#", said).splitlines() for said in (result.stdout, result.stderr)]
    return result.code, lines[0], lines[1]


def surroundings() -> tuple[object, ...]:
    root = logging.getLogger()
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)]
    logs = [*root.handlers], root.level, logging.getLogger("urllib3").level
    return dict(os.environ), Path.cwd(), handlers, logs, sys.stdout, sys.stderr, signal.getitimer(signal.ITIMER_REAL)


@pytest.mark.parametrize("arguments", [("plan",), ("plan", "-v"), ("plan", "--log-format", "nonsense")])
def test_a_run_inside_says_what_a_process_says(job: Job, arguments: tuple[str, ...]) -> None:
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    job.people([("ann@x.io", "viewer"), ("bob@x.io", None)])

    inside, process = job.run(*arguments), job.run_as_process(*arguments)

    assert told(inside) == told(process)
    assert inside.report.keys() == process.report.keys()


@pytest.mark.parametrize(
    ("arguments", "settings", "code"),
    [
        ((), {}, 0),
        (("-v",), {"AUTH0_CONNECTION": "Nonsense"}, 1),
        (("--help",), {}, 0),
        (("--nonsense",), {}, 64),
        ((), {"AUTH0_POOL_SIZE": "many"}, 78),
        (("plan",), {"AUTH0_ROLE_READ": "pool", "AUTH0_POOL_SIZE": "1"}, 0),
    ],
)
def test_a_run_inside_leaves_nothing_behind(
    job: Job, arguments: tuple[str, ...], settings: dict[str, str], code: int
) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    job.people([("ann@x.io", "viewer")])
    before, threads = surroundings(), threading.active_count()

    result = job.run(*arguments, **settings)

    assert result.code == code
    assert surroundings() == before
    assert threading.active_count() <= threads
    assert not any("AUTH0_CLIENT_SECRET" in name for name in os.environ)
