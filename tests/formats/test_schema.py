"""The schema of the report says of every run exactly what it looks like."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from client.formats import render
from sync import guard
from sync.guard import Approval
from sync.model import Kind, Outcome, Status
from sync.report import SCHEMA_VERSION, Exit, Run, document
from tests.formats.builders import HOSTILE, every_run, poisoned, run, synced_run
from tests.formats.schema_table import PAGE, SCHEMA, keys, page, resolved
from tests.functional.job import Job
from tests.sync.builders import limits, make_plan
from tests.sync.worlds import PROTECTED, World, worlds
from tests.sync.worlds_drawn import keyed_worlds
from tests.sync.worlds_keyed import KeyedWorld

VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())


def assert_described(record: Run) -> None:
    VALIDATOR.validate(json.loads(render(document(record), "json")))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_is_of_the_version_that_the_report_says() -> None:
    assert SCHEMA["properties"]["schema_version"] == {
        "description": SCHEMA["properties"]["schema_version"]["description"],
        "const": SCHEMA_VERSION,
    }


@pytest.mark.parametrize("document", every_run().values(), ids=every_run().keys())
def test_every_run_is_as_the_schema_says(document: dict[str, Any]) -> None:
    VALIDATOR.validate(json.loads(render(document, "json")))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_report_is_as_the_schema_says_whatever_people_are_called(hostile: str) -> None:
    document = poisoned(synced_run(), hostile) | {"digest": synced_run()["digest"]}
    for change in document["changes"]:
        change["cause"] = None  # there are but three

    VALIDATOR.validate(json.loads(render(document, "json")))


@given(worlds(), st.sampled_from(["sync", "plan", "restore"]), st.randoms(use_true_random=False))
def test_every_plan_makes_a_report_as_the_schema_says(world: World, mode: str, dice: random.Random) -> None:
    record = run(mode, writes=mode != "plan", exit_code=dice.choice(list(Exit)))
    record.plan = make_plan(world.tenant, *world.rows, protected=PROTECTED)
    record.guard = guard.judge(
        record.plan, limits(), dice.choice([None, Approval(record.plan.digest), Approval("0" * 8)])
    )
    if not record.guard.refusals and record.writes:
        record.outcomes = [Outcome(change, dice.choice(list(Status)), "why") for change in record.plan.changes]

    assert_described(record)


@given(keyed_worlds())
def test_every_plan_with_keys_makes_a_report_as_the_schema_says(world: KeyedWorld) -> None:
    plan = world.plan()
    record = run(plan=plan)
    record.guard = guard.judge(plan, limits(renames=0, possible_renames=0, new_roles=0, deletes=0))

    assert_described(record)


def test_what_runs_report_is_as_the_schema_says(job: Job) -> None:
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "admin"), ("no address", "viewer")])
    reports = [job.run("plan").report, job.run().report]
    job.people([("bob@x.io", "viewer")])
    reports += [
        job.run(SYNC_MAX_DELETES="0", SYNC_LIMIT_FLOOR="0").report,
        job.run("--no-delete").report,
        job.run().report,
    ]
    journal = max((job.folder / "state" / "journal").iterdir())
    reports += [job.run("restore", str(journal)).report, job.run(USERS_DB_QUERY="SELECT nothing").report]

    assert [report["exit_code"] for report in reports] == [0, 3, 4, 0, 0, 0, 1]
    for report in reports:
        VALIDATOR.validate(report)


def parts(found: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every object of ours in a report; what is under an endpoint or a phase is not ours."""
    if isinstance(found, dict):
        if path[-1:] not in {("by_endpoint",), ("seconds_by_phase",), ("old",), ("new",)}:
            yield path, found
        for name, inner in found.items():
            yield from parts(inner, (*path, name))
    elif isinstance(found, list):
        for number, inner in enumerate(found[:1]):
            yield from parts(inner, (*path, number))


@pytest.mark.parametrize("name", ["synced", "refused"])
def test_a_key_more_or_a_key_less_is_not_as_the_schema_says(name: str) -> None:
    told = json.loads(render(every_run()[name], "json"))
    found = list(parts(told))
    assert len(found) > 15

    for path, inner in found:
        for wrong in [{**inner, "more": 1}, *({key: inner[key] for key in inner if key != less} for less in inner)]:
            with pytest.raises(ValidationError):
                VALIDATOR.validate(replaced(told, path, wrong))


def replaced(told: Any, path: tuple[str | int, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    changed = copy.deepcopy(told)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    return changed


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("exit_code", 6), ("exit_code", True), ("mode", "explain"), ("seconds", -1), ("digest", "dbbea322ecdb"),
        ("started_at", "yesterday"), ("schema_version", 2), ("counts", {}), ("connection", None), ("changes", None),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_not_as_the_schema_says(name: str, wrong: object) -> None:
    told = json.loads(render(synced_run(), "json"))

    with pytest.raises(ValidationError):
        VALIDATOR.validate(told | {name: wrong})


def test_every_key_is_described_and_no_object_is_open() -> None:
    found = dict(keys(SCHEMA))

    assert len(found) > 80
    for path, part in found.items():
        assert path.endswith("[]") or part["description"].endswith("."), path
        if part.get("type") == "object":
            assert part.get("additionalProperties") is False or isinstance(part.get("additionalProperties"), dict), path
            assert sorted(part.get("required", [])) == sorted(part.get("properties", {})), path


def test_the_schema_knows_every_kind_outcome_exit_code_and_guard() -> None:
    change = resolved(SCHEMA["$defs"]["change"])["properties"]
    refusal = resolved(SCHEMA["$defs"]["refusal"])["properties"]

    assert change["kind"]["enum"] == [kind.value for kind in Kind]
    assert change["outcome"]["enum"] == [status.value for status in Status]
    assert SCHEMA["properties"]["exit_code"]["enum"] == [int(code) for code in Exit]
    source = Path(guard.__file__).read_text(encoding="utf-8")
    assert set(refusal["guard"]["enum"]) == set(re.findall(r'(?:Refusal|_Measure)\("([a-z ]+)"', source))


def test_the_page_on_the_report_has_every_key() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert page(text) == text, "make it again: python -m tests.formats.schema_table"
