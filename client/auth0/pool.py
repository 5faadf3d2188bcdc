"""A pool of processes that sends requests for the transport: how roles are read user by user.

A worker is light: it holds one session and imports neither pandas nor SQLAlchemy. It only exchanges values,
a `Call` for an `Answer`, and so never raises across the pipe. Budget, token and retries stay with the
transport, in the parent: they are shared without being copied.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import wait
from typing import TypeVar

import requests

from client.auth0.errors import Auth0Error
from client.auth0.http import Answer, Call, exchange

_POLL = 0.1  # seconds between two looks at whether the run is to stop

Result = TypeVar("Result")

_session: requests.Session  # of a worker


class PoolError(Auth0Error):
    """The pool of processes broke down: what it was to read is not known."""


class ProcessPool:
    """Sends calls through worker processes."""

    def __init__(self, executor: ProcessPoolExecutor, check: Callable[[], None]) -> None:
        self._executor, self._check = executor, check

    def __call__(self, call: Call) -> Answer:
        """Send `call` once. Raises `PoolError` when the workers are gone."""
        with self._explained():
            return self._result(self._executor.submit(_work, call))

    def start(self, size: int) -> None:
        """Start the workers. Requests that wait for a process to start would go out together, past the pace."""
        with self._explained():
            with _deaf_to_ctrl_c():  # as its children will be, from their first moment on
                futures = [self._executor.submit(_ready) for _ in range(size)]
            for future in futures:
                self._result(future)

    def _result(self, future: Future[Result]) -> Result:
        while True:
            self._check()
            try:
                return future.result(timeout=_POLL)
            except TimeoutError:
                continue

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:  # BrokenProcessPool is one; so is a pool that has been shut down
            self._check()  # who stops a whole group of processes stops the workers as well
            reason = "a worker process of the pool died (out of memory?); nothing was changed"
            raise PoolError(reason) from error

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers that are running."""
        return list(self._executor._processes or ())  # noqa: SLF001 - there is no public way


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Ctrl-C goes to every process of a terminal; what comes meanwhile is heard afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def process_pool(size: int, check: Callable[[], None] = lambda: None) -> Iterator[ProcessPool]:
    """A pool of `size` workers, started afresh (not forked: the parent has threads) and gone at the end."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(size, mp_context=context, initializer=_start)
    try:
        pool = ProcessPool(executor, check)
        pool.start(size)
        yield pool
    except BaseException:
        for process in list((executor._processes or {}).values()):  # noqa: SLF001 - there is no public way
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _start() -> None:
    """Make a worker ready: its session, deaf to Ctrl-C (the parent decides), and mortal with its parent."""
    global _session  # noqa: PLW0603 - a worker has nothing else to keep it in
    _session = requests.Session()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _ready() -> None:
    """What a worker does first, so that it is known to be there."""


def _work(call: Call) -> Answer:
    return exchange(_session, call)
