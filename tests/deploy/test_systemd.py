"""The units are what systemd takes, are well locked in, and show every failure that somebody has to look at."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sync.report import Exit
from tests.deploy.files import DEPLOY

FOLDER = DEPLOY / "systemd"
SERVICE, TIMER = FOLDER / "auth0-sql-sync.service", FOLDER / "auth0-sql-sync.timer"
MOST_EXPOSED = 2.0
"""By systemd's own reckoning from 0 (locked in) to 10."""


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if not found:
        pytest.skip("NOT TESTED WITH systemd-analyze: it is not installed here")
    return found


def settings(unit: Path) -> dict[str, list[str]]:
    """What a unit sets, by name; several lines of a name are all there."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(encoding="utf-8"), flags=re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_systemd_takes_both_units_without_a_word(analyze: str, tmp_path: Path) -> None:
    python = re.search(r"^ExecStart=(\S+)", SERVICE.read_text(), flags=re.MULTILINE)
    assert python is not None
    for unit in (SERVICE, TIMER):
        (tmp_path / unit.name).write_text(unit.read_text().replace(python[1], sys.executable))  # one that is there

    told = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line for line in told.stderr.splitlines() if "auth0-sql-sync" in line] == []
    assert told.returncode == 0, told.stderr


def test_systemd_would_tell_of_a_misspelt_setting(analyze: str, tmp_path: Path) -> None:
    broken = tmp_path / SERVICE.name
    broken.write_text(SERVICE.read_text().replace("NoNewPrivileges", "NoNewPriviliges"))

    told = subprocess.run([analyze, "verify", str(broken)], capture_output=True, text=True, check=False).stderr

    assert "NoNewPriviliges" in told


def test_the_service_is_locked_in_by_systemds_own_reckoning(analyze: str) -> None:
    told = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:g}", str(SERVICE)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stdout[-300:]


def test_the_timer_means_once_an_hour(analyze: str) -> None:
    (when,) = settings(TIMER)["OnCalendar"]

    told = subprocess.run(
        [analyze, "calendar", "--iterations=3", "--base-time=2026-01-01 00:00:00 UTC", when],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert re.findall(r"(\d\d:15:00)", told)[-3:] == ["00:15:00", "01:15:00", "02:15:00"]
    assert settings(TIMER)["Persistent"] == ["true"]
    assert settings(TIMER)["RandomizedDelaySec"] == ["120"]


def test_every_failure_but_being_stopped_is_seen() -> None:
    service = settings(SERVICE)

    assert service["SuccessExitStatus"] == [str(int(Exit.TERMINATED))]
    assert service["Type"] == ["oneshot"]
    assert "Restart" not in service


def test_the_state_outlives_the_service_and_is_all_that_it_may_write() -> None:
    service = settings(SERVICE)
    environment = dict(pair.split("=") for pair in service["Environment"][0].split())

    assert environment["SYNC_STATE_DIR"] == f"/var/lib/{service['StateDirectory'][0]}"
    assert service["StateDirectoryMode"] == ["0700"]
    assert service["ProtectSystem"] == ["strict"]
    assert "ReadWritePaths" not in service
    assert "RuntimeDirectory" not in service


def test_no_secret_gets_into_an_environment() -> None:
    service = settings(SERVICE)

    assert "EnvironmentFile" not in service
    assert "--env-file" in service["ExecStart"][0]
    assert not re.search("SECRET|PASSWORD", " ".join(service["Environment"]))


def test_the_user_of_the_service_is_the_one_that_is_made(tmp_path: Path) -> None:
    made = re.search(r"^u (\S+) ", (FOLDER / "auth0-sql-sync.sysusers").read_text(), flags=re.MULTILINE)

    assert made is not None
    assert settings(SERVICE)["User"] == [made[1]]
    sysusers = shutil.which("systemd-sysusers")
    if not sysusers:
        pytest.skip("NOT TESTED WITH systemd-sysusers: it is not installed here")
    (tmp_path / "etc").mkdir()
    file = FOLDER / "auth0-sql-sync.sysusers"
    subprocess.run([sysusers, f"--root={tmp_path}", str(file)], check=True, capture_output=True)
    assert made[1] in (tmp_path / "etc" / "passwd").read_text()
