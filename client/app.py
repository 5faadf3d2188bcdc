"""The story of a run: read, plan, guard, apply. Data goes from left to right once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from client import journal
from client.console import Console
from client.explain import Section, explain
from client.phases import Phases
from client.reading import Reading
from client.stop import Stop
from client.terms import make_brakes, make_protection, needed_scopes
from client.wiring import make_applier, make_reader, make_scope, make_transport
from config.settings import Settings
from database.users import Users
from sync import address, guard, restoring
from sync.brakes import Brakes
from sync.guard import Approval
from sync.model import Account, Prior
from sync.plan import Plan
from sync.policy import Policy
from sync.report import Run

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the operator asks of this one run."""

    approval: Approval = field(default_factory=Approval)
    brakes: Brakes = field(default_factory=Brakes)
    only: tuple[str, ...] = ()
    """The addresses of those who may be changed, as they were given; empty for everybody."""
    journal: Path | None = None
    """The journal that is to be undone, in mode `restore`."""


class App:
    """One run. Making one does no I/O."""

    def __init__(
        self,
        settings: Settings,
        record: Run,
        orders: Orders,
        *,
        console: Console,
        stop: Stop,
        phases: Phases | None = None,
    ) -> None:
        """`record` is filled in as the story goes, so that it can be told wherever it ends."""
        self.settings, self.record, self.orders, self.console, self.stop = settings, record, orders, console, stop
        self.phases = phases or Phases()
        self.transport = make_transport(settings, stop)
        self.phases.budget = self.transport.budget
        self.reader = make_reader(settings, self.transport, stop, self.phases)
        self.brakes = make_brakes(settings, orders.brakes)
        self.reading = Reading(settings, Users(settings), self.reader, record.started_at.date(), stop, self.phases)

    def run(self) -> None:
        """Make the tenant agree with the source, or with a journal; in a dry run, say what that would take."""
        settings, record, path = self.settings, self.record, self.orders.journal
        priors = journal.read(path, make_scope(settings)) if path else ()
        self.transport.tokens.require(needed_scopes(settings, writes=record.writes))
        record.plan, policy = self._restoration(priors) if path else self._agreement()
        self.console.plan(record.plan)
        record.guard = guard.judge(record.plan, settings.limits, self.orders.approval)
        if record.writes and not record.guard.refusals:
            applier = make_applier(
                settings, record, record.plan, policy, self.transport, self.reader, self.stop, self.phases
            )
            applier.apply(into=record)

    def explanation(self, email: str) -> list[Section]:
        """Why whoever has this e-mail is treated so, in a few requests."""
        self.transport.tokens.require(needed_scopes(self.settings, writes=False))
        state = self.reading.one(email)
        plan = state.plan(self.brakes)
        return explain(state, plan, self.reading.refused(plan), email, self.reader.lockouts)

    def _agreement(self) -> tuple[Plan, Policy]:
        made, state = self.reading.plan(self.brakes, self.orders.only)
        self._warn_of_strangers(state.people.keys(), state.accounts, "neither in the source nor in the tenant")
        return made, state.policy

    def _warn_of_strangers(self, people: Iterable[str], accounts: Iterable[Account], where: str) -> None:
        for email in self.brakes.strangers(people, accounts):
            extra = {"event": "only_nobody", "email": email}
            logger.warning("--only %s: there is nobody of this e-mail, %s", email, where, extra=extra)

    def _restoration(self, priors: Sequence[Prior]) -> tuple[Plan, Policy]:
        self._warn_of_strangers((address.key(prior.email) for prior in priors), (), "not in this journal")
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
