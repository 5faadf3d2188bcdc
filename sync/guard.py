"""The guard: the check of a plan against the limits. It refuses what is unsafe, by name and number."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from sync.model import Held, Kind
from sync.plan import Plan


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may do. Of a count and a percentage the lower one holds, never below the floor."""

    deletes: int
    delete_percent: float
    role_removals: int
    role_removal_percent: float
    held_percent: float
    floor: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan is not carried out."""

    guard: str
    """`zero rows`, `deletes`, `role removals` or `held`."""
    sentence: str
    """What, how many, of how many, over which limit."""
    count: int
    limit: int
    base: int
    concerned: tuple[str, ...]
    """Everyone concerned, by e-mail (or by row, where there is none)."""
    way_out: tuple[str, ...] = ()
    """The settings that would let a plan of this size pass, as `NAME=value`; none where nothing can."""


@dataclass(frozen=True, slots=True)
class _Measure:
    guard: str
    verb: str
    concerned: tuple[str, ...]
    base: int
    of_what: str
    most: int | None
    percent: float
    setting: str

    def check(self, floor: int) -> Iterator[Refusal]:
        count = len(self.concerned)
        share = math.floor(self.base * self.percent / 100 + 1e-9)  # 10 % of 50 is 5, whatever floats say
        limit = max(floor, share if self.most is None else min(self.most, share))
        if count <= limit:
            return
        needed = math.ceil(1000 * count / self.base) / 10 if self.base else 100
        way_out = []
        if self.most is not None and count > self.most:
            way_out.append(f"{self.setting}S={count}")
        if count > share:
            way_out.append(f"{self.setting}_PERCENT={needed:g}")
        sentence = (
            f"{count} of {self.base} {self.of_what} {self.verb} ({100 * count / (self.base or 1):.1f} %); "
            f"at most {limit} may in one run"
        )
        yield Refusal(self.guard, sentence, count, limit, self.base, self.concerned, tuple(way_out))


def check(plan: Plan, limits: Limits) -> tuple[Refusal, ...]:
    """Every reason to refuse `plan`; none means that it may be carried out."""
    return tuple(_refusals(plan, limits))


def _refusals(plan: Plan, limits: Limits) -> Iterator[Refusal]:
    counts = plan.counts
    deleted = tuple(change.email for change in plan.by_kind(Kind.DELETE))
    losing = tuple(change.email for change in plan.by_kind(Kind.REMOVE_ROLES))
    held = tuple(_name(held) for held in plan.held if held.in_source)
    if counts.people == 0:
        what = "no rows" if counts.source_rows == 0 else "no row that could be understood"
        sentence = f"the query returned {what}; that is never taken as an instruction"
        yield Refusal("zero rows", sentence, 0, 1, counts.source_rows, deleted)
    scope = counts.in_scope, "accounts in scope"
    people = counts.people + counts.held, "people in the source"
    for measure in (
        _Measure("deletes", "would be deleted", deleted, *scope,
                 limits.deletes, limits.delete_percent, "SYNC_MAX_DELETE"),
        _Measure("role removals", "would lose a role", losing, *scope,
                 limits.role_removals, limits.role_removal_percent, "SYNC_MAX_ROLE_REMOVAL"),
        _Measure("held", "are held", held, *people, None, limits.held_percent, "SYNC_MAX_HELD"),
    ):  # fmt: skip
        yield from measure.check(limits.floor)


def _name(held: Held) -> str:
    return held.email or f"row {held.rows[0]}"
