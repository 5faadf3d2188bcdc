"""What a person sees of a run, on a terminal of the kernel's making and where there is none."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from typing import IO

import pytest

from sandbox import Fault
from tests.functional.forks import UNMEASURED
from tests.functional.job import ROOT, Job, StartJob
from tests.functional.terminal import COLOUR, CONTROL, ERASED, Shown, run_on_terminal

BAR = "━━━━━━━━━━"
PROMISED = 5.0  # seconds from a signal to the end
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z (INFO   |WARNING) \S.*")
EVERYBODY_MAY_GO = {"SYNC_MAX_DELETE_PERCENT": "100", "SYNC_LIMIT_FLOOR": "100"}


def rate(requests: str) -> dict[str, str]:
    """So many requests a second: a run takes long enough for bars to be seen."""
    return {"AUTH0_REQUESTS_PER_SECOND": requests}


@pytest.fixture
def busy(job: Job) -> Job:
    """Enough to do for bars to be seen, if it is done slowly: some come, some go."""
    for number in range(8):
        job.tenant.add_user(f"gone{number}@x.io", roles=("viewer",))
    job.people([(f"new{number}@x.io", "editor") for number in range(6)])
    job.settings |= EVERYBODY_MAY_GO
    return job


def assert_tidy(shown: Shown) -> None:
    """Nothing of a bar is left, and nothing is hidden."""
    controls = {control for control in CONTROL.findall(shown.written) if not COLOUR.fullmatch(control)}
    assert controls <= {ERASED}
    assert [line for line in shown.screen if "━" in line] == []
    assert shown.screen[-1] == ""


def test_a_run_on_a_terminal_shows_bars_and_leaves_a_tidy_screen(start_job: StartJob) -> None:
    job = start_job(profile="free")
    for role in ("editor", "viewer"):
        job.tenant.add_role(role)
    job.people([(f"new{number}@x.io", "editor") for number in range(4)])

    shown = run_on_terminal(job)

    assert shown.code == 0
    assert f"create \x1b[91m{BAR}" in shown.written or f"create \x1b[90m{BAR}" in shown.written
    assert re.search(r" \d of 2 requests left", shown.written)
    assert_tidy(shown)
    screen = "\n".join(shown.screen)
    assert re.search(r"^create: 4 accounts in \d s$", screen, re.MULTILINE)
    assert re.search(r"^in agreement \(.* s\); exit 0$", screen, re.MULTILINE)
    assert len([line for line in shown.screen if re.search(" added new.@x.io$", line)]) == 4
    assert all(LOG_LINE.fullmatch(line) for line in shown.screen if " INFO " in line)
    assert set(job.tenant.snapshot()) == {f"new{number}@x.io" for number in range(4)}


def test_a_narrow_terminal_has_no_line_that_is_too_long_and_a_file_as_stdout_no_bar(busy: Job) -> None:
    narrow = run_on_terminal(busy, columns=40, settings={"LOG_LEVEL": "WARNING", **rate("8")})
    beside = run_on_terminal(busy, "plan", stdout=False, settings={"LOG_LEVEL": "WARNING", **rate("3")})

    assert (narrow.code, beside.code) == (0, 0)
    assert_tidy(narrow)
    copied = [line for line in narrow.screen if line.startswith("  python main.py ")]
    assert len(copied) == 1  # to be copied as it is: the terminal breaks it
    assert max(len(line) for line in narrow.screen if line not in copied) <= 40
    bars = [line for line in re.split(r"[\r\n]", CONTROL.sub("", narrow.written)) if "━" in line]
    assert bars
    assert max(map(len, bars)) < 40
    assert "━" in beside.written
    assert "\x1b" not in beside.stdout + "".join(beside.screen)
    assert "━" not in beside.stdout
    assert "Nothing to change." in beside.stdout


@pytest.mark.parametrize("settings", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["NO_COLOR", "dumb"])
def test_whoever_wants_no_colours_has_none(settings: dict[str, str], busy: Job) -> None:
    shown = run_on_terminal(busy, "plan", settings=settings | rate("2"))

    assert shown.code == 0
    assert COLOUR.findall(shown.written) == []
    assert bool(re.search(r"\d of 3 roles", shown.written)) is ("NO_COLOR" in settings)
    assert ("\x1b" in shown.written) is ("NO_COLOR" in settings)
    assert "delete (8)" in shown.screen


def test_where_there_is_no_terminal_there_are_neither_bars_nor_escapes(busy: Job) -> None:
    result = busy.run_as_process(**rate("20"))

    assert result.code == 0
    assert "\x1b" not in result.said
    assert "━" not in result.said
    assert "\r" not in result.said
    assert all(LOG_LINE.fullmatch(line) for line in result.stderr.splitlines())


def test_quiet_means_not_one_byte_if_all_went_well_and_the_reason_if_not(busy: Job) -> None:
    well = run_on_terminal(busy, "-q", settings=rate("20"))
    busy.people([])
    refused = run_on_terminal(busy, "-q")

    assert (well.code, well.written) == (0, "")
    assert refused.code == 4
    assert "Refused by the guard 'zero rows'" in "\n".join(refused.screen)
    assert_tidy(refused)


def test_logs_for_machines_have_no_bar_between_them(busy: Job) -> None:
    shown = run_on_terminal(busy, "plan", stdout=False, settings={"LOG_FORMAT": "json", **rate("3")})

    assert shown.code == 0
    assert "\x1b" not in shown.written
    assert {json.loads(line)["level"] for line in shown.written.splitlines()} == {"INFO"}


def test_ctrl_c_while_a_bar_is_shown_leaves_a_tidy_screen_and_says_how_it_ended(busy: Job) -> None:
    def interrupt(process: subprocess.Popen[bytes]) -> None:
        busy.wait_for("POST", "/api/v2/users", times=3)
        time.sleep(0.6)  # so that there is a bar
        os.kill(process.pid, signal.SIGINT)

    shown = run_on_terminal(busy, meanwhile=interrupt, settings=rate("3"))

    assert shown.code == 130
    assert "━" in shown.written
    assert_tidy(shown)
    assert any(re.fullmatch(r"create: [2-5] of 6 accounts in \d s", line) for line in shown.screen)
    assert shown.screen[-2].startswith("stopped by SIGINT")


def test_a_run_that_fails_while_a_bar_is_shown_says_so_on_a_line_of_its_own(busy: Job) -> None:
    busy.sandbox.faults.add(Fault(kind="status", status=500, path="/api/v2/roles", times=None))

    shown = run_on_terminal(busy, "plan", settings={"AUTH0_MAX_RETRIES": "4", **rate("3")})

    assert shown.code == 1
    assert "read roles" in shown.written
    assert_tidy(shown)
    assert any(re.match(r"Error: GET /roles -> 500", line) for line in shown.screen)


def test_a_pool_of_processes_starts_and_reads_while_a_bar_is_shown(busy: Job) -> None:
    shown = run_on_terminal(busy, "plan", settings={"AUTH0_ROLE_READ": "pool", "AUTH0_POOL_SIZE": "2", **rate("8")})

    assert shown.code == 0
    assert re.search(r"read who has which role \S*━.* of 8 accounts", shown.written)
    assert_tidy(shown)


def test_a_reader_that_wants_the_first_lines_alone_ends_nothing(job: Job) -> None:
    job.people([(f"new{number}@x.io", "editor") for number in range(5000)])
    process = job.start("plan", "--detailed-exitcode")
    assert process.stdout is not None

    first = [process.stdout.readline() for _ in range(2)]
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()

    assert process.wait() == 2
    assert first[1] == "+5000 create, +5000 give roles\n"
    assert all(LOG_LINE.fullmatch(line) for line in said.splitlines())
    assert " WARNING " not in said


def wait_until_full(pipe: IO[str]) -> None:
    """Wait until a pipe holds about as much as it can: 16 pages, not all of them filled."""
    for _ in range(1000):
        (held,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
        if held > 40_000:
            return
        time.sleep(0.01)
    pytest.fail(f"the pipe never held more than {held} bytes")


def test_a_run_whose_plan_nobody_reads_ends_at_a_signal(job: Job) -> None:
    job.people([(f"new{number}@x.io", "editor") for number in range(5000)])
    process = job.start("plan")
    assert process.stdout is not None
    wait_until_full(process.stdout)

    process.send_signal(signal.SIGTERM)

    try:
        assert process.wait(PROMISED) == 143
    finally:
        process.kill()
    assert "Traceback" not in job.finish(process).stderr


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "2>&-"])
def test_a_run_does_its_work_whatever_becomes_of_what_it_says(redirection: str, job: Job) -> None:
    job.people([("ann@x.io", "editor")])
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, str(ROOT / "main.py")]

    ended = subprocess.run(
        command, cwd=job.folder, env=job.environment(**UNMEASURED), capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["editor"]}
    assert "Traceback" not in ended.stderr
    assert ("stdout cannot be written" in ended.stderr) is (redirection == ">/dev/full")
