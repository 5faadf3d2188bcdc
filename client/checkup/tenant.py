"""Whether the tenant can be read and written: TLS, token, scopes, connection, roles, limits, clock."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd

from client.auth0.errors import Auth0Error
from client.auth0.reader import Connection, Reader
from client.auth0.tokens import Tokens
from client.auth0.transport import Transport
from client.checkup.findings import Finding, bad, good
from client.stop import Stop
from client.terms import fitting, make_managed_roles, make_policy, needed_scopes
from client.wiring import make_reader, make_transport
from config.settings import Settings
from sync.policy import Policy
from sync.roles import ManagedRoles, UnknownRole

_RETRIES, _TIMEOUT = 1, 10.0  # seconds; somebody waits for the verdict
_WORST_SKEW = 60.0  # seconds; the days of block marks, and what a certificate is good for, go by the clock


@dataclass(frozen=True, slots=True)
class There:
    """What a plan would go by."""

    connection: Connection
    roles: ManagedRoles
    policy: Policy


def findings(settings: Settings, stop: Stop, frame: pd.DataFrame | None) -> Generator[Finding, None, There | None]:
    """`frame`: the rows of the query, if they could be read. Raises `Stopped`."""
    patience = {
        "auth0_max_retries": min(settings.auth0_max_retries, _RETRIES),
        "auth0_timeout": min(settings.auth0_timeout, _TIMEOUT),
    }
    transport = make_transport(settings.model_copy(update=patience), stop)
    reader = make_reader(settings, transport, stop)
    try:
        transport.tokens.current()
    except Auth0Error as error:
        answered = error.where is not None and error.where.status
        if answered:
            yield good("TLS", _tls(settings))
        yield bad("token" if answered else "Auth0", str(error))
        return None
    yield good("TLS", _tls(settings))
    yield good("token", f"granted for {settings.audience}")
    yield _scopes(transport.tokens, needed_scopes(settings, writes=True), needed_scopes(settings, writes=False))
    there = yield from _configured(settings, reader, frame)
    yield from _limits(transport)
    yield from _clock(transport)
    return there


def _tls(settings: Settings) -> str:
    if settings.auth0_url.startswith("http:"):
        return f"{settings.auth0_url} answers without TLS, which is for this machine alone"
    return f"{settings.auth0_url} answers, and its certificate is trusted"


def _scopes(tokens: Tokens, for_sync: tuple[str, ...], for_plan: tuple[str, ...]) -> Finding:
    missing = tokens.missing(for_sync)
    if not missing:
        return good("scopes", f"all {len(for_sync)} that a sync needs are granted")
    enough = "" if tokens.missing(for_plan) else " (enough for `plan`, not for `sync`)"
    return bad(
        "scopes",
        f"{', '.join(missing)} not granted{enough}; grant it under Applications > APIs > Auth0 Management API > "
        "Machine to Machine Applications",
    )


def _configured(
    settings: Settings, reader: Reader, frame: pd.DataFrame | None
) -> Generator[Finding, None, There | None]:
    try:
        connection = reader.connection()
    except Auth0Error as error:
        yield bad("connection", str(error))
        return None
    yield from _connection(reader, connection)
    try:
        if frame is not None:
            fitting(frame, settings, reader)
        there = reader.roles()
        roles = make_managed_roles(settings, there)
        policy = make_policy(settings, connection, there, datetime.now(UTC).date())
    except UnknownRole as error:
        yield bad("roles", str(error), is_setting=True)
        return None
    except Auth0Error as error:
        yield bad("roles" if error.where else "connection", str(error))
        return None
    managed = sum(1 for _ in roles)
    if there and not managed:
        yield bad("roles", "none is managed; look at AUTH0_ROLE_PREFIX and AUTH0_MANAGED_ROLES")
    else:
        yield good("roles", f"{len(there)} in the tenant, {managed} of them managed")
    return There(connection, roles, policy)


def _connection(reader: Reader, connection: Connection) -> Iterator[Finding]:
    what = "creations and imports" if connection.strategy == "auth0" else "creations, but no imports"
    try:
        enabled = reader.is_enabled()
    except Auth0Error as error:
        yield bad("connection", f"whether {connection.name} is enabled for an application cannot be told: {error}")
        return
    if enabled:
        yield good("connection", f"{connection.name} ({connection.strategy}) is there and takes {what}")
    else:
        yield bad(
            "connection",
            f"{connection.name} is enabled for no application, so Auth0 creates no account in it; enable one under "
            "Authentication > the connection > Applications",
        )


def _limits(transport: Transport) -> Iterator[Finding]:
    budget = transport.budget()
    if budget is None:
        yield good("rate limit", "the answers tell of none")
    else:
        yield good("rate limit", f"{budget.remaining} of {budget.limit} requests were left after the last answer")


def _clock(transport: Transport) -> Iterator[Finding]:
    skew = transport.traffic.skew
    if skew is None:
        return
    if abs(skew) > _WORST_SKEW:
        way = "behind" if skew > 0 else "ahead of"
        yield bad("clock", f"this machine's clock is {abs(skew):.0f} s {way} Auth0's; set it (NTP)")
    else:
        yield good("clock", f"within {max(1, round(abs(skew)))} s of Auth0's")
