"""Brakes: what they keep back is not done, and is not forgotten either."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.brakes import Brakes
from sync.model import Kind, Status
from tests.sync.builders import ADMIN, READER, Row, Tenant, make_plan, steps
from tests.sync.worlds import KEPT, NAMES, PROTECTED, World, worlds

ROWS: tuple[Row, ...] = (("swaps@x.io", "reader"), ("comes@x.io", "admin"))
BRAKES = st.builds(
    Brakes,
    st.booleans(),
    st.booleans(),
    st.sampled_from([{}, KEPT]),
    st.sets(st.sampled_from([f"{name}@x.io" for name in NAMES])).map(frozenset),
)


def tenant() -> Tenant:
    return Tenant.of(swaps=[ADMIN], goes=[READER])


@pytest.mark.parametrize(
    ("brakes", "kept_back", "brake"),
    [
        (Brakes(no_delete=True), {("delete", "goes@x.io")}, "--no-delete"),
        (Brakes(kept=KEPT), {("delete", "goes@x.io")}, "SYNC_ON_MISSING=keep"),
        (Brakes(no_role_removal=True), {("remove_roles", "swaps@x.io")}, "--no-role-removal"),
        (
            Brakes(only=frozenset({"swaps@x.io"})),
            {("create", "comes@x.io"), ("add_roles", "comes@x.io"), ("delete", "goes@x.io")},
            "--only",
        ),
    ],
)
def test_a_brake_keeps_back_what_it_is_for_and_nothing_else(
    brakes: Brakes, kept_back: set[tuple[str, str]], brake: str
) -> None:
    free = make_plan(tenant(), *ROWS)

    braked = make_plan(tenant(), *ROWS, brakes=brakes)

    assert {(one.change.kind.value, one.change.email) for one in braked.kept_back} == kept_back
    assert {(one.status, one.why) for one in braked.kept_back} == {(Status.KEPT_BACK, brake)}
    assert {change for change in free.changes if (change.kind.value, change.email) not in kept_back} == set(
        braked.changes
    )


def test_no_delete_keeps_from_blocking_too() -> None:
    braked = make_plan(tenant(), *ROWS, leaving=Kind.BLOCK, brakes=Brakes(no_delete=True))

    assert [one.change.kind for one in braked.kept_back] == [Kind.BLOCK]


def test_a_braked_plan_is_another_plan() -> None:
    digests = {make_plan(tenant(), *ROWS, brakes=brakes).digest for brakes in (None, Brakes(), Brakes(no_delete=True))}

    assert len(digests) == 2


def test_who_is_named_is_found_however_the_email_is_written() -> None:
    brakes = Brakes(only=frozenset({"comes@x.io"}))

    assert steps(make_plan(Tenant(), (" Comes@X.io ", "admin"), ("other@x.io", "admin"), brakes=brakes)) == [
        ("create", "comes@x.io", ()),
        ("add_roles", "comes@x.io", ("admin",)),
    ]


def test_who_is_named_and_is_nowhere_is_told() -> None:
    brakes = Brakes(only=frozenset({"swaps@x.io", "comes@x.io", "nobody@x.io"}))

    assert brakes.strangers(["comes@x.io"], tenant().accounts) == ["nobody@x.io"]
    assert Brakes().strangers([], []) == []


@given(worlds(), BRAKES)
def test_what_is_done_and_what_is_kept_back_is_what_would_be_done_without_brakes(world: World, brakes: Brakes) -> None:
    free = make_plan(world.tenant, *world.rows, protected=PROTECTED)

    braked = make_plan(world.tenant, *world.rows, protected=PROTECTED, brakes=brakes)

    assert {*braked.changes, *(one.change for one in braked.kept_back)} == set(free.changes)
    assert len(braked.changes) + len(braked.kept_back) == len(free.changes)
    assert braked.held == free.held
    counts = braked.counts
    assert counts.changed + counts.kept_back == free.counts.changed
    assert counts.accounts_losing_roles == len(braked.by_kind(Kind.REMOVE_ROLES))
    if brakes.no_delete or bool(brakes.kept):
        assert not braked.by_kind(Kind.DELETE)
    if brakes.no_role_removal:
        assert not braked.by_kind(Kind.REMOVE_ROLES)
    if brakes.only:
        assert {change.email.casefold() for change in braked.changes} <= brakes.only
