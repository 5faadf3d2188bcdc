"""What is true at every moment of a plan, and wherever it stops."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync.model import Kind
from tests.sync.worlds import EVERYBODY, World, whose, worlds

ORDER = ("create", "update", "unblock", "add_roles", "remove_roles", "block", "delete")
MOMENTS = st.integers(0, 20)


def apply_some(world: World, moment: int, failing: set[str]) -> None:
    """Carry out the plan until it stops, and nothing for those who fail."""
    plan = world.plan()
    done = tuple(change for change in plan.changes[:moment] if whose(change.email) not in failing)
    world.tenant.apply(replace(plan, changes=done))


@given(worlds(), MOMENTS, st.sets(st.sampled_from(EVERYBODY), max_size=2))
def test_after_a_run_that_stopped_anywhere_the_next_one_ends_where_the_whole_would_have(
    world: World, moment: int, failing: set[str]
) -> None:
    goal = world.end()

    apply_some(world, moment, failing)
    world.tenant.apply(world.plan())

    assert world.tenant.snapshot() == goal


@given(worlds())
def test_at_no_moment_is_anybody_of_the_source_without_what_they_had_and_should_keep(world: World) -> None:
    plan, users, wanted, managed = world.plan(), world.tenant.users, world.wanted(), world.settings.managed()
    before = world.tenant.snapshot()
    ours = {user_id: who for who in world.named() for user_id in world.accounts().get(who, [])}
    taken = {one: managed - wanted[who][1] if who in wanted else set() for one, who in ours.items()}
    never_none = {one for one, who in ours.items() if before[one][2] & managed and who in wanted}

    for change in plan.changes:
        world.tenant.apply(replace(plan, changes=(change,)))

        for user_id in ours:
            assert users[user_id].roles >= before[user_id][2] - taken[user_id]
            assert users[user_id].roles & managed or user_id not in never_none
            assert users[user_id].blocked in {"", before[user_id][3]}


@given(worlds())
def test_the_changes_are_in_the_order_that_fails_safe_and_by_email_within_a_kind(world: World) -> None:
    plan = world.plan()

    for changes in (plan.changes, tuple(outcome.change for outcome in plan.kept_back)):
        positions = [(ORDER.index(change.kind), change.email, change.user_id or "") for change in changes]
        assert positions == sorted(set(positions))


@given(worlds(), MOMENTS)
def test_what_is_left_of_a_plan_is_what_the_next_one_does(world: World, moment: int) -> None:
    whole = world.plan()

    apply_some(world, moment, failing=set())

    made = {change.email for change in whole.changes[:moment] if change.kind is Kind.CREATE}
    left = {
        replace(change, user_id=f"new|{change.email}") if change.email in made else change
        for change in whole.changes[moment:]
    }
    assert set(world.plan().changes) == left
