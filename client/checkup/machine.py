"""Whether this machine lets a run keep what it has to keep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from client.checkup.findings import Finding, bad, good
from config.settings import Settings


def findings(settings: Settings) -> Iterator[Finding]:
    """The state folder, and the place of the metrics."""
    folder = settings.sync_state_dir
    if trouble := _trouble(folder):
        yield bad("state folder", f"SYNC_STATE_DIR: {folder} cannot be written: {trouble}", is_setting=True)
    else:
        running = "; a run is going on at this moment" if _is_locked(folder) else ""
        yield good("state folder", f"{folder} can be written{running}")
    if settings.sync_metrics_file is not None:
        place = settings.sync_metrics_file.parent
        if not place.is_dir():
            yield bad("metrics", f"SYNC_METRICS_FILE: there is no folder {place}; make it")
        elif trouble := _trouble(place):
            yield bad("metrics", f"SYNC_METRICS_FILE: {place} cannot be written: {trouble}")
        else:
            yield good("metrics", f"{settings.sync_metrics_file} can be written")


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


def _is_locked(folder: Path) -> bool:
    lock = folder / "lock"
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):
        return True
