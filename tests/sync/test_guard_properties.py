"""What the guard lets through, for any numbers and any word of the operator; counted in fractions, not in floats."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from sync import guard
from sync.guard import Approval, Limits
from sync.model import Change, Held, Kind
from sync.plan import Plan
from tests.sync.builders import Tenant, limits, make_plan
from tests.sync.worlds import World, worlds

WORDS = ("absent", "absent", "absent", "whole", "beginning", "in capitals", "wrong", "too long")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits, with percentages as thousandths."""

    deletes: int
    delete_thousandths: int
    role_removals: int
    role_removal_thousandths: int
    held_thousandths: int
    floor: int

    def limits(self) -> Limits:
        return limits(
            deletes=self.deletes, delete_percent=self.delete_thousandths / 1000,
            role_removals=self.role_removals, role_removal_percent=self.role_removal_thousandths / 1000,
            held_percent=self.held_thousandths / 1000, floor=self.floor,
        )  # fmt: skip

    def tripped(
        self, deletes: int, losing: int, in_scope: int, held: int, people: int, understood: int = 1
    ) -> list[str]:
        """The guards that have to refuse these numbers."""
        found = [] if understood else ["zero rows"]
        found += ["deletes"] * (deletes > self.most("deletes", in_scope))
        found += ["role removals"] * (losing > self.most("role removals", in_scope))
        return found + ["held"] * (held > self.most("held", people + held))

    def most(self, name: str, base: int) -> int:
        most, thousandths = {
            "deletes": (self.deletes, self.delete_thousandths),
            "role removals": (self.role_removals, self.role_removal_thousandths),
            "held": (base, self.held_thousandths),
        }[name]
        return max(self.floor, min(most, math.floor(Fraction(base * thousandths, 100_000))))


THOUSANDTHS = st.one_of(st.integers(0, 100_000), st.integers(0, 1000).map(lambda tenths: tenths * 100))
AWKWARD = [  # shares of people that a plain float makes one too small
    (base, tenths * 100)
    for base in (500, 1000, 1500, 3000)
    for tenths in range(1001)
    if math.floor(base * (tenths / 10) / 100) != base * tenths // 1000
]
BASES = st.one_of(st.integers(0, 3000), st.sampled_from([50, 200, 500, 1000, 2000]))
BOUNDS = st.builds(
    Bounds, st.integers(0, 2000), THOUSANDTHS, st.integers(0, 2000), THOUSANDTHS, THOUSANDTHS, st.integers(0, 20)
)
TIGHT = st.builds(
    Bounds, st.integers(0, 3), THOUSANDTHS, st.integers(0, 3), THOUSANDTHS, THOUSANDTHS, st.integers(0, 2)
)


def sized(deletes: int, losing: int, held: int, *, in_scope: int, people: int, outside: int) -> Plan:
    """A plan of these numbers and nothing in it that is not counted."""
    plan = make_plan(Tenant())
    kinds = [Kind.REMOVE_ROLES] * losing + [Kind.BLOCK] * (deletes // 3) + [Kind.DELETE] * (deletes - deletes // 3)
    changes = tuple(Change(kind, "a@x.io", f"auth0|{number}") for number, kind in enumerate(kinds))
    others = [Held("b@x.io", "shared", in_source=False)] * outside
    counts = replace(plan.counts, people=people, held=held, accounts=in_scope + outside, out_of_scope=outside)
    return replace(
        plan, nobody=False, changes=changes, held=(*[Held("h@x.io", "", (1,))] * held, *others), counts=counts
    )


@given(BOUNDS, BASES, st.integers(1, 3000), st.integers(0, 50))
def test_a_number_at_its_limit_passes_and_one_more_is_refused(
    bounds: Bounds, in_scope: int, people: int, outside: int
) -> None:
    deletes, losing = bounds.most("deletes", in_scope), bounds.most("role removals", in_scope)
    held = max((n for n in range(60) if n <= bounds.most("held", people + n)), default=0)
    base = {"in_scope": in_scope, "people": people, "outside": outside}

    for more in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        numbers = [number + extra for number, extra in zip((deletes, losing, held), more, strict=True)]
        judged = guard.judge(sized(*numbers, **base), bounds.limits())
        assert [refusal.guard for refusal in judged.refusals] == bounds.tripped(
            numbers[0], numbers[1], in_scope, numbers[2], people
        )


@given(st.sampled_from(AWKWARD), st.booleans())
def test_a_share_that_a_float_cannot_hold_is_exact_too(awkward: tuple[int, int], held: bool) -> None:  # noqa: FBT001
    base, thousandths = awkward
    bounds = Bounds(base, thousandths, base, thousandths, thousandths, 0)
    share = base * thousandths // 100_000

    for more, refused in ((0, []), (1, ["held"] if held else ["deletes", "role removals"])):
        numbers = (0, 0, share + more) if held else (share + more, share + more, 0)
        plan = sized(*numbers, in_scope=base, people=base - numbers[2], outside=0)
        assert [refusal.guard for refusal in guard.judge(plan, bounds.limits()).refusals] == refused


@given(BOUNDS, BASES, st.integers(0, 1))
def test_a_refusal_has_the_number_the_limit_and_the_base(bounds: Bounds, in_scope: int, more: int) -> None:
    limit = bounds.most("deletes", in_scope)
    plan = sized(limit + 1 + more, 0, 0, in_scope=in_scope, people=1, outside=3)

    (refusal,) = guard.judge(plan, bounds.limits()).refusals

    assert (refusal.count, refusal.limit, refusal.base) == (limit + 1 + more, limit, in_scope)
    assert len(refusal.concerned) == refusal.count
    assert f"at most {limit} may" in refusal.sentence


def spoken(word: str, digest: str, digits: int) -> str:
    """A word of the operator about the plan with this digest."""
    return {
        "absent": "",
        "whole": digest,
        "beginning": digest[:digits],
        "in capitals": digest[:digits].upper(),
        "wrong": digest[: digits - 1] + ("0" if digest[digits - 1] != "0" else "1"),
        "too long": f"{digest}0",
    }[word]


@given(worlds(), TIGHT, st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(8, 64))
def test_a_run_ends_as_it_should_or_touches_nothing_and_does_so_by_the_numbers_and_the_operators_word(
    world: World, bounds: Bounds, approve: str, expect: str, digits: int
) -> None:
    before, end, plan = world.tenant.snapshot(), world.end(), world.plan()
    deletes = sum(one not in end or (end[one][3] == "by us" != before[one][3]) for one in before)
    losing = sum(one in end and not end[one][2] >= before[one][2] for one in before)
    in_scope = sum(len(user_ids) for user_ids in world.accounts().values())
    held = len(world.doubtful()) + len(world.unplaced())
    people, understood = len(world.named() - world.doubtful()), len(world.wanted())
    tripped = bounds.tripped(deletes, losing, in_scope, held, people, understood)
    wrong = sum(word in {"wrong", "too long"} for word in (approve, expect))
    lifted = not wrong and approve != "absent"
    approval = Approval(spoken(approve, plan.digest, digits), spoken(expect, plan.digest, digits))

    judged = guard.judge(plan, bounds.limits(), approval)
    if not judged.refusals:
        world.tenant.apply(plan)

    left = ["zero rows"] * ("zero rows" in tripped) if lifted else ["another plan"] * wrong + tripped
    assert [refusal.guard for refusal in judged.refusals] == left
    assert [refusal.guard for refusal in judged.approved] == [name for name in tripped if lifted and name not in left]
    assert world.tenant.snapshot() == (before if left else end)
