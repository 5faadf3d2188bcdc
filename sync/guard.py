"""The guard: the check of a plan against the limits. It refuses what is unsafe, by name and number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync.holders import Holders
from sync.model import Held, Kind
from sync.plan import Plan
from sync.text import visible

SHORT_DIGEST = 12
"""Digits of a digest that are shown; an approval may have fewer, or all 64."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may do. Of a count and a percentage the lower one holds, never below the floor."""

    deletes: int
    """Blocks count too."""
    delete_percent: float
    role_removals: int
    role_removal_percent: float
    held_percent: float
    renames: int
    rename_percent: float
    possible_renames: int
    """Pairs of a newcomer and a leaver who seem to be one person."""
    new_roles: int
    floor: int


@dataclass(frozen=True, slots=True)
class Approval:
    """What the operator has said of one plan, by the beginning of its digest."""

    approve: str = ""
    """Carry out this plan although it is beyond the limits; and no other."""
    expect: str = ""
    """Carry out this plan if it is within the limits; and no other."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan is not carried out, or would not have been without its approval."""

    guard: str
    """`another plan`, `zero rows`, `deletes`, `role removals`, `held`, `renames`, `possible renames`, `new roles` or
    `role minimum`."""
    sentence: str
    """What, how many, of how many, over which limit."""
    count: int = 0
    limit: int = 0
    base: int = 0
    concerned: tuple[str, ...] = ()
    """Everyone concerned, by e-mail (or by row, where there is none)."""
    can_be_approved: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the guard says of a plan."""

    refusals: tuple[Refusal, ...] = ()
    """None means that the plan may be carried out."""
    approved: tuple[Refusal, ...] = ()
    """What would have been refused, had the operator not approved this very plan."""


def judge(plan: Plan, limits: Limits, approval: Approval | None = None) -> Judgement:
    """Check `plan` against the limits, in the light of what the operator has said of it."""
    approval = approval or Approval()
    others = [
        _another(plan, word, flag)
        for word, flag in ((approval.approve, "--approve"), (approval.expect, "--expect"))
        if not plan.digest.startswith(word.lower())
    ]
    tripped = tuple(_tripped(plan, limits))
    if others or not approval.approve:
        return Judgement((*others, *tripped))
    return Judgement(
        tuple(refusal for refusal in tripped if not refusal.can_be_approved),
        tuple(refusal for refusal in tripped if refusal.can_be_approved),
    )


def _another(plan: Plan, word: str, flag: str) -> Refusal:
    sentence = (
        f"{flag} names the plan {word}, but the plan is now {plan.digest[:SHORT_DIGEST]}: "
        "the source or the tenant has changed since, or other people are meant"
    )
    return Refusal("another plan", sentence)


@dataclass(frozen=True, slots=True)
class _Measure:
    guard: str
    verb: str
    concerned: Sequence[str]
    base: int
    of_what: str
    most: int | None
    percent: float | None
    setting: str

    def check(self, floor: int) -> Iterator[Refusal]:
        count = len(self.concerned)
        shares = [] if self.percent is None else [math.floor(self.base * self.percent / 100 + 1e-9)]  # 10 % of 50 is 5
        lower = min([*shares, *([] if self.most is None else [self.most])])
        limit = max(floor, lower)
        if count <= limit:
            return
        setting = "SYNC_LIMIT_FLOOR" if limit > lower else f"{self.setting}{'S' if lower == self.most else '_PERCENT'}"
        of_all = f" of {self.base}" if self.percent is not None else ""
        share = f" ({100 * count / (self.base or 1):.1f} %)" if self.percent is not None else ""
        sentence = f"{count}{of_all} {self.of_what} {self.verb}{share}; at most {limit} may in one run ({setting})"
        yield Refusal(self.guard, sentence, count, limit, self.base, tuple(self.concerned))


def _tripped(plan: Plan, limits: Limits) -> Iterator[Refusal]:
    counts = plan.counts
    leaving = plan.by_kind(Kind.BLOCK, Kind.DELETE)
    losing = [change.email for change in plan.by_kind(Kind.REMOVE_ROLES)]
    held = [_name(held) for held in plan.held if held.in_source]
    renamed = [f"{edit.old} -> {edit.new}" for change in plan.changes if (edit := change.new_email)]
    alike = sorted({pair.old_email for pair in plan.possible_renames})
    new_roles = [role.name for change in plan.by_kind(Kind.CREATE_ROLE) for role in change.roles]
    if plan.nobody:
        what = "no rows" if counts.source_rows == 0 else "no row that could be understood"
        sentence = f"the query returned {what}; that is never taken as an instruction"
        gone = tuple(change.email for change in leaving)
        yield Refusal("zero rows", sentence, 0, 1, counts.source_rows, gone, can_be_approved=False)
    scope = counts.in_scope, "accounts in scope"
    people = counts.people + counts.held, f"people in {plan.source.source}"
    words = [word for kind, word in ((Kind.DELETE, "deleted"), (Kind.BLOCK, "blocked")) if plan.by_kind(kind)]
    for measure in (
        _Measure("deletes", f"would be {' or '.join(words)}", [change.email for change in leaving], *scope,
                 limits.deletes, limits.delete_percent, "SYNC_MAX_DELETE"),
        _Measure("role removals", "would lose a role", losing, *scope,
                 limits.role_removals, limits.role_removal_percent, "SYNC_MAX_ROLE_REMOVAL"),
        _Measure("held", "are held", held, *people, None, limits.held_percent, "SYNC_MAX_HELD"),
        _Measure("renames", "would get another e-mail", renamed, *scope,
                 limits.renames, limits.rename_percent, "SYNC_MAX_RENAME"),
        _Measure("possible renames", "would be blocked or deleted, and seem to be people who come with another e-mail",
                 alike, *scope, limits.possible_renames, None, "SYNC_MAX_POSSIBLE_RENAME"),
        _Measure("new roles", "would be created", new_roles, 0, "roles", limits.new_roles, None, "SYNC_MAX_NEW_ROLE"),
    ):  # fmt: skip
        yield from measure.check(limits.floor)
    yield from (_too_few(one) for one in plan.holders if one.after < min(one.least, one.before))


def _too_few(holders: Holders) -> Refusal:
    """Who has fewer already can still have a plan that takes none of them."""
    sentence = (
        f"the role {visible(holders.role.name, 80)!r} would be left with {holders.after} of its {holders.before} "
        f"holders; at least {holders.least} must have it (SYNC_ROLE_MINIMUM)"
    )
    return Refusal("role minimum", sentence, holders.after, holders.least, holders.before, holders.lost)


def _name(held: Held) -> str:
    return held.email or f"row {held.rows[0]}"
