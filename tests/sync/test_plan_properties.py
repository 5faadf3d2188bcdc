"""What is true of every plan, whatever the source, the tenant and the settings."""

from __future__ import annotations

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given

from sync.model import Kind
from tests.sync.builders import ADMIN, Snapshot, Tenant, User
from tests.sync.worlds import TENANT_ROLES, Settings, World, whose, worlds


@given(worlds())
def test_a_plan_that_is_carried_out_leaves_the_whole_tenant_just_as_it_should_be(world: World) -> None:
    goal = world.end()

    world.tenant.apply(world.plan())

    assert world.tenant.snapshot() == goal


@given(worlds())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(world: World) -> None:
    first = world.plan()
    world.tenant.apply(first)

    again = world.plan()

    assert again.changes == ()
    assert again.kept_back == first.kept_back


@given(worlds())
def test_without_brakes_the_next_run_does_what_they_kept_back(world: World) -> None:
    goal = world.unbraked().end()
    braked = world.plan()
    world.tenant.apply(braked)

    then = world.unbraked().plan()
    world.tenant.apply(then)

    assert world.tenant.snapshot() == goal
    assert {outcome.change for outcome in braked.kept_back} == set(then.changes)


@given(worlds())
def test_foreign_accounts_and_unmanaged_roles_stay_as_they_are(world: World) -> None:
    before, ours = world.tenant.snapshot(), {one for ids in world.accounts().values() for one in ids}
    unmanaged = {role for user in before.values() for role in user[2]} - world.settings.managed()

    world.tenant.apply(world.plan())

    after = world.tenant.snapshot()
    assert {one: after[one] for one in before.keys() - ours} == {one: before[one] for one in before.keys() - ours}
    for user_id in before.keys() & after.keys():
        assert before[user_id][2] & unmanaged == after[user_id][2] & unmanaged


@given(worlds())
def test_an_account_that_an_administrator_has_blocked_stays_blocked_if_it_stays(world: World) -> None:
    blocked = {one for one, user in world.tenant.users.items() if user.blocked == "by an administrator"}

    world.tenant.apply(world.plan())

    staying = {one: world.tenant.users[one].blocked for one in blocked if one in world.tenant.users}
    assert staying == dict.fromkeys(staying, "by an administrator")
    assert world.settings.leaving is Kind.DELETE or set(staying) == blocked


@given(worlds())
def test_a_change_that_takes_knows_all_that_the_account_had_if_all_roles_are_managed(world: World) -> None:
    plan, before = world.plan(), world.tenant.snapshot()
    all_managed = world.settings.managed() == set(TENANT_ROLES)

    for change in (*plan.changes, *(outcome.change for outcome in plan.kept_back)):
        if change.kind in {Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE}:
            assert change.had == (tuple(sorted(before[change.user_id or ""][2])) if all_managed else None)
        else:
            assert change.had is None


@given(worlds())
def test_everybody_who_is_held_is_told_and_nobody_else(world: World) -> None:
    held = world.plan().held

    assert sorted(whose(one.email) for one in held) == world.held()
    assert sorted(whose(one.email) for one in held if one.in_source) == sorted([*world.unplaced(), *world.doubtful()])


@given(worlds())
def test_the_counts_of_a_plan_are_those_of_the_world(world: World) -> None:
    counts = world.plan().counts

    before, end, free = world.tenant.snapshot(), world.end(), world.unbraked().end()
    ours = {one: who for who, ids in world.accounts().items() for one in ids}
    protected = {one for one, who in ours.items() if world.settings.protect(who)}
    held = {one for one, who in ours.items() if who in world.held()} - protected
    changed, meant = _changed(before, end), _changed(before, free)
    assert (counts.accounts, counts.in_scope, counts.out_of_scope) == (len(before), len(ours), len(before) - len(ours))
    assert (counts.protected, counts.held_accounts) == (len(protected), len(held))
    assert (counts.changed, counts.kept_back) == (len(changed), len(meant) - len(changed))
    assert counts.unchanged == len(ours) - len(protected) - len(held) - len(meant)
    assert counts.accounts_losing_roles == sum(one in end and not end[one][2] >= before[one][2] for one in before)
    assert counts.source_rows == len(world.rows) == counts.people + counts.held + counts.duplicates
    assert counts.people == len(world.named() - world.doubtful())
    assert counts.held == len(world.doubtful()) + len(world.unplaced())


@pytest.mark.parametrize(
    ("written", "users", "trouble"),
    [
        ("bob@x.io", [User("bob@x.io", {ADMIN}, blocked="by us")], "nothing else"),
        ("bob@x.io", [User("bob@x.io", {ADMIN})], "roles unknown"),
        ("bob@x.io", [User("bob@x.io", {ADMIN}), User("BOB@X.IO", {ADMIN})], "nothing else"),
        ("bob@x.io", [User("bob@x.io", {ADMIN})], "protected"),
        ("straße@x.io", [User("strasse@x.io", {ADMIN})], "nothing else"),
    ],
    ids=["blocked", "roles unknown", "shared", "protected", "not quite the e-mail"],
)
def test_an_account_that_agrees_in_all_but_one_thing_is_judged_by_that(
    written: str, users: list[User], trouble: str
) -> None:
    by_id = {f"auth0|{number}": replace(user, roles={*user.roles}) for number, user in enumerate(users)}
    settings = Settings(protected=("[BC]*@x.io",) if trouble == "protected" else ())
    world = World(
        ((written, "admin"),), Tenant(by_id, {"auth0|0": "503"} if trouble == "roles unknown" else {}), settings
    )
    goal, held = world.end(), world.held()

    plan = world.plan()
    world.tenant.apply(plan)

    assert world.tenant.snapshot() == goal
    assert [whose(one.email) for one in plan.held] == held
    assert plan.counts.unchanged == 0
    assert plan.counts.protected == (trouble == "protected")


@given(worlds())
def test_the_short_way_for_an_account_that_agrees_says_what_the_long_way_says(world: World) -> None:
    short = world.plan()

    with mock.patch("sync.difference.Differ._agrees", return_value=False):
        long = world.plan()

    assert short == long


def _changed(before: Snapshot, after: Snapshot) -> set[str]:
    return {user_id for user_id in before if after.get(user_id) != before[user_id]}
