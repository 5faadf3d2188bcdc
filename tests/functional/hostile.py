"""Texts that are more than they seem to whoever shows, stores or asks for them; and what a run may show of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.functional.job import Job, Result, Row

UNUSABLE = {
    "quotes": "'; DROP TABLE people; --\"",
    "forged line": "x\n2020-01-01T00:00:00Z INFO    deleted boss@corp.io",
    "forged json": 'x\n{"time": "2020-01-01T00:00:00Z", "level": "INFO", "message": "deleted"}',
    "carriage return": "x\r\nAll is well\ry",
    "tab": "x\ty\vz\fw",
    "nul": "x\0y",
    "controls": "x\x01\x07\b\x1f\x7f\x85y",
    "ansi": "x\x1b[2J\x1b]0;title\x07\x9b31my",
    "formula": "=cmd|' /C calc'!A0",
    "formula of a sum": "@SUM(1+1)",
    "from right to left": "x\u202egnp.exe\u202c\u200f\u2067y\u2069",
    "zero width": "x\u200b\u200d\u2060\ufeff\u00ady",
    "line separators": "x\u2028y\u2029z",
    "tags": "x\U000e0041\U000e0042y",
    "wildcards": "* ?x OR _exists_:email",
    "operators": 'x" AND NOT identities.connection:"y',
    "backslash": "x\\",
    "markup": "[red]x[/] [/] [link=https://x.io]y",
    "emoji": "x :boom: y",
    "html": "<script>alert(1)</script>",
    "markdown": "| x | `y` | [z](https://x.io) |",
    "json": '{"x": ["y", null]}',
    "format": "%s %(x)s {0.__class__} ${HOME} {{7*7}}",
    "path": "../../etc/passwd",
    "very long": "x" * 10_000,
}
"""No e-mail addresses, but perhaps names of roles. No two of them differ only by case or by the space around them."""
SURROGATE = "x\ud800y"
"""What is no Unicode at all, and still comes out of databases and JSON."""
ODD_EMAILS = (
    "u*@x.io", "a/b?c=d@x.io", "o'brien+tag@x.io", "#!$%&'*+/=?^_{|}~-@x.io", "=1+1@x.io", "-rf@x.io", "+49@x.io",
    "`id`@x.io", "%s%41@x.io", "{0}@x.io", "${home}&b=c@x.io", "a|b@x.io", "jörg@x.io", "a#b@x.io",
)  # fmt: skip
"""Addresses all the same (RFC 5322, 3.2.3: atext)."""
ODD_ENDS = (
    "a/b?c=d#e", "../..", "%2e%2e%2F", "a b\nc\td", "x\x1b[2J\x00y", '"* OR x:"y"', "[red]x[/]", "<b>|`x`", "ü\u202ey",
    "{id}", "auth0|x", "%00%0a",
)  # fmt: skip
"""Of user ids."""
BYSTANDERS = ("u1@x.io", "user@x.io", "brien@x.io", "x@y.io")
"""In the source and in the tenant, and as they should be."""
WIDE = {"SYNC_LIMIT_FLOOR": "1000"}
"""So many may go, and be held."""
_EVENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (?:DEBUG|INFO|WARNING|ERROR) +\S.*")


def among_bystanders(job: Job) -> list[Row]:
    """Rows of people for whom there is nothing to do, and in the tenant besides them somebody who has to go."""
    for email in BYSTANDERS:
        job.tenant.add_user(email, roles=("viewer",))
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    return [(email, "viewer") for email in BYSTANDERS]


def as_they_were(others: Iterable[str] = ()) -> dict[str, list[str]]:
    """The tenant when whoever had to go is gone, with these others besides."""
    return {email: ["viewer"] for email in (*BYSTANDERS, *others)}


def shown(text: str) -> str:
    """As a person is to see it: what would not be seen, or does more than to be seen, is written out."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def assert_fit_to_be_seen(result: Result, log_format: str = "text") -> None:
    """Nothing for a terminal to obey, and no line of the log that the job has not written itself."""
    assert [one for one in result.said if not one.isprintable() and one != "\n"] == []
    assert result.stderr.endswith("\n") or not result.stderr
    lines = result.stderr.splitlines()
    if log_format == "json":
        events = [json.loads(line) for line in lines]
        assert all(event.keys() >= {"time", "level", "run_id", "event", "message"} for event in events)
        assert {event["run_id"] for event in events} <= {result.report["run_id"]}
        times = [event["time"] for event in events]
    else:
        matches = [_EVENT.fullmatch(line) for line in lines]
        assert [line for line, match in zip(lines, matches, strict=True) if match is None] == []
        times = [match[1] for match in matches if match is not None]
    begun = datetime.fromisoformat(result.report["started_at"]).replace(microsecond=0)
    ended = datetime.fromisoformat(result.report["finished_at"]) + timedelta(seconds=10)
    assert [time for time in times if not begun <= datetime.fromisoformat(time) <= ended] == []
    assert "Traceback" not in result.said
    assert "this is a bug" not in result.said


def journal_of(job: Job) -> list[dict[str, object]]:
    """All that the journals hold; each line is one JSON object."""
    lines: list[dict[str, object]] = []
    for path in sorted((job.folder / "state" / "journal").glob("*.jsonl")):
        content = path.read_bytes()
        assert content.endswith(b"\n")
        assert content.isascii()
        lines += map(json.loads, content.decode().split("\n")[:-1])
    assert all(isinstance(line, dict) for line in lines)
    return lines


def answer_in_ascii(patch: pytest.MonkeyPatch) -> None:
    """Let the tenant write JSON with escapes, as which it can say what is no Unicode."""

    def dumps(document: object, **options: object) -> str:
        return json.dumps(document, **options | {"ensure_ascii": True})  # type: ignore[arg-type]

    patch.setattr("sandbox.exchange.json", SimpleNamespace(dumps=dumps, loads=json.loads))
