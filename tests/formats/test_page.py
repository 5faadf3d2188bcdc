"""The page of HTML: all of the report, in one file, in which no name is anything but text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from client.formats import charts, render
from sync.report import Exit
from tests.formats.builders import (
    HOSTILE,
    approved_run,
    every_run,
    failed_run,
    large_run,
    planned_run,
    poisoned,
    refused_run,
    synced_run,
)

HISTORY = [
    {"run_id": f"run-of-day-{day}", "finished_at": f"2026-11-{day:02}T08:30:00+00:00", "exit_code": 0,
     "people": people, "accounts": 50, "held": 0, "changes": {"create": day}}
    for day, people in ((20, 40), (21, 42), (22, 38))
]  # fmt: skip


class Outline(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def text(document: dict[str, Any], recent: list[dict[str, Any]] | None = None) -> str:
    return Outline(render(document, "html", recent or [])).text


def test_the_page_says_how_it_ended_and_what_became_of_everybody() -> None:
    said = text(synced_run())

    for part in (
        "Applied, but not for everyone", "Sync of connection Users".lower(), "exit code 3", "2026-11-23 08:30:06 UTC",
        "update 1", "ann@x.io auth0|ann name Ann → Ann Berg failed 503 from Auth0",
        "gone@x.io auth0|gone not in the source skipped it has changed since",
        "held@x.io the role is NULL row 4 of the query held", "safe@x.io", "before@x.io moved@x.io name",
        "python main.py restore .sync/journal/one.jsonl", ".sync/invitations/one.jsonl", "ann@x.io has to enrol again",
        "4 requests, 2 retries, 1 answered 429", "GET /users 3", "read accounts 0.5 s", synced_run()["digest"],
    ):  # fmt: skip
        assert part.lower() in said.lower(), part


def test_a_refusal_is_told_with_everyone_concerned_and_the_way_out() -> None:
    said = text(refused_run())

    assert "Refused, nothing was written" in said
    assert "3 concerned off@x.io before@x.io gone@x.io" in said
    assert f"python main.py sync --approve {refused_run()['digest'][:12]}" in said
    assert "What would change" in said


def test_what_was_approved_is_told_as_such() -> None:
    said = text(approved_run())

    assert "Approved by the operator, for this plan alone." in said
    assert "Passed." not in said


def test_a_plan_that_passes_says_how_it_is_carried_out() -> None:
    said = text(planned_run())

    assert "Passed. This plan is within all limits." in said
    assert f"--expect {planned_run()['digest'][:12]}" in said


def test_a_run_without_a_plan_claims_nothing() -> None:
    said = text(failed_run(), HISTORY)

    assert "Error the database people cannot be reached" in said
    assert "There was no plan to judge." in said
    assert "Nothing to change" not in said
    assert "Passed" not in said


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", every_run())
def test_no_name_changes_what_the_page_is_made_of(name: str, hostile: str) -> None:
    document = every_run()[name]

    page = render(poisoned(document, hostile), "html", HISTORY)

    assert Outline(page).tags == Outline(render(poisoned(document, hostile and "harmless"), "html", HISTORY)).tags
    assert page.encode("utf-8")
    assert all(line.isprintable() for line in page.split("\n"))


@pytest.mark.parametrize("name", every_run())
def test_nothing_is_fetched_and_nothing_runs_but_the_one_script(name: str) -> None:
    page = render(every_run()[name], "html", HISTORY)

    tags = Outline(page).tags
    names = {tag for tag, _ in tags}
    attributes = {attribute for _, attributes in tags for attribute, _ in attributes}
    assert not names & {"link", "img", "iframe", "object", "embed", "base", "video", "audio", "source", "use", "image"}
    assert [tag for tag, _ in tags].count("script") == 1
    assert not {one for one in attributes if one.startswith("on")} | attributes & {"style", "src", "srcset", "action"}
    assert {value for _, pairs in tags for attribute, value in pairs if attribute == "href"} == {"#changes"}
    assert not re.search(r"url\(|@import|https?:", page)


def test_the_policy_names_the_style_and_the_script_that_are_there() -> None:
    page = render(synced_run(), "html")

    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    for tag in ("style", "script"):
        (inner,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


def test_the_same_run_makes_the_same_page() -> None:
    assert render(synced_run(), "html", HISTORY) == render(synced_run(), "html", HISTORY)


def test_a_chart_shows_the_last_runs_and_this_one() -> None:
    trend = charts.trend(synced_run(), HISTORY)

    assert trend is not None
    assert [point.people for point in trend.points] == [40, 42, 38, synced_run()["counts"]["people"]]
    assert [point.done for point in trend.points[:3]] == [20, 21, 22]
    assert "The last 4 runs" in text(synced_run(), HISTORY)


def test_a_run_that_is_in_the_history_already_is_shown_once() -> None:
    this = {**HISTORY[0], "run_id": "run-1"}

    trend = charts.trend(synced_run(), [*HISTORY, this])

    assert trend is not None
    assert len(trend.points) == 4


@pytest.mark.parametrize("other", [{"mode": "restore"}, {"whole": False}, {"counts": None, "whole": None}])
def test_a_run_that_does_not_count_everybody_is_no_point_of_the_chart(other: dict[str, Any]) -> None:
    trend = charts.trend(synced_run() | other, HISTORY)

    assert trend is not None
    assert [point.people for point in trend.points] == [40, 42, 38]


def test_a_history_with_anything_in_it_makes_a_page_all_the_same() -> None:
    odd: list[dict[str, Any]] = [
        {}, {"people": None}, {"people": True}, {"people": -1}, {"people": 10**400}, {"people": "</svg>"},
        {"people": 3}, {"people": 3, "changes": "many", "exit_code": "</svg>", "finished_at": "</svg><script>"},
        {"people": 0, "changes": {"create": 10**400}, "exit_code": 10**400, "finished_at": None},
    ]  # fmt: skip

    page = render(synced_run(), "html", odd)

    assert "The last 4 runs" in page
    assert page.count("<script") == page.count("</svg>") - len(charts.changes(synced_run())) - 3 == 1


def test_without_earlier_runs_there_is_no_chart_of_them() -> None:
    assert "The last" not in text(synced_run())


def test_the_bars_of_the_changes_are_parted_by_outcome() -> None:
    bars = {bar.name: bar for bar in charts.changes(synced_run())}

    assert [(part.name, part.number) for part in bars["update"].parts] == [("failed", 1)]
    assert all(0 <= part.x <= part.x + part.width <= 100.01 for bar in bars.values() for part in bar.parts)


def test_roles_that_change_most_come_first() -> None:
    document = synced_run() | {
        "roles": [
            {"role": "still", "before": 100, "after": 100},
            {"role": "few", "before": 0, "after": 3},
            {"role": "many", "before": 90, "after": 60},
        ]
    }

    bars = charts.roles(document)

    assert [(bar.name, bar.before_width, bar.after_width) for bar in bars] == [
        ("many", 90, 60), ("few", 0, 3), ("still", 100, 100),
    ]  # fmt: skip


def test_what_is_kept_back_is_no_agreement() -> None:
    assert text(approved_run()).startswith("Done, but for what was kept back: sync of Users")


@pytest.mark.parametrize("code", Exit)
def test_every_way_to_end_has_a_title(code: Exit) -> None:
    page = render(failed_run() | {"exit_code": int(code)}, "html")

    assert "<h1>Ended</h1>" not in page


def test_a_page_of_ten_thousand_changes_is_no_larger_than_a_mail_takes() -> None:
    page = render(large_run(), "html")

    assert page.count('<tr data-o="done">') == 10_000
    assert len(page.encode()) < 5_000_000


def test_a_command_is_shown_whole_however_long_it_is() -> None:
    document = refused_run()
    document["guard"]["way_out"] = "python main.py " + " ".join(f"--only=person.{one}@x.io" for one in range(1000))

    assert "person.999@x.io" in render(document, "html")
