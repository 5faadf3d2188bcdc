"""From settings to the things that speak to Auth0. Nothing here does I/O."""

from __future__ import annotations

from functools import partial

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
from client.journal import Journal, Scope, file_name
from client.lines import Lines
from client.phases import Phases
from client.stop import Stop
from client.taking import Taker
from client.terms import stranger
from client.trying import Tries
from config.settings import Settings
from sync.plan import Plan
from sync.policy import Policy
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


def make_reader(settings: Settings, transport: Transport, stop: Stop, phases: Phases | None = None) -> Reader:
    """A reader of the managed connection."""
    return Reader(
        transport,
        settings.auth0_connection,
        namespace=settings.sync_namespace,
        workers=settings.auth0_pool_size,
        user_read=settings.auth0_user_read,
        role_read=settings.auth0_role_read,
        sleep=stop.sleep,
        check=stop.check,
        phases=phases,
    )


def make_scope(settings: Settings) -> Scope:
    """What a run, and its journal, is about."""
    return Scope(settings.auth0_url, settings.auth0_connection)


def make_applier(
    settings: Settings,
    run: Run,
    plan: Plan,
    policy: Policy,
    transport: Transport,
    reader: Reader,
    stop: Stop,
    phases: Phases | None = None,
) -> Applier:
    """What carries out `plan`, the plan of `run` that was made by `policy`, with the right to write."""
    writing, connection = transport.for_writing(), reader.connection()
    writer = Writer(writing, reader, connection)
    importer = Importer(writing, reader, connection, settings.auth0_create_with, sleep=stop.sleep)
    tries = Tries(Breaker(stop.check), settings.auth0_pool_size)
    journal = Journal(settings.journal_dir, make_scope(settings), run.run_id, run.started_at)
    links = Lines(settings.invitations_dir / file_name(run.run_id, run.started_at))
    return Applier(
        plan,
        Creator(writer, importer, tries, partial(stranger, policy, reader)),
        Taker(reader, writer, journal, owner=policy.owner, revoke=settings.sync_revoke_sessions),
        Inviter(reader, writer, settings.auth0_invite, settings.invites_for, links),
        tries,
        settings.auth0_role_batch_size,
        phases or Phases(),
    )
