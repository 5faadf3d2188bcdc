"""The tables that README and docs/performance.md carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.pace import uses
from bench.plans import plans
from bench.runs import LIMITS, Row, rows
from bench.workers import Start, starts
from sandbox import Fault, Sandbox, Tenant

_SIZES = (1_000, 10_000, 100_000)
_PLANS = (10_000, 100_000, 1_000_000)
_POOLS = (1, 4)
_MINUTE, _HOUR = 60, 3600
_BURST, _RATE = LIMITS.burst, LIMITS.sustained
_NOTES = f"""
Limits: a burst of {_BURST}, then {_RATE:g} requests a second. Requests that were answered with 429 and sent again are
counted once; "answered 429" has them. "Computed" is requests less burst by rate: that run was made without
limits or, where no memory is told either, not at all, and its requests are those of the formula with which all other
naive runs agree exactly. Memory is the peak of the largest process. The sandbox ends an export or import after 0.2 s.
"""


def main(sizes: Sequence[int] = ()) -> None:
    """Print all tables: of runs with so many people, of plans, of the pace, of pools."""
    pools = list(_pools())  # first, as long as there is nothing else on the machine
    _head(
        "people", "what", "how", "reads", "creates", "roles given", "roles taken", "deletes", "requests",
        "lower bound", "times the bound", "answered 429", "seconds", "peak memory, MB", texts=(1, 2),
    )  # fmt: skip
    for row in rows(sizes or _SIZES):
        _line(*_cells(row))
    print(_NOTES)
    print_plans()
    _head("plan", "another client takes", "requests", "seconds", "of the rate used", "answered 429", texts=(0,))
    for use in uses():
        another = f"{use.share_of_another:.0%}" if use.share_of_another else "-"
        _line(use.plan, another, f"{use.requests}", f"{use.seconds:.1f}", f"{use.used:.0%}", f"{use.refused}")
    print()
    _head("processes", "each imports", "seconds until each has asked", "memory of each, MB", texts=(1,))
    for start in pools:
        imports = "what it needs to send" if start.light else "pandas and SQLAlchemy as well"
        _line(str(start.workers), imports, f"{start.seconds:.2f}", f"{start.megabytes:.0f}")


def print_plans() -> None:
    """Print the table of plans."""
    _head(
        "people and accounts", "the query has", "CPU seconds from frame and accounts to plan", "CPU seconds a million",
        "peak memory, MB", texts=(1,),
    )  # fmt: skip
    for one in plans(_PLANS):
        has = "a key and three attributes too" if one.mapped else "e-mail and role"
        a_million = one.seconds / one.people * 1_000_000
        _line(f"{one.people:,}", has, f"{one.seconds:.2f}", f"{a_million:.1f}", f"{one.megabytes:,.0f}")
    print()


def _pools() -> Iterable[Start]:
    sandbox = Sandbox(Tenant())
    sandbox.faults.add(Fault(kind="hang", times=None))
    return starts(sandbox, _POOLS)


def _cells(row: Row) -> list[str]:
    asked, measured = row.requests, row.measured
    counts = (asked.reads, asked.creates, asked.given, asked.taken, asked.deletes, asked.total, row.bound)
    return [
        f"{row.people:,}",
        "first sync" if row.first else "1 % churn",
        row.way,
        *(f"{count:,}" for count in counts),
        f"{asked.total / row.bound:.2f}",
        "-" if row.refused is None else f"{row.refused:,}",
        _seconds(row),
        "-" if measured is None else f"{measured.megabytes:,.0f}",
    ]


def _seconds(row: Row) -> str:
    if row.measured is not None and row.metered:
        return f"{row.measured.seconds:.1f}"
    computed = f"≈ {_duration(row.computed_seconds)} (computed)"
    return computed if row.measured is None else f"{computed}; {row.measured.seconds:.1f} without limits"


def _duration(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"


def _head(*names: str, texts: Sequence[int] = ()) -> None:
    _line(*names)
    print("|" + "|".join("---" if index in texts else "--:" for index in range(len(names))) + "|", flush=True)


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)
