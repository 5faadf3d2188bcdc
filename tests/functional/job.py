"""The job as its operator meets it: its command line, a tenant over HTTP, a database file.

A run takes place inside the test's process, where everything is imported already; where the process itself is the
point (its exit code, its environment, its signals), it is one of its own.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from sandbox import DEFAULT_CONNECTION, LoggedRequest, Sandbox, Tenant
from tests.functional.forks import ROOT, UNMEASURED, Fork
from tests.functional.inside import LONGEST_RUN, run_inside

__all__ = ["ROOT", "Job", "Result", "Row", "StartJob"]

Row = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Result:
    """How a run of the job ended."""

    code: int
    stdout: str
    stderr: str
    report: dict[str, Any]
    """The `--report` file; empty when none was written."""

    @property
    def said(self) -> str:
        """Everything that the run said."""
        return self.stdout + self.stderr


@dataclass
class Job:
    """A tenant, a table of people, and the means to run the job against them."""

    folder: Path
    tenant: Tenant
    sandbox: Sandbox
    settings: dict[str, str] = field(default_factory=dict)
    forks: list[Fork] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.people([])
        self.settings = {
            "AUTH0_URL": self.sandbox.url,
            "AUTH0_CLIENT_ID": self.tenant.client_id,
            "AUTH0_CLIENT_SECRET": self.tenant.client_secret,
            "AUTH0_CONNECTION": DEFAULT_CONNECTION,
            "AUTH0_BACKOFF_FACTOR": "0.01",
            "AUTH0_TIMEOUT": "5",
            "AUTH0_ROLE_READ": "members",  # a tenant as small as these would start a pool of processes each time
            "USERS_DB_URL": f"sqlite:///{self.database}",
            "USERS_DB_QUERY": "SELECT email, role FROM people",
            "SYNC_STATE_DIR": str(self.folder / "state"),
            **self.settings,
        }

    @property
    def database(self) -> Path:
        return self.folder / "people.db"

    def people(self, rows: Iterable[Row]) -> None:
        """Replace the table of people: (e-mail, role)."""
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("DROP TABLE IF EXISTS people")
            connection.execute("CREATE TABLE people (email TEXT, role TEXT)")
            connection.executemany("INSERT INTO people VALUES (?, ?)", rows)

    def run(self, *arguments: str, **settings: str) -> Result:
        """Run the job to its end, inside this process.

        `settings` are on top of the usual ones; an empty one is not set.
        """
        code, stdout, stderr = run_inside(self._reporting(arguments), self.folder, self.environment(**settings))
        return Result(code, stdout, stderr, self._reported())

    def run_as_process(self, *arguments: str, **settings: str) -> Result:
        """The same as `python main.py` does it: a process of its own."""
        return self.finish(self.start(*self._reporting(arguments), **settings))

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start the job as a process and return at once. Its lines are not counted as covered: that of pandas alone
        to look through takes longer than the run."""
        command = [sys.executable, str(ROOT / "main.py"), *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(**settings, **UNMEASURED),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str]) -> Result:
        """Wait for a started job."""
        stdout, stderr = process.communicate(timeout=LONGEST_RUN)
        return Result(process.returncode, stdout, stderr, self._reported())

    def fork(self, *arguments: str, **settings: str) -> Fork:
        """Start the job as a process that may be killed; it is gone when the test ends."""
        self.forks.append(Fork(self._reporting(arguments), self.folder, self.environment(**settings)))
        return self.forks[-1]

    def killed(self, after: int, *arguments: str, **settings: str) -> int:
        """Run the job and kill it when so many writes were carried out, before the last is answered: the exit code."""
        writes, started = 0, threading.Event()

        def hook(entry: LoggedRequest) -> None:
            nonlocal writes
            started.wait()
            writes += entry.writes
            if entry.writes and writes == after:
                self.forks[-1].kill()

        self.sandbox.before_answer = hook
        fork = self.fork(*arguments, **settings)
        started.set()
        code = fork.wait()
        self.sandbox.before_answer = None
        return code

    def wait(self, fork: Fork) -> Result:
        """Wait for a fork."""
        return Result(fork.wait(), *fork.said, self._reported())

    def close(self) -> None:
        """Let no fork outlive the test."""
        for fork in self.forks:
            fork.close()

    def _reporting(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """The arguments with a report, if they name none and there will be one; what an earlier run has reported is
        gone."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        return arguments if {"--report", "check", "explain"} & {*arguments} else (*arguments, "--report", str(report))

    def _reported(self) -> dict[str, Any]:
        report = self.folder / "report.json"
        return json.loads(report.read_text()) if report.exists() else {}

    def wait_for(self, method: str, path: str, times: int = 1) -> None:
        """Wait until the tenant has been asked this so often."""
        for _ in range(3000):
            if sum(entry.method == method and entry.path == path for entry in list(self.sandbox.log)) >= times:
                return
            time.sleep(0.01)
        pytest.fail(f"the tenant was never asked {method} {path} {times} times")

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of a run: the machine's, without settings of its own, and ours."""
        ours = {name.upper() for name in Settings.model_fields}
        machine = {name: value for name, value in os.environ.items() if name not in ours}
        return {name: value for name, value in (machine | self.settings | settings).items() if value}

    def outcomes(self, result: Result) -> dict[tuple[str, str], str]:
        """(kind, e-mail) to outcome, as the report has it."""
        return {(change["kind"], change["email"]): change["outcome"] for change in result.report["changes"]}


StartJob = Callable[..., Job]
"""Makes a job with a tenant of its own: `start_job(profile=..., behaviour=...)`."""
