"""What is told of a run to those outside: what happened and how much of it, and never to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator

from client.formats.words import KINDS, OUTCOMES, balance, tallies, verdict
from sync.report import Run, document
from sync.text import visible

_LONGEST = 600  # characters of one sentence of somebody else's
_WORD = re.compile(r"[^\s\"<>()\[\],;:]+")  # an apostrophe, say, may be in an e-mail


def summary(run: Run) -> str:
    """A run in a few lines of plain text, without the name or e-mail of anybody."""
    return "\n".join(_lines(run))


def message(run: Run) -> str:
    """The same for a chat: nothing in it is a mention, a link or a command of Slack or of those that imitate it."""
    text = summary(run).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("@", "\uff20")  # looks like it, and calls nobody


def _lines(run: Run) -> Iterator[str]:
    told = document(run)
    title, connection = verdict(told).title, visible(run.connection, 100)
    yield f"{title}: sync of the connection {connection}, exit code {int(run.exit_code)}"
    for kind, numbers in tallies(told):
        counted = ", ".join(f"{number:,} {OUTCOMES[name]}" for name, number in numbers.items() if number)
        yield f"{KINDS[kind]}: {counted}"
    yield from balance(told)
    for refusal in run.guard.refusals:
        yield f"Refused by the guard '{refusal.guard}': {_nameless(refusal.sentence)}."
    if way_out := run.way_out():
        yield f"If all of this is meant, this carries out this plan, and no other: {visible(way_out)}"
    for lifted in run.guard.approved:
        yield f"Approved by --approve: {_nameless(lifted.sentence)}."
    if run.error:
        yield f"Error: {_nameless(run.error)}"
    yield f"Run {run.run_id}, version {run.version}, {told['seconds']:.1f} s"


def _nameless(sentence: str) -> str:
    """What a database or Auth0 says may quote an e-mail."""
    return visible(_WORD.sub(_without_email, sentence), _LONGEST)


def _without_email(word: re.Match[str]) -> str:
    return "(an e-mail)" if "@" in word[0].replace("%40", "@").strip("@") else word[0]
