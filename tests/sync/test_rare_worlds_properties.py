"""Worlds that chance hardly ever makes: each has ended otherwise than promised once, or would by a small mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.brakes import Brakes
from sync.model import Kind
from tests.sync.worlds_end import End
from tests.sync.worlds_keyed import KeyedWorld, Line, Terms
from tests.sync.worlds_tables import CLEAR, NULL, TENANT_ROLES, Cell
from tests.sync.worlds_tenant import Directory, Entry

Person = tuple[str | None, str | None, str]
"""E-mail, key, and whether they are active."""
_ACTIVE = {"yes": Cell("1", "true"), "no": Cell("0", "false"), "": NULL}


def account(email: str, key: str = "", **values: object) -> Entry:
    """An account with the role that everybody is to have."""
    return replace(Entry(email, {"admin"}, marks={"id": key} if key else {}), **values)  # type: ignore[arg-type]


def world_of(people: list[Person], accounts: list[Entry], terms: Terms, unknown: int | None = None) -> KeyedWorld:
    """User ids are `auth0|0` and so on; `unknown` is the account whose roles cannot be read."""
    lines = [
        Line(email, "admin", {"id": Cell(key, key) if key else NULL, "active": _ACTIVE[active]})
        for email, key, active in people
    ]
    entries = {f"auth0|{number}": entry.copy() for number, entry in enumerate(accounts)}
    hidden = frozenset() if unknown is None else frozenset({f"auth0|{unknown}"})
    return KeyedWorld(("id", "active"), tuple(lines), Directory(entries, {*TENANT_ROLES}, hidden), terms)


def elsewhere(email: str) -> Entry:
    """An account of another connection, to which an identity with this e-mail is linked."""
    return Entry("eve@y.io", connection="google-oauth2", linked=(email,))


PLAIN, CLEARED = Terms(), Cell("", CLEAR)
CHAIN: list[Person] = [("bob@x.io", "1", "yes"), ("dora@y.io", "2", "yes")]
IN_CHAIN = [account("ann@x.io", "1"), account("bob@x.io", "2")]
WORLDS = {
    "a chain": world_of(CHAIN, IN_CHAIN, PLAIN),
    "a chain whose end is protected": world_of(CHAIN, IN_CHAIN, Terms(protected=("y.io",))),
    "a chain whose end has a protecting role": world_of(
        CHAIN, [IN_CHAIN[0], account("bob@x.io", "2", roles={"foreign"})], Terms(protecting=frozenset({"foreign"}))
    ),
    "a chain whose end is not known": world_of(CHAIN, IN_CHAIN, PLAIN, unknown=1),
    "a chain whose end shares its e-mail": world_of(CHAIN, [*IN_CHAIN, account("BOB@X.IO")], PLAIN),
    "a chain whose end wants a taken e-mail": world_of(CHAIN, [*IN_CHAIN, account("dora@y.io")], PLAIN),
    "a chain whose end wants a linked e-mail": world_of(CHAIN, [*IN_CHAIN, elsewhere("dora@y.io")], PLAIN),
    "a chain whose end goes": world_of(
        [CHAIN[0], ("dora@y.io", "2", "no")], IN_CHAIN, Terms(inactive=Kind.DELETE)
    ),
    "a chain where nothing can be renamed": world_of(CHAIN, IN_CHAIN, Terms(renames=False)),
    "an old e-mail of somebody who is held": world_of(
        [("bob@x.io", "1", "yes"), ("ann@x.io", None, "yes"), ("ann@@x.io", None, "yes")], IN_CHAIN[:1], PLAIN
    ),
    "a circle": world_of([("bob@x.io", "1", "yes"), ("ann@x.io", "2", "yes")], IN_CHAIN, PLAIN),
    "the key is on the second of two who share an e-mail": world_of(
        [("carl@x.io", "1", "yes")], [account("ann@x.io"), account("ANN@X.IO", "1")], PLAIN
    ),
    "who goes has an e-mail that is linked elsewhere": world_of(
        [("carl@x.io", "1", "no")], [IN_CHAIN[0], elsewhere("carl@x.io")], PLAIN
    ),
    "who goes has an e-mail that somebody else has": world_of(
        [("bob@x.io", "1", "no")], [IN_CHAIN[0], account("bob@x.io")], PLAIN
    ),
    "who goes would need another e-mail": world_of([("bob@x.io", "1", "no")], IN_CHAIN[:1], Terms(renames=False)),
    "a row without an e-mail has a key": world_of([(None, "1", "yes"), ("bob@x.io", "2", "yes")], IN_CHAIN, PLAIN),
    "a row without an e-mail has somebody's key": world_of(
        [(None, "2", "yes"), ("bob@x.io", "2", "yes")], IN_CHAIN, PLAIN
    ),
    "an unreadable e-mail has a key": world_of([("nobody at all", "1", "yes"), CHAIN[1]], IN_CHAIN, PLAIN),
    "somebody without a key meets an account with one of nobody": world_of(
        [("ann@x.io", None, "yes"), ("bob@x.io", "2", "yes")], IN_CHAIN, PLAIN
    ),
    "somebody meets an account with a key of nobody": world_of(
        [("ann@x.io", "3", "yes"), ("bob@x.io", "2", "yes")], IN_CHAIN, PLAIN
    ),
    "somebody without a key wants an e-mail that is given up": world_of(
        [*CHAIN[1:], ("bob@x.io", None, "yes")], IN_CHAIN[1:], PLAIN
    ),
    "two accounts have one key": world_of(CHAIN, [*IN_CHAIN, account("carl@x.io", "1")], PLAIN),
    "an account of nobody has somebody's key": world_of(
        CHAIN[:1], IN_CHAIN[:1], Terms(owner="mine")
    ),
    "an account of another job has somebody's e-mail": world_of(
        CHAIN[:1], [account("bob@x.io", marks={"owner": "theirs"})], Terms(owner="mine")
    ),
    "an account of another job agrees in all": world_of(
        CHAIN[:1], [account("bob@x.io", marks={"id": "1", "owner": "theirs"})], Terms(owner="mine")
    ),
    "an account of nobody has somebody's e-mail": world_of(CHAIN[:1], [account("bob@x.io")], Terms(owner="mine")),
    "who is not active has an account of nobody": world_of(
        [("bob@x.io", None, "no")], [account("bob@x.io")], Terms(owner="mine")
    ),
    "who agrees bears a key in doubt": world_of(
        [(None, "1", "yes"), ("ann@x.io", None, "yes")], IN_CHAIN[:1], PLAIN
    ),
    "who agrees may have more roles": world_of([("bob@x.io", "2", "yes")], IN_CHAIN[1:], PLAIN, unknown=0),
    "who goes has an e-mail that an account of nobody has": world_of(
        [("bob@x.io", "1", "no")], [account("ann@x.io", marks={"id": "1", "owner": "mine"}), account("bob@x.io")],
        Terms(owner="mine"),
    ),
    "somebody who is not invited yet is blocked by an administrator": world_of(
        [("bob@x.io", None, "yes")], [account("bob@x.io", blocked=True, marks={"invite": "pending"})],
        Terms(invites=True),
    ),
    "whether they are active is not said": world_of(
        [("bob@x.io", None, "")], [account("bob@x.io", blocked=True, marks={"blocked_at": "2026-11-01"})], PLAIN
    ),
    "sessions are yet to be ended": world_of(
        [("bob@x.io", None, "no")],
        [account("bob@x.io", blocked=True, marks={"blocked_at": "2026-11-01", "revoke": "pending"})], PLAIN,
    ),
    "blocked long enough, to the day": world_of(
        [], [account("bob@x.io", blocked=True, marks={"blocked_at": "2026-11-12T10:00:00Z"})],
        Terms(missing=Kind.BLOCK, delete_after=10),
    ),
    "blocked a day too short": world_of(
        [], [account("bob@x.io", blocked=True, marks={"blocked_at": "2026-11-13"})],
        Terms(missing=Kind.BLOCK, delete_after=10),
    ),
}  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True], ids=["", "backwards"])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_a_rare_world_ends_as_it_should_and_in_balance_whatever_account_comes_first(
    world: KeyedWorld,
    backwards: bool,  # noqa: FBT001
) -> None:
    entries = [*world.tenant.snapshot().items()][:: -1 if backwards else 1]
    world = replace(world, tenant=replace(world.tenant, entries=dict(entries)))
    goal = End(world)

    plan = world.plan()
    world.tenant.apply(plan.changes)

    assert world.tenant == goal.tenant
    verdicts, source = goal.verdicts, goal.verdicts.source
    alone = {one for one in goal.left_alone if not verdicts.is_protected(one)}
    assert (plan.counts.held_accounts, plan.counts.in_scope) == (len(alone), len(verdicts.scope))
    assert plan.counts.held == len(source.murky) + len(source.unplaced) + len(goal.held)
    assert plan.counts.people == len(source.people) - len(goal.held)
    assert {one.email for one in plan.held if not one.email} == {email for email in source.unplaced if not email}


def test_whoever_wants_an_email_that_is_kept_back_is_kept_back_however_it_is_spelled() -> None:
    people: list[Person] = [("bob@x.io", "1", "yes"), ("ann@x.io", "2", "yes")]
    terms = Terms(brakes=Brakes(only=frozenset({"carl@x.io"})))

    plan = world_of(people, [account("ANN@X.IO", "1"), account("carl@x.io", "2")], terms).plan()

    assert plan.changes == ()
    assert [outcome.change.user_id for outcome in plan.kept_back] == ["auth0|0", "auth0|1"]


def test_the_name_that_auth0_made_of_an_old_email_is_cleared_along_with_it() -> None:
    world = world_of(CHAIN[:1], [account("ann@x.io", "1", values={"name": '"ann@x.io"'})], PLAIN)
    (line,) = world.lines
    world = replace(
        world, columns=(*world.columns, "name"), lines=(replace(line, cells={**line.cells, "name": CLEARED}),)
    )

    world.tenant.apply(world.plan().changes)

    assert world.tenant.entries["auth0|0"].email == "bob@x.io"
    assert "name" not in world.tenant.entries["auth0|0"].values
    assert world.plan().changes == ()
