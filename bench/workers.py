"""What the pool's workers weigh and how soon they are there, beside workers that import what the job itself imports.

A worker imports this module to find its functions, so nothing here imports more than a light one has.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from bench.measured import MEGABYTE, RSS_UNIT
from client.auth0.http import Answer, Call, exchange
from client.auth0.pool import process_pool

if TYPE_CHECKING:
    from sandbox import Sandbox

_HEAVY = ("pandas", "sqlalchemy")
_LONGEST = 60  # seconds
_LOOK = 0.001  # seconds between two looks at who has asked

Send = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Start:
    """How a pool of processes came up."""

    workers: int
    light: bool
    seconds: float
    """From nothing until every worker had sent its first request."""
    megabytes: float
    """Resident memory of a worker by then; the mean of them."""


def starts(sandbox: Sandbox, sizes: tuple[int, ...]) -> Iterator[Start]:
    """The job's own pool of each size, then pools of heavy workers.

    `sandbox` is not started yet, and must leave every request without an answer: then as many requests as workers
    are one of each. Raises `SystemExit` when a worker could not ask.
    """
    for light in (True, False):
        for workers in sizes:
            print(f"a pool of {workers} {'light' if light else 'heavy'} ...", file=sys.stderr, flush=True)
            yield _start(sandbox, workers, light=light)


def _start(sandbox: Sandbox, workers: int, *, light: bool) -> Start:
    pool: Callable[[int], AbstractContextManager[Send]] = process_pool if light else _heavy_pool
    sandbox.clear_log()
    with sandbox:
        call = Call("GET", f"{sandbox.url}/api/v2/roles", timeout=_LONGEST)
        began = time.perf_counter()
        with pool(workers) as send, ThreadPoolExecutor(workers) as threads:
            answers = [threads.submit(send, call) for _ in range(workers)]
            while len(sandbox.log) < workers and not any(answer.done() for answer in answers):
                time.sleep(_LOOK)
            seconds = time.perf_counter() - began
            resident = [_resident(worker.pid or 0) for worker in multiprocessing.active_children()]
            if len(sandbox.log) < workers:
                raise SystemExit("a worker of the pool did not come to ask")
            sandbox.stop()  # ends the wait of all
    return Start(workers, light, seconds, sum(resident) / workers if all(resident) else _largest_so_far())


@contextmanager
def _heavy_pool(size: int) -> Iterator[Send]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(size, mp_context=context, initializer=_import_much) as executor:
        yield lambda call: executor.submit(_send, call).result()


def _import_much() -> None:
    for name in _HEAVY:
        import_module(name)


def _send(call: Call) -> Answer:
    with requests.Session() as session:
        return exchange(session, call)


def _resident(pid: int) -> float:
    """Megabytes; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii")) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


def _largest_so_far() -> float:
    """The next best: the peak of all workers that have ended. Light ones come first, so it is theirs until then."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * RSS_UNIT / MEGABYTE
