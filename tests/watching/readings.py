"""What an exporter makes of the file that a watched run leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from client.watching import Watch
from sync.report import Run
from tests.watching.records import watched

LAST_SUCCESS = "last_success_timestamp_seconds"


def write(folder: Path, run: Run, **settings: str) -> Path:
    """The file after a run that was watched."""
    file = folder / "sync.prom"
    given = {"SYNC_METRICS_FILE": str(file), "SYNC_STATE_DIR": str(folder / "state"), **settings}
    Watch(watched(**given)).end(run)
    return file


def read(file: Path) -> dict[str, dict[tuple[str, ...], float]]:
    """Metric (without its prefix) to the values by the labels of its own, as an exporter sees them."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(file.read_text()):
        assert family.type == "gauge"
        assert re.fullmatch(r"[A-Z].+\.", family.documentation)
        for sample in family.samples:
            own = tuple(value for name, value in sample.labels.items() if name not in {"connection", "owner"})
            found.setdefault(sample.name.removeprefix("sync_auth0_"), {})[own] = sample.value
    return found


def value(file: Path, name: str) -> float | None:
    """Of a metric without labels of its own; None: there is no such series."""
    return read(file).get(name, {}).get(())


def remember(folder: Path, known: object) -> None:
    """Make it what the state folder knows of the last success."""
    (folder / "state").mkdir()
    (folder / "state" / "last-success.json").write_text(json.dumps(known))
