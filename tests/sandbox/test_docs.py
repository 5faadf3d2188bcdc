"""docs/sandbox.md tells of everything there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from sandbox import Behaviour
from sandbox.__main__ import main
from sandbox.faults import KINDS
from sandbox.limits import PROFILES

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_every_fault_switch_and_profile_is_on_the_page() -> None:
    named = set(re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8")))

    assert named >= set(KINDS)
    assert named >= {switch.name for switch in fields(Behaviour)}
    assert named >= set(PROFILES)


def test_every_option_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"^  (--[a-z-]+)", capsys.readouterr().out, flags=re.MULTILINE))

    named = set(re.findall(r"^\| `(--[a-z-]+)`", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))

    assert options == named
