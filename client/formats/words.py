"""What a report says in words, whatever its form: how a run ended, what was done, what a value looks like."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sync.guard import SHORT_DIGEST
from sync.model import Kind, Status
from sync.report import Exit
from sync.text import visible

Document = Mapping[str, Any]
Tone = Literal["good", "plain", "warn", "bad"]

KINDS = {kind.value: kind.value.replace("_", " ") for kind in Kind} | {
    Kind.ADD_ROLES.value: "give roles",
    Kind.REMOVE_ROLES.value: "take roles",
}
"""Kinds of change in the order of their application, as people call them."""
OUTCOMES = {status.value: status.value.replace("_", " ") for status in Status}
_TITLES: Mapping[int, tuple[str, Tone]] = {
    Exit.OK: ("In agreement", "good"),
    Exit.PENDING: ("Changes are pending", "plain"),
    Exit.PARTIAL: ("Applied, but not for everyone", "warn"),
    Exit.REFUSED: ("Refused, nothing was written", "bad"),
    Exit.FAILED: ("Failed", "bad"),
    Exit.LOCKED: ("Not begun, another run is going on", "warn"),
    Exit.USAGE: ("Not begun, it was asked for what cannot be", "bad"),
    Exit.SETTINGS: ("Not begun, a setting is wrong", "bad"),
    Exit.INTERRUPTED: ("Stopped by SIGINT", "warn"),
    Exit.TERMINATED: ("Stopped by SIGTERM", "warn"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run ended."""

    title: str
    tone: Tone


def verdict(document: Document) -> Verdict:
    """How the run ended, in a few words of our own."""
    code, changes = document["exit_code"], document["changes"]
    if code == Exit.PARTIAL and all(change["outcome"] in {"done", "kept_back"} for change in changes):
        return Verdict("In agreement, but for the people held", "warn")
    if code == Exit.OK and document["dry_run"]:
        pending = any(change["outcome"] == "not_tried" for change in changes)
        return Verdict("Planned, nothing was written" if pending else "In agreement, nothing to change", "good")
    if code == Exit.OK and any(change["outcome"] == "kept_back" for change in changes):
        return Verdict("Done, but for what was kept back", "warn")
    if code == Exit.OK and document["mode"] == "restore":
        return Verdict("Restored", "good")
    return Verdict(*_TITLES.get(code, ("Ended", "plain")))


def balance(document: Document) -> Sequence[str]:
    """The two sums of a plan, which must add up; nothing where there was no plan."""
    counts = document["counts"]
    if counts is None:
        return ()
    source = "journal lines" if document["mode"] == "restore" else "source rows"
    rows = {"people": "people", "held": "held", "duplicates": "duplicates"}
    accounts = {
        "unchanged": "unchanged", "changed": "changed", "kept_back": "kept back", "protected": "protected",
        "held_accounts": "held", "out_of_scope": "out of scope",
    }  # fmt: skip
    return tuple(
        f"{counts[whole]:,} {title} = {' + '.join(f'{counts[name]:,} {said}' for name, said in parts.items())}"
        for whole, title, parts in (("source_rows", source, rows), ("accounts", "accounts", accounts))
    )


def tallies(document: Document) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Each kind of change that the plan has, with the number of each outcome."""
    kinds = (document["counts"] or {}).get("changes", {})
    return ((kind, kinds[kind]) for kind in KINDS if any(kinds.get(kind, {}).values()))


def by_kind(document: Document) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The changes of each kind that there is, in the order of application."""
    found: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in KINDS}
    for change in document["changes"]:
        found[change["kind"]].append(change)
    return ((kind, changes) for kind, changes in found.items() if changes)


def short(digest: str | None) -> str:
    """As much of a digest as an approval needs."""
    return (digest or "")[:SHORT_DIGEST]


def moment(iso: str) -> str:
    """A time of a report for people; it is always UTC."""
    return iso[:19].replace("T", " ") + " UTC"


def value(something: Any, limit: int | None = None) -> str:
    """The value of a field as text that can forge nothing: a text as it is, anything else, and a text of nothing, as
    JSON; None is empty."""
    if something is None:
        return ""
    if isinstance(something, str) and something:
        return visible(something, limit)
    return visible(json.dumps(something, ensure_ascii=False), limit)
