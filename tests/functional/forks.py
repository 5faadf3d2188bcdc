"""Runs to be killed: processes of their own, forked from one that has everything imported already.

A fork costs a twentieth of what `python main.py` costs, and may be killed at any instruction. It is not measured for
coverage: a killed process would leave half a file.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.connection import wait
from pathlib import Path
from typing import TextIO

from client import cli

ROOT = Path(__file__).resolve().parents[2]
UNMEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}
"""For a process that will be killed."""
_PRELOADED = ("tests.functional.forks", "client.door", "sqlalchemy.dialects.sqlite", "pytest")
_LONGEST_RUN = 120.0

_context = multiprocessing.get_context("forkserver")


class Fork:
    """A run of the job in a process of its own. `pid` is known when it is made."""

    def __init__(self, argv: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        self._said = folder / "stdout", folder / "stderr"
        self._process = _context.Process(target=_run, args=([*argv], folder, {**environ, **UNMEASURED}, *self._said))
        with _preloading():
            self._process.start()
        self.pid = self._process.pid or 0

    def kill(self) -> None:
        """SIGKILL. Not one instruction of it is carried out after this."""
        os.kill(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM, which the job may answer in its own way."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        """The exit code, or less the number of the signal that it died of."""
        self._process.join(_LONGEST_RUN)
        code = self._process.exitcode
        if code is None:
            self.close()
            raise TimeoutError(f"the run did not end within {_LONGEST_RUN:g} s")
        return code

    @property
    def said(self) -> tuple[str, str]:
        """Stdout and stderr, so far."""
        stdout, stderr = (file.read_text(encoding="utf-8") if file.exists() else "" for file in self._said)
        return stdout, stderr

    def close(self) -> None:
        """Leave no process behind, whatever became of the test."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process.close()


@contextlib.contextmanager
def _preloading() -> Iterator[None]:
    """The server of forks is started by the first of them, with what a run needs on its path and in its memory."""
    _context.set_forkserver_preload([*_PRELOADED])
    names = ("PYTHONPATH", *UNMEASURED)
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(PYTHONPATH=os.pathsep.join([str(ROOT), *filter(None, sys.path)]), **UNMEASURED)
    try:
        forkserver.ensure_running()
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _run(argv: Sequence[str], folder: Path, environ: Mapping[str, str], stdout: Path, stderr: Path) -> None:
    """The process itself."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    sys.stdout, sys.stderr = _standard(1, stdout), _standard(2, stderr)
    sys.exit(cli.main(argv))


def _standard(number: int, file: Path) -> TextIO:
    with file.open("wb") as opened:
        os.dup2(opened.fileno(), number)
    return os.fdopen(number, "w", encoding="utf-8", buffering=1, closefd=False)


def _die_with_parent() -> None:
    """A suite that is killed takes its runs with it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
