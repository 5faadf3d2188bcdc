"""Whether this machine lets a run keep what it has to keep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from client import files
from client.checkup.findings import Finding, bad, good
from config.settings import Settings


def findings(settings: Settings) -> Iterator[Finding]:
    """The state folder with what is in it, and the place of the metrics."""
    yield _state(settings)
    if settings.sync_metrics_file is not None:
        yield _metrics(settings.sync_metrics_file)


def _metrics(path: Path) -> Finding:
    try:
        place = files.place(path).parent
    except OSError as error:
        return bad("metrics", f"SYNC_METRICS_FILE: {path} cannot be replaced: {error.strerror}")
    if not place.is_dir():
        return bad("metrics", f"SYNC_METRICS_FILE: there is no folder {place}; make it")
    if trouble := _trouble(place):
        return bad("metrics", f"SYNC_METRICS_FILE: {place} cannot be written: {trouble}")
    if path.suffix != ".prom":
        return bad("metrics", f"SYNC_METRICS_FILE: node_exporter reads no file but those that end in .prom, not {path}")
    return good("metrics", f"{path} can be written")


def _state(settings: Settings) -> Finding:
    folder = settings.sync_state_dir
    for place in (folder, settings.journal_dir, settings.invitations_dir):
        if trouble := _trouble(place):
            return bad("state folder", f"SYNC_STATE_DIR: {place} cannot be written: {trouble}", is_setting=True)
    try:
        running = "; a run is going on at this moment" if _is_locked(folder / "lock") else ""
    except OSError as error:
        trouble = (
            f"SYNC_STATE_DIR: {folder / 'lock'} cannot be used: {error.strerror}; was there a run by another user?"
        )
        return bad("state folder", trouble, is_setting=True)
    return good("state folder", f"{folder} can be written{running}")


def _trouble(folder: Path) -> str:
    """Why nothing could be written there, or nothing. A folder that is yet to be made is as good as its parent."""
    place = folder
    while not place.exists() and place.parent != place:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return f"{error.strerror} ({place})"


def _is_locked(lock: Path) -> bool:
    """Whether a run holds it. Raises `OSError` for a file that no run could lock."""
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
