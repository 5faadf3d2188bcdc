"""The history: a line for each sync of everybody, with numbers and without names."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from client import files

logger = logging.getLogger(__name__)

NAME = "history.jsonl"
_KEPT = 400  # lines
_MOST_BYTES = 1_000_000  # of a file that somebody has made longer; the end of it is what counts


def append(folder: Path, document: Mapping[str, Any]) -> None:
    """Add the line of this run to the history in `folder`. A history that cannot be kept is a warning, no more."""
    path = folder / NAME
    try:
        lines = [json.dumps(line) for line in _lines(path)]
        lines.append(json.dumps(_line(document)))
        files.replace(path, "".join(f"{line}\n" for line in lines[-_KEPT:]).encode())
    except OSError as error:
        extra = {"event": "history_not_kept", "path": str(path)}
        logger.warning(
            "the history cannot be kept in %s: %s; nothing else depends on it", path, error.strerror, extra=extra
        )


def recent(folder: Path, number: int = 60) -> list[dict[str, Any]]:
    """The last lines of the history, the oldest first; nothing where none can be read."""
    path = folder / NAME
    try:
        return list(_lines(path))[-number:] if number > 0 else []
    except OSError as error:
        extra = {"event": "history_not_read", "path": str(path)}
        logger.warning(
            "the history in %s cannot be read: %s; nothing else depends on it", path, error.strerror, extra=extra
        )
        return []


def _line(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a run. Without a plan there are no numbers."""
    counts = document["counts"] or {}
    kinds: Mapping[str, Mapping[str, int]] = counts.get("changes", {})
    return {
        **{name: document[name] for name in ("run_id", "finished_at", "exit_code")},
        **{name: counts.get(name) for name in ("people", "accounts", "held")},
        "changes": {kind: tally["done"] for kind, tally in kinds.items() if tally["done"]},
    }


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every line that is one; half a line, or what somebody else has written, is passed over. Raises OSError."""
    if not path.is_file():  # a pipe would be waited for
        return
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MOST_BYTES))
        text = file.read(_MOST_BYTES).decode(errors="replace")
    for line in text.split("\n"):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):  # too deep for JSON, or a number too long
            continue
        if _is_line(found):
            yield found


def _is_line(found: object) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("run_id"), str)
        and isinstance(found.get("finished_at"), str)
        and isinstance(found.get("exit_code"), int)
        and isinstance(found.get("changes"), dict)
        and all(isinstance(found.get(name), int | None) for name in ("people", "accounts", "held"))
        and all(isinstance(done, int) for done in found["changes"].values())
    )
