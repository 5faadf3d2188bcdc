"""What is true of every plan where the source has keys, profiles and flags, and accounts bear marks."""

from __future__ import annotations

import random
from dataclasses import replace
from unittest import mock

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sync import desired
from sync.brakes import Brakes
from sync.model import Kind
from tests.sync.builders import CONNECTION, frame, managed
from tests.sync.worlds_drawn import keyed_worlds
from tests.sync.worlds_end import End
from tests.sync.worlds_keyed import KeyedWorld
from tests.sync.worlds_tables import ADDRESS, SEATS, seat_of
from tests.sync.worlds_tenant import Directory, Entries

DICE = st.randoms(use_true_random=False)
NUMBERS = st.one_of(
    st.text(min_size=1), st.integers().map(str), st.floats().map(str), st.sampled_from(["007", "1e3", "1 ", "٣", "nan"])
)


@given(keyed_worlds())
def test_a_plan_that_is_carried_out_leaves_the_whole_tenant_just_as_it_should_be(world: KeyedWorld) -> None:
    goal = End(world).tenant

    world.tenant.apply(world.plan().changes)

    assert world.tenant == goal


@given(keyed_worlds())
def test_a_plan_that_was_carried_out_leaves_only_to_do_what_waited_for_an_email(world: KeyedWorld) -> None:
    first, waiting = world.plan(), End(world).verdicts.waiting
    world.tenant.apply(first.changes)

    again = world.plan()
    world.tenant.apply(again.changes)

    assert again.changes == () or waiting
    assert again.kept_back == first.kept_back or waiting
    assert settled(world).plan().changes == ()


@given(keyed_worlds())
def test_whoever_is_held_protected_anothers_or_of_another_connection_is_not_touched_at_any_moment(
    world: KeyedWorld,
) -> None:
    end, before = End(world), world.tenant.snapshot()
    alone = end.left_alone | (before.keys() - end.verdicts.scope)

    for change in world.plan().changes:
        assert change.user_id not in alone
        world.tenant.apply([change])

        assert {one: world.tenant.entries[one] for one in alone} == {one: before[one] for one in alone}


@given(keyed_worlds())
def test_at_no_moment_are_two_people_one_account_or_two_accounts_one_email(world: KeyedWorld) -> None:
    before, shared = world.tenant.snapshot(), _shared(world.tenant)

    for change in world.plan().changes:
        world.tenant.apply([change])

        assert _shared(world.tenant) <= shared
        assert _keys(before).items() <= {**_keys(before), **_keys(world.tenant.entries)}.items()


@given(keyed_worlds())
def test_the_short_way_for_an_account_that_agrees_says_what_the_long_way_says(world: KeyedWorld) -> None:
    short = world.plan()

    with mock.patch("sync.difference.Differ._agrees", return_value=False):
        long = world.plan()

    assert short == long


@given(keyed_worlds(), DICE)
def test_the_order_of_rows_and_accounts_changes_nothing(world: KeyedWorld, dice: random.Random) -> None:
    lines, entries = [*world.lines], [*world.tenant.entries.items()]
    dice.shuffle(lines)
    dice.shuffle(entries)
    tenant = replace(world.tenant, entries=dict(entries))

    one, other = world.plan(), replace(world, lines=tuple(lines), tenant=tenant).plan()

    assert (one.digest, one.changes, one.kept_back) == (other.digest, other.changes, other.kept_back)
    assert (one.possible_renames, one.holders) == (other.possible_renames, other.holders)
    assert replace(one.counts, identical_rows=0) == replace(other.counts, identical_rows=0)
    assert sorted(held.email.casefold() for held in one.held) == sorted(held.email.casefold() for held in other.held)


@given(keyed_worlds())
def test_the_balance_adds_up(world: KeyedWorld) -> None:
    counts, before, end = world.plan().counts, world.tenant.snapshot(), End(world)
    free = replace(world, terms=replace(world.terms, brakes=Brakes()))

    scope, source = end.verdicts.scope, end.verdicts.source
    protected = {one for one in scope if end.verdicts.is_protected(one)}
    changed, meant = _changed(before, end.tenant), _changed(before, End(free).tenant)
    assert (counts.accounts, counts.out_of_scope) == (len(before), len(before) - len(scope))
    assert (counts.protected, counts.held_accounts) == (len(protected), len(end.left_alone - protected))
    assert (counts.changed, counts.kept_back) == (len(changed), len(meant) - len(changed))
    assert counts.unchanged == len(scope - end.left_alone - meant)
    assert counts.held == len(source.murky) + len(source.unplaced) + len(end.held)
    assert counts.people == len(source.people) - len(end.held)
    assert counts.source_rows == len(world.lines) == counts.people + counts.held + counts.duplicates
    assert counts.inactive == sum(human.active == "false" for human in source.people.values())
    assert counts.accounts_losing_roles == sum(
        not end.tenant.entries[one].roles >= before[one].roles for one in changed & end.tenant.entries.keys()
    )


@given(keyed_worlds(), st.sets(st.sampled_from(SEATS), min_size=1, max_size=3))
def test_a_run_about_some_people_does_all_that_is_due_for_each_of_them_or_nothing(
    world: KeyedWorld, seats: set[str]
) -> None:
    whole, only = world.plan(), frozenset(ADDRESS[seat] for seat in seats)
    world = replace(world, terms=replace(world.terms, brakes=replace(world.terms.brakes, only=only)))
    had = {change.user_id: seat_of(change.new_email.old) for change in whole.changes if change.new_email}
    meant = {change for change in whole.changes if {seat_of(change.email), had.get(change.user_id)} & seats}

    plan = world.plan()
    world.tenant.apply(plan.changes)

    done, left = set(plan.changes), {outcome.change for outcome in plan.kept_back}
    needed = {change for change in done if change.kind is Kind.CREATE_ROLE}
    waiting = {change.user_id for change in meant & left}
    assert done <= meant | needed
    assert {change.user_id for change in done - needed}.isdisjoint(waiting - {None})
    assert all(user_id in had for user_id in waiting)


@given(st.lists(NUMBERS, min_size=1, unique=True))
def test_a_key_that_looks_like_a_number_stays_the_text_it_was(keys: list[str]) -> None:
    rows = frame((f"user{number}@x.io", "admin") for number in range(len(keys) + 1))
    rows["id"] = pd.Series([*keys, None], dtype="object")

    people = desired.build(rows, managed()).people

    understood = {key for key in keys if key.strip()}
    assert {person.source_id for person in people.values()} == {"", *understood}


def settled(world: KeyedWorld) -> KeyedWorld:
    """After as many further runs as there can be people waiting for each other."""
    for _ in range(len(world.lines) + 1):
        world.tenant.apply(world.plan().changes)
    return world


def _changed(before: Entries, after: Directory) -> set[str]:
    return {one for one in before if after.entries.get(one) != before[one]}


def _shared(tenant: Directory) -> set[tuple[str, ...]]:
    """Who has an e-mail that others of the connection have too."""
    ours = {one: entry.email for one, entry in tenant.entries.items() if entry.connection == CONNECTION and entry.email}
    return {(one, *rivals) for one, email in ours.items() if (rivals := tenant.rivals(email, one))}


def _keys(entries: Entries) -> dict[str, str]:
    return {one: entry.marks["id"] for one, entry in entries.items() if "id" in entry.marks}
