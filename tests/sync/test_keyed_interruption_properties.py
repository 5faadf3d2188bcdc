"""What is true at every moment of a plan with renames, updates and invitations, and wherever it stops."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.model import Change, Kind
from tests.sync.test_keyed_properties import settled
from tests.sync.worlds_drawn import keyed_worlds
from tests.sync.worlds_end import End
from tests.sync.worlds_keyed import KeyedWorld

PHASES = {
    "create_role": 0, "create": 1, "adopt": 2, "update": 2, "unblock": 3, "add_roles": 4, "invite": 5,
    "remove_roles": 6, "block": 7, "delete": 8,
}  # fmt: skip
MOMENTS = st.integers(0, 20)


@given(keyed_worlds(), MOMENTS)
def test_after_a_run_that_stopped_anywhere_the_next_one_ends_where_the_whole_would_have(
    world: KeyedWorld, moment: int
) -> None:
    goal, whole = End(world), settled(world.later())

    world.tenant.apply(world.plan().changes[:moment])
    world.tenant.apply(world.plan().changes)

    assert goal.verdicts.waiting or world.tenant == goal.tenant
    assert settled(world).tenant == whole.tenant


@given(keyed_worlds())
def test_the_changes_are_in_the_order_that_fails_safe_and_by_email_within_a_kind(world: KeyedWorld) -> None:
    plan = world.plan()

    for changes in (plan.changes, tuple(outcome.change for outcome in plan.kept_back)):
        assert [_place(change) for change in changes] == sorted(_place(change) for change in changes)
        assert len({(change.kind, change.email, change.user_id, change.roles) for change in changes}) == len(changes)


@given(keyed_worlds())
def test_only_an_email_that_somebody_else_gives_up_makes_a_change_wait_for_a_turn(world: KeyedWorld) -> None:
    updates = [change for change in world.plan().changes if change.kind in {Kind.ADOPT, Kind.UPDATE}]
    turns = {str(change.new_email.old).casefold(): change.turn for change in updates if change.new_email}

    for change in updates:
        new = change.new_email.new.casefold() if change.new_email else ""
        assert change.turn == (turns[new] + 1 if new in turns and turns[new] < change.turn else 0)


@given(keyed_worlds())
def test_at_no_moment_has_anybody_lost_what_they_had_and_should_keep(world: KeyedWorld) -> None:
    verdicts, terms, before = End(world).verdicts, world.terms, world.tenant.snapshot()
    staying = {one: human for one, human in verdicts.theirs.items() if human.active != "false"}
    named = {*verdicts.source.people, *verdicts.source.murky}
    meant = {one for one in before if verdicts.seat(one) in named and one not in verdicts.theirs}

    for change in world.plan().changes:
        world.tenant.apply([change])

        entries = world.tenant.entries
        for one, human in staying.items():
            lost = before[one].roles - entries[one].roles
            assert not any(name in human.roles or not terms.manages(name) for name in lost)
            assert before[one].blocked or not entries[one].blocked
            assert entries[one].email in {before[one].email, human.email}
        assert {one: before[one] for one in meant} == {one: entries[one] for one in meant}


@given(keyed_worlds())
def test_nobody_loses_a_role_or_an_account_before_everybody_has_got_theirs(world: KeyedWorld) -> None:
    goal = End(world)

    for change in world.plan().changes:
        if change.kind in {Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE}:
            for one, human in goal.verdicts.theirs.items():
                if one in goal.tenant.entries and one not in goal.left_alone and human.active == "true":
                    assert human.roles <= world.tenant.entries[one].roles
                    assert world.tenant.entries[one].blocked == goal.tenant.entries[one].blocked
            assert {f"new|{human.email}" for human in goal.newcomers} <= world.tenant.entries.keys()
        world.tenant.apply([change])


def _place(change: Change) -> tuple[int, int, str, str]:
    turn = change.turn if change.kind in {Kind.ADOPT, Kind.UPDATE} else 0
    return PHASES[change.kind], turn, change.email, change.user_id or ""
