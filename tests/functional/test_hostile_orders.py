"""Hostile text where an operator or the tenant says something: connections, patterns, the command line, errors."""

from __future__ import annotations

import re
import shlex

import pytest

from sandbox import DEFAULT_CONNECTION, Fault
from tests.functional.hostile import (
    ODD_EMAILS,
    UNUSABLE,
    WIDE,
    among_bystanders,
    as_they_were,
    assert_fit_to_be_seen,
)
from tests.functional.job import Job, Row, StartJob

CONNECTIONS = (
    "it's \"the\" one", "a\\", 'x" OR identities.connection:"x', "*", "x*", "x?", "NOT x", "(x", "[x TO y]",
    "[red]x[/]", "x\x1b[2J\ny", "x\u202ey", "x&q=y#z", "%22",
)  # fmt: skip
WAYS = [*((name, "pages") for name in CONNECTIONS), *((name, "export") for name in CONNECTIONS[:3])]
OTHERS = ("x", "xy", "y", "z", DEFAULT_CONNECTION)
"""Connections that a query would reach which is broken by one of those."""
SAYABLE = {name: text for name, text in UNUSABLE.items() if "\0" not in text}
"""What a system passes on as an argument."""


@pytest.mark.parametrize(("name", "way"), WAYS, ids=ascii)
def test_a_connection_is_asked_for_by_its_name_and_nothing_else(start_job: StartJob, name: str, way: str) -> None:
    job = start_job()
    job.tenant.add_role("viewer")
    for connection in (*OTHERS, name):
        for email in ("stays@x.io", "goes@x.io"):
            job.tenant.add_user(email, connection=connection, roles=("viewer",))
    elsewhere = {other: job.tenant.snapshot(other) for other in OTHERS}
    job.people([("stays@x.io", "viewer"), ("comes@x.io", "viewer")])

    result = job.run("-v", AUTH0_CONNECTION=name, AUTH0_USER_READ=way)

    assert result.code == 0, result.said
    assert_fit_to_be_seen(result)
    assert result.report["counts"]["accounts"] == 2
    assert result.report["connection"] == name
    assert job.tenant.snapshot(name) == {"stays@x.io": ["viewer"], "comes@x.io": ["viewer"]}
    assert {other: job.tenant.snapshot(other) for other in OTHERS} == elsewhere


@pytest.mark.parametrize("flag", ["--only", "--approve", "--expect", "--lock-timeout", "--nosuch"])
def test_nonsense_on_the_command_line_is_a_usage_error_before_anything_is_asked(job: Job, flag: str) -> None:
    for text in SAYABLE.values():
        result = job.run(f"{flag}={text}")

        assert result.code == 64
        assert result.stdout == ""
        assert [one for one in result.stderr if not one.isprintable() and one != "\n"] == []
        assert flag in result.stderr
        assert result.stderr.splitlines()[-1].startswith("main.py: ")  # the text has broken no line
        assert "Traceback" not in result.stderr
    assert job.sandbox.log == []


@pytest.mark.parametrize("email", ODD_EMAILS)
def test_only_means_the_one_who_is_named_and_nobody_whom_a_pattern_would_match(job: Job, email: str) -> None:
    rows: list[Row] = among_bystanders(job)
    for odd in ODD_EMAILS[::2]:
        job.tenant.add_user(odd, roles=("admin",))
    job.people([*rows[1:], *((odd, "viewer") for odd in ODD_EMAILS[1::2])])  # somebody of each kind comes or goes
    before = job.tenant.snapshot()

    result = job.run(f"--only={email}", **WIDE)

    assert result.code == 0
    assert_fit_to_be_seen(result)
    expected = before | {email: ["viewer"]}
    if email in before:
        del expected[email]
    assert job.tenant.snapshot() == expected
    assert {change["email"] for change in result.report["changes"] if change["outcome"] == "done"} == {email}


@pytest.mark.parametrize("email", ODD_EMAILS)
def test_the_command_that_a_plan_prints_carries_it_out_whoever_is_named(job: Job, email: str) -> None:
    job.people([*among_bystanders(job), (email, "viewer")])
    planned = job.run("plan", f"--only={email}")
    command = re.search(r"^  python main\.py (.*)$", planned.stdout, re.MULTILINE)

    assert command is not None
    result = job.run(*shlex.split(command[1]))

    assert result.code == 0, result.said
    assert job.tenant.snapshot() == as_they_were(["goes@x.io", email])


PATTERNS: dict[str, set[str]] = {
    "u[*]@x.io": {"u*@x.io"},
    "u?@x.io": {"u*@x.io", "u1@x.io"},
    "*'*": {"o'brien@x.io"},
    "{0}@X.io": {"{0}@x.io"},
    ".*": set(),
    "u1@x.io|goes@x.io": set(),
    "(": set(),
    "[": set(),
    "[!a": set(),
    "[z-a]*": set(),
    "\\": set(),
    "(?P<x>.*)": set(),
    "goes@x.io\x1b[2J": set(),
    "goes@x.io\u200b": set(),
    "g\u202eoes@x.io": set(),
    "x\ngoes@x.io": set(),
    '"goes@x.io': set(),
    "*" * 200 + "!": set(),
}
"""What protects whom: globs, and not what else they may look like."""


@pytest.mark.parametrize(("pattern", "protected"), PATTERNS.items(), ids=map(ascii, PATTERNS))
def test_patterns_protect_whom_they_name_as_globs_and_nobody_else(job: Job, pattern: str, protected: set[str]) -> None:
    everybody = {"u*@x.io", "u1@x.io", "o'brien@x.io", "{0}@x.io", "goes@x.io"}
    for email in everybody:
        job.tenant.add_user(email, roles=("viewer",))
    job.people([("comes@x.io", "viewer")])

    result = job.run(CLIENT_IGNORE_USERS=pattern, **WIDE)

    assert result.code == 0, result.said
    assert_fit_to_be_seen(result)
    assert set(job.tenant.snapshot()) == {"comes@x.io", *protected}


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_the_tenant_says_in_an_error_is_shown_harmlessly(job: Job, log_format: str) -> None:
    comes = {f"comes{number:02}@x.io": text for number, text in enumerate(UNUSABLE.values())}
    others = [f"comes{number:02}a@x.io" for number in range(len(comes))]  # many refusals in a row end a run
    job.people([*among_bystanders(job), *((email, "viewer") for email in (*comes, *others))])
    for email, text in comes.items():
        body = {"statusCode": 400, "error": text, "message": text, "errorCode": text}
        job.sandbox.faults.add(
            Fault(kind="status", status=400, body=body, method="POST", path="/api/v2/users", where=email)
        )

    result = job.run("-v", LOG_FORMAT=log_format, **WIDE)

    assert result.code == 3
    assert_fit_to_be_seen(result, log_format)
    assert job.tenant.snapshot() == as_they_were(others)
    failed = {change["email"] for change in result.report["changes"] if change["outcome"] == "failed"}
    assert failed == comes.keys()


def test_what_the_database_calls_its_columns_is_shown_harmlessly(job: Job) -> None:
    names = "".join(f', 1 AS "{text.replace(chr(34), chr(34) * 2)}"' for text in SAYABLE.values())

    result = job.run(USERS_DB_QUERY=f"SELECT email{names} FROM people")  # noqa: S608 - the point of it

    assert result.code == 1
    assert_fit_to_be_seen(result)
    assert "the query returns no column 'role'" in result.stderr
