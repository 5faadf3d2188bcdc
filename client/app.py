"""The story of a run: read, plan, guard, apply. Data goes from left to right once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from client import journal
from client.auth0.tokens import READ_SCOPES, WRITE_SCOPES
from client.console import Console
from client.stop import Stop
from client.wiring import make_applier, make_brakes, make_reader, make_scope, make_transport
from config.settings import Settings
from database.users import Users
from sync import desired, guard, plan, restoring
from sync.brakes import Brakes
from sync.guard import Approval
from sync.model import Kind, Prior
from sync.plan import Plan
from sync.report import Run
from sync.roles import ManagedRoles

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the operator asks of this one run."""

    approval: Approval = field(default_factory=Approval)
    brakes: Brakes = field(default_factory=Brakes)
    journal: Path | None = None
    """The journal that is to be undone, in mode `restore`."""


class App:
    """One run. Making one does no I/O."""

    def __init__(self, settings: Settings, record: Run, orders: Orders, *, console: Console, stop: Stop) -> None:
        """`record` is filled in as the story goes, so that it can be told wherever it ends."""
        self.settings, self.record, self.orders, self.console, self.stop = settings, record, orders, console, stop
        self.users = Users(settings)
        self.transport = make_transport(settings, stop)
        self.reader = make_reader(settings, self.transport, stop)
        self.brakes = make_brakes(settings, orders.brakes)

    def run(self) -> None:
        """Make the tenant agree with the source, or with a journal; in a dry run, say what that would take."""
        settings, record, path = self.settings, self.record, self.orders.journal
        priors = journal.read(path, make_scope(settings)) if path else ()
        self.transport.tokens.require(READ_SCOPES + (WRITE_SCOPES if record.writes else ()))
        record.plan = self._restoration(priors) if path else self._agreement()
        self.console.plan(record.plan)
        record.guard = guard.judge(record.plan, settings.limits, self.orders.approval)
        if record.writes and not record.guard.refusals:
            applier = make_applier(settings, record.plan, record, self.transport, self.reader, self.stop)
            applier.apply(into=record)

    def _agreement(self) -> Plan:
        settings, reader = self.settings, self.reader
        frame = self.users.read(self.stop.check)
        connection = reader.connection()
        roles = ManagedRoles(reader.roles(), prefix=settings.auth0_role_prefix, patterns=settings.auth0_managed_roles)
        accounts = reader.accounts(connection)
        memberships = reader.memberships(accounts, list(roles))
        people = desired.build(frame, roles)
        for email in self.brakes.strangers(people.keys(), accounts):
            logger.warning("--only %s: there is nobody of this e-mail, neither in the source nor in the tenant", email)
        return plan.build(
            people,
            accounts,
            memberships,
            connection=connection.name,
            roles=roles,
            protected=settings.client_ignore_users,
            leaving=Kind.BLOCK if settings.sync_on_missing == "block" else Kind.DELETE,
            brakes=self.brakes,
        )

    def _restoration(self, priors: Sequence[Prior]) -> Plan:
        restoration = restoring.build(
            priors,
            self.reader.present({prior.user_id: prior.email for prior in priors}),
            connection=self.reader.connection().name,
            roles=self.reader.roles(),
            protected=self.settings.client_ignore_users,
            brakes=self.brakes,
        )
        self.record.notes = restoration.notes
        return restoration.plan
