"""From settings to the things that speak to Auth0. Nothing here does I/O."""

from __future__ import annotations

from client.apply import Applier
from client.auth0.imports import Importer
from client.auth0.pace import Pace
from client.auth0.reader import Connection, Reader
from client.auth0.retries import Retries
from client.auth0.tokens import Credentials
from client.auth0.transport import Transport
from client.auth0.writer import Writer
from client.breaker import Breaker
from client.stop import Stop
from config.settings import Settings
from sync.plan import Plan


def make_transport(settings: Settings, stop: Stop) -> Transport:
    """A transport to the tenant, which only reads."""
    secret = settings.auth0_client_secret.get_secret_value()
    return Transport(
        settings.auth0_url,
        Credentials(settings.auth0_client_id, secret, settings.audience),
        pace=Pace(settings.auth0_requests_per_second, sleep=stop.sleep),
        retries=Retries(settings.auth0_max_retries, settings.auth0_backoff_factor, sleep=stop.sleep),
        timeout=settings.auth0_timeout,
        check=stop.check,
    )


def make_reader(settings: Settings, transport: Transport, stop: Stop) -> Reader:
    """A reader of the managed connection."""
    return Reader(
        transport,
        settings.auth0_connection,
        workers=settings.auth0_pool_size,
        user_read=settings.auth0_user_read,
        role_read=settings.auth0_role_read,
        sleep=stop.sleep,
        check=stop.check,
    )


def make_applier(
    settings: Settings, plan: Plan, transport: Transport, reader: Reader, connection: Connection, stop: Stop
) -> Applier:
    """What carries out `plan`, with the right to write."""
    writing = transport.for_writing()
    return Applier(
        plan,
        reader,
        Writer(writing, reader, connection),
        Importer(writing, reader, connection, settings.auth0_create_with, sleep=stop.sleep),
        Breaker(stop.check),
        settings.auth0_pool_size,
        settings.auth0_role_batch_size,
    )
