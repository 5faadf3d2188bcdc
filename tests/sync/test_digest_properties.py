"""What the digest of a plan depends on: all that is done and who is held, and nothing else."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync import guard
from sync.digest import digest
from sync.guard import Approval
from sync.model import Change, Edit, Held, Kind, Role
from tests.sync.builders import Tenant, limits
from tests.sync.worlds import EVERYBODY, KEPT, SETTINGS, TENANT_ROLES, Settings, World, whose, worlds

DICE = st.randoms(use_true_random=False)
LAX = limits(deletes=100, delete_percent=100, role_removals=100, role_removal_percent=100, held_percent=100)


@given(worlds(), DICE)
def test_the_order_of_rows_accounts_roles_and_patterns_decides_nothing(world: World, dice: random.Random) -> None:
    rows, users, roles = list(world.rows), list(world.tenant.users.items()), list(TENANT_ROLES)
    patterns, protected = list(world.settings.patterns), list(world.settings.protected)
    for some in (rows, users, roles, patterns, protected):
        dice.shuffle(some)
    settings = replace(world.settings, patterns=tuple(patterns), protected=tuple(protected))

    one = world.plan()
    other = World(tuple(rows), Tenant(dict(users), world.tenant.unknown), settings).plan(roles)

    assert one.digest == other.digest
    assert (one.changes, one.kept_back) == (other.changes, other.kept_back)
    assert [whose(held.email) for held in one.held] == [whose(held.email) for held in other.held]


@given(worlds())
def test_settings_that_change_nothing_leave_the_digest_as_it_is(world: World) -> None:
    settings, brakes = world.settings, world.settings.brakes
    strict = replace(world.unbraked(), settings=replace(settings, leaving=Kind.DELETE, brakes=type(brakes)()))
    users, end = world.tenant.users, strict.end()
    nobody_goes = users.keys() <= end.keys()
    nobody_loses = all(users[one].roles <= end[one][2] for one in users.keys() & end.keys())
    idle = replace(
        settings,
        patterns=(*settings.patterns, "nothing*", *settings.patterns),
        protected=("*@y.io", *settings.protected, *settings.protected),
        leaving=Kind.BLOCK if nobody_goes else settings.leaving,
        brakes=replace(
            brakes,
            no_delete=brakes.no_delete or bool(brakes.kept) or nobody_goes,
            kept=KEPT if brakes.kept or brakes.no_delete or nobody_goes else {},
            no_role_removal=brakes.no_role_removal or nobody_loses,
            only=brakes.only or frozenset(f"{who}@x.io" for who in EVERYBODY),
        ),
    )

    assert replace(world, settings=idle).plan().digest == world.plan().digest


@given(worlds(), SETTINGS, DICE)
def test_two_plans_have_one_digest_just_if_they_do_the_same_and_hold_the_same_people(
    world: World, settings: Settings, dice: random.Random
) -> None:
    rows = tuple(row for row in world.rows if dice.random() < 0.9)
    other = replace(world, rows=rows, settings=dice.choice([world.settings, world.settings, settings]))

    approved, now = world.plan(), other.plan()

    same = (world.end(), world.held()) == (other.end(), other.held())
    assert (approved.digest == now.digest) is same
    for approval in (Approval(approve=approved.digest[:12]), Approval(expect=approved.digest[:12])):
        refusals = guard.judge(now, LAX, approval).refusals
        assert ("another plan" not in {refusal.guard for refusal in refusals}) is same


@given(worlds())
def test_every_change_and_everybody_who_is_held_is_in_the_digest(world: World) -> None:
    plan = world.plan()
    others = [(plan.changes, plan.held)]
    for number, change in enumerate(plan.changes):
        before, after = plan.changes[:number], plan.changes[number + 1 :]
        others.append(((*before, *after), plan.held))
        others += (((*before, altered, *after), plan.held) for altered in _altered(change))
    for number in range(len(plan.held)):
        others.append((plan.changes, plan.held[:number]))
    further = [Held("further@x.io", "the role is NULL", (97,)), *(Held("", "NULL", (row,)) for row in (98, 99))]
    others += ((plan.changes, (*plan.held, *further[:number])) for number in (1, 2, 3))

    digests = {digest(plan.connection, changes, held) for changes, held in others}

    assert len(digests) == len(others)
    assert plan.digest in digests
    assert digest(f"{plan.connection}2", plan.changes, plan.held) not in digests


def _altered(change: Change) -> list[Change]:
    kinds = [replace(change, kind=kind) for kind in Kind if kind is not change.kind]
    others = [replace(change, email=f"x{change.email}"), replace(change, user_id=f"{change.user_id}x")]
    more = replace(change, roles=(*change.roles, Role("further", "rol_x")))
    made = [replace(change, attributes=attributes) for attributes in ({}, {"name": "A"}, {"name": "B"})]
    edits = [Edit("name", None, "A"), Edit("name", None, "B"), Edit("name", "A", None), Edit("nickname", None, "A")]
    edited = [replace(change, edits=(*change.edits, edit)) for edit in edits]
    return [*kinds, *others, more, *made, *edited, *([replace(change, roles=change.roles[1:])] if change.roles else [])]


@given(worlds(), DICE)
def test_the_order_of_roles_within_a_change_and_the_reasons_of_the_held_are_not_in_the_digest(
    world: World, dice: random.Random
) -> None:
    plan = world.plan()
    changes = [replace(change, roles=tuple(dice.sample(change.roles, len(change.roles)))) for change in plan.changes]
    held = [replace(one, reason="another", rows=(7,), email=f" {one.email.upper()}") for one in plan.held]
    dice.shuffle(held)

    assert digest(plan.connection, changes, held) == plan.digest
