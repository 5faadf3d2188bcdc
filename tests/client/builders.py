"""What the tests of the client share: a time that does not pass by itself, clients, and a server of raw bytes."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from client.apply import Applier
from client.auth0.imports import Importer
from client.auth0.pace import Pace
from client.auth0.reader import Reader
from client.auth0.retries import Retries
from client.auth0.tokens import Credentials
from client.auth0.transport import Transport
from client.auth0.writer import Writer
from client.breaker import Breaker
from client.creating import Creator
from client.inviting import Inviter
from client.journal import Journal, Scope
from client.lines import Lines
from client.taking import Taker
from client.trying import Tries
from sandbox import DEFAULT_CONNECTION, ManualClock, Sandbox
from sync.model import Change, Kind, Prior, Role
from sync.plan import Counts, Plan
from sync.report import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from sandbox import Tenant

GOOD_TOKEN = {"access_token": "a-token", "scope": "read:users", "expires_in": 86_400, "token_type": "Bearer"}


class Time(ManualClock):
    """A clock that only passes when somebody sleeps; it belongs to the tenant and the client alike."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass at once; other threads get a turn."""
        self.waits.append(seconds)
        self.advance(seconds)
        time.sleep(0.0005)


def transport_to(
    sandbox: Sandbox,
    passing: Time,
    *,
    most: int = 3,
    cap: float = 0.0,
    timeout: float = 5.0,
    check: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] | None = None,
    identity: Mapping[str, str] | None = None,
) -> Transport:
    """A transport to `sandbox` that waits in `passing` alone, without jitter."""
    known = {
        "client_id": sandbox.tenant.client_id,
        "client_secret": sandbox.tenant.client_secret,
        "audience": sandbox.audience,
    }
    return transport_at(
        sandbox.url,
        passing,
        most=most,
        cap=cap,
        timeout=timeout,
        check=check,
        sleep=sleep,
        identity=known | dict(identity or {}),
    )


def transport_at(
    url: str,
    passing: Time,
    *,
    most: int = 3,
    cap: float = 0.0,
    timeout: float = 5.0,
    check: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] | None = None,
    identity: Mapping[str, str] | None = None,
) -> Transport:
    """The same to any address."""
    known = {"client_id": "an-id", "client_secret": "a-secret", "audience": "an-audience"}
    known |= identity or {}
    return Transport(
        url,
        Credentials(**known),
        pace=Pace(cap, sleep=passing.sleep, clock=passing.time, wall=passing.time),
        retries=Retries(most, 1.0, sleep=sleep or passing.sleep, jitter=lambda: 1.0),
        timeout=timeout,
        check=check,
    )


def reader_of(transport: Transport, passing: Time, **options: Any) -> Reader:
    """A reader of the usual connection."""
    name = options.pop("connection", DEFAULT_CONNECTION)
    return Reader(transport, name, sleep=passing.sleep, **options)


def writer_of(transport: Transport, passing: Time, connection: str = DEFAULT_CONNECTION) -> Writer:
    """A writer to `connection`, and the reader that it looks things up with."""
    reader = reader_of(transport, passing, connection=connection)
    return Writer(transport.for_writing(), reader, reader.connection())


def plan_of(*changes: Change, connection: str = DEFAULT_CONNECTION) -> Plan:
    """A plan of these changes, in the order of application."""
    order = list(Kind)
    ordered = tuple(sorted(changes, key=lambda change: (order.index(change.kind), change.email)))
    return Plan(connection, ordered, (), Counts(*(0 for _ in fields(Counts))), "a-digest")


def roles_named(tenant: Tenant, *names: str) -> tuple[Role, ...]:
    """The roles of the tenant with these names."""
    return tuple(Role(name, tenant.role_id(name)) for name in names)


class Remembered(Journal):
    """A journal that is kept in memory, for tests that are not about it."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"), Scope("", ""), "run", datetime.now(UTC))
        self.priors: list[Prior] = []
        self.lines.check_place = lambda: None  # type: ignore[method-assign] # it is always there

    def write(self, prior: Prior) -> None:
        """Remember a line."""
        self.priors.append(prior)


def applier_of(
    transport: Transport,
    passing: Time,
    plan: Plan,
    *,
    workers: int = 1,
    mode: Literal["auto", "requests", "import"] = "auto",
    batch_size: int = 50,
    check: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] | None = None,
) -> Applier:
    """What carries out `plan`, one request after the other unless told otherwise; `sleep` is of the import jobs."""
    reader = reader_of(transport, passing, connection=plan.connection)
    connection, writing = reader.connection(), transport.for_writing()
    writer = Writer(writing, reader, connection)
    importer = Importer(writing, reader, connection, mode, sleep=sleep or passing.sleep)
    tries = Tries(Breaker(check), workers)
    inviter = Inviter(reader, writer, "none", "", Lines(Path("nowhere")))
    creator = Creator(writer, importer, tries)
    return Applier(plan, creator, Taker(reader, writer, Remembered()), inviter, tries, batch_size)


def new_run() -> Run:
    """An empty record of a run."""
    return Run("run", "0", "sync", DEFAULT_CONNECTION, datetime.now(UTC))


def fill(tenant: Tenant, how_many: int, *, start: int = 0, roles: Iterable[str] = ()) -> list[str]:
    """Add so many accounts and return their ids."""
    given = list(roles)
    return [tenant.add_user(f"p{number}@example.com", roles=given) for number in range(start, start + how_many)]


def asked(sandbox: Sandbox, method: str, path: str) -> list[Any]:
    """The log entries of one endpoint; `path` is its template below /api/v2."""
    return [entry for entry in sandbox.log if (entry.method, entry.path) == (method, f"/api/v2{path}")]


def steps(sandbox: Sandbox) -> list[str]:
    """Method and path of each write, in the order of arrival."""
    return [f"{entry.method} {entry.path.removeprefix('/api/v2')}" for entry in sandbox.writes()]


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def http_json(document: object, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP answer that holds JSON."""
    return http(json.dumps(document).encode(), "Content-Type: application/json", *headers, status=status)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    owner: RawServer


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        owner = self.server.owner
        owner.connections += 1
        while request := self._request():
            owner.requests.append(request)
            granted = "POST /oauth/token" in request and not owner.answers_token
            parts = [http_json(GOOD_TOKEN)] if granted else owner.answer(request)
            try:
                for part in parts:
                    self.wfile.write(part)
            except OSError:
                return
            if owner.closes and not granted:
                return

    def _request(self) -> str:
        lines: list[str] = []
        while (line := self.rfile.readline().decode().rstrip()) or not lines:
            if not line:
                return ""
            lines.append(line)
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        return "\n".join(lines) + "\n\n" + self.rfile.read(int(headers.get("content-length", 0))).decode()


class RawServer:
    """Sends the bytes that `answer` gives for a request, part by part; tokens are granted by themselves."""

    def __init__(
        self,
        answer: Callable[[str], Iterable[bytes]],
        *,
        answers_token: bool = False,
        closes: bool = False,
    ) -> None:
        self.answer, self.answers_token, self.closes = answer, answers_token, closes
        self.requests: list[str] = []
        self.connections = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
