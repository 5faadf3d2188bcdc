"""What is delivered: the demo, the container's file list, the requirements."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from client import cli
from tests.functional.forks import UNMEASURED
from tests.functional.job import ROOT, Job


def dockerfile() -> str:
    """The Dockerfile with its continued lines joined."""
    return (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def test_the_demo_shows_all_and_ends_well(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in UNMEASURED.items():
        monkeypatch.setenv(name, value)  # for the processes that it starts

    code = cli.main(["demo"])

    said = capfd.readouterr()
    assert code == 0
    assert [int(code) for code in re.findall(r"-> exit code (\d+)", said.out)] == [0, 0, 0, 3, 3, 4, 0]
    writes = [int(number) for number in re.findall(r"the tenant saw (\d+) writes", said.out)]
    assert [writes[step] for step in (0, 1, 2, 4, 5)] == [0] * 5
    assert writes[3] > 20
    assert writes[6] > 5
    assert "would be deleted" in said.out
    assert "Traceback" not in said.out + said.err


@pytest.fixture
def _heard() -> Iterator[None]:
    """A shell lets what it starts in the background be deaf to SIGINT, and so the tests, and whatever they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard")
def test_a_demo_that_is_interrupted_ends_quietly_and_takes_its_tenant_with_it() -> None:
    command = [sys.executable, str(ROOT / "main.py"), "demo"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = process.stdout.readline().partition("running at ")[2].partition(",")[0]

    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()

    assert process.returncode == 130
    assert "Traceback" not in stderr
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/sandbox/log", timeout=5)


def test_the_files_that_the_image_gets_are_all_that_a_run_needs(job: Job, tmp_path: Path) -> None:
    job.people([("ann@x.io", "viewer")])
    image = tmp_path / "image"
    image.mkdir()
    for source, target in re.findall(r"^COPY (\S+) (\S+)$", dockerfile(), flags=re.MULTILINE):
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, image / (source if target == "." else target))

    result = subprocess.run(
        [sys.executable, str(image / "main.py")],
        cwd=tmp_path,
        env=job.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}


def test_the_image_gets_nothing_that_git_or_docker_ignores() -> None:
    copied = {source for source, _ in re.findall(r"^COPY (\S+) (\S+)$", dockerfile(), flags=re.MULTILINE)}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert copied == allowed
    assert not {".env", "tests", "sandbox"} & allowed


def test_the_image_runs_as_an_ordinary_user_and_checks_the_key_of_the_driver() -> None:
    text = dockerfile()

    assert re.search(r"^USER (?!root|0)\S+$", text, flags=re.MULTILINE)
    assert re.search(r"^FROM python:3\.\d+\.\d+-slim", text, flags=re.MULTILINE)
    assert 'ENTRYPOINT ["python", "main.py"]' in text
    assert "--show-keys" in text
    assert "--require-hashes" in text


def test_the_requirements_are_pinned_and_hashed_and_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-entra.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pinned = re.findall(r"^[a-z0-9][\w.-]*==\S+", text, flags=re.MULTILINE)

        assert len(pinned) > 5
        assert text.count("--hash=sha256:") >= len(pinned)
        assert not re.search(r"index-url|find-links|trusted-host|https?://", text)


def test_every_requirement_of_the_job_is_also_pinned_for_development() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.-]*==[^\s;]+)", (ROOT / name).read_text(), flags=re.MULTILINE))

    assert pins("requirements.txt") | pins("requirements-entra.txt") <= pins("requirements-dev.txt")
