"""Exports and imports."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox import DEFAULT_CONNECTION
from sandbox.endpoints.jobs import MOST_IMPORT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import ManualClock
    from tests.sandbox.caller import Caller

    Serve = Callable[..., Caller]

USER = {"email": "new@example.com"}


def connection_id(caller: Caller, name: str = DEFAULT_CONNECTION) -> str:
    """The id of a connection."""
    connection = caller.tenant.connection(name)
    assert connection is not None
    return connection.id


def exported(caller: Caller, clock: ManualClock, **body: Any) -> requests.Response:
    """The file of an export that was asked for with `body`."""
    job_id = caller("POST", "/jobs/users-exports", body).json()["id"]
    clock.advance(0.2)
    return requests.get(caller("GET", f"/jobs/{job_id}").json()["location"], timeout=5)


def imported(caller: Caller, clock: ManualClock, rows: list[Any], **parts: str) -> tuple[dict[str, Any], Any]:
    """The completed job of an import, and its errors."""
    parts = {"connection_id": connection_id(caller), **parts}
    answer = caller.import_users(json.dumps(rows).encode(), **parts)
    assert answer.status_code == 202, answer.text
    job_id = answer.json()["id"]
    clock.advance(0.2)
    job: dict[str, Any] = caller("GET", f"/jobs/{job_id}").json()
    errors = caller("GET", f"/jobs/{job_id}/errors")
    return job, errors.json() if errors.status_code == 200 else None


def test_an_export_is_pending_then_completed_then_forgotten(caller: Caller, clock: ManualClock) -> None:
    job_id = caller("POST", "/jobs/users-exports", {}).json()["id"]

    pending = caller("GET", f"/jobs/{job_id}").json()
    clock.advance(0.2)
    completed = caller("GET", f"/jobs/{job_id}").json()
    clock.advance(86_000)
    kept = caller("GET", f"/jobs/{job_id}").status_code
    caller.log_in()
    clock.advance(401)
    caller.log_in()
    gone = caller("GET", f"/jobs/{job_id}").status_code

    assert (pending["status"], pending["percentage_done"]) == ("pending", 0)
    assert "location" not in pending
    assert (completed["status"], completed["percentage_done"]) == ("completed", 100)
    assert (kept, gone) == (200, 404)


def test_an_export_is_gzipped_lines_without_roles(caller: Caller, clock: ManualClock) -> None:
    caller.tenant.add_role("admin")
    ann = caller.tenant.add_user("ann@example.com", roles=["admin"], app_metadata={"team": "a"})
    caller.tenant.add_user("bob@example.com", connection="github", provider="github")
    fields = [
        {"name": "user_id"},
        {"name": "identities[0].connection", "export_as": "home"},
        {"name": "identities[1].connection"},
        {"name": "app_metadata.team"},
        {"name": "email.x"},
        {"name": "blocked"},
    ]

    answer = exported(caller, clock, connection_id=connection_id(caller), fields=fields)

    lines = gzip.decompress(answer.content).decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"user_id": ann, "home": DEFAULT_CONNECTION, "app_metadata.team": "a"}
    ]


def test_an_export_as_csv_prefixes_text(caller: Caller, clock: ManualClock) -> None:
    caller.tenant.add_user("ann@example.com")
    caller.tenant.add_user("ben@example.com")
    fields = [{"name": "email"}, {"name": "email_verified"}]

    answer = exported(caller, clock, format="csv", fields=fields, limit=1)

    rows = list(csv.reader(io.StringIO(gzip.decompress(answer.content).decode())))
    assert rows == [["email", "email_verified"], ["'ann@example.com", "True"]]


def test_an_export_may_come_plain_and_from_the_api_itself(serve: Serve, clock: ManualClock) -> None:
    caller = serve(export_compressed=False, export_host_other=False)
    caller.tenant.add_user("ann@example.com")

    answer = exported(caller, clock)

    assert json.loads(answer.text)["email"] == "ann@example.com"
    assert answer.url.startswith(caller.sandbox.url)


def test_the_file_is_on_another_host_and_wants_no_token(caller: Caller, clock: ManualClock) -> None:
    answer = exported(caller, clock)

    with_token = requests.get(answer.url, headers={"Authorization": "Bearer x"}, timeout=5)
    changed = requests.get(answer.url[:-1], timeout=5)

    assert not answer.url.startswith(caller.sandbox.url)
    assert (answer.status_code, with_token.status_code, changed.status_code) == (200, 400, 403)


def test_a_link_is_good_for_a_minute_and_a_fresh_one_for_the_asking(caller: Caller, clock: ManualClock) -> None:
    job_id = caller("POST", "/jobs/users-exports", {}).json()["id"]
    clock.advance(1)
    old = caller("GET", f"/jobs/{job_id}").json()["location"]

    clock.advance(61)
    refused = requests.get(old, timeout=5)
    accepted = requests.get(caller("GET", f"/jobs/{job_id}").json()["location"], timeout=5)

    assert (refused.status_code, accepted.status_code) == (403, 200)
    assert "Request has expired" in refused.text


def test_an_export_may_be_stale(serve: Serve, clock: ManualClock) -> None:
    caller = serve(export_lag_seconds=5)
    caller.tenant.add_user("ann@example.com")

    stale = gzip.decompress(exported(caller, clock).content)
    clock.advance(5)
    fresh = gzip.decompress(exported(caller, clock).content)

    assert stale == b""
    assert b"ann@example.com" in fresh


def test_an_import_makes_accounts_when_it_completes(caller: Caller, clock: ManualClock) -> None:
    rows = [{"email": "New@example.com", "user_id": "7", "blocked": True, "name": "New"}]

    answer = caller.import_users(json.dumps(rows).encode(), connection_id=connection_id(caller), external_id="x")
    before = dict(caller.tenant.users)
    clock.advance(0.2)
    job = caller("GET", f"/jobs/{answer.json()['id']}").json()

    assert (answer.status_code, answer.json()["status"], job["status"]) == (202, "pending", "completed")
    assert job["summary"] == {"failed": 0, "updated": 0, "inserted": 1, "total": 1}
    assert before == {}
    assert caller.tenant.users["auth0|7"]["email"] == "new@example.com"
    assert caller.tenant.users["auth0|7"]["email_verified"] is False
    assert caller("GET", f"/jobs/{job['id']}/errors").status_code == 204
    assert caller.sandbox.log[0].body["users"] == rows


@pytest.mark.parametrize(("parts", "mails"), [({}, 1), ({"send_completion_email": "false"}, 0)])
def test_the_owners_are_mailed_unless_told_not_to(
    parts: dict[str, str], mails: int, caller: Caller, clock: ManualClock
) -> None:
    imported(caller, clock, [USER], **parts)

    assert [mail["to"] for mail in caller.tenant.mails] == ["owners"] * mails


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("nobody", "OBJECT_REQUIRED"),
        ({"name": "Nobody"}, "OBJECT_REQUIRED"),
        ({"email": "nobody"}, "FORMAT"),
        (USER | {"roles": ["admin"]}, "FORMAT"),
        (USER | {"password": "Plain-text-1"}, "FORMAT"),
        (USER | {"name": ""}, "MIN_LENGTH"),
        (USER | {"name": "x" * 301}, "MAX_LENGTH"),
        (USER | {"blocked": "yes"}, "INVALID_TYPE"),
        (USER | {"phone_number": "12"}, "PATTERN"),
        (USER | {"mfa_factors": []}, "ARRAY_LENGTH_SHORT"),
        (USER | {"password_hash": "$2b$10$" + "x" * 53, "custom_password_hash": {}}, "NOT_PASSED"),
        ({"email": "ann@example.com"}, "DUPLICATED_USER"),
        (USER | {"user_id": "ann"}, "DUPLICATED_USER"),
    ],
)
def test_a_bad_row_fails_alone(row: Any, code: str, caller: Caller, clock: ManualClock) -> None:
    caller.tenant.add_user("ann@example.com", user_id="auth0|ann")

    job, errors = imported(caller, clock, [{"email": "fine@example.com"}, row])

    assert (job["status"], job["summary"]["failed"], job["summary"]["inserted"]) == ("completed", 1, 1)
    assert errors[0]["errors"][0]["code"] == code
    assert "Plain-text-1" not in json.dumps(errors)


def test_the_same_email_twice_in_a_file_fails_the_second(caller: Caller, clock: ManualClock) -> None:
    job, errors = imported(caller, clock, [USER, {"email": "NEW@example.com"}])

    assert job["summary"] == {"failed": 1, "updated": 0, "inserted": 1, "total": 2}
    assert errors[0]["errors"][0]["code"] == "CONFLICT_EMAIL"


def test_an_upsert_overwrites_metadata_and_leaves_blocked_alone(caller: Caller, clock: ManualClock) -> None:
    ann = caller.tenant.add_user("ann@example.com", app_metadata={"a": 1}, user_id="auth0|ann")
    row = {"email": "ann@example.com", "app_metadata": {"b": 2}, "name": "Ann", "blocked": True}

    job, _ = imported(caller, clock, [row], upsert="true")

    account = caller.tenant.users[ann]
    assert job["summary"] == {"failed": 0, "updated": 1, "inserted": 0, "total": 1}
    assert (account["app_metadata"], account["name"]) == ({"b": 2}, "Ann")
    assert "blocked" not in account
    assert account["email_verified"] is False


def test_an_upsert_matches_on_email_alone(caller: Caller, clock: ManualClock) -> None:
    caller.tenant.add_user("ann@example.com", user_id="auth0|ann")

    _, errors = imported(caller, clock, [USER | {"user_id": "ann"}], upsert="true")

    assert errors[0]["errors"][0]["code"] == "CONFLICT"


def test_a_third_import_has_to_wait(caller: Caller, clock: ManualClock) -> None:
    content = json.dumps([USER]).encode()
    parts = {"connection_id": connection_id(caller)}

    answers = [caller.import_users(content, **parts) for _ in range(3)]
    clock.advance(0.2)
    later = caller.import_users(content, **parts)

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "There are 2 active import users jobs, please wait until some of them are finished and try again",
    }
    assert later.status_code == 202


def test_a_file_has_at_most_500_kilobytes(caller: Caller) -> None:
    content = json.dumps([{"email": "a@example.com", "name": "x" * MOST_IMPORT_BYTES}]).encode()

    answer = caller.import_users(content, connection_id=connection_id(caller))

    assert answer.status_code == 413
    assert answer.json()["message"] == "Payload content length greater than maximum allowed: 512000"


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"", DEFAULT_CONNECTION, "Users file must not be empty."),
        (b"{}", DEFAULT_CONNECTION, "Failed to parse users file JSON"),
        (b"[", DEFAULT_CONNECTION, "Failed to parse users file JSON"),
        (b"[]", "acme", "Connection must be a database connection."),
        (b"[]", "Closed", "Connection must be enabled."),
    ],
)
def test_an_import_that_cannot_be_started(content: bytes, name: str, message: str, caller: Caller) -> None:
    caller.tenant.add_connection("acme", strategy="waad")
    caller.tenant.add_connection("Closed", enabled=False)

    answer = caller.import_users(content, connection_id=connection_id(caller, name))

    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_an_import_needs_both_of_its_parts(caller: Caller) -> None:
    caller.off_spec = True
    no_connection = caller.import_users(b"[]")
    bad_connection = caller.import_users(b"[]", connection_id="default")
    unknown_connection = caller.import_users(b"[]", connection_id="con_0000000000000000")
    no_file = caller("POST", "/jobs/users-imports", files={"connection_id": (None, connection_id(caller))})
    as_text = caller(
        "POST", "/jobs/users-imports", files={"users": (None, "[]"), "connection_id": (None, connection_id(caller))}
    )

    assert no_connection.json()["message"] == "Must provide 'connection_id' as multipart part."
    assert bad_connection.json()["errorCode"] == "invalid_body"
    assert unknown_connection.json()["message"] == "The connection does not exist."
    assert no_file.json()["message"] == "Must provide 'users' file as multipart part."
    assert as_text.status_code == 202


def test_a_multipart_body_that_is_none_is_refused(caller: Caller) -> None:
    broken = {"Content-Type": "multipart/form-data"}
    unended = {"Content-Type": "multipart/form-data; boundary=x"}

    answers = [
        caller("POST", "/jobs/users-imports", data=b"nonsense", headers=broken),
        caller("POST", "/jobs/users-imports", data=b"nonsense", headers=unended),
        caller("POST", "/jobs/users-imports", headers={"Content-Type": "application/json"}),
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert "Invalid multipart payload format" in answers[0].json()["message"]
