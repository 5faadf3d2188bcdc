"""A lock in the source, so that two hosts do not run at once. SQL Server only.

It belongs to a session, so it ends with its connection, however the process dies. SQL Server notices a host that
vanishes by its TCP keep-alive, by default after about half a minute.
"""

from __future__ import annotations

import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from config.settings import Settings
from database.engine import database_url, make_engine
from database.entra import log_in_with_tokens
from database.failures import Explainer, SourceError
from database.waiting import awaited

logger = logging.getLogger(__name__)

_TAKE = (
    "SET NOCOUNT ON; DECLARE @result int; EXEC @result = sp_getapplock @Resource = N'{name}', "
    "@LockMode = N'Exclusive', @LockOwner = N'Session', @LockTimeout = 0; SELECT @result"
)
_RELEASE = "EXEC sp_releaseapplock @Resource = N'{name}', @LockOwner = N'Session'"
_GOT = (0, 1)  # what sp_getapplock answers: at once, or after others let go
_TAKEN = -1
_AGAIN = 0.5  # seconds between two questions for a lock that another run holds
_PARTING = 1.0  # seconds that the end of the run gives the database to let go


class SourceLockHeld(Exception):
    """Another run holds the lock in the source."""


@dataclass(frozen=True, slots=True)
class SourceLock:
    """The lock of one `resource`, in the database that the settings name. Making one does no I/O.

    Runs exclude each other only if they read the same database of the same server: a replica has locks of its own.
    Should the connection break while the lock is held, nobody here notices, and another host may take the lock;
    the lock in the state folder still keeps out other runs on this host.
    """

    settings: Settings
    resource: str
    engine_for: Callable[..., Engine] = make_engine

    @property
    def name(self) -> str:
        """What the lock is called in the database: nothing of the resource is in it that would need escaping."""
        digest = hashlib.sha256(self.resource.encode(errors="backslashreplace")).hexdigest()
        return f"auth0-sql-sync {digest[:32]}"

    @contextmanager
    def held(self, *, timeout: float = 0.0, check: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the lock meanwhile; do nothing on other databases than SQL Server.

        `timeout`: for how many seconds to ask again while another run holds the lock. `check` is called about ten
        times a second until the lock is ours, and may raise to give up. Raises `SourceLockHeld` when the timeout
        is over, and `SourceError` when the database cannot be asked.
        """
        url = database_url(self.settings)
        if url.get_backend_name() != "mssql":
            yield
            return
        explainer = Explainer.of(self.settings, url)
        engine = self.engine_for(url, **explainer.timeouts)
        log_in_with_tokens(engine, self.settings, explainer)
        keeper = _Keeper(engine, self.name, explainer, timeout)
        keeper.take(check)
        try:
            yield
        finally:
            keeper.let_go()


class _Keeper:
    """Has a connection that holds the lock; all its life is in one thread.

    Drivers' connections are not to be shared by threads, and a driver that hangs must not make the run wait.
    """

    def __init__(self, engine: Engine, name: str, explainer: Explainer, timeout: float) -> None:
        self._engine, self._name, self._explainer, self._timeout = engine, name, explainer, timeout
        self._messages: queue.Queue[str | BaseException] = queue.Queue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="database lock", daemon=True)

    def take(self, check: Callable[[], None]) -> None:
        explain, patience = self._explainer.login, self._explainer.login_timeout
        try:
            self._thread.start()
            while awaited(self._messages, explain, patience, check) != "ours":
                explain, patience = self._explainer.lock, self._explainer.query_timeout
        except BaseException:
            self._over.set()  # the thread ends by itself, and lets go of the lock if it still gets it
            raise

    def let_go(self) -> None:
        self._over.set()
        self._thread.join(_PARTING)

    def _work(self) -> None:
        explain = self._explainer.login
        try:
            try:
                with self._engine.connect() as fresh:
                    # A transaction would stay open, and idle, as long as the run takes.
                    connection = fresh.execution_options(isolation_level="AUTOCOMMIT", no_parameters=True)
                    explain = self._explainer.lock
                    self._ask(connection)
                    self._hold(connection)
            finally:
                self._engine.dispose()  # before the run hears of a failure, as it may then end at once
        except (SourceError, SourceLockHeld) as error:
            self._messages.put(error)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like; nobody listens after the release
            self._messages.put(explain(error))

    def _ask(self, connection: Connection) -> None:
        """Return when the lock is ours."""
        deadline = time.monotonic() + self._timeout
        told = False
        while not self._over.is_set():
            self._messages.put("asking")  # a sign of life: each question may take its time
            answer = connection.exec_driver_sql(_TAKE.format(name=self._name)).scalar()
            if answer in _GOT:
                return
            if answer != _TAKEN:
                raise self._explainer.lock(RuntimeError(f"sp_getapplock answered {answer}"))
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if not told:
                logger.info(
                    "another run holds the lock in the source; waiting for it, %.0f s at most",
                    self._timeout,
                    extra={"event": "source_lock_awaited", "wait_seconds": self._timeout},
                )
                told = True
            self._over.wait(min(_AGAIN, left))
        where = f"the lock {self._name!r} in {self._explainer.target}"
        raise SourceLockHeld(f"another run is going on (it holds {where}); nothing was done")

    def _hold(self, connection: Connection) -> None:
        self._messages.put("ours")
        self._over.wait()
        try:
            # Closing may not be enough: unixODBC can keep the session in a pool.
            connection.exec_driver_sql(_RELEASE.format(name=self._name))
        finally:
            connection.invalidate()  # closes it without a rollback, which would be logged as failed if it broke
