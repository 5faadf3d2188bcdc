"""`python -m tests.formats.schema_table`: the tables of docs/report.md, made from docs/report.schema.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
SCHEMA: Mapping[str, Any] = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))
PAGE = DOCS / "report.md"
_BEGIN, _END = "<!-- keys: made by python -m tests.formats.schema_table -->\n", "<!-- end of keys -->"
_KINDS, _OUTCOMES = "counts.changes.KIND", "counts.changes.KIND.OUTCOME"


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the schema with what it refers to; of what may be null, that which is not."""
    if "anyOf" in part:
        part = {**part, **next(one for one in part["anyOf"] if one != {"type": "null"})}
    if "$ref" in part:
        return {**resolved(SCHEMA["$defs"][part["$ref"].rpartition("/")[2]]), **part}
    return part


def keys(part: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every key that a report can have, with its part of the schema; `[]` stands for each of a list."""
    part = resolved(part)
    if path:
        yield path, part
    for name, inner in part.get("properties", {}).items():
        yield from keys(inner, f"{path}.{name}" if path else name)
    if "items" in part:
        yield from keys(part["items"], f"{path}[]")


def table() -> str:
    """A line for each key. Kinds of change, outcomes and refusals, which repeat, have one each."""
    kinds = list(resolved(SCHEMA["$defs"]["counts"]["properties"]["changes"])["properties"])
    lines = {}
    for path, part in keys(SCHEMA):
        short = re.sub(rf"^counts\.changes\.({'|'.join(kinds)})\.\w+$", _OUTCOMES, path)
        short = re.sub(rf"^counts\.changes\.({'|'.join(kinds)})$", _KINDS, short)
        words = {_OUTCOMES: "How many of them ended so.", _KINDS: "The changes of this kind."}
        if not short.endswith("[]") and not short.startswith("guard.approved[]"):
            lines[short] = f"| `{short}` | {_type(part)} | {words.get(short, part['description'])} |"
    return "\n".join(["| key | | |", "|---|---|---|", *lines.values()]) + "\n"


def _type(part: Mapping[str, Any]) -> str:
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return " ".join(f"`{json.dumps(one).strip(chr(34))}`" for one in part["enum"])
    if "type" not in part:
        return "any"
    types = part["type"] if isinstance(part["type"], list) else [part["type"]]
    types = types + ["null"] * ("anyOf" in part)
    if part["type"] == "array":
        inner = resolved(part["items"])["type"]
        return f"list of {inner}s"
    return " or ".join(types)


def page(text: str) -> str:
    """The page with its table as it should be."""
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + table() + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
