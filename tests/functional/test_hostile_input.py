"""Whatever stands in the database or in the tenant, it is data: asked for exactly, shown harmlessly, written whole."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sandbox import Behaviour
from tests.functional.hostile import (
    BYSTANDERS,
    ODD_EMAILS,
    ODD_ENDS,
    SURROGATE,
    UNUSABLE,
    WIDE,
    among_bystanders,
    answer_in_ascii,
    as_they_were,
    assert_fit_to_be_seen,
    journal_of,
    shown,
)
from tests.functional.job import Job, Result, Row, StartJob
from tests.functional.odbc import SQL_SERVER, install


@pytest.fixture
def bystanders(job: Job) -> list[Row]:
    """See `among_bystanders`."""
    return among_bystanders(job)


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("source", ["file", "server"])
def test_whoever_has_no_email_address_is_held_and_nobody_else_is_touched(
    job: Job, bystanders: list[Row], source: str, log_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [*UNUSABLE.values(), *([SURROGATE] if source == "server" else [])]
    rows = [*bystanders, ("comes@x.io", "viewer"), *((text, "admin") for text in texts)]
    job.people(rows[: len(bystanders) + 1 + len(UNUSABLE)])
    install(monkeypatch, lambda _: rows)
    settings = {**WIDE, "LOG_FORMAT": log_format, **(SQL_SERVER if source == "server" else {})}

    planned, applied = job.run("plan", "-v", **settings), job.run("-v", **settings)

    assert (planned.code, applied.code) == (0, 3)
    for result in (planned, applied):
        assert_fit_to_be_seen(result, log_format)
        assert {held["email"] for held in result.report["held"]} == set(texts)
    assert job.tenant.snapshot() == as_they_were(["comes@x.io"])
    assert [line["email"] for line in journal_of(job)] == ["goes@x.io"]


@pytest.mark.parametrize("text", [text for text in (*UNUSABLE.values(), SURROGATE) if len(text) < 60], ids=ascii)
def test_what_is_held_is_shown_to_the_letter(
    job: Job, bystanders: list[Row], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, lambda _: [*bystanders, (text, "admin"), ("odd@x.io", text)])

    result = job.run("plan", **WIDE, **SQL_SERVER)

    assert_fit_to_be_seen(result)
    rows = [line.strip() for line in result.stdout.splitlines()]
    assert any(row.startswith(f"{shown(text)}  ") for row in rows), result.stdout
    assert any(row.startswith("odd@x.io  ") and repr(shown(text)) in row for row in rows), result.stdout


@pytest.mark.parametrize("way", ["requests", "import", "adopted"])
def test_odd_addresses_live_through_all_days_of_an_account(start_job: StartJob, way: str) -> None:
    job = start_job(behaviour=Behaviour(import_seconds=0))
    for role in ("admin", "viewer"):
        job.tenant.add_role(role)
    for email in BYSTANDERS:
        job.tenant.add_user(email, roles=("viewer",))
    everybody = [(email, "viewer") for email in BYSTANDERS]

    def day(roles: Iterable[str]) -> Result:
        job.people([*everybody, *((email, role) for role in roles for email in ODD_EMAILS)])
        result = job.run("-v", **WIDE, AUTH0_CREATE_WITH="import" if way == "import" else "requests")
        assert_fit_to_be_seen(result)
        assert result.code == 0, result.said
        assert job.tenant.snapshot() == as_they_were() | {email: sorted(roles) for email in ODD_EMAILS if roles}
        return result

    if way == "adopted":  # they come while the run reads
        job.sandbox.before_answer = lambda entry: come(entry.path)

    def come(path: str) -> None:
        if path == "/api/v2/roles/{id}/users":
            job.sandbox.before_answer = None
            for email in ODD_EMAILS:
                job.tenant.add_user(email)

    day(["admin", "viewer"])
    day(["viewer"])
    job.sandbox.clear_log()
    journal = day([]).report["journal"]
    assert len(job.sandbox.writes()) == len(ODD_EMAILS)
    deleted = {line["email"] for line in journal_of(job) if line["kind"] == "delete"}
    assert deleted == set(ODD_EMAILS)
    assert job.run("restore", journal).code == 0
    assert job.tenant.snapshot() == as_they_were(ODD_EMAILS)
    day([])
    job.sandbox.clear_log()
    day([])
    assert job.sandbox.writes() == []


def test_roles_are_given_and_taken_whatever_their_names(
    job: Job, bystanders: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_in_ascii(monkeypatch)
    names = {f"p{number}@x.io": text for number, text in enumerate([*UNUSABLE.values(), SURROGATE])}
    for name in names.values():
        job.tenant.add_role(name)
    rows: list[tuple[str | None, str | None]] = []
    install(monkeypatch, lambda _: rows)

    rows += [*bystanders, *names.items()]
    given = job.run("-v", **WIDE, **SQL_SERVER)
    roles = job.tenant.snapshot()
    rows[:] = [*bystanders, *((email, "viewer") for email in names)]
    taken = job.run("-v", **WIDE, **SQL_SERVER)

    assert (given.code, taken.code) == (0, 0)
    assert roles == as_they_were() | {email: [name] for email, name in names.items()}
    assert job.tenant.snapshot() == as_they_were(names)
    for result, kind in ((given, "add_roles"), (taken, "remove_roles")):
        assert_fit_to_be_seen(result)
        told = {one["email"]: one["roles"] for one in result.report["changes"] if one["kind"] == kind}
        assert told == {email: [name] for email, name in names.items()}
    assert {line["email"]: line["taken"][0]["name"] for line in journal_of(job) if line["taken"]} == names  # type: ignore[index]


def test_accounts_whose_email_is_none_go_by_their_id_and_those_elsewhere_stay(
    start_job: StartJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_job(as_published=False)  # Auth0 makes no such accounts; what a custom database brings is another thing
    for role in ("admin", "viewer"):
        job.tenant.add_role(role)
    job.people(among_bystanders(job))
    answer_in_ascii(monkeypatch)
    texts = [*UNUSABLE.values(), SURROGATE]
    for number, text in enumerate(texts):
        end = ODD_ENDS[number] if number < len(ODD_ENDS) else f"{number}"
        user_id = job.tenant.add_user("odd@x.io", user_id=f"auth0|{end}", roles=("admin",))
        job.tenant.update_user(user_id, email=text.lower())
    elsewhere = {job.tenant.add_user("odd@x.io", connection="github", provider="github") for text in texts}
    for user_id, text in zip(elsewhere, texts, strict=True):
        job.tenant.update_user(user_id, email=text)

    result = job.run("-v", **WIDE)

    assert result.code == 0, result.said
    assert_fit_to_be_seen(result)
    assert job.tenant.snapshot() == as_they_were()
    assert elsewhere < set(job.tenant.users)
    deleted = {one["email"]: one["user_id"] for one in result.report["changes"] if one["kind"] == "delete"}
    assert deleted.keys() == {*(text.lower() for text in texts), "goes@x.io"}
    assert {line["email"]: line["user_id"] for line in journal_of(job)} == deleted


def test_an_account_whose_id_no_address_can_hold_fails_alone(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_in_ascii(monkeypatch)
    job.people(among_bystanders(job))
    job.tenant.add_user("odd@x.io", user_id=f"auth0|{SURROGATE}", roles=("viewer",))
    job.tenant.add_user("zoe@x.io", roles=("viewer",))

    result = job.run(AUTH0_POOL_SIZE="1")

    assert_fit_to_be_seen(result)
    assert result.code == 3
    assert job.tenant.snapshot() == as_they_were(["odd@x.io"])
