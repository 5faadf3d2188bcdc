"""The guard: what is refused, at which number, and whether the way out is one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from sync import guard
from sync.guard import Limits, Refusal
from sync.plan import Plan
from tests.sync.builders import ADMIN, READER, Row, Tenant, limits, make_plan

COUNTS = st.integers(0, 60)
PERCENTS = st.one_of(st.integers(0, 100).map(float), st.floats(0, 100))


def sized(*, stay: int = 0, deletes: int = 0, swaps: int = 0, held: int = 0) -> Plan:
    """A plan of that size: `stay` + `deletes` + `swaps` accounts in scope, `stay` + `swaps` + `held` people."""
    staying = {f"stay{number}": [ADMIN] for number in range(stay)}
    swapping = {f"swap{number}": [READER] for number in range(swaps)}
    going = {f"gone{number}": [ADMIN] for number in range(deletes)}
    rows: list[Row] = [(f"{name}@x.io", "admin") for name in (*staying, *swapping)]
    rows += [(f"held{number}@x.io", None) for number in range(held)]
    return make_plan(Tenant.of(**staying, **swapping, **going), *rows)


def guards(refusals: Iterable[Refusal]) -> list[str]:
    return [refusal.guard for refusal in refusals]


def test_a_plan_without_danger_is_let_through() -> None:
    refusals = guard.check(sized(stay=20, deletes=1, swaps=1, held=1), limits())

    assert refusals == ()


@pytest.mark.parametrize("deletes", [0, 3])
def test_zero_rows_are_refused_whatever_the_limits(deletes: int) -> None:
    lax = limits(deletes=10**6, delete_percent=100, held_percent=100, floor=10**6)

    refusals = guard.check(sized(deletes=deletes), lax)

    assert guards(refusals) == ["zero rows"]
    assert refusals[0].sentence == "the query returned no rows; that is never taken as an instruction"
    assert refusals[0].way_out == ()
    assert refusals[0].concerned == tuple(f"gone{number}@x.io" for number in range(deletes))


def test_rows_of_which_none_is_understood_are_refused_whatever_the_limits() -> None:
    lax = limits(deletes=10**6, delete_percent=100, held_percent=100, floor=10**6)

    refusals = guard.check(sized(deletes=1, held=2), lax)

    assert guards(refusals) == ["zero rows"]
    assert "no row that could be understood" in refusals[0].sentence


@pytest.mark.parametrize(("deletes", "refused"), [(4, []), (5, []), (6, ["deletes"])])
@pytest.mark.parametrize(
    "chosen",
    [
        limits(deletes=5, delete_percent=100),
        limits(deletes=500, delete_percent=10),
        limits(deletes=0, delete_percent=0, floor=5),
        limits(deletes=5, delete_percent=10, floor=5),
        limits(deletes=500, delete_percent=1, floor=5),
        limits(deletes=1, delete_percent=100, floor=5),
    ],
)
def test_deletes_pass_at_the_limit_and_one_more_is_refused(chosen: Limits, deletes: int, refused: list[str]) -> None:
    refusals = guard.check(sized(stay=50 - deletes, deletes=deletes), chosen)

    assert guards(refusals) == refused


@pytest.mark.parametrize(("swaps", "refused"), [(4, []), (5, []), (6, ["role removals"])])
@pytest.mark.parametrize(
    "chosen",
    [
        limits(role_removals=5, role_removal_percent=100),
        limits(role_removals=500, role_removal_percent=10),
        limits(role_removals=0, role_removal_percent=0, floor=5),
    ],
)
def test_accounts_that_lose_a_role_by_a_swap_pass_at_the_limit_and_one_more_is_refused(
    chosen: Limits, swaps: int, refused: list[str]
) -> None:
    refusals = guard.check(sized(stay=50 - swaps, swaps=swaps), chosen)

    assert guards(refusals) == refused


@pytest.mark.parametrize(("held", "refused"), [(4, []), (5, []), (6, ["held"])])
@pytest.mark.parametrize("chosen", [limits(held_percent=10), limits(held_percent=0, floor=5)])
def test_held_people_pass_at_the_limit_and_one_more_is_refused(chosen: Limits, held: int, refused: list[str]) -> None:
    refusals = guard.check(sized(stay=50 - held, held=held), chosen)

    assert guards(refusals) == refused


@pytest.mark.parametrize(("base", "percent"), [(1000, 32.3), (500, 64.6), (200, 14.5), (50, 58)])
def test_a_share_that_floats_cannot_hold_is_still_exact(base: int, percent: float) -> None:
    share = round(base * percent / 100)
    exact, more = sized(stay=base - share, deletes=share), sized(stay=base - share - 1, deletes=share + 1)

    refused = [guards(guard.check(made, limits(delete_percent=percent))) for made in (exact, more)]

    assert refused == [[], ["deletes"]]


def test_only_accounts_in_scope_are_the_base_of_the_share() -> None:
    tenant = Tenant.of(gone=[], **{f"stay{number}": [ADMIN] for number in range(9)})
    for number in range(100):
        tenant.users[f"google|{number}"] = type(tenant.users["auth0|gone"])(f"{number}@x.io", connection="google")
    rows = [(f"stay{number}@x.io", "admin") for number in range(9)]

    refusals = guard.check(make_plan(tenant, *rows), limits(delete_percent=9))

    assert [(refusal.count, refusal.limit, refusal.base) for refusal in refusals] == [(1, 0, 10)]


def test_a_refusal_says_what_how_many_of_how_many_and_the_limit_and_names_everyone() -> None:
    (refusal,) = guard.check(sized(stay=5, deletes=3), limits(delete_percent=25))

    assert refusal == Refusal(
        "deletes",
        "3 of 8 accounts in scope would be deleted (37.5 %); at most 2 may in one run",
        count=3,
        limit=2,
        base=8,
        concerned=("gone0@x.io", "gone1@x.io", "gone2@x.io"),
        way_out=("SYNC_MAX_DELETE_PERCENT=37.5",),
    )


def test_held_people_without_an_email_are_named_by_their_row() -> None:
    rows: list[Row] = [("ann@x.io", "admin"), (None, "admin"), ("bob@x.io", None), ("c@@x.io", "admin")]

    (refusal,) = guard.check(make_plan(Tenant(), *rows), limits())

    assert set(refusal.concerned) == {"row 2", "bob@x.io", "c@@x.io"}


def test_every_guard_that_trips_is_told_at_once_and_with_every_setting_that_stands_in_the_way() -> None:
    refusals = guard.check(
        sized(stay=1, deletes=3, swaps=3, held=3),
        limits(deletes=1, delete_percent=1, role_removals=1, role_removal_percent=1, held_percent=1),
    )

    assert {refusal.guard: refusal.way_out for refusal in refusals} == {
        "deletes": ("SYNC_MAX_DELETES=3", "SYNC_MAX_DELETE_PERCENT=42.9"),
        "role removals": ("SYNC_MAX_ROLE_REMOVALS=3", "SYNC_MAX_ROLE_REMOVAL_PERCENT=42.9"),
        "held": ("SYNC_MAX_HELD_PERCENT=42.9",),
    }


def test_accounts_that_the_source_does_not_name_are_not_counted_as_held_people() -> None:
    tenant = Tenant.of(**{f"n{number}": [ADMIN] for number in range(10)})
    tenant.unknown = {f"auth0|n{number}": "503" for number in range(1, 10)}

    refusals = guard.check(make_plan(tenant, ("n0@x.io", "admin")), limits())

    assert refusals == ()


@given(
    st.builds(
        sized, stay=st.integers(1, 30), deletes=st.integers(0, 9), swaps=st.integers(0, 9), held=st.integers(0, 9)
    ),
    st.builds(
        limits,
        deletes=COUNTS,
        delete_percent=PERCENTS,
        role_removals=COUNTS,
        role_removal_percent=PERCENTS,
        held_percent=PERCENTS,
        floor=st.integers(0, 6),
    ),
)
def test_the_way_out_lets_just_that_plan_pass_and_each_of_its_settings_is_needed(made: Plan, chosen: Limits) -> None:
    refusals = guard.check(made, chosen)

    way_out = [setting for refusal in refusals for setting in refusal.way_out]

    assert bool(refusals) == bool(way_out)
    assert guard.check(made, _with(chosen, way_out)) == ()
    for needed in way_out:
        assert guard.check(made, _with(chosen, [setting for setting in way_out if setting != needed]))


@given(st.integers(1, 10**6).flatmap(lambda base: st.tuples(st.just(base), st.integers(1, base))))
def test_the_share_of_the_way_out_is_enough_for_any_number_of_accounts(numbers: tuple[int, int]) -> None:
    base, count = numbers
    # A plan of a million accounts takes too long to build, so this asks the measure itself.
    measure = guard._Measure("deletes", "", ("x",) * count, base, "", None, 0, "SYNC_MAX_DELETE")  # noqa: SLF001

    (refusal,) = measure.check(0)

    ((name, _, percent),) = (setting.partition("=") for setting in refusal.way_out)
    assert name == "SYNC_MAX_DELETE_PERCENT"
    assert float(percent) <= 100
    assert list(dataclasses.replace(measure, percent=float(percent)).check(0)) == []


def _with(chosen: Limits, way_out: list[str]) -> Limits:
    """`chosen` after an operator has set what the way out says, through the real settings."""
    values: dict[str, object] = {
        "sync_max_deletes": chosen.deletes,
        "sync_max_delete_percent": chosen.delete_percent,
        "sync_max_role_removals": chosen.role_removals,
        "sync_max_role_removal_percent": chosen.role_removal_percent,
        "sync_max_held_percent": chosen.held_percent,
        "sync_limit_floor": chosen.floor,
    }
    for setting in way_out:
        name, _, value = setting.partition("=")
        assert name.lower() in values
        values[name.lower()] = value
    values |= {"auth0_url": "https://x.io", "auth0_client_id": "c", "auth0_client_secret": "s", "auth0_connection": "C"}
    return Settings.model_validate(values).limits
