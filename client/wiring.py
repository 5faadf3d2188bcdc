"""From settings to the things that speak to Auth0. Nothing here does I/O."""

from __future__ import annotations

from dataclasses import replace

from client.apply import Applier
from client.auth0.imports import Importer
from client.auth0.pace import Pace
from client.auth0.reader import Reader
from client.auth0.retries import Retries
from client.auth0.tokens import Credentials
from client.auth0.transport import Transport
from client.auth0.writer import Writer
from client.breaker import Breaker
from client.journal import Journal, Scope
from client.stop import Stop
from client.taking import Taker
from config.settings import Settings
from sync.brakes import Brakes
from sync.plan import Plan
from sync.report import Run


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


def make_brakes(settings: Settings, brakes: Brakes) -> Brakes:
    """The brakes of the command line and those of the settings."""
    return replace(brakes, keep_missing=settings.sync_on_missing == "keep")


def make_scope(settings: Settings) -> Scope:
    """What a run, and its journal, is about."""
    return Scope(settings.auth0_url, settings.auth0_connection)


def make_applier(settings: Settings, plan: Plan, run: Run, transport: Transport, reader: Reader, stop: Stop) -> Applier:
    """What carries out `plan`, the plan of `run`, with the right to write."""
    writing, connection = transport.for_writing(), reader.connection()
    writer = Writer(writing, reader, connection)
    journal = Journal(settings.journal_dir, make_scope(settings), run.run_id, run.started_at)
    return Applier(
        plan,
        writer,
        Importer(writing, reader, connection, settings.auth0_create_with, sleep=stop.sleep),
        Taker(reader, writer, journal),
        Breaker(stop.check),
        settings.auth0_pool_size,
        settings.auth0_role_batch_size,
    )
