"""`python main.py demo`: the whole product on a local tenant that is made for the purpose and thrown away."""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from sync.report import Exit

_ROOT = Path(__file__).resolve().parent.parent
_PEOPLE = 200
_JOURNAL, _HELD = "JOURNAL", "EMAIL"  # stand for the file that was written, and for somebody whose role is NULL
_BROKEN_QUERY = "SELECT email, role FROM people WHERE email LIKE '%.org'"


@dataclass(frozen=True, slots=True)
class _Step:
    title: str
    arguments: Sequence[str]
    expected: Exit
    moral: str
    query: str = ""


_STEPS = (
    _Step(
        "Is everything there that a run needs?", ("check",), Exit.OK, "One line each; what is wrong says what to do."
    ),
    _Step(
        "What would change? A plan only reads.",
        ("plan",),
        Exit.OK,
        "Two rows could not be understood; whoever they are, nothing is changed for them and nothing is deleted.",
    ),
    _Step(
        "Why one of them? Somebody calls because they cannot log in.",
        ("explain", _HELD),
        Exit.OK,
        "From the row to the decision, in a few requests.",
    ),
    _Step(
        "Make it so. What is given comes before what is taken, deletions come last.",
        ("sync",),
        Exit.PARTIAL,
        "Everybody is up to date but the people that were held: that is what exit code 3 says.",
    ),
    _Step(
        "Once more. Where tenant and database agree there is nothing to write.",
        ("sync",),
        Exit.PARTIAL,
        "The second run writes nothing.",
    ),
    _Step(
        "Somebody breaks the query: it now returns a third of the people.",
        ("sync",),
        Exit.REFUSED,
        "The guard refused before the first write. A wrong query does not lock out a company.",
        query=_BROKEN_QUERY,
    ),
    _Step(
        "Those who were deleted should have stayed. The journal has what they were.",
        ("restore", _JOURNAL),
        Exit.OK,
        "The same accounts are back, ids, profiles and roles; what cannot come back is said.",
    ),
)


def demo() -> int:
    """Play the demo; the exit code is 0 if every step ended as it should."""
    if importlib.util.find_spec("aiohttp") is None:
        sys.stderr.write("The demo needs the sandbox's packages: pip install -r requirements-dev.txt\n")
        return Exit.FAILED
    with tempfile.TemporaryDirectory(prefix="demo-") as folder, _tenant(Path(folder)) as url:
        _say(f"A tenant with {_PEOPLE} accounts is running at {url}, with the limits of Auth0's enterprise plan.")
        _say("A database of people is a day ahead of it: some came, some left, some have other roles.")
        as_expected = [_play(number, step, Path(folder), url) for number, step in enumerate(_STEPS, start=1)]
    _say("\nThe demo is over; nothing of it is left on this machine. README.md tells how to go on from here.")
    return Exit.OK if all(as_expected) else Exit.FAILED


@contextmanager
def _tenant(folder: Path) -> Iterator[str]:
    """Start the sandbox as a process of its own and yield its address."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--people", str(_PEOPLE), "--with-parent"]
    command += ["--database", str(folder / "people.db"), "--env-file", str(folder / "demo.env")]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, env=_environment()) as process:  # noqa: S603
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line.startswith("AUTH0_URL="):
                raise SystemExit(Exit.FAILED)  # it has said why
            yield line.strip().removeprefix("AUTH0_URL=")
        finally:
            process.terminate()


def _play(number: int, step: _Step, folder: Path, url: str) -> bool:
    _say(f"\n=== {number}. {step.title}")
    environment = _environment()
    arguments = [_meant(argument, folder) for argument in step.arguments]
    shown = ""
    if step.query:
        environment["USERS_DB_QUERY"] = step.query
        shown = f'USERS_DB_QUERY="{step.query}" '
    _say(f"$ {shown}python main.py {' '.join(arguments)}\n")
    before = _writes(url)
    command = [sys.executable, str(_ROOT / "main.py"), *arguments, "--env-file", str(folder / "demo.env")]
    code = subprocess.run(command, cwd=folder, env=environment, check=False).returncode  # noqa: S603
    _say(f"\n-> exit code {code}; the tenant saw {_writes(url) - before} writes. {step.moral}")
    if code != step.expected:
        _say(f"-> This is not what the demo promises: exit code {int(step.expected)} was expected.")
    return code == step.expected


def _meant(argument: str, folder: Path) -> str:
    if argument == _HELD:
        with closing(sqlite3.connect(folder / "people.db")) as people:
            return str(people.execute("SELECT email FROM people WHERE role IS NULL").fetchone()[0])
    journals = sorted(str(path.relative_to(folder)) for path in folder.glob("**/journal/*.jsonl"))
    return journals[0] if argument == _JOURNAL and journals else argument


def _environment() -> dict[str, str]:
    """Settings of the real job must not reach the demo: the environment would win over its env file."""
    ours = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name.upper() not in ours}


def _writes(url: str) -> int:
    """How many requests the tenant has seen that could change something."""
    with urllib.request.urlopen(f"{url}/sandbox/log") as answer:  # noqa: S310 - our own sandbox on loopback
        log = json.load(answer)
    reads = {"/oauth/token", "/api/v2/jobs/users-exports"}
    return sum(entry["method"] != "GET" and entry["path"] not in reads for entry in log)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
