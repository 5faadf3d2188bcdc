"""The report as GitHub flavoured Markdown, for a pull request, a ticket or the summary of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from client.formats.words import KINDS, OUTCOMES, Document, balance, by_kind, moment, short, tallies, value, verdict
from sync.text import visible

_LONGEST = 500  # characters of a value; CSV and JSON have the whole
_NOTHING = "-"


def render(document: Document) -> str:
    """The whole report. All that is not our own word stands in code spans, where GitHub understands nothing: neither
    tables nor links, mentions, images or HTML."""
    parts = (_head, _guard, _counts, _changes, _people, _roles, _end)
    return "\n".join(line for part in parts for line in part(document)) + "\n"


def code(text: str, limit: int | None = None) -> str:
    """`text` as a code span that can stand in a cell of a table."""
    seen = visible(text, limit)
    if not seen.strip():
        return _NOTHING
    # GitHub takes the backslash off an escaped pipe, in code as well; after another backslash, not everywhere.
    seen = re.sub(r"(?<=\\)\|", r"\\x7c", seen).replace("|", r"\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", seen)), default=0))
    padding = " " if "`" in seen else ""
    return f"{fence}{padding}{seen}{padding}{fence}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> Iterator[str]:
    """The last `numbers` columns are to be read as numbers."""
    yield _line(header)
    yield _line(["---"] * (len(header) - numbers) + ["--:"] * numbers)
    for row in rows:
        yield _line(row)
    yield ""


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _head(document: Document) -> Iterator[str]:
    yield f"# {verdict(document).title}"
    yield ""
    if document["error"]:
        yield f"**Error:** {code(document['error'])}"
        yield ""
    requests = document["requests"]
    tries = f"{requests['retries']:,} retries, {requests['answered_429']:,} answered 429"
    facts = {
        "plan": code(short(document["digest"])),
        "connection": code(document["connection"]),
        "command": code(document["mode"])
        + (", nothing was written" if document["dry_run"] else "")
        + (", for some people only" if document["whole"] is False else ""),
        "finished": f"{code(moment(document['finished_at']))}, after {document['seconds']:,.1f} s",
        "exit": str(document["exit_code"]),
        "run": f"{code(document['run_id'])}, version {code(document['version'])}",
        "requests": f"{requests['total']:,}, {tries}",
    }
    yield from _table(["", ""], facts.items())
    for line in balance(document):
        yield f"- {line}"
    yield ""


def _guard(document: Document) -> Iterator[str]:
    guard = document["guard"]
    for title, refusals in (
        ("Refused by the guard", guard["refusals"]),
        ("Approved, though beyond the guard", guard["approved"]),
    ):
        for refusal in refusals:
            yield f"## {title} {code(refusal['guard'])}"
            yield ""
            yield code(refusal["sentence"])
            yield ""
            yield from _folded(f"{len(refusal['concerned']):,} concerned", refusal["concerned"])
    if guard["way_out"]:
        yield "If all of this is meant, this carries out this plan, and no other:"
        yield ""
        yield from _command(guard["way_out"])


def _folded(title: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"<details><summary>{title}</summary>"
        yield ""
        yield from (f"- {code(name)}" for name in names)
        yield ""
        yield "</details>"
        yield ""


def _command(line: str) -> Iterator[str]:
    shown = visible(line)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", shown)), default=0))
    yield from (f"{fence}sh", shown, fence, "")


def _counts(document: Document) -> Iterator[str]:
    rows = [(KINDS[kind], *(f"{tally[status]:,}" for status in OUTCOMES)) for kind, tally in tallies(document)]
    if rows:
        yield "## Changes"
        yield ""
        yield from _table(["change", *OUTCOMES.values()], rows, len(OUTCOMES))
    elif document["counts"] is not None:
        yield "Nothing to change."
        yield ""


def _changes(document: Document) -> Iterator[str]:
    for kind, changes in by_kind(document):
        yield f"### {KINDS[kind]} ({len(changes):,})"
        yield ""
        rows = (
            (
                code(change["email"] or change["user_id"] or ""),
                _what(change),
                code(change["cause"] or ""),
                _end_of(change),
            )
            for change in changes
        )
        yield from _table(["who", "what", "because", "outcome"], rows)


def _what(change: Mapping[str, Any]) -> str:
    said = [code(role) for role in change["roles"]]
    for edit in change["edits"]:
        old, new = code(value(edit["old"]), _LONGEST), code(value(edit["new"]), _LONGEST)
        said.append(f"{code(edit['field'])}: {new if change['kind'] == 'create' else f'{old} → {new}'}")
    return "<br>".join(said) or _NOTHING


def _end_of(change: Mapping[str, Any]) -> str:
    outcome = OUTCOMES[change["outcome"]]
    return f"{outcome}: {code(change['why'])}" if change["why"] else outcome


def _people(document: Document) -> Iterator[str]:
    held = [(code(one["email"]), code(one["reason"]), ", ".join(map(str, one["rows"]))) for one in document["held"]]
    protected = [(code(one["email"] or one["user_id"] or ""), code(one["reason"])) for one in document["protected"]]
    alike = [
        (code(pair["old_email"]), code(pair["new_email"]), code(", ".join(pair["shared"])))
        for pair in document["possible_renames"]
    ]
    notes = [(code(note["email"]), code(note["note"])) for note in document["notes"]]
    for title, header, rows in (
        ("Held, left as they are", ["who", "because", "rows"], held),
        ("Protected, left as they are", ["who", "because"], protected),
        ("Possible renames", ["goes", "comes", "alike in"], alike),
        ("Not brought back", ["who", "what"], notes),
    ):
        if rows:
            yield f"## {title} ({len(rows):,})"
            yield ""
            yield from _table(header, rows)


def _roles(document: Document) -> Iterator[str]:
    rows = [
        (code(one["role"]), f"{one['before']:,}", f"{one['after']:,}", f"{one['after'] - one['before']:+,}")
        for one in document["roles"]
        if one["before"] != one["after"]
    ]
    if rows:
        yield "## Roles whose holders change"
        yield ""
        yield from _table(["role", "before", "after", "difference"], rows, 3)
    kept = [
        (code(one["role"]), *(f"{one[name]:,}" for name in ("least", "before", "after")))
        for one in document["role_minimum"]
    ]
    if kept:
        yield "## Roles that somebody must have"
        yield ""
        yield from _table(["role", "at least", "before", "after"], kept, 3)


def _end(document: Document) -> Iterator[str]:
    if document["invitations"]:
        yield f"Links for invitations, each as good as a password: {code(document['invitations'])}"
        yield ""
    if document["journal"] and document["mode"] == "sync":
        yield f"What was taken or overwritten is written down in {code(document['journal'])}."
