"""A run of the job inside this process: what a process of its own would do, without the time its imports take."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import pytest

from client import cli

LONGEST_RUN = 120.0
"""Seconds after which a run is a failure."""
_TAKEN = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)


def run_inside(argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `main.py argv`, run in `folder` with this environment and no other.

    Only the main thread may call it, as only that one takes signals. Nothing of a run is left for the next.
    """
    stdout, stderr = _stream(), _stream()
    with (
        _in_time(),
        _own_signals(),
        _own_logs(),
        _own_environment(environ),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        code = _code_of(argv)
    return code, _text(stdout), _text(stderr)


def _code_of(argv: Sequence[str]) -> int:
    try:
        return int(cli.main(argv))
    except SystemExit as ending:  # argparse's way
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextlib.contextmanager
def _own_environment(environ: Mapping[str, str]) -> Iterator[None]:
    """The job reads os.environ, and so do the workers of its pool."""
    ours = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environ)
        yield
    finally:
        os.environ.clear()
        os.environ.update(ours)


@contextlib.contextmanager
def _own_logs() -> Iterator[None]:
    root, http = logging.getLogger(), logging.getLogger("urllib3")
    handlers, level, of_http = [*root.handlers], root.level, http.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        http.setLevel(of_http)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in _TAKEN}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    """A run that does not end would hang the whole suite."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        pytest.fail(f"the run did not end within {LONGEST_RUN:g} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, LONGEST_RUN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
