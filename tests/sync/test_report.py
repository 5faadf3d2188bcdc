"""The report: the same facts as JSON."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import guard
from sync.guard import Judgement
from sync.model import Kind, Outcome, Status
from sync.report import Exit, Run, document
from tests.sync.builders import ADMIN, CONNECTION, Tenant, limits, make_plan
from tests.sync.worlds import PROTECTED, World, worlds

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(mode: str = "sync") -> Run:
    return Run("run-1", "1.0", mode, CONNECTION, START, writes=mode == "sync")


@given(worlds(), st.sampled_from(["sync", "plan"]), st.randoms(use_true_random=False))
def test_a_report_is_json_and_balances(world: World, mode: str, dice: random.Random) -> None:
    record = run(mode)
    record.plan = make_plan(world.tenant, *world.rows, protected=PROTECTED)
    record.guard = guard.judge(record.plan, limits())
    if not record.guard.refusals and mode == "sync":
        record.outcomes = [Outcome(change, dice.choice(list(Status)), "why") for change in record.plan.changes]

    told = json.loads(json.dumps(document(record), allow_nan=False))

    counts = told["counts"]
    assert counts["source_rows"] == counts["people"] + counts["held"] + counts["duplicates"]
    assert counts["accounts"] == counts["in_scope"] + counts["out_of_scope"]
    assert counts["in_scope"] == (
        counts["unchanged"] + counts["changed"] + counts["kept_back"] + counts["protected"] + counts["held_accounts"]
    )
    assert len(told["changes"]) == len(record.plan.changes)
    for kind in Kind:
        assert sum(counts["changes"][kind.value].values()) == len(record.plan.by_kind(kind))
    assert len(told["held"]) == len(record.plan.held)
    assert told["guard"]["refused"] == bool(record.guard.refusals)


def test_a_run_that_failed_before_its_plan_is_still_a_whole_report() -> None:
    record = run()
    record.error, record.exit_code = "the database is away", Exit.FAILED

    told = json.loads(json.dumps(document(record)))

    assert told["error"] == "the database is away"
    assert told["exit_code"] == 1
    assert (told["digest"], told["counts"], told["changes"], told["held"]) == (None, None, [], [])
    assert told["seconds"] == 0


def test_a_report_tells_each_change_what_became_of_it_and_why() -> None:
    record = run()
    record.plan = make_plan(Tenant.of(bob=[]), ("ann@x.io", "admin"), (None, "admin"))
    create, give, delete = record.plan.changes
    record.outcomes = [
        Outcome(create, Status.DONE),
        Outcome(give, Status.FAILED, "503"),
        Outcome(delete, Status.SKIPPED, "it is no longer the one that was planned"),
    ]
    record.finished_at = START + timedelta(seconds=1.5)
    record.requests, record.retries, record.answered_429 = {"POST /users": 2, "GET /users": 1}, 3, 4

    told = document(record)

    assert told["changes"] == [
        {
            "kind": "create",
            "email": "ann@x.io",
            "user_id": None,
            "roles": [],
            "edits": [],
            "cause": None,
            "outcome": "done",
            "why": None,
        },
        {
            "kind": "add_roles",
            "email": "ann@x.io",
            "user_id": None,
            "roles": [ADMIN.name],
            "edits": [],
            "cause": None,
            "outcome": "failed",
            "why": "503",
        },
        {
            "kind": "delete",
            "email": "bob@x.io",
            "user_id": "auth0|bob",
            "roles": [],
            "edits": [],
            "cause": "not in the source",
            "outcome": "skipped",
            "why": "it is no longer the one that was planned",
        },
    ]
    assert told["held"] == [{"email": "", "reason": "the e-mail is NULL", "rows": [2]}]
    assert told["digest"] == record.plan.digest
    assert told["seconds"] == 1.5
    assert told["requests"] == {
        "total": 3,
        "by_endpoint": {"GET /users": 1, "POST /users": 2},
        "retries": 3,
        "answered_429": 4,
    }


@pytest.mark.parametrize(
    ("mode", "refused", "why"), [("plan", False, "planned"), ("plan", True, "refused"), ("sync", True, "refused")]
)
def test_a_change_that_was_not_tried_says_so_and_why(mode: str, refused: bool, why: str) -> None:  # noqa: FBT001
    record = run(mode)
    record.plan = make_plan(Tenant.of(bob=[]), ("ann@x.io", "admin"))
    record.guard = guard.judge(record.plan, limits()) if refused else Judgement()

    told = document(record)

    assert {(change["outcome"], change["why"]) for change in told["changes"]} == {("not_tried", why)}
    assert [refusal["concerned"] for refusal in told["guard"]["refusals"]] == ([("bob@x.io",)] if refused else [])


def test_exit_codes_are_what_the_operator_was_promised() -> None:
    codes = {code.name: int(code) for code in Exit}

    assert codes == {
        "OK": 0,
        "FAILED": 1,
        "PENDING": 2,
        "PARTIAL": 3,
        "REFUSED": 4,
        "LOCKED": 5,
        "USAGE": 64,
        "SETTINGS": 78,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }
