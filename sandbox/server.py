"""A tenant over HTTP, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from sandbox.admission import Admission
from sandbox.application import Application
from sandbox.behaviour import Behaviour
from sandbox.exchange import Service
from sandbox.faults import Faults
from sandbox.jobs import Jobs
from sandbox.limits import NO_LIMIT, PROFILES, Limiter, MailLimits, Profile, Refill
from sandbox.views import view_of
from sandbox.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sandbox.clock import Clock
    from sandbox.log import LoggedRequest
    from sandbox.tenant import Tenant

_HOST = "127.0.0.1"
_STOP_SECONDS = 2.0


class Sandbox:
    """Serves a tenant on 127.0.0.1 from `start` (or `with`) to `stop`.

    Args:
        tenant: what is served; it may be read and changed meanwhile.
        profile: `none`, one of the plans in `sandbox.limits.PROFILES`, or rates of your own.
        port: 0 takes a free one.
        behaviour: switches for what is not known of Auth0.
        clock: the tenant's own, unless given.
        refill: how rate limit buckets fill.
        background_rate: requests per second that another client takes out of every bucket.

    Raises:
        OSError: on `start`, the port is taken.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        profile: str | Profile = NO_LIMIT,
        port: int = 0,
        behaviour: Behaviour | None = None,
        clock: Clock | None = None,
        refill: Refill = "continuous",
        background_rate: float = 0.0,
    ) -> None:
        self.tenant = tenant
        self.faults = Faults()
        self.log: list[LoggedRequest] = []
        self.passwords: list[str] = []
        """Every password that an account was sent with, for tests that look whether one has leaked."""
        self.before_answer: Callable[[LoggedRequest], None] | None = None
        """Called in the server's thread with each request, after it was carried out and before it is answered."""
        self.url = ""
        self.export_url = ""
        self._behaviour = behaviour or Behaviour()
        self._clock = clock or tenant.clock
        self._port = port
        rates = PROFILES[profile] if isinstance(profile, str) and profile != NO_LIMIT else profile
        self.limiter = (
            None
            if isinstance(rates, str)
            else Limiter(rates, self._clock, refill=refill, background_rate=background_rate)
        )
        self._mails = MailLimits(self._clock, refill)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to serve; returns when requests are answered."""
        self._ready.clear()
        self._failure = None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        self._ready.wait()
        self._raise_failure()

    def stop(self) -> None:
        """Close every connection and end the thread."""
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._loop = self._stop = self._thread = None

    @property
    def audience(self) -> str:
        """The audience that /oauth/token accepts."""
        return self.tenant.audience or f"{self.url}/api/v2/"

    def writes(self) -> list[LoggedRequest]:
        """The log entries that could have changed something."""
        return [entry for entry in self.log if entry.writes]

    def clear_log(self) -> None:
        """Forget what was logged."""
        self.log.clear()

    def state(self) -> dict[str, Any]:
        """The accounts with the names of their roles, and the names of all roles."""
        with self.tenant.lock:
            users = [
                {**document, "roles": sorted(self.tenant.roles_of(user_id))}
                for user_id, document in self.tenant.users.items()
            ]
            return {"users": users, "roles": sorted(role["name"] for role in self.tenant.roles.values())}

    def _raise_failure(self) -> None:
        if self._failure is not None and self._thread is not None:
            self._thread.join()
            self._thread = None
            raise self._failure

    def _run(self) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._ready.set()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        before = [*self.tenant.watchers]
        with self.tenant.lock:
            service = self._service()
        admission = Admission(service, self.limiter, self._mails)
        wire = Wire(Application(service, self.faults, admission, self.log), self)
        server = web.Server(wire.handle, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        try:
            await self._listen(runner, service)
            self._ready.set()
            await self._stop.wait()
        except OSError as error:
            self._failure = error
        finally:
            wire.stopping = True
            await runner.cleanup()
            self.tenant.watchers[:] = before

    def _service(self) -> Service:
        behaviour, tenant, clock = self._behaviour, self.tenant, self._clock
        return Service(
            tenant=tenant,
            behaviour=behaviour,
            clock=clock,
            jobs=Jobs(tenant, behaviour),
            search=view_of(tenant, behaviour.search_lag_seconds, clock),
            members=view_of(tenant, behaviour.members_lag_seconds, clock),
            exported=view_of(tenant, behaviour.export_lag_seconds, clock),
        )

    async def _listen(self, runner: web.ServerRunner, service: Service) -> None:
        await web.TCPSite(runner, _HOST, self._port).start()
        # A second socket, so that an export is on another host than the API to every client.
        if self._behaviour.export_host_other:
            await web.TCPSite(runner, _HOST, 0).start()
        urls = [f"http://{address[0]}:{address[1]}" for address in runner.addresses]
        self.url = service.url = urls[0]
        self.export_url = service.export_url = urls[-1]
