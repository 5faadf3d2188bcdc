"""`python -m sandbox`, and the endpoints that it adds for people and other processes."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from sandbox.__main__ import main
from tests.sandbox.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "sandbox"]


def started(*arguments: str) -> subprocess.Popen[str]:
    """The command, running."""
    return subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def settings_of(process: subprocess.Popen[str]) -> dict[str, str]:
    """The settings that it prints, up to its closing sentence."""
    settings = {}
    for line in process.stdout or ():
        name, equals, value = line.strip().partition("=")
        if line.startswith("To run"):
            break
        assert equals, line
        settings[name] = value
    return settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_it_serves_a_tenant_and_a_database_until_it_is_told_to_stop(tmp_path: Path) -> None:
    env_file, database = tmp_path / "demo.env", tmp_path / "people.db"
    process = started(
        "--port", "0", "--people", "20", "--database", str(database), "--env-file", str(env_file), "--profile", "free"
    )

    with process:
        settings = settings_of(process)
        state = requests.get(f"{settings['AUTH0_URL']}/sandbox/state", timeout=5).json()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=5)

    assert process.returncode == 0
    assert len(state["users"]) == 20
    assert settings["USERS_DB_URL"] == f"sqlite:///{database}"
    assert settings["USERS_DB_QUERY"] == '"SELECT email, role FROM people"'
    assert settings["AUTH0_CONNECTION"] == "Username-Password-Authentication"
    assert env_file.read_text().splitlines() == [f"{name}={value}" for name, value in settings.items()]
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_it_takes_the_credentials_that_it_is_told() -> None:
    process = started("--port", "0", "--people", "1", "--client-id", "demo", "--client-secret", "demo-secret")

    with process:
        settings = settings_of(process)
        body = {
            "grant_type": "client_credentials",
            "client_id": "demo",
            "client_secret": "demo-secret",
            "audience": f"{settings['AUTH0_URL']}/api/v2/",
        }
        answer = requests.post(f"{settings['AUTH0_URL']}/oauth/token", json=body, timeout=5)
        process.send_signal(signal.SIGTERM)

    assert (settings["AUTH0_CLIENT_ID"], settings["AUTH0_CLIENT_SECRET"]) == ("demo", "demo-secret")
    assert answer.status_code == 200


def test_it_removes_its_own_database_and_keeps_yours() -> None:
    process = started("--port", "0", "--people", "5", "--drift", "none")

    with process:
        database = Path(settings_of(process)["USERS_DB_URL"].removeprefix("sqlite:///"))
        existed = database.exists()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=5)

    assert (process.returncode, existed, database.exists()) == (0, True, False)


def test_it_ends_with_its_parent() -> None:
    script = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen({[*COMMAND, '--port', '0', '--people', '5', '--with-parent']!r},"
        " stdout=subprocess.PIPE, text=True)\n"
        "print(child.stdout.readline().strip(), child.pid, flush=True)\n"
        "sys.stdin.read()\n"
        "child.returncode = 0\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        line, pid = parent.stdout.readline().split()
        url = line.partition("=")[2]
        alive = requests.get(f"{url}/sandbox/log", timeout=5).status_code
        parent.communicate("")

    for _ in range(100):
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    assert alive == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/sandbox/log", timeout=1)


@pytest.mark.usefixtures("restored_signals")
def test_a_port_that_is_taken_is_one_sentence(taken_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--port", str(taken_port), "--people", "1"])

    assert code == 1
    assert capsys.readouterr().err == f"Port {taken_port} is taken: choose another with --port, or 0 for a free one.\n"


@pytest.mark.usefixtures("restored_signals")
def test_a_database_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--port", "0", "--people", "1", "--database", str(tmp_path / "no" / "where.db")])

    assert code == 1
    assert capsys.readouterr().err.startswith("The database ")


@pytest.mark.usefixtures("restored_signals")
def test_an_env_file_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--port", "0", "--people", "1", "--env-file", str(tmp_path / "no" / ".env")])

    assert code == 1
    assert capsys.readouterr().err.startswith("The sandbox cannot be started: ")


def test_it_wants_at_least_one_person(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--people", "0"])

    assert "at least 1" in capsys.readouterr().err


@pytest.fixture
def restored_signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_the_log_and_the_state_can_be_read_over_http(caller: Caller) -> None:
    caller.tenant.add_role("admin")
    caller.tenant.add_user("ann@example.com", roles=["admin"])
    caller("POST", "/roles", {"name": "viewer"})
    url = f"{caller.sandbox.url}/sandbox"

    log = requests.get(f"{url}/log", timeout=5).json()
    state = requests.get(f"{url}/state", timeout=5).json()
    cleared = requests.delete(f"{url}/log", timeout=5).status_code

    assert [(entry["path"], entry["response"]["name"]) for entry in log] == [("/api/v2/roles", "viewer")]
    assert [(user["email"], user["roles"]) for user in state["users"]] == [("ann@example.com", ["admin"])]
    assert state["roles"] == ["admin", "viewer"]
    assert (cleared, caller.sandbox.log) == (204, [])


def test_a_fault_can_be_added_over_http(caller: Caller) -> None:
    url = f"{caller.sandbox.url}/sandbox/faults"
    wrong: list[object] = [{"kind": "flood"}, {"kind": "status", "colour": "red"}, {}, []]

    added = requests.post(url, json={"kind": "status", "status": 502}, timeout=5).status_code
    refused = [requests.post(url, json=body, timeout=5).status_code for body in wrong]
    elsewhere = requests.get(f"{caller.sandbox.url}/sandbox/nothing", timeout=5).status_code

    assert (added, refused, elsewhere) == (204, [400, 400, 400, 400], 404)
    assert caller("GET", "/roles").status_code == 502


def test_writes_are_what_could_have_changed_something(caller: Caller) -> None:
    caller.ask_for_token()
    caller("GET", "/roles")
    caller("POST", "/jobs/users-exports", {})
    caller("POST", "/roles", {"name": "viewer"})
    caller("POST", "/roles", {"name": "viewer"})

    assert [(entry.path, entry.status) for entry in caller.sandbox.writes()] == [
        ("/api/v2/roles", 200),
        ("/api/v2/roles", 409),
    ]
