"""Hostile text in names, metadata, keys and roles: shown on one line, sent to the letter, or held with a reason."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from sandbox import Behaviour
from tests.functional.course import flat
from tests.functional.hostile import (
    SURROGATE,
    UNUSABLE,
    WIDE,
    answer_in_ascii,
    assert_fit_to_be_seen,
    journal_of,
    shown,
)
from tests.functional.job import Job, Result, StartJob
from tests.functional.mapped_days import a_table
from tests.functional.odbc import SQL_SERVER, install

HUGE = {"very very long": "x" * 100_000}
TEXTS = UNUSABLE | HUGE | {"a zero": "007", "a number": "1e3", "emoji": "👩‍👩‍👧\u200d🏳️‍🌈", "marks": "e\u0301\u0323"}
COLUMNS = ("email", "role", "id", "name", "nickname", "family_name", "team", "tea")
SETTINGS = {
    "USERS_DB_QUERY": "SELECT * FROM people",
    "DB_COLUMNS_APP_METADATA": "team",
    "DB_COLUMNS_USER_METADATA": "tea",
    **WIDE,
}
WAYS = ("requests", "import")


@pytest.fixture
def job(start_job: StartJob) -> Job:
    job = start_job(behaviour=Behaviour(import_seconds=0))
    for role in ("admin", "viewer"):
        job.tenant.add_role(role)
    job.settings |= SETTINGS
    return job


def from_a_server(patch: pytest.MonkeyPatch, rows: list[Any]) -> None:
    """A driver brings these rows, in which there may be what no file of SQLite can hold."""
    install(patch, lambda _: rows)
    cursor: Any = sys.modules["pyodbc"].Cursor
    plain = cursor.execute

    def execute(self: Any, statement: str, *parameters: object) -> None:
        plain(self, statement, *parameters)
        if "FROM people" in statement:
            self.description = tuple((name, str, None, None, None, None, True) for name in COLUMNS)

    patch.setattr(cursor, "execute", execute)


def rows_of(texts: dict[str, str], role: str = "viewer", extra: str = "") -> list[tuple[Any, ...]]:
    """Somebody for each text, who is full of it."""
    return [
        (f"p{number}@x.io", role, text, *[text[:140] + extra] * 3, text + extra, text + extra)
        for number, text in enumerate(texts.values())
    ]


def agreed(job: Job, *arguments: str, **settings: str) -> Result:
    """A run that is shown harmlessly and leaves nothing to do for another."""
    result = job.run(*arguments, **settings)
    assert_fit_to_be_seen(result, settings.get("LOG_FORMAT", "text"))
    job.sandbox.clear_log()
    again = job.run("-v", **settings)
    assert_fit_to_be_seen(again, settings.get("LOG_FORMAT", "text"))
    assert job.sandbox.writes() == []
    assert again.report["changes"] == []
    return result


def people_of(job: Job) -> dict[str, dict[str, Any]]:
    return {account["email"]: flat(account) for account in job.tenant.users.values()}


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("way", WAYS)
def test_what_accounts_are_to_be_like_is_sent_to_the_letter_and_compared_so(
    job: Job, way: str, log_format: str
) -> None:
    texts = {name: text for name, text in TEXTS.items() if "\0" not in text}
    settings = {"AUTH0_CREATE_WITH": way, "LOG_FORMAT": log_format}

    for extra in ("", "'"):
        a_table(job, COLUMNS, rows_of(texts, extra=extra))
        result = agreed(job, "-v", **settings)

        assert result.code == 0, result.said
        has = people_of(job)
        for number, text in enumerate(texts.values()):
            of_one = has[f"p{number}@x.io"]
            short = (text[:140] + extra).strip()
            assert [of_one[name] for name in ("name", "nickname", "family_name")] == [short] * 3
            assert of_one["app_metadata.team"] == of_one["user_metadata.tea"] == (text + extra).strip()
            assert of_one["app_metadata.sync.id"] == text


@pytest.mark.parametrize("text", [text for text in TEXTS.values() if len(text) < 60 and "\0" not in text], ids=ascii)
def test_what_becomes_of_a_value_is_shown_on_its_line(job: Job, text: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), name="Ann", app_metadata={"team": text + "!"})
    a_table(job, ("email", "role", "name", "team"), [("ann@x.io", "viewer", text, "red")])

    result = job.run("plan", DB_COLUMNS_USER_METADATA="")

    assert_fit_to_be_seen(result)
    everything = "".join(result.stdout.split())
    for said in (f"name: {quoted('Ann')} → {quoted(text.strip())}", f"team: {quoted(text + '!')} → {quoted('red')}"):
        assert "".join(said.split()) in everything, result.stdout


def quoted(text: str) -> str:
    return shown(json.dumps(text, ensure_ascii=False))


def test_a_huge_value_leaves_a_plan_and_a_log_that_can_be_read(job: Job) -> None:
    a_table(job, COLUMNS, rows_of(HUGE))

    planned, applied = job.run("plan", "-v"), job.run("-v")

    assert (planned.code, applied.code) == (0, 0)
    for result in (planned, applied):
        assert_fit_to_be_seen(result)
        assert len(result.said) < 20_000
    assert people_of(job)["p0@x.io"]["app_metadata.team"] == HUGE["very very long"]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_unicode_is_held_or_arrives_and_nobody_else_is_touched(
    job: Job, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_in_ascii(monkeypatch)
    texts = {"surrogate": SURROGATE, "nul": "x\0y", "plain": "plain"}
    rows: list[Any] = rows_of(texts)
    from_a_server(monkeypatch, rows)
    settings = {**SQL_SERVER, "AUTH0_CREATE_WITH": way}

    result = job.run("-v", **settings)

    assert_fit_to_be_seen(result)
    assert result.code in {0, 3}, result.said
    held = {held["email"] for held in result.report["held"]}
    has = people_of(job)
    assert has["p2@x.io"]["app_metadata.team"] == "plain"
    for number, text in enumerate(texts.values()):
        email = f"p{number}@x.io"
        assert (email in held) != (has.get(email, {}).get("app_metadata.team") == text)
    job.sandbox.clear_log()
    job.run(**settings)
    assert job.sandbox.writes() == []


@pytest.mark.parametrize("text", [text for text in TEXTS.values() if "\0" not in text and len(text) < 200], ids=ascii)
def test_a_key_may_be_any_text_and_finds_its_account_again(job: Job, text: str) -> None:
    stranger = job.tenant.add_user("bob@x.io", roles=("viewer",), app_metadata={"sync": {"id": text.strip() + "?"}})
    a_table(job, COLUMNS[:3], [("ann@x.io", "viewer", text), ("bob@x.io", "viewer", text.strip() + "?")])
    settings = {"DB_COLUMNS_APP_METADATA": "", "DB_COLUMNS_USER_METADATA": ""}
    agreed(job, "-v", **settings)
    (user_id,) = job.tenant.users.keys() - {stranger}

    a_table(job, COLUMNS[:3], [("ann2@x.io", "viewer", text), ("bob@x.io", "viewer", text.strip() + "?")])
    result = agreed(job, "-v", **settings)

    assert result.code == 0, result.said
    assert job.tenant.users[user_id]["email"] == "ann2@x.io"
    assert job.tenant.users[user_id]["app_metadata"] == {"sync": {"id": text}}
    assert job.run("restore", result.report["journal"], **settings).code == 0
    assert job.tenant.users[user_id]["email"] == "ann@x.io"
    journal_of(job)


KEYS = ("[red]x[/]", "x\x1b[2Jy", "x\u202ey", "x\ny", "it's", 'x"y', "{x}", "%s", "__proto__", "👩‍👧", "x" * 500, "äö")


@pytest.mark.parametrize("key", KEYS, ids=ascii)
def test_metadata_keys_are_any_text_that_auth0_takes(job: Job, key: str) -> None:
    settings = {"DB_COLUMNS_APP_METADATA": f"team:{key}", "DB_COLUMNS_USER_METADATA": f"tea:{key}"}
    job.tenant.add_user("p0@x.io", roles=("viewer",), user_metadata={"mine": 1})
    a_table(job, COLUMNS, [*rows_of({"plain": "a", "further": "b"})])

    result = agreed(job, "-v", **settings)

    assert result.code == 0, result.said
    for account in job.tenant.users.values():
        value = "a" if account["email"] == "p0@x.io" else "b"
        assert (account["app_metadata"][key], account["user_metadata"][key]) == (value, value)
    restored = job.run("restore", result.report["journal"], **settings)
    assert restored.code == 0, restored.said
    assert_fit_to_be_seen(restored)
    assert {key: people_of(job)["p0@x.io"].get(f"user_metadata.{key}") for key in ("mine", key)} == {
        "mine": 1,
        key: None,
    }


ROLES = {name: text for name, text in TEXTS.items() if "\0" not in text and len(text) <= 10_000}


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_missing_roles_are_created_by_their_names_whatever_these_are(job: Job, log_format: str) -> None:
    rows = [(f"p{number}@x.io", text) for number, text in enumerate(ROLES.values())]
    a_table(job, ("email", "role"), rows)
    settings = {"AUTH0_CREATE_MISSING_ROLES": "true", "SYNC_MAX_NEW_ROLES": "100", "LOG_FORMAT": log_format}
    settings |= {"DB_COLUMNS_APP_METADATA": "", "DB_COLUMNS_USER_METADATA": ""}

    result = agreed(job, "-v", **settings)

    assert result.code == 0, result.said
    assert job.tenant.snapshot() == {email: [text.strip()] for email, text in rows}


def test_a_role_map_takes_odd_names_to_odd_names(job: Job) -> None:
    names = {text: f"role {number} {text}" for number, text in enumerate(ROLES.values())}
    for name in names.values():
        job.tenant.add_role(name.strip())
    (job.folder / "roles.json").write_text(json.dumps(names))
    rows = [(f"p{number}@x.io", text) for number, text in enumerate(names)]
    a_table(job, ("email", "role"), rows)
    settings = {"AUTH0_ROLE_MAP": "roles.json", "DB_COLUMNS_APP_METADATA": "", "DB_COLUMNS_USER_METADATA": ""}

    result = agreed(job, "-v", **settings)

    assert result.code == 0, result.said
    assert job.tenant.snapshot() == {email: [names[text].strip()] for email, text in rows}


def test_what_a_role_map_or_a_minimum_gets_wrong_is_told_harmlessly(job: Job) -> None:
    a_table(job, ("email", "role"), [("ann@x.io", "viewer")])
    none = {"DB_COLUMNS_APP_METADATA": "", "DB_COLUMNS_USER_METADATA": ""}
    for text in (text for text in UNUSABLE.values() if "\0" not in text):
        for name, value in (("AUTH0_ROLE_MAP", json.dumps({text: ""})), ("SYNC_ROLE_MINIMUM", f"{text}:1")):
            result = job.run(**none, **{name: value})

            assert result.code == 78, result.said
            assert [one for one in result.said if not one.isprintable() and one != "\n"] == []
            assert "Traceback" not in result.said
    assert job.sandbox.writes() == []
