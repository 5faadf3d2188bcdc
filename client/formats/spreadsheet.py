"""The report as CSV (RFC 4180) for a spreadsheet: a row for each change, edit and person, and nothing that it runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from client.formats.words import Document, value
from sync.text import visible

COLUMNS = (
    "run_id", "finished_at", "digest", "what", "email", "user_id", "roles", "field", "old", "new", "cause", "outcome",
    "why", "rows",
)  # fmt: skip
_BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the country and spoils every name that is not English. Programs
that cannot bear it take JSON."""
_LONGEST = 32_000  # characters; Excel goes on in the next row after 32,767
# OWASP, CSV injection: these begin a formula, the full-width forms too; after a semicolon, where a spreadsheet of
# another country begins its next cell, as well. Tabs and line breaks are written out before.
_FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n])")
Row = Mapping[str, str]


def render(document: Document) -> str:
    """A header and the rows, each ended by CR LF, after a byte order mark."""
    run = {
        "run_id": document["run_id"],
        "finished_at": document["finished_at"],
        "digest": document["digest"] or "",
    }
    text = io.StringIO(newline="")
    text.write(_BOM)
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    for row in _rows(document):
        writer.writerow({name: _cell(cell) for name, cell in {**run, **row}.items()})
    return text.getvalue()


def _cell(text: str) -> str:
    harmless = visible(_FORMULA.sub(r"\1'\2", text))
    return harmless[:_LONGEST] + "..." if len(harmless) > _LONGEST else harmless


def _rows(document: Document) -> Iterator[Row]:
    """First what keeps the rows after it from being read as done."""
    if document["error"]:
        yield {"what": "error", "why": document["error"]}
    for refusal in document["guard"]["refusals"]:
        yield {"what": "refusal", "cause": refusal["guard"], "why": refusal["sentence"]}
    for refusal in document["guard"]["approved"]:
        yield {"what": "approval", "cause": refusal["guard"], "why": refusal["sentence"]}
    for change in document["changes"]:
        yield from _of_change(change)
    for held in document["held"]:
        rows = ", ".join(map(str, held["rows"]))
        yield {"what": "held", "email": held["email"], "why": held["reason"], "rows": rows}
    for one in document["protected"]:
        yield {"what": "protected", "email": one["email"], "user_id": one["user_id"] or "", "why": one["reason"]}
    for pair in document["possible_renames"]:
        edit = {"field": "email", "old": pair["old_email"], "new": pair["new_email"]}
        why = f"same {', '.join(pair['shared'])}"
        yield {"what": "possible_rename", "email": pair["new_email"], **edit, "why": why}
    for note in document["notes"]:
        yield {"what": "note", "email": note["email"], "why": note["note"]}


def _of_change(change: Mapping[str, Any]) -> Iterator[Row]:
    row = {
        "what": change["kind"],
        "email": change["email"] or "",
        "user_id": change["user_id"] or "",
        "roles": ", ".join(change["roles"]),
        "cause": change["cause"] or "",
        "outcome": change["outcome"],
        "why": change["why"] or "",
    }
    for edit in change["edits"]:
        yield {**row, "field": edit["field"], "old": value(edit["old"]), "new": value(edit["new"])}
    if not change["edits"]:
        yield row
