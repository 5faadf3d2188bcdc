"""The documents tell the truth of today."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from config import reference
from config.settings import Settings
from sync.report import Exit
from tests.functional.job import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_sample_of_the_env_file_has_every_setting_with_its_default() -> None:
    sample = (ROOT / ".env.sample").read_text(encoding="utf-8")

    named = re.findall(r"^#?([A-Z0-9_]+)=", sample, flags=re.MULTILINE)

    assert sample == reference.sample()
    assert named == [name.upper() for name in Settings.model_fields]


def test_the_readme_has_the_table_of_the_settings() -> None:
    assert reference.table() in README


def test_the_readme_shows_the_real_help() -> None:
    command = [sys.executable, str(ROOT / "main.py"), "--help"]

    shown = subprocess.run(
        command, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, check=True
    ).stdout

    assert shown.strip() in README


def test_the_readme_has_every_exit_code() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, flags=re.MULTILINE)}

    assert listed == {int(code) for code in Exit}


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_has_the_table_of_runs_of_the_document_on_performance() -> None:
    performance = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    (runs,) = re.findall(r"<!-- runs: [^>]*-->\n(.*?)<!-- end of runs -->", README, flags=re.DOTALL)

    assert len(runs.splitlines()) == 2 + 3 * 2 * 2  # sizes, first sync and churn, job and naive
    assert runs.rstrip() in performance


def test_every_test_that_the_page_on_safety_names_is_there() -> None:
    page = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")

    named = set(re.findall(r"`((?:client|sync|functional)/test_[\w*]+\.py)`", page))

    assert len(named) > 10
    assert [name for name in named if not list((ROOT / "tests").glob(name))] == []
