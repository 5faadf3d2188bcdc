"""The story of a run: read, plan, guard, apply. Data goes from left to right once."""

from __future__ import annotations

from client.auth0.tokens import READ_SCOPES, WRITE_SCOPES
from client.console import Console
from client.stop import Stop
from client.wiring import make_applier, make_reader, make_transport
from config.settings import Settings
from database.users import Users
from sync import desired, guard, plan
from sync.report import Run
from sync.roles import ManagedRoles


class App:
    """One run. Making one does no I/O."""

    def __init__(self, settings: Settings, record: Run, *, console: Console, stop: Stop) -> None:
        """`record` is filled in as the story goes, so that it can be told wherever it ends."""
        self.settings, self.record, self.console, self.stop = settings, record, console, stop
        self.users = Users(settings)
        self.transport = make_transport(settings, stop)
        self.reader = make_reader(settings, self.transport, stop)
        self.writes = record.mode == "sync"

    def run(self) -> None:
        """Make the tenant agree with the source or, in mode `plan`, say what that would take."""
        settings, record, reader = self.settings, self.record, self.reader
        self.transport.tokens.require(READ_SCOPES + (WRITE_SCOPES if self.writes else ()))
        frame = self.users.read(self.stop.check)
        connection = reader.connection()
        roles = ManagedRoles(reader.roles(), prefix=settings.auth0_role_prefix, patterns=settings.auth0_managed_roles)
        accounts = reader.accounts(connection)
        memberships = reader.memberships(accounts, list(roles))
        record.plan = plan.build(
            desired.build(frame, roles),
            accounts,
            memberships,
            connection=connection.name,
            roles=roles,
            protected=settings.client_ignore_users,
        )
        self.console.plan(record.plan)
        record.refusals = guard.check(record.plan, settings.limits)
        if self.writes and not record.refusals:
            applier = make_applier(settings, record.plan, self.transport, reader, connection, self.stop)
            applier.apply(into=record)
