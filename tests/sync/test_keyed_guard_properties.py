"""What the guard says of renames, of people who seem to be renamed, of new roles and of how many must have a role."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from sync import guard
from sync.guard import Limits
from tests.sync.builders import CONNECTION, limits
from tests.sync.worlds_drawn import keyed_worlds
from tests.sync.worlds_end import End
from tests.sync.worlds_keyed import KeyedWorld
from tests.sync.worlds_source import Human
from tests.sync.worlds_tables import CLEAR, DEFAULTS, default
from tests.sync.worlds_tenant import Entries, Entry

TELLING = (("name",), ("given_name", "family_name"), ("username",), ("phone_number",), ("nickname",), ("picture",))
NEW = ("renames", "possible renames", "new roles", "role minimum")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits, with the percentage as thousandths."""

    renames: int
    rename_thousandths: int
    possible_renames: int
    new_roles: int
    floor: int

    def limits(self) -> Limits:
        return limits(
            renames=self.renames, rename_percent=self.rename_thousandths / 1000,
            possible_renames=self.possible_renames, new_roles=self.new_roles, floor=self.floor,
        )  # fmt: skip

    def tripped(self, renames: int, in_scope: int, alike: int, new_roles: int) -> list[str]:
        """The guards that have to refuse these numbers."""
        share = math.floor(Fraction(in_scope * self.rename_thousandths, 100_000))
        most = (min(self.renames, share), self.possible_renames, self.new_roles)
        numbers = zip((renames, alike, new_roles), most, strict=True)
        return [name for name, (number, limit) in zip(NEW, numbers, strict=False) if number > max(limit, self.floor)]


FEW = st.integers(0, 2)
BOUNDS = st.builds(Bounds, FEW, st.sampled_from([0, 20_000, 33_333, 50_000, 100_000]), FEW, FEW, FEW)


@given(keyed_worlds(), BOUNDS)
def test_a_plan_is_refused_just_by_the_numbers_that_are_beyond_a_limit(world: KeyedWorld, bounds: Bounds) -> None:
    end, before = End(world), world.tenant.entries
    after = end.tenant.entries
    renamed = {one for one in before.keys() & after.keys() if before[one].email != after[one].email}
    created = {human.email for human in end.newcomers}
    alike = {one for one in end.gone for human in end.newcomers if _seem_one(world, before, one, human, end.gone)}

    plan = world.plan()
    refusals = {refusal.guard: refusal for refusal in guard.judge(plan, bounds.limits()).refusals}

    tripped = bounds.tripped(
        len(renamed), len(end.verdicts.scope), len(alike), len(end.tenant.roles - world.tenant.roles)
    )
    assert [name for name in refusals if name in NEW[:3]] == tripped
    assert {pair.old_email for pair in plan.possible_renames} == {before[one].email for one in alike}
    assert {pair.new_email for pair in plan.possible_renames} <= created
    if "renames" in tripped:
        assert (refusals["renames"].count, refusals["renames"].base) == (len(renamed), len(end.verdicts.scope))


@given(keyed_worlds())
def test_a_role_keeps_as_many_holders_as_it_must_or_the_plan_is_refused(world: KeyedWorld) -> None:
    before, after = world.tenant.entries, End(world).tenant.entries
    tripped = {
        name: (_holders(after, name), least, _holders(before, name))
        for name, least in world.terms.minimum.items()
        if _holders(after, name) < min(least, _holders(before, name))
    }

    refusals = [one for one in guard.judge(world.plan(), limits()).refusals if one.guard == "role minimum"]

    assert [(one.count, one.limit, one.base) for one in refusals] == [tripped[name] for name in sorted(tripped)]
    assert [name in one.sentence for name, one in zip(sorted(tripped), refusals, strict=True)] == [True] * len(tripped)


def _holders(entries: Entries, role: str) -> int:
    """How many accounts of the connection that can log in have it."""
    return sum(role in one.roles and not one.blocked for one in entries.values() if one.connection == CONNECTION)


def _seem_one(world: KeyedWorld, before: Entries, user_id: str, human: Human, gone: set[str]) -> bool:
    """Whether somebody who goes and somebody who comes have something telling in common, and not two keys."""
    if human.key and before[user_id].marks.get("id"):
        return False
    for fields in TELLING:
        theirs = tuple(_telling(human.values.get(name)) for name in fields)
        sharing = [one for one in gone if tuple(_of(world, before[one], name) for name in fields) == theirs]
        if all(theirs) and user_id in sharing and len(sharing) <= 5:
            return True
    return False


def _of(world: KeyedWorld, entry: Entry, name: str) -> str:
    """What an account has, if the source speaks of it and Auth0 has not filled it in."""
    has = entry.values.get(name) if name in world.columns else None
    return "" if name in DEFAULTS and has == default(name, str(entry.email)) else _telling(has)


def _telling(value: str | None) -> str:
    return "" if value in {None, CLEAR} else str(value).casefold()
