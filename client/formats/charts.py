"""The numbers of a report as shapes: where each bar and point of the page's small charts stands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from client.formats.words import Document, moment, tallies
from sync.model import Status

_MOST_RUNS = 60
_MOST = 10**9  # people; what claims more is no number of people
WIDTH, HEIGHT, MARGIN, LEFT = 600, 130, 8, 60
"""Of the chart of the last runs, in units of its drawing."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar, in per cent of the longest."""

    name: str
    number: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its parts side by side."""

    name: str
    total: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class RoleBar:
    """How many have a role, before and after; widths in per cent of the longest."""

    name: str
    before: int
    after: int
    before_width: float
    after_width: float


@dataclass(frozen=True, slots=True)
class Point:
    """One of the last runs, with its place in the drawing."""

    x: float
    y: float
    people: int
    done: int
    bar: float
    """The height of the bar of changes; on a logarithmic scale, as a first sync changes everybody."""
    when: str
    exit_code: int
    tone: str


@dataclass(frozen=True, slots=True)
class Trend:
    """People and changes over the last runs."""

    points: Sequence[Point]
    least: int
    most: int
    line: str
    """The points as SVG has them."""


def changes(document: Document) -> Sequence[Bar]:
    """A bar for each kind of change, parted by outcome."""
    found = [(kind, {status.value: tally[status.value] for status in Status}) for kind, tally in tallies(document)]
    longest = max((sum(tally.values()) for _, tally in found), default=1)
    return [Bar(kind, sum(tally.values()), _parts(tally, longest)) for kind, tally in found]


def _parts(tally: Mapping[str, int], longest: int) -> list[Part]:
    parts, x = [], 0.0
    for name, number in tally.items():
        if number:
            parts.append(Part(name, number, round(x, 3), round(100 * number / longest, 3)))
            x += 100 * number / longest
    return parts


def roles(document: Document) -> Sequence[RoleBar]:
    """A bar for each role, those that change most first."""
    found = sorted(document["roles"], key=lambda one: (-abs(one["after"] - one["before"]), one["role"]))
    longest = max((max(one["before"], one["after"]) for one in found), default=0) or 1
    return [
        RoleBar(
            one["role"],
            one["before"],
            one["after"],
            round(100 * one["before"] / longest, 3),
            round(100 * one["after"] / longest, 3),
        )
        for one in found
    ]


def trend(document: Document, recent: Iterable[Mapping[str, Any]]) -> Trend | None:
    """The last runs of which the number of people is known, this one the last; None of fewer than two."""
    lines = [line for line in recent if _is_number(line.get("people")) and line.get("run_id") != document["run_id"]]
    if document["whole"] and document["mode"] != "restore":  # which counts lines of a journal
        lines.append(_line(document))
    lines = lines[-_MOST_RUNS:]
    if len(lines) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    people = [int(line["people"]) for line in lines]
    done = [_done(line) for line in lines]
    least, most, busiest = min(people), max(people), math.log1p(max(done) or 1)
    step, span = (WIDTH - LEFT - MARGIN) / (len(lines) - 1), most - least or 1
    points = [
        Point(
            round(LEFT + number * step, 1),
            round(MARGIN + (HEIGHT - 2 * MARGIN) * (1 - (people[number] - least) / span), 1),
            people[number],
            done[number],
            round(24 * math.log1p(done[number]) / busiest, 1),
            moment(str(line.get("finished_at", ""))),
            code if isinstance(code := line.get("exit_code"), int) else 0,
            _tone(line.get("exit_code")),
        )
        for number, line in enumerate(lines)
    ]
    return Trend(points, least, most, " ".join(f"{point.x},{point.y}" for point in points))


def _line(document: Document) -> dict[str, Any]:
    counts = document["counts"]
    done = {kind: tally["done"] for kind, tally in tallies(document)}
    return {**{name: document[name] for name in ("run_id", "finished_at", "exit_code")}, **counts, "changes": done}


def _done(line: Mapping[str, Any]) -> int:
    changes = line.get("changes")
    return sum(filter(_is_number, changes.values())) if isinstance(changes, Mapping) else 0


def _is_number(something: object) -> bool:
    return isinstance(something, int) and not isinstance(something, bool) and 0 <= something <= _MOST


def _tone(exit_code: object) -> str:
    return "good" if exit_code == 0 else "warn" if exit_code in {3, 130, 143} else "bad"
