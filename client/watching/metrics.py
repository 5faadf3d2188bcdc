"""The metrics of the last run, as a file that node_exporter's textfile collector reads."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from client import files
from client.watching.errands import Failed
from sync.model import Kind, Status
from sync.report import Exit, Run
from sync.text import visible

GUARDS = (
    "another plan", "zero rows", "deletes", "role removals", "held", "renames", "possible renames", "new roles",
    "role minimum",
)  # fmt: skip
"""Every guard there is: a series that is absent must not mean zero."""
_PREFIX = "sync_auth0_"
_LAST_SUCCESS = "last_success_timestamp_seconds"
_MODE = 0o644  # the exporter is somebody else
_LARGEST = 1_000_000  # bytes; ours has a hundredth of that


@dataclass(frozen=True, slots=True)
class _Metric:
    """A gauge: its name without the prefix, what it says, and a value for each set of labels of its own."""

    name: str
    sentence: str
    values: Mapping[tuple[str, ...], float]
    labels: tuple[str, ...] = ()


def write(path: Path, run: Run, owner: str, last_success_file: Path) -> str:
    """Replace `path` by the metrics of `run`; returns what was wrong with the file that was there, if anything was.

    `last_success_file`: where else the time of the last success is found. Raises `Failed`.
    """
    try:
        path = files.place(path)
        with _alone_in(path.parent):
            known, trouble = _last_success_in(path, _common(run, owner))
            earlier = max(known, _last_success_of(last_success_file, run.connection))
            files.replace(path, render(run, owner, earlier), _MODE)
    except OSError as error:
        raise Failed(f"the metrics cannot be written to {path}: {error.strerror}") from None
    return trouble


def render(run: Run, owner: str, earlier: float = 0.0) -> bytes:
    """The metrics as text. `earlier`: unix time of the last success before this run; 0: there was none."""
    common = _common(run, owner)
    registry = CollectorRegistry()
    registry.register(_Families(_metrics(run, earlier), common))
    return generate_latest(registry)


def _common(run: Run, owner: str) -> dict[str, str]:
    """On every series: equal ones in the files of two jobs would break the exporter's whole page."""
    return {"connection": visible(run.connection), "owner": visible(owner)}


class _Families:
    """Metrics as the library wants them."""

    def __init__(self, metrics: Iterator[_Metric], common: Mapping[str, str]) -> None:
        self._families = []
        for metric in metrics:
            family = GaugeMetricFamily(_PREFIX + metric.name, metric.sentence, labels=[*common, *metric.labels])
            for own, value in metric.values.items():
                family.add_metric([*common.values(), *own], value)
            self._families.append(family)

    def collect(self) -> list[GaugeMetricFamily]:
        return self._families


def _metrics(run: Run, earlier: float) -> Iterator[_Metric]:
    ended = (run.finished_at or datetime.now(UTC)).timestamp()
    if succeeded := ended if run.exit_code is Exit.OK else earlier:
        yield _one(_LAST_SUCCESS, "When the last run ended that ended with 0, as unix time.", succeeded)
    yield _one("last_run_timestamp_seconds", "When the last run ended, as unix time.", ended)
    yield _one("last_run_exit_code", "The exit code of the last run.", run.exit_code)
    seconds = ended - run.started_at.timestamp()
    yield _one("last_run_duration_seconds", "How long the last run took, in seconds.", seconds)
    yield from _of_the_plan(run)
    yield _one("requests", "Requests that the last run sent to Auth0.", sum(run.requests.values()))
    yield _one("requests_answered_429", "Those that Auth0 answered with 429, too many requests.", run.answered_429)
    yield _one("retries", "Requests that the last run sent again.", run.retries)
    sentence = "How long each phase of the last run took, in seconds."
    yield _each("phase_seconds", sentence, run.seconds, "phase")
    yield _each("info", "The version that ran last.", {run.version: 1}, "version")


def _of_the_plan(run: Run) -> Iterator[_Metric]:
    tally = run.tally()
    changes: dict[tuple[str, ...], float] = {
        (kind.value, status.value): tally[kind, status] for kind in Kind for status in Status
    }
    sentence = "What became of the changes of the last run, by kind and outcome."
    yield _Metric("changes", sentence, changes, ("kind", "outcome"))
    refused = {refusal.guard for refusal in run.guard.refusals}
    values = {guard: guard in refused for guard in GUARDS}
    yield _each("refused", "Whether this guard refused the plan of the last run.", values, "guard")
    if (plan := run.plan) is not None:  # else nobody knows, and 0 would be a lie
        counts = plan.counts
        yield _one("people", "People in the source of whom every row was understood.", counts.people)
        yield _one("accounts", "Accounts of the connection that were compared with the source.", counts.in_scope)
        yield _one("held", "People and accounts left alone because something was not understood.", len(plan.held))
        yield _one("protected", "People and accounts left alone because they are protected.", len(plan.protected))


def _one(name: str, sentence: str, value: float) -> _Metric:
    return _Metric(name, sentence, {(): value})


def _each(name: str, sentence: str, values: Mapping[str, float], label: str) -> _Metric:
    return _Metric(name, sentence, {(own,): value for own, value in values.items()}, (label,))


def _last_success_in(path: Path, common: Mapping[str, str]) -> tuple[float, str]:
    """The time that an earlier run left in the file (0: none), and what was wrong with the file."""
    found = 0.0
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == _PREFIX + _LAST_SUCCESS and sample.labels == common:
                    found = _plausible(sample.value)
    except FileNotFoundError:
        pass
    except (OSError, ValueError, LookupError):  # the last is what the parser raises for some lines
        return found, f"{path} held what are no metrics; it was replaced"
    return found, ""


def _last_success_of(path: Path, connection: str) -> float:
    """The time that the state folder has; 0 if it has none of this connection."""
    try:
        known = json.loads(path.read_bytes())
        ended = datetime.fromisoformat(known["finished_at"])
        return _plausible(ended.timestamp()) if known["connection"] == connection else 0.0
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return 0.0


def _plausible(moment: float) -> float:
    """A success that is yet to come would keep every alarm silent."""
    return moment if 0 < moment <= datetime.now(UTC).timestamp() else 0.0


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Of two runs, none may put back what the other has just renewed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
