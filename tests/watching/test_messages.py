"""Messages: a chat or any webhook is told how a sync ended, when that is worth telling."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from typing import Any

import pytest

from client.watching import Watch
from sync.guard import Judgement
from sync.report import Exit, Run
from tests.watching.listener import Listener, answer
from tests.watching.records import NAMES, TOO_MANY, changed, ended, refused, watched


def told(run: Run, **settings: str) -> list[Any]:
    """The bodies of what a webhook was told of the end of `run`."""
    with Listener() as chat:
        Watch(watched(SYNC_NOTIFY_URL=f"{chat.url}/hook", **settings)).end(run)
    assert [(heard.method, heard.target) for heard in chat.heard] == [("POST", "/hook")] * len(chat.heard)
    assert {heard.headers["content-type"] for heard in chat.heard} <= {"application/json"}
    return [heard.json for heard in chat.heard]


@pytest.mark.parametrize("code", [code for code in Exit if code is not Exit.OK])
@pytest.mark.parametrize("wanted", ["problem", "change", "always"])
def test_a_problem_is_always_told_once(code: Exit, wanted: str) -> None:
    bodies = told(ended(code), SYNC_NOTIFY_ON=wanted)

    assert len(bodies) == 1
    assert f"exit code {int(code)}\n" in bodies[0]["text"]


@pytest.mark.parametrize(
    ("wanted", "run", "times"),
    [
        ("problem", ended(), 0),
        ("problem", changed(), 0),
        ("change", ended(), 0),
        ("change", changed(), 1),
        ("always", ended(), 1),
        ("always", changed(), 1),
    ],
)
def test_what_went_well_is_told_as_far_as_it_is_wanted(wanted: str, run: Run, times: int) -> None:
    assert len(told(run, SYNC_NOTIFY_ON=wanted)) == times


def test_problems_alone_are_told_unless_more_is_wanted() -> None:
    assert told(changed()) == []
    assert len(told(changed(Exit.PARTIAL))) == 1


def test_one_glance_says_what_happened_where_why_and_what_to_do() -> None:
    run = refused()

    (body,) = told(run)

    assert set(body) == {"text"}
    assert body["text"].splitlines() == [
        "Refused, nothing was written: sync of the connection Users, exit code 4",
        "create: 1 not tried",
        "give roles: 1 not tried",
        "delete: 1 not tried",
        "2 source rows = 1 people + 1 held + 0 duplicates",
        "1 accounts = 0 unchanged + 1 changed + 0 kept back + 0 protected + 0 held + 0 out of scope",
        "Refused by the guard 'deletes': 1 of 1 accounts in scope would be deleted; at most 0 may in one run.",
        f"If all of this is meant, this carries out this plan, and no other: {run.way_out()}",
        "Run run-1, version 1.2.3, 12.5 s",
    ]


def test_a_failure_says_why() -> None:
    (body,) = told(ended(Exit.FAILED, error="SQL Server db.example:1433, database hr: cannot connect"))

    assert "\nError: SQL Server db.example:1433, database hr: cannot connect\n" in body["text"]


def test_a_guard_that_nothing_lifts_offers_no_command() -> None:
    run = refused()
    run.guard = Judgement((replace(TOO_MANY, guard="zero rows", sentence="no rows", can_be_approved=False),))

    (body,) = told(run)

    assert "Refused by the guard 'zero rows': no rows.\n" in body["text"]
    assert "--approve" not in body["text"]


def test_what_the_operator_has_approved_is_told() -> None:
    run = changed(Exit.PARTIAL, guard=Judgement(approved=(TOO_MANY,)))

    (body,) = told(run)

    assert f"\nApproved by --approve: {TOO_MANY.sentence}.\n" in body["text"]


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel>",
        "<!here|x>",
        "<@U024BE7LH>",
        "<#C024BE7LR>",
        "<https://evil.example|good>",
        "@here",
        "@everyone",
        "&lt;!here&gt;",
    ],
)
def test_no_name_and_no_error_calls_anybody_or_makes_a_link(hostile: str) -> None:
    run = ended(Exit.FAILED, connection=f"Users {hostile}", error=f"the server said {hostile}")

    (body,) = told(run)

    assert not set("<>@") & set(body["text"])
    shown = html.unescape(body["text"]).replace("\uff20", "@")
    assert shown.count(hostile) == 2


def test_no_error_makes_a_line_of_its_own_or_goes_on_for_ever() -> None:
    error = "broken\nIn agreement: all is well\x1b[2J\u202e" + "x" * 1_000_000

    (body,) = told(ended(Exit.FAILED, connection="Users\nIn agreement: all is well", error=error))

    lines = body["text"].splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Failed", "Error", "Run run-1, version 1.2.3, 12.5 s"]
    assert all(line.isprintable() for line in lines)
    assert len(body["text"]) < 2000


@pytest.mark.parametrize(
    "run",
    [
        changed(Exit.PARTIAL),
        refused(),
        ended(Exit.FAILED, error="the query failed (converting the nvarchar value 'ann@x.io' to int); bob@x.io, too"),
        ended(Exit.FAILED, error="DELETE /api/v2/users/samlp%7Ccorp%7Cann%40x.io -> 503: samlp|corp|bob@x.io is busy"),
    ],
)
def test_nobody_is_told_of_by_name(run: Run) -> None:
    (body,) = told(run)

    assert not any(name in json.dumps(body) for name in NAMES)


def test_a_webhook_that_answers_badly_is_a_warning_that_names_the_setting(caplog: pytest.LogCaptureFixture) -> None:
    with Listener(answer(403)) as chat:
        Watch(watched(SYNC_NOTIFY_URL=f"{chat.url}/hunter2")).end(ended(Exit.FAILED))

    (line,) = caplog.records
    assert line.getMessage() == "SYNC_NOTIFY_URL: it answers 403; the sync itself is not affected"
    assert "hunter2" not in caplog.text
