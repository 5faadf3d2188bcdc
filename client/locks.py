"""One run at a time: on this host by a file, across hosts by the SQL Server that all of them read."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from filelock import FileLock, Timeout

from client.stop import Stop
from config.loading import SettingsError
from config.settings import Settings
from database.failures import SourceError
from database.lock import SourceLock

logger = logging.getLogger(__name__)

_LOOK = 0.2  # seconds between two looks at a file that another process holds


def source_lock(settings: Settings) -> SourceLock:
    """The lock in the source of whatever manages this connection."""
    return SourceLock(settings, f"{settings.auth0_url.lower()}/{settings.auth0_connection}")


class LockHeld(Exception):
    """Another run is going on."""


class Locks:
    """Both locks of a run. The system releases them when the process ends, however it ends."""

    def __init__(self, settings: Settings, stop: Stop, *, timeout: float) -> None:
        """`timeout`: seconds to wait for another run to end, for both locks together."""
        self._settings, self._stop = settings, stop
        self._deadline = time.monotonic() + timeout

    @contextmanager
    def on_this_host(self) -> Iterator[None]:
        """Hold the lock of the state folder. Raises `LockHeld`, or `SettingsError` if the folder cannot be used."""
        folder = self._settings.sync_state_dir
        lock = FileLock(folder / "lock")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            told = False
            while not self._taken(lock):
                left = self._deadline - time.monotonic()
                if left <= 0:
                    raise LockHeld(f"another run is going on (it holds {folder / 'lock'}); nothing was done")
                if not told:
                    extra = {"event": "host_lock_awaited", "wait_seconds": round(left, 3)}
                    logger.info(
                        "another run holds %s; waiting for it, %.0f s at most", lock.lock_file, left, extra=extra
                    )
                    told = True
                self._stop.sleep(_LOOK)
        except OSError as error:
            raise SettingsError([f"SYNC_STATE_DIR: {folder} cannot be used ({error.strerror})"]) from None
        try:
            yield
        finally:
            lock.release()

    def _taken(self, lock: FileLock) -> bool:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    @contextmanager
    def at_the_source(self, *, needed: bool) -> Iterator[None]:
        """Hold the lock in the source, if it is a SQL Server. Raises `SourceLockHeld` and `SourceError`.

        `needed` is false for a run that takes nothing from anybody: it goes on where the source cannot be asked.
        """
        settings = self._settings
        if not settings.sync_source_lock:
            yield
            return
        lock = source_lock(settings)
        left = max(0.0, self._deadline - time.monotonic())
        with ExitStack() as stack:
            try:
                stack.enter_context(lock.held(timeout=left, check=self._stop.check))
            except SourceError as error:
                if needed:
                    raise
                logger.warning(
                    "%s; going on without the lock there", error, extra={"event": "source_lock_done_without"}
                )
            yield
