"""The page on identity: its examples are run as they stand there, and what it says of Auth0 is what the code knows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from config.settings import Settings
from sandbox import Tenant
from tests.functional.job import ROOT, Job

PAGE = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_BY_CHANCE = [(re.compile(r"^Plan [0-9a-f]{12} "), "Plan ... "), (re.compile(r"auth0\|[0-9a-f]{24}"), "auth0|...")]


@dataclass(frozen=True, slots=True)
class Example:
    """One of the page's examples."""

    title: str
    tables: str
    query: str
    settings: dict[str, str]
    before: str
    plan: str
    changes: str
    plan_then: str


def examples() -> Iterator[Example]:
    for section in PAGE.partition("## Three whole examples")[2].split("\n### ")[1:]:
        tables, query, settings, before, plan, changes, then = (text for _, text in _BLOCK.findall(section))
        pairs = dict(line.split("=", 1) for line in settings.splitlines())
        yield Example(section.splitlines()[0], tables, query, pairs, before, plan, changes, then)


EXAMPLES = list(examples())


def execute(job: Job, script: str) -> None:
    with closing(sqlite3.connect(job.database)) as database, database:
        database.executescript(script)


def furnish(tenant: Tenant, before: str) -> None:
    for what, name, *roles in (line.split() for line in before.splitlines()):
        if what == "role":
            tenant.add_role(name)
        else:
            tenant.add_user(name, roles=roles)


def printed(job: Job, settings: dict[str, str]) -> str:
    """What `plan` prints of the plan itself, without what chance has made."""
    lines = job.run("plan", **settings).stdout.split("This carries out this plan")[0].splitlines()
    shown = "\n".join(line for line in lines if not line.startswith("planned, nothing")) + "\n"
    for pattern, words in _BY_CHANCE:
        shown = pattern.sub(words, shown)
    return shown


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_prints_what_the_page_shows_and_comes_to_rest(example: Example, job: Job) -> None:
    job.tenant.scopes |= {"delete:sessions", "delete:refresh_tokens"}
    furnish(job.tenant, example.before)
    execute(job, example.tables)
    settings = {"USERS_DB_QUERY": example.query, **example.settings}

    first = printed(job, settings)
    job.run(**settings)
    execute(job, example.changes)
    then = printed(job, settings)
    job.run(**settings)
    before = len(job.sandbox.writes())
    at_rest = job.run(**settings)

    assert first == example.plan
    assert then == example.plan_then
    assert at_rest.code in {0, 3}
    assert at_rest.report["changes"] == []
    assert len(job.sandbox.writes()) == before


def test_the_page_has_three_examples_and_their_settings_exist() -> None:
    assert len(EXAMPLES) == 3
    assert all(name.lower() in Settings.model_fields for example in EXAMPLES for name in example.settings)


def test_every_setting_and_every_test_that_the_page_names_is_there() -> None:
    settings = set(re.findall(r"`((?:DB|AUTH0|SYNC|CLIENT)_[A-Z0-9_]*[A-Z0-9])\b", PAGE))
    tests = set(re.findall(r"`((?:client|sync|functional)/test_[\w*]+\.py)`", PAGE))

    assert {name for name in settings if name.lower() not in Settings.model_fields} == set()
    assert len(tests) > 2
    assert [name for name in tests if not (ROOT / "tests" / name).exists()] == []
