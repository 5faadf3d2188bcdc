"""All that a plan is made from, read before the first write: the source, and as much of the tenant as matters."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from client.auth0.reader import Connection, Reader
from client.finding import Finder, TooManyTied
from client.phases import Phases
from client.stop import Stop
from client.terms import fitting, make_managed_roles, make_policy, profile_fields
from config.settings import Settings
from database.users import Users
from sync import desired, guard, plan
from sync.brakes import Brakes
from sync.desired import Desired
from sync.model import Account, Kind, Memberships, Role, nothing
from sync.plan import Plan
from sync.policy import Policy
from sync.roles import ManagedRoles

logger = logging.getLogger(__name__)

MOST_NAMED = 10
"""People; of more, to look for each takes as many requests as to read all."""
OF_THE_SOURCE = ("zero rows", "held")
"""The guards that do not ask for accounts."""


@dataclass(frozen=True, slots=True)
class State:
    """What should be, what is, and the terms by which the one becomes the other."""

    frame: pd.DataFrame
    """The rows of the query; see `database.users`."""
    people: Desired
    connection: Connection
    roles: ManagedRoles
    policy: Policy
    known: Sequence[Role]
    """The roles whose holders matter."""
    fields: Sequence[str]
    """What the profiles of the accounts have."""
    accounts: Sequence[Account] = ()
    memberships: Memberships = field(default_factory=lambda: Memberships({}))
    about: frozenset[str] | None = None
    """The address keys of those whose accounts were read; None for everybody."""
    has: Mapping[str, Sequence[Role]] = field(default_factory=nothing)
    """Where only a few were read: user id to all roles, managed or not."""

    def plan(self, brakes: Brakes) -> Plan:
        """What would make the accounts agree with the people."""
        return plan.build(
            self.people,
            self.accounts,
            self.memberships,
            connection=self.connection.name,
            roles=self.roles,
            policy=self.policy,
            brakes=brakes,
            about=self.about,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the state. Each method raises `SourceError`, `Auth0Error` and `UnknownRole`."""

    settings: Settings
    users: Users
    reader: Reader
    today: date
    stop: Stop
    phases: Phases

    def terms(self) -> State:
        """The people and the terms, without the accounts."""
        settings, reader = self.settings, self.reader
        with self.phases.phase("read the source", "rows") as step:
            rows = self.users.read(self.stop.check, step.advance)
        frame = fitting(rows, settings, reader)
        connection = reader.connection()
        there = reader.roles()
        policy = make_policy(settings, connection, there, self.today)
        roles = make_managed_roles(settings, there)
        known = sorted({*roles, *policy.watched})  # those that the rows may add are yet to be created
        people = desired.build(frame, roles, settings.db_role_separator or "")
        return State(frame, people, connection, roles, policy, known, profile_fields(frame, policy))

    def everybody(self, terms: State) -> State:
        """With all accounts of the connection."""
        accounts = self.reader.accounts(terms.connection, terms.fields)
        memberships = self.reader.memberships(accounts, terms.known)
        return replace(terms, accounts=accounts, memberships=memberships)

    def few(self, terms: State, named: Sequence[str]) -> State:
        """With the accounts of those alone who have one of these addresses, in a few requests, however large the
        tenant is. Raises `TooManyTied` as well."""
        finder = Finder(self.reader, terms.people, terms.fields)
        finder.find(named)
        memberships = finder.memberships(terms.known)
        return replace(
            terms,
            accounts=list(finder.accounts.values()),
            memberships=memberships,
            about=frozenset(finder.about),
            has=finder.roles,
        )

    def plan(self, brakes: Brakes, named: Sequence[str]) -> tuple[Plan, State]:
        """The plan, with what it was made from. `named`: the addresses of those who may be changed; empty for
        everybody.

        Of a few people only the accounts are read that are theirs, unless how many others there are may matter: a
        limit that is a share of all is never higher for a few.
        """
        terms = self.terms()
        if 0 < len(named) <= MOST_NAMED:
            try:
                few = self.few(terms, named)
                with self.phases.phase("plan"):
                    made = few.plan(brakes)
                if not (why := self._doubt(made, few)):
                    return made, few
            except TooManyTied as error:
                why = str(error)
            _tell(why)
        state = self.everybody(terms)
        with self.phases.phase("plan"):
            return state.plan(brakes), state

    def _doubt(self, made: Plan, few: State) -> str:
        """Why all accounts have to be counted before it can be said whether this plan may be carried out."""
        if few.policy.minimum and made.by_kind(Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE):
            return "how many have a role matters (SYNC_ROLE_MINIMUM)"
        refusals = guard.judge(made, self.settings.limits).refusals
        if any(refusal.guard not in OF_THE_SOURCE for refusal in refusals):
            return "how many accounts there are matters to the limits"
        return ""

    def refused(self, made: Plan) -> list[str]:
        """Why no run would carry out a plan from this source, whoever it is about."""
        refusals = guard.judge(made, self.settings.limits).refusals
        return [refusal.sentence for refusal in refusals if refusal.guard in OF_THE_SOURCE]

    def one(self, email: str) -> State:
        """With the accounts of whoever has this address or, where these hang together with many others, all."""
        terms = self.terms()
        try:
            return self.few(terms, [email])
        except TooManyTied as error:
            _tell(str(error))
            return self.everybody(terms)


def _tell(why: str) -> None:
    logger.info("%s; reading all accounts", why, extra={"event": "few_not_enough"})
