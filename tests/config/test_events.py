"""Every line that the product logs is an event: named in one place, with fields of its own, and written down."""

from __future__ import annotations

import ast
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from config.logs import FOREIGN

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR", "exception": "ERROR"}
COMMON = {"time", "level", "run_id", "message", "exception", "logger"}
OF_A_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime"}
ROW = re.compile(r"\| `(\w+)` \| ([A-Z]+) \| (.+?) \|(?: (.+))? \|")


@dataclass(frozen=True, slots=True)
class Event:
    """What a call of a logger says besides its message."""

    place: str
    name: str
    level: str
    fields: frozenset[str]


@cache
def events() -> tuple[Event, ...]:
    """Of each call of a logger in the product."""
    files = [ROOT / "main.py"]
    for room in ("client", "config", "database", "sync"):
        files += sorted((ROOT / room).rglob("*.py"))
    return tuple(event for file in files for event in _events(file))


def _events(file: Path) -> Iterator[Event]:
    tree = ast.parse(file.read_text())
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_logger(node.func.value):
            place = f"{file.relative_to(ROOT)}:{node.lineno}"
            assert node.func.attr in LEVELS, f"{place} is none of {', '.join(LEVELS)}"
            extra = next((keyword.value for keyword in node.keywords if keyword.arg == "extra"), None)
            content = dict(_content(extra, named, node.lineno))
            assert isinstance(content.get("event"), str), f"{place} has no event, or not as a word"
            yield Event(place, str(content.pop("event")), LEVELS[node.func.attr], frozenset(content))


def _is_logger(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "logger"


def _content(node: ast.expr | None, named: list[ast.Assign], line: int) -> Iterator[tuple[str, object]]:
    """Key and constant value (None: computed) of a dictionary, or of the one that was given the name last."""
    if isinstance(node, ast.Name):
        before = [one for one in named if one.lineno < line and any(_is(target, node) for target in one.targets)]
        node = max(before, key=lambda one: one.lineno).value if before else None
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                yield from _content(value, named, line)
            else:
                assert isinstance(key, ast.Constant)
                yield str(key.value), value.value if isinstance(value, ast.Constant) else None


def _is(target: ast.expr, name: ast.Name) -> bool:
    return isinstance(target, ast.Name) and target.id == name.id


def documented() -> list[tuple[str, str, frozenset[str]]]:
    """Event, level and fields of each row of the table."""
    text = (ROOT / "docs" / "logs.md").read_text().partition("## Events")[2]
    rows = [ROW.fullmatch(line) for line in text.splitlines() if line.startswith("| `")]
    return [(row[1], row[2], frozenset(re.findall(r"`(\w+)`", row[4] or ""))) for row in rows if row]


def test_every_call_of_a_logger_names_an_event() -> None:
    found = events()

    assert len(found) >= 30
    assert [event.place for event in found if not re.fullmatch(r"[a-z]+(_[a-z]+)*", event.name)] == []
    assert FOREIGN not in {event.name for event in found}


def test_an_event_comes_from_one_place() -> None:
    times = Counter(event.name for event in events())

    assert [name for name, number in times.items() if number > 1] == []


def test_no_field_takes_the_place_of_a_key_that_every_line_has() -> None:
    taken = {event.place: event.fields & (COMMON | OF_A_RECORD) for event in events()}

    assert {place: names for place, names in taken.items() if names} == {}


def test_the_table_has_every_event_once_with_its_level_and_its_fields() -> None:
    table = documented()

    assert sorted(table) == sorted((event.name, event.level, event.fields) for event in events())


def test_nothing_is_logged_but_by_the_loggers_of_the_modules() -> None:
    files = [file for room in ("client", "config", "database", "sync") for file in (ROOT / room).rglob("*.py")]
    told = [
        f"{file.relative_to(ROOT)}: {call}"
        for file in files
        for call in re.findall(
            r"\blogging\.(?:debug|info|warn|warning|error|exception|critical|log)\(", file.read_text()
        )
    ]

    assert told == []


def test_loggers_have_one_name_and_no_other() -> None:
    made = {
        line.strip()
        for room in ("client", "config", "database", "sync")
        for file in (ROOT / room).rglob("*.py")
        for line in file.read_text().splitlines()
        if "= logging.getLogger(" in line and file.name != "logs.py"
    }

    assert made == {"logger = logging.getLogger(__name__)"}
