"""The story of a run: read, plan, guard, apply. Data goes from left to right once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from client import journal
from client.console import Console
from client.stop import Stop
from client.terms import (
    fitting,
    make_brakes,
    make_managed_roles,
    make_policy,
    make_protection,
    needed_scopes,
    profile_fields,
)
from client.wiring import make_applier, make_reader, make_scope, make_transport
from config.settings import Settings
from database.users import Users
from sync import desired, guard, plan, restoring
from sync.brakes import Brakes
from sync.guard import Approval
from sync.model import Prior
from sync.plan import Plan
from sync.policy import Policy
from sync.report import Run

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
        self.transport.tokens.require(needed_scopes(settings, writes=record.writes))
        record.plan, policy = self._restoration(priors) if path else self._agreement()
        self.console.plan(record.plan)
        record.guard = guard.judge(record.plan, settings.limits, self.orders.approval)
        if record.writes and not record.guard.refusals:
            applier = make_applier(settings, record, record.plan, policy, self.transport, self.reader, self.stop)
            applier.apply(into=record)

    def _agreement(self) -> tuple[Plan, Policy]:
        settings, reader = self.settings, self.reader
        frame = fitting(self.users.read(self.stop.check), settings, reader)
        connection = reader.connection()
        there = reader.roles()
        policy = make_policy(settings, connection, there, self.record.started_at.date())
        roles = make_managed_roles(settings, there)
        accounts = reader.accounts(connection, profile_fields(frame, policy))
        memberships = reader.memberships(accounts, sorted({*roles, *policy.watched}))
        people = desired.build(frame, roles, settings.db_role_separator or "")
        for email in self.brakes.strangers(people.keys(), accounts):
            logger.warning("--only %s: there is nobody of this e-mail, neither in the source nor in the tenant", email)
        made = plan.build(
            people, accounts, memberships, connection=connection.name, roles=roles, policy=policy, brakes=self.brakes
        )
        return made, policy

    def _restoration(self, priors: Sequence[Prior]) -> tuple[Plan, Policy]:
        roles = self.reader.roles()
        protection = make_protection(self.settings, roles)
        restoration = restoring.build(
            priors,
            self.reader.present({prior.user_id: prior.email for prior in priors}, restoring.fields(priors)),
            connection=self.reader.connection().name,
            roles=roles,
            protection=protection,
            brakes=self.brakes,
        )
        self.record.notes = restoration.notes
        return restoration.plan, Policy(protection)
