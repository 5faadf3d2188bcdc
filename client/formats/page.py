"""The report as one page of HTML that needs nothing else: no script has to run, nothing is fetched, nothing is sent."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from client.formats import charts, words
from client.formats.words import Document
from sync.text import visible

_FOLDER = Path(__file__).parent
_LONGEST = 2_000  # characters of a name, value or reason; the JSON has the whole


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the first screen."""

    name: str
    number: int
    of: str = ""
    tone: str = "plain"


def render(document: Document, recent: Sequence[Mapping[str, Any]] = ()) -> str:
    """The page. `recent`: lines of the history, the oldest first."""
    style, script = _inline("report.css"), _inline("report.js")
    return _template().render(
        report=document,
        verdict=words.verdict(document),
        balance=words.balance(document),
        tiles=tiles(document),
        groups=list(words.by_kind(document)),
        bars=charts.changes(document),
        role_bars=charts.roles(document),
        trend=charts.trend(document, recent),
        chart=charts,
        kinds=words.KINDS,
        outcomes=words.OUTCOMES,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def tiles(document: Document) -> Sequence[Tile]:
    """The numbers that say most; nothing where there was no plan."""
    counts = document["counts"]
    if counts is None:
        return ()
    ended = Counter(change["outcome"] for change in document["changes"])
    meant = ended.total() - ended["kept_back"]
    if document["dry_run"] or document["guard"]["refused"]:
        first = Tile("changes planned", meant)
    else:
        first = Tile("changes done", ended["done"], f"of {meant:,}", "good" if ended["done"] == meant else "warn")
    amiss = [
        Tile("failed", ended["failed"], tone="bad"),
        Tile("skipped", ended["skipped"], tone="warn"),
        Tile("kept back", ended["kept_back"], tone="warn"),
        Tile("possible renames", len(document["possible_renames"]), tone="warn"),
    ]
    return [
        first,
        *(tile for tile in amiss if tile.number),
        Tile("held", len(document["held"]), tone="warn" if document["held"] else "plain"),
        Tile("protected", len(document["protected"])),
        Tile("people", counts["people"] + counts["held"]),
        Tile("accounts", counts["in_scope"], "in scope"),
    ]


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = {"value": words.value, "moment": words.moment, "short": words.short, "number": "{:,}".format}
    environment.filters.update(filters, whole=lambda text: Markup.escape(visible(text)))
    return environment.get_template("report.html.j2")


def _shown(something: Any) -> Any:
    """Of every text that comes from outside: nothing invisible, and an end to its length."""
    return visible(something, _LONGEST) if type(something) is str else something


@cache
def _inline(name: str) -> Markup:
    """A file of ours that becomes part of the page."""
    return Markup("\n" + (_FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704 - nothing foreign is in it


def _hash(text: str) -> Markup:
    """How a Content-Security-Policy names the one style and the one script that it allows."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(f"'sha256-{digest}'")  # noqa: S704 - base64
