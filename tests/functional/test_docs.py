"""The documents tell the truth of today."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from client.auth0.tokens import READ_SCOPES, WRITE_SCOPES
from config import reference
from config.loading import load
from config.settings import Settings
from sync.report import Exit
from tests.functional.job import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_sample_of_the_env_file_has_every_setting_with_its_default() -> None:
    sample = (ROOT / ".env.sample").read_text(encoding="utf-8")

    named = re.findall(r"^#?([A-Z0-9_]+)=", sample, flags=re.MULTILINE)

    assert sample == reference.sample()
    assert named == [name.upper() for name in Settings.model_fields]


def test_the_page_of_the_settings_is_that_of_today() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == reference.page()


def test_the_page_on_operations_shows_the_real_help() -> None:
    command = [sys.executable, str(ROOT / "main.py"), "--help"]

    shown = subprocess.run(
        command, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, check=True
    ).stdout

    assert shown.strip() in OPERATIONS


def test_the_page_on_operations_has_every_exit_code() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", OPERATIONS, flags=re.MULTILINE)}

    assert listed == {int(code) for code in Exit}


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_test_that_the_page_on_safety_names_is_there() -> None:
    page = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")

    named = set(re.findall(r"`((?:client|sync|functional|formats|watching)/test_[\w*]+\.py)`", page))

    assert len(named) > 10
    assert [name for name in named if not list((ROOT / "tests").glob(name))] == []


def test_every_message_of_the_page_on_operations_is_one_that_the_job_can_say() -> None:
    sources = [path for room in ("client", "config", "database", "sync") for path in (ROOT / room).rglob("*.py")]
    said = "".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8")) for path in sources)
    messages = OPERATIONS.partition("## Messages")[2].partition("\n## ")[0]

    listed = re.findall(r"^\| `(.+?)` \|", messages, flags=re.MULTILINE)

    assert len(listed) > 20
    assert [message for message in listed if message not in said] == []


def test_the_scopes_of_the_quickstart_are_those_that_a_run_asks_for() -> None:
    (row,) = re.findall(r"^ +\| (`read:.*) \| (`create:.*) \|$", QUICKSTART, flags=re.MULTILINE)

    assert [tuple(re.findall("`(.+?)`", scopes)) for scopes in row] == [READ_SCOPES, WRITE_SCOPES]


def test_the_settings_of_the_quickstart_are_enough(tmp_path: Path) -> None:
    (block,) = re.findall(r"```sh\n(USERS_DB_QUERY=.*?)```", QUICKSTART, flags=re.DOTALL)
    file = tmp_path / "quick.env"
    file.write_text(block)

    settings = load({}, file, secrets_dir=tmp_path)

    assert len(block.splitlines()) == len(settings.model_fields_set) == 9
    assert settings.auth0_connection in README + QUICKSTART


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 200
