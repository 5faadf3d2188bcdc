"""A plan for a few people, made from a few requests, is what the whole tenant would have said of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from client.auth0.errors import NotFound
from client.auth0.reader import Connection, Reader
from client.finding import Finder, TooManyTied
from sync import address, desired, plan
from sync.desired import Desired
from sync.model import Account, Change, Marks, Role
from sync.plan import Plan
from sync.roles import ManagedRoles
from tests.sync.builders import ADMIN, CONNECTION, understand
from tests.sync.worlds_drawn import keyed_worlds
from tests.sync.worlds_keyed import KeyedWorld
from tests.sync.worlds_tables import ADDRESS, SEATS


@dataclass
class Register:
    """A tenant on paper, asked as Auth0 can be asked; it counts the questions."""

    accounts: Sequence[Account]
    roles: dict[str, list[Role]] = field(default_factory=dict)
    index: Sequence[Account] | None = None
    """What the search knows, if it lags behind."""
    gone: set[str] = field(default_factory=set)
    """Those that the search still knows."""
    requests: int = 0

    namespace: str = "sync"

    @property
    def search(self) -> Register:
        return self

    def connection(self) -> Connection:
        return Connection("con_1", CONNECTION, "auth0")

    def all_by_email(self, email: str, _fields: Sequence[str] = ()) -> list[Account]:
        self.requests += 1
        return [one for one in self.accounts if one.email == email and one.user_id not in self.gone]

    def spelt(self, emails: Iterable[str], _fields: Sequence[str] = ()) -> list[Account]:
        self.requests += 1
        asked = {email.lower() for email in emails}
        return [one for one in self._indexed() if (one.connection == CONNECTION or one.linked) and low(one) in asked]

    def bearing(self, source_id: str, _fields: Sequence[str] = ()) -> list[Account]:
        self.requests += 1
        return [one for one in self._indexed() if one.marks.source_id == source_id]

    def _indexed(self) -> Sequence[Account]:
        return self.accounts if self.index is None else self.index

    def roles_of(self, user_id: str) -> list[Role]:
        self.requests += 1
        if user_id in self.gone:
            raise NotFound("The user does not exist.")
        return self.roles.get(user_id, [])


def low(account: Account) -> str:
    return (account.email or "").lower()


def finder(register: Register, people: Desired) -> Finder:
    return Finder(cast("Reader", register), people)


def of_a_few(world: KeyedWorld, named: str) -> tuple[Plan, Register]:
    """The plan that is made from what was found of `named` alone."""
    terms, tenant = world.terms, world.tenant
    roles = ManagedRoles(world.roles(), patterns=terms.patterns, create_missing=terms.create_missing)
    people = desired.build(world.frame(), roles, terms.separator)
    fields = [name for name in world.columns if name not in desired.NO_ATTRIBUTES]
    names = {role.id: role for role in world.roles()}
    register = Register(
        tenant.accounts(fields),
        {user_id: [names[one] for one in role_ids] for user_id, role_ids in tenant.memberships.roles.items()},
    )
    found = finder(register, people)
    found.find([named])
    memberships = found.memberships([*roles, *terms.policy().watched])
    made = plan.build(
        people, found.accounts.values(), memberships, connection=CONNECTION, roles=roles, policy=terms.policy(),
        brakes=terms.brakes, about=frozenset(found.about),
    )  # fmt: skip
    return made, register


def about(one: Plan, seat: str) -> tuple[list[Change], list[Change], set[str], set[str]]:
    """What a plan says of one person: what is done, what is kept back though it may be, who is held, protected."""
    kept_back = [outcome.change for outcome in one.kept_back if outcome.why != "--only"]
    held = {held.reason for held in one.held if address.key(held.email) == seat}
    protected = {protected.reason for protected in one.protected if address.key(protected.email) == seat}
    return list(one.changes), kept_back, held, protected


@given(keyed_worlds(), st.sampled_from(SEATS))
def test_a_few_requests_say_of_one_person_what_the_whole_tenant_says(world: KeyedWorld, seat: str) -> None:
    for one in world.tenant.accounts(()):
        assume(set(one.linked) <= {one.email})  # no search knows an e-mail that only a secondary identity has
    assume(not world.terms.mapped and not world.tenant.unknown)
    named, key = ADDRESS[seat], address.key(ADDRESS[seat])
    brakes = replace(world.terms.brakes, only=frozenset({key}))
    world = replace(world, terms=replace(world.terms, brakes=brakes))

    try:
        few, register = of_a_few(world, named)
    except TooManyTied:
        return

    assert about(few, key) == about(world.plan(), key)
    assert register.requests <= 8
    assert not few.whole
    assert few.holders == ()
    assert few.roles == ()


def test_whom_the_search_alone_still_knows_is_nobody() -> None:
    register = Register([Account("auth0|1", "gone@x.io", CONNECTION)], gone={"auth0|1"})
    found = finder(register, understand(("ann@x.io", "admin")))

    found.find(["gone@x.io"])
    memberships = found.memberships([ADMIN])

    assert found.accounts == {}
    assert memberships.roles == {}


def test_what_a_look_has_shown_is_not_replaced_by_what_the_search_still_says() -> None:
    now = Account("auth0|1", "new@x.io", CONNECTION, marks=Marks(source_id="7"))
    people = understand_keyed([("newest@x.io", "7")])
    found = finder(Register([now], index=[replace(now, email="old@x.io", blocked=True)]), people)

    found.find(["new@x.io"])

    assert found.accounts == {"auth0|1": now}


def test_accounts_that_differ_by_case_alone_are_found_together() -> None:
    accounts = [Account("auth0|1", "ann@x.io", CONNECTION), Account("auth0|2", "Ann@X.io", CONNECTION)]
    found = finder(Register(accounts), understand(("ann@x.io", "admin")))

    found.find(["ANN@x.io"])

    assert found.accounts.keys() == {"auth0|1", "auth0|2"}


def test_whoever_shares_the_email_of_an_account_that_is_found_by_its_key_is_found_as_well() -> None:
    bearer = Account("auth0|1", "old@x.io", CONNECTION, marks=Marks(source_id="7"))
    found = finder(
        Register([bearer, Account("auth0|2", "OLD@x.io", CONNECTION)]), understand_keyed([("new@x.io", "7")])
    )

    found.find(["new@x.io"])

    assert found.accounts.keys() == {"auth0|1", "auth0|2"}


def test_an_account_of_another_connection_is_known_and_its_roles_are_not_asked_for() -> None:
    elsewhere = Account("google-oauth2|1", "ann@x.io", "google", linked=("ann@x.io",))
    register = Register([elsewhere])
    found = finder(register, understand(("ann@x.io", "admin")))

    found.find(["ann@x.io"])
    found.memberships([ADMIN])

    assert found.accounts == {"google-oauth2|1": elsewhere}
    assert register.requests == 2


def test_accounts_that_lead_on_and_on_are_given_up_after_few_requests() -> None:
    names = [f"n{number}@x.io" for number in range(9)]
    accounts = [
        Account(f"auth0|{number}", email, CONNECTION, marks=Marks(source_id=str(number + 1)))
        for number, email in enumerate(names)
    ]
    register = Register(accounts)
    people = understand_keyed([(email, str(number)) for number, email in enumerate(names)])

    with pytest.raises(TooManyTied, match="hang together"):
        finder(register, people).find([names[0]])

    assert register.requests <= 6


def understand_keyed(rows: Iterable[tuple[str, str]]) -> Desired:
    """People with keys, all admins."""
    cells = [{"email": email, "role": "admin", "id": key} for email, key in rows]
    return desired.build(pd.DataFrame(cells, dtype="object"), ManagedRoles([ADMIN]))
