"""What is true of every plan, whatever the source and the tenant."""

from __future__ import annotations

import random
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from tests.sync.builders import Tenant, make_plan
from tests.sync.worlds import PROTECTED, World, reached, worlds


@given(worlds())
def test_a_plan_that_is_carried_out_makes_the_tenant_agree_with_the_source(world: World) -> None:
    tenant, untouchable = world.tenant, world.untouchable()
    goal = world.goal()

    tenant.apply(make_plan(tenant, *world.rows, protected=PROTECTED))

    assert reached(tenant, untouchable) == goal


@given(worlds())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(world: World) -> None:
    world.tenant.apply(make_plan(world.tenant, *world.rows, protected=PROTECTED))

    again = make_plan(world.tenant, *world.rows, protected=PROTECTED)

    assert again.changes == ()


@given(worlds())
def test_protected_held_and_out_of_scope_accounts_and_unmanaged_roles_stay_as_they_are(world: World) -> None:
    tenant, untouchable = world.tenant, world.untouchable()
    before = tenant.snapshot()

    tenant.apply(make_plan(tenant, *world.rows, protected=PROTECTED))

    after = tenant.snapshot()
    assert {user_id: after.get(user_id) for user_id in untouchable} == {
        user_id: before[user_id] for user_id in untouchable
    }
    for user_id in before.keys() & after.keys():
        assert _unmanaged(before[user_id]) == _unmanaged(after[user_id])


@given(worlds())
def test_the_counts_of_a_plan_balance(world: World) -> None:
    made = make_plan(world.tenant, *world.rows, protected=PROTECTED)

    counts = made.counts
    assert counts.source_rows == len(world.rows) == counts.people + counts.held + counts.duplicates
    assert counts.accounts == len(world.tenant.users)
    assert counts.accounts == (
        counts.unchanged + counts.changed + counts.protected + counts.held_accounts + counts.out_of_scope
    )
    assert counts.held == sum(held.in_source for held in made.held)
    assert counts.changed == len({change.user_id for change in made.changes if change.user_id})
    assert counts.accounts_losing_roles == len(made.by_kind(made.changes[0].kind.REMOVE_ROLES) if made.changes else [])


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_accounts_decides_nothing(world: World, dice: random.Random) -> None:
    rows, users = list(world.rows), list(world.tenant.users.items())
    dice.shuffle(rows)
    dice.shuffle(users)

    one = make_plan(world.tenant, *world.rows, protected=PROTECTED)
    other = make_plan(Tenant(dict(users), world.tenant.unknown), *rows, protected=PROTECTED)

    assert one.digest == other.digest
    assert one.changes == other.changes
    assert {held.email for held in one.held} == {held.email for held in other.held}


@given(worlds())
def test_the_short_way_for_an_account_that_agrees_says_what_the_long_way_says(world: World) -> None:
    short = make_plan(world.tenant, *world.rows, protected=PROTECTED)

    with mock.patch("sync.plan._Differ._agrees", return_value=False):
        long = make_plan(world.tenant, *world.rows, protected=PROTECTED)

    assert short == long


def _unmanaged(user: tuple[object, object, frozenset[object]]) -> set[object]:
    return {role for role in user[2] if getattr(role, "name", "") == "foreign"}
