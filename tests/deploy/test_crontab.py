"""The crontab parses, and its command, run in the shell that it names, does what it is there for."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.cli import parse
from sandbox import Sandbox, Tenant
from tests.deploy.files import DEPLOY, ROOT
from tests.functional.forks import UNMEASURED
from tests.functional.job import Job

CRONTAB = DEPLOY / "crontab"
INSTALLED = "/opt/auth0-sql-sync"
_FIELD = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*")


@dataclass(frozen=True, slots=True)
class Table:
    """A crontab: what it sets, and its entries as five fields and a command."""

    variables: dict[str, str]
    entries: list[tuple[list[str], str]]


def table() -> Table:
    """The crontab as cron reads it."""
    variables, entries = {}, []
    for line in CRONTAB.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if variable := re.fullmatch(r"(\w+)\s*=\s*(.*)", line):
            variables[variable[1]] = variable[2]
        else:
            *fields, command = line.split(maxsplit=5)
            entries.append((fields, command))
    return Table(variables, entries)


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    tenant = Tenant()
    tenant.add_role("viewer")
    with Sandbox(tenant) as sandbox:
        yield Job(tmp_path, tenant, sandbox)


def run(job: Job, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command as cron does, with the settings in the .env of the folder of the installation."""
    home = job.folder / "installed"
    home.mkdir(exist_ok=True)
    for name, original in (("main.py", ROOT / "main.py"), (".venv", Path(sys.prefix))):
        if not (home / name).is_symlink():
            (home / name).symlink_to(original)
    lines = [f"{name}={value}\n" for name, value in (job.settings | settings).items()]
    (home / ".env").write_text("".join(lines))
    found = table()
    ((_, command),) = found.entries
    return subprocess.run(
        [found.variables["SHELL"], "-c", command.replace(INSTALLED, str(home))],
        env={**UNMEASURED, "HOME": "/", "LOGNAME": "auth0-sync", "PATH": found.variables["PATH"]},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_line_is_a_comment_a_variable_or_an_entry_and_the_last_one_ends() -> None:
    found = table()

    assert CRONTAB.read_text(encoding="utf-8").endswith("\n")  # cron does not take a last line that does not
    assert set(found.variables) == {"MAILTO", "SHELL", "PATH"}
    assert found.entries
    for fields, command in found.entries:
        assert all(_FIELD.fullmatch(field) for field in fields), fields
        assert "%" not in command  # which cron takes for the end of the line


def test_the_command_goes_where_it_is_installed_and_is_quiet() -> None:
    ((_, command),) = table().entries

    place, ours = command.split(" && ")
    arguments = parse(ours.split()[2:])

    assert place == f"cd {INSTALLED}"
    assert ours.split()[:2] == [".venv/bin/python", "main.py"]
    assert (arguments.command, arguments.quiet, arguments.lock_timeout) == ("sync", True, 300)


def test_a_run_that_goes_well_says_nothing_so_that_nobody_gets_a_mail(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])

    done = run(job)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}


def test_a_run_that_needs_to_be_looked_at_says_so(job: Job) -> None:
    job.people([("ann@x.io", "viewer"), ("bob@x.io", None)])

    done = run(job)

    assert done.returncode == 3
    assert "but for the people held" in done.stdout
