"""The guard: what is refused, at which number, and whether the way out is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sync import guard
from sync.guard import Approval, Limits, Refusal
from sync.model import Kind
from sync.plan import Plan
from sync.policy import Policy
from tests.sync.builders import ADMIN, READER, Row, Tenant, User, limits, make_plan, managed
from tests.sync.mapped import account, planned

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


def refused_by(made: Plan, chosen: Limits) -> tuple[Refusal, ...]:
    return guard.judge(made, chosen).refusals


def guards(refusals: Iterable[Refusal]) -> list[str]:
    return [refusal.guard for refusal in refusals]


def test_a_plan_without_danger_is_let_through() -> None:
    refusals = refused_by(sized(stay=20, deletes=1, swaps=1, held=1), limits())

    assert refusals == ()


@pytest.mark.parametrize("deletes", [0, 3])
def test_zero_rows_are_refused_whatever_the_limits(deletes: int) -> None:
    lax = limits(deletes=10**6, delete_percent=100, held_percent=100, floor=10**6)

    refusals = refused_by(sized(deletes=deletes), lax)

    assert guards(refusals) == ["zero rows"]
    assert refusals[0].sentence == "the query returned no rows; that is never taken as an instruction"
    assert not refusals[0].can_be_approved
    assert refusals[0].concerned == tuple(f"gone{number}@x.io" for number in range(deletes))


def test_rows_of_which_none_is_understood_are_refused_whatever_the_limits() -> None:
    lax = limits(deletes=10**6, delete_percent=100, held_percent=100, floor=10**6)

    refusals = refused_by(sized(deletes=1, held=2), lax)

    assert guards(refusals) == ["zero rows"]
    assert "no row that could be understood" in refusals[0].sentence


def test_rows_that_are_understood_and_held_because_of_the_tenant_are_not_zero_rows() -> None:
    tenant = Tenant.of(ann=[ADMIN])
    tenant.users["auth0|twin"] = User("ANN@x.io")

    refusals = refused_by(make_plan(tenant, ("ann@x.io", "admin")), limits(floor=5))

    assert refusals == ()


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
    refusals = refused_by(sized(stay=50 - deletes, deletes=deletes), chosen)

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
    refusals = refused_by(sized(stay=50 - swaps, swaps=swaps), chosen)

    assert guards(refusals) == refused


@pytest.mark.parametrize(("held", "refused"), [(4, []), (5, []), (6, ["held"])])
@pytest.mark.parametrize("chosen", [limits(held_percent=10), limits(held_percent=0, floor=5)])
def test_held_people_pass_at_the_limit_and_one_more_is_refused(chosen: Limits, held: int, refused: list[str]) -> None:
    refusals = refused_by(sized(stay=50 - held, held=held), chosen)

    assert guards(refusals) == refused


@pytest.mark.parametrize(("base", "percent"), [(1000, 32.3), (500, 64.6), (200, 14.5), (50, 58)])
def test_a_share_that_floats_cannot_hold_is_still_exact(base: int, percent: float) -> None:
    share = round(base * percent / 100)
    exact, more = sized(stay=base - share, deletes=share), sized(stay=base - share - 1, deletes=share + 1)

    refused = [guards(refused_by(made, limits(delete_percent=percent))) for made in (exact, more)]

    assert refused == [[], ["deletes"]]


def test_only_accounts_in_scope_are_the_base_of_the_share() -> None:
    tenant = Tenant.of(gone=[], **{f"stay{number}": [ADMIN] for number in range(9)})
    for number in range(100):
        tenant.users[f"google|{number}"] = type(tenant.users["auth0|gone"])(f"{number}@x.io", connection="google")
    rows = [(f"stay{number}@x.io", "admin") for number in range(9)]

    refusals = refused_by(make_plan(tenant, *rows), limits(delete_percent=9))

    assert [(refusal.count, refusal.limit, refusal.base) for refusal in refusals] == [(1, 0, 10)]


def test_a_refusal_says_what_how_many_of_how_many_and_the_limit_and_names_everyone() -> None:
    (refusal,) = refused_by(sized(stay=5, deletes=3), limits(delete_percent=25))

    assert refusal == Refusal(
        "deletes",
        "3 of 8 accounts in scope would be deleted (37.5 %); at most 2 may in one run (SYNC_MAX_DELETE_PERCENT)",
        count=3,
        limit=2,
        base=8,
        concerned=("gone0@x.io", "gone1@x.io", "gone2@x.io"),
    )


def test_held_people_without_an_email_are_named_by_their_row() -> None:
    rows: list[Row] = [("ann@x.io", "admin"), (None, "admin"), ("bob@x.io", None), ("c@@x.io", "admin")]

    (refusal,) = refused_by(make_plan(Tenant(), *rows), limits())

    assert set(refusal.concerned) == {"row 2", "bob@x.io", "c@@x.io"}


def test_every_guard_that_trips_is_told_at_once() -> None:
    refusals = refused_by(
        sized(stay=1, deletes=3, swaps=3, held=3),
        limits(deletes=1, delete_percent=1, role_removals=1, role_removal_percent=1, held_percent=1),
    )

    assert guards(refusals) == ["deletes", "role removals", "held"]


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        (limits(deletes=1, delete_percent=100), "SYNC_MAX_DELETES"),
        (limits(deletes=500, delete_percent=10), "SYNC_MAX_DELETE_PERCENT"),
        (limits(deletes=0, delete_percent=10, floor=2), "SYNC_LIMIT_FLOOR"),
    ],
)
def test_a_refusal_names_the_setting_that_stands_in_the_way(chosen: Limits, named: str) -> None:
    (refusal,) = refused_by(sized(stay=7, deletes=3), chosen)

    assert refusal.sentence.endswith(f"may in one run ({named})")


def test_blocks_count_as_deletes_do() -> None:
    tenant = Tenant.of(stays=[ADMIN], goes=[])
    made = make_plan(tenant, ("stays@x.io", "admin"), leaving=Kind.BLOCK)

    (refusal,) = refused_by(made, limits())

    assert refusal.guard == "deletes"
    assert refusal.sentence.startswith("1 of 2 accounts in scope would be blocked")


def test_accounts_that_the_source_does_not_name_are_not_counted_as_held_people() -> None:
    tenant = Tenant.of(**{f"n{number}": [ADMIN] for number in range(10)})
    tenant.unknown = {f"auth0|n{number}": "503" for number in range(1, 10)}

    refusals = refused_by(make_plan(tenant, ("n0@x.io", "admin")), limits())

    assert refusals == ()


PLANS = st.builds(
    sized, stay=st.integers(0, 20), deletes=st.integers(0, 9), swaps=st.integers(0, 9), held=st.integers(0, 9)
)
LIMITS = st.builds(
    limits,
    deletes=COUNTS,
    delete_percent=PERCENTS,
    role_removals=COUNTS,
    role_removal_percent=PERCENTS,
    held_percent=PERCENTS,
    floor=st.integers(0, 6),
)


@given(PLANS, LIMITS, st.integers(8, 64))
def test_an_approval_lifts_every_guard_but_that_of_zero_rows(made: Plan, chosen: Limits, digits: int) -> None:
    tripped = refused_by(made, chosen)

    judged = guard.judge(made, chosen, Approval(approve=made.digest[:digits].upper()))

    assert guards(judged.refusals) == [name for name in guards(tripped) if name == "zero rows"]
    assert (*judged.refusals, *judged.approved) == tripped


@given(PLANS, PLANS, LIMITS)
def test_an_approval_of_another_plan_lifts_nothing_and_is_a_refusal_itself(
    made: Plan, other: Plan, chosen: Limits
) -> None:
    assume(made.digest != other.digest)

    judged = guard.judge(made, chosen, Approval(approve=other.digest))

    assert guards(judged.refusals) == ["another plan", *guards(refused_by(made, chosen))]
    assert judged.approved == ()


@given(PLANS, LIMITS)
def test_an_expectation_that_is_met_lifts_nothing(made: Plan, chosen: Limits) -> None:
    judged = guard.judge(made, chosen, Approval(expect=made.digest[:8]))

    assert judged == guard.judge(made, chosen)


def test_an_expectation_that_is_not_met_is_refused_whatever_the_limits() -> None:
    made = sized(stay=3, deletes=0)

    judged = guard.judge(made, limits(), Approval(expect="0123456789abcdef"))

    assert guards(judged.refusals) == ["another plan"]
    assert made.digest[:12] in judged.refusals[0].sentence


def test_a_plan_with_the_same_changes_and_other_people_held_is_another_plan() -> None:
    approval = Approval(approve=sized(stay=20, held=6).digest)

    judged = guard.judge(sized(stay=20, held=7), limits(), approval)

    assert guards(judged.refusals) == ["another plan", "held"]


def renaming(count: int, stay: int = 0) -> Plan:
    """A plan of so many renames."""
    people = [*range(count), *range(1000, 1000 + stay)]
    source = [{"email": f"{'new' if number < 1000 else 'p'}{number}@x.io", "id": str(number)} for number in people]
    return planned(source, *(account(f"p{number}", source_id=str(number)) for number in people))


def test_a_rename_too_many_is_refused_by_count_or_share_and_names_both_e_mails() -> None:
    made = renaming(3, stay=7)

    assert refused_by(made, limits(renames=3, rename_percent=30)) == ()
    (by_count,) = refused_by(made, limits(renames=2, rename_percent=100))
    (by_share,) = refused_by(made, limits(renames=100, rename_percent=29))
    assert by_count.sentence == (
        "3 of 10 accounts in scope would get another e-mail (30.0 %); at most 2 may in one run (SYNC_MAX_RENAMES)"
    )
    assert "SYNC_MAX_RENAME_PERCENT" in by_share.sentence
    assert by_count.concerned[0] == "p0@x.io -> new0@x.io"
    assert refused_by(made, limits(renames=0, floor=3)) == ()


def test_a_possible_rename_too_many_is_refused() -> None:
    names = [f"Person {number}" for number in range(3)]
    source = [{"email": f"new{number}@x.io", "name": name} for number, name in enumerate(names)]
    made = planned(source, *(account(f"p{number}", profile={"name": name}) for number, name in enumerate(names)))
    lax = limits(delete_percent=100)

    assert refused_by(made, replace(lax, possible_renames=3)) == ()
    (refusal,) = refused_by(made, replace(lax, possible_renames=2))
    assert refusal.guard == "possible renames"
    assert "at most 2 may in one run (SYNC_MAX_POSSIBLE_RENAMES)" in refusal.sentence
    assert refusal.concerned == ("p0@x.io", "p1@x.io", "p2@x.io")


def test_a_new_role_too_many_is_refused() -> None:
    source = [{"email": "ann@x.io", "role": name} for name in ("one", "two", "three")]
    made = planned(source, roles=managed(ADMIN, create_missing=True))

    assert refused_by(made, limits(new_roles=3)) == ()
    (refusal,) = refused_by(made, limits(new_roles=2))
    assert refusal.sentence == "3 roles would be created; at most 2 may in one run (SYNC_MAX_NEW_ROLES)"
    assert refusal.concerned == ("one", "three", "two")


@pytest.mark.parametrize(
    ("least", "left", "refused"),
    [(2, 2, False), (2, 1, True), (3, 3, False), (4, 3, False), (4, 2, True), (1, 0, True)],
)
def test_a_role_with_fewer_holders_than_there_must_be_is_refused_if_the_plan_takes_one(
    least: int,
    left: int,
    refused: bool,  # noqa: FBT001
) -> None:
    everybody = [account(f"p{number}") for number in range(3)]
    source = [
        {"email": one.email, "role": "admin" if number < left else "reader"} for number, one in enumerate(everybody)
    ]
    made = planned(source, *everybody, policy=Policy(minimum={ADMIN: least}))

    refusals = refused_by(made, limits(role_removal_percent=100))

    assert guards(refusals) == (["role minimum"] if refused else [])
    if refused:
        assert refusals[0].sentence == (
            f"the role 'admin' would be left with {left} of its 3 holders; at least {least} must have it "
            "(SYNC_ROLE_MINIMUM)"
        )
        assert refusals[0].concerned == tuple(f"p{number}@x.io" for number in range(left, 3))
