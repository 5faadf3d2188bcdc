"""What accounts are called by: e-mail, username and phone number, each unique within a connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import DEFAULT_CONNECTION
from tests.sandbox.caller import STRONG, emails, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import ManualClock, Tenant
    from tests.sandbox.caller import Caller

    Serve = Callable[..., Caller]

NAMED = "Named"
ANN: dict[str, Any] = {"connection": NAMED, "email": "ann@example.com", "username": "Ann", "password": STRONG}
BEN: dict[str, Any] = {"connection": NAMED, "email": "ben@example.com", "username": "ben", "password": STRONG}
MISSING = "Missing username for Named connection with requires_username enabled"
DUPLICATED = "DUPLICATED_USER"


@pytest.fixture(autouse=True)
def named(tenant: Tenant) -> str:
    """The id of a connection that has usernames."""
    return tenant.add_connection(NAMED, requires_username=True)


def imported(caller: Caller, clock: ManualClock, named: str, row: dict[str, Any], upsert: str = "false") -> Any:
    """The error codes of a row that was imported."""
    job_id = caller.import_users(json.dumps([row]).encode(), connection_id=named, upsert=upsert).json()["id"]
    clock.advance(0.2)
    errors = caller("GET", f"/jobs/{job_id}/errors")
    return [error for entry in errors.json() for error in entry["errors"]] if errors.status_code == 200 else []


def test_where_usernames_are_required_nobody_is_made_without_one(
    caller: Caller, clock: ManualClock, named: str
) -> None:
    nameless = {name: value for name, value in ANN.items() if name != "username"}

    created = caller("POST", "/users", nameless)
    errors = imported(caller, clock, named, {"email": "ann@example.com"})

    assert (created.status_code, created.json()["message"]) == (400, MISSING)
    assert errors == [{"code": "OBJECT_REQUIRED", "message": MISSING, "path": "username"}]
    assert caller.tenant.users == {}


def test_usernames_are_stored_in_lower_case(caller: Caller, clock: ManualClock, named: str) -> None:
    created = caller("POST", "/users", ANN).json()
    changed = caller("PATCH", user_path(created["user_id"]), {"username": "Annie"}).json()
    errors = imported(caller, clock, named, {"email": "cy@example.com", "username": "Cy", "user_id": "cy"})

    assert (created["username"], changed["username"]) == ("ann", "annie")
    assert errors == []
    assert caller.tenant.users["auth0|cy"]["username"] == "cy"


def test_a_username_is_taken_whatever_its_case(caller: Caller, clock: ManualClock, named: str) -> None:
    caller.tenant.add_user("ann@example.com", connection=NAMED, username="ANN")
    ben = caller("POST", "/users", BEN).json()["user_id"]

    created = caller("POST", "/users", BEN | {"email": "cy@example.com", "username": "aNN"})
    changed = caller("PATCH", user_path(ben), {"username": "aNN"})
    errors = imported(caller, clock, named, {"email": "cy@example.com", "username": "aNN"})

    assert (created.status_code, created.json()["errorCode"]) == (409, "auth0_idp_error")
    assert changed.status_code == 400
    assert changed.json()["message"] == "The specified new username already exists"
    assert [error["code"] for error in errors] == [DUPLICATED]


def test_usernames_may_be_kept_and_told_apart_by_their_case(serve: Serve, clock: ManualClock, named: str) -> None:
    caller = serve(usernames_lower_case=False)

    first = caller("POST", "/users", ANN)
    other = caller("POST", "/users", BEN | {"username": "ann"})
    same = caller("POST", "/users", BEN | {"email": "cy@example.com", "username": "Ann"})
    errors = imported(caller, clock, named, {"email": "cy@example.com", "username": "ANN"})

    assert (first.json()["username"], other.json()["username"]) == ("Ann", "ann")
    assert (same.status_code, errors) == (409, [])


def test_an_account_may_be_told_its_own_handles_again(caller: Caller) -> None:
    ann = caller("POST", "/users", ANN | {"phone_number": "+491"}).json()["user_id"]

    answers = [
        caller("PATCH", user_path(ann), body)
        for body in ({"username": "ANN"}, {"email": "Ann@example.com"}, {"phone_number": "+491"})
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


@pytest.mark.parametrize(("status", "handle"), [(400, "username"), (409, "username"), (409, "phone_number")])
def test_a_handle_that_is_taken_is_refused_by_patch_as_an_email_is(status: int, handle: str, serve: Serve) -> None:
    caller = serve(patch_email_conflict_status=status)
    caller.tenant.add_user("ann@example.com", connection=NAMED, username="ann", phone_number="+491")
    ben = caller.tenant.add_user("ben@example.com", connection=NAMED, username="ben", phone_number="+492")

    answer = caller("PATCH", user_path(ben), {handle: {"username": "ann", "phone_number": "+491"}[handle]})

    assert answer.status_code == status
    assert answer.json()["message"] == f"The specified new {handle} already exists"
    assert caller.tenant.users[ben]["username"] == "ben"


@pytest.mark.parametrize(("unique", "statuses"), [(True, [409, 400]), (False, [201, 200])])
def test_a_phone_number_is_unique_within_its_connection_or_not(
    unique: bool,  # noqa: FBT001  (parametrized)
    statuses: list[int],
    serve: Serve,
) -> None:
    caller = serve(phone_numbers_unique=unique)
    caller.tenant.add_user("ann@example.com", connection=NAMED, username="ann", phone_number="+491")
    cy = caller.tenant.add_user("cy@example.com", connection=NAMED, username="cy")
    elsewhere = {"connection": DEFAULT_CONNECTION, "email": "ben@example.com", "password": STRONG}

    created = caller("POST", "/users", BEN | {"phone_number": "+491"})
    changed = caller("PATCH", user_path(cy), {"phone_number": "+491"})

    assert [created.status_code, changed.status_code] == statuses
    assert caller("POST", "/users", elsewhere | {"phone_number": "+491"}).status_code == 201


def test_a_phone_number_is_all_that_an_account_of_sms_is(serve: Serve) -> None:
    caller = serve(phone_numbers_unique=False)
    caller.tenant.add_connection("sms", strategy="sms")
    body = {"connection": "sms", "phone_number": "+491"}

    statuses = [caller("POST", "/users", body).status_code for _ in range(2)]

    assert statuses == [201, 409]


@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize(("upsert", "code"), [("false", DUPLICATED), ("true", "CONFLICT")])
def test_an_import_fails_on_a_phone_number_or_username_that_is_taken(
    unique: bool,  # noqa: FBT001  (parametrized)
    upsert: str,
    code: str,
    serve: Serve,
    clock: ManualClock,
    named: str,
) -> None:
    caller = serve(phone_numbers_unique=unique)
    caller.tenant.add_user("ann@example.com", connection=NAMED, username="ann", phone_number="+491")
    row = {"email": "ben@example.com", "username": "ben"}

    by_phone = imported(caller, clock, named, row | {"phone_number": "+491"}, upsert)
    by_name = imported(caller, clock, named, row | {"username": "ANN"}, upsert)
    fine = imported(caller, clock, named, row | {"phone_number": "+492"}, upsert)

    assert [error["code"] for error in by_phone + by_name] == [code, code]
    assert fine == []


def test_a_handle_that_was_given_up_is_free_again(caller: Caller) -> None:
    ann = caller("POST", "/users", ANN | {"phone_number": "+491"}).json()["user_id"]
    caller("PATCH", user_path(ann), {"email": "anna@example.com"})
    caller("PATCH", user_path(ann), {"username": "anna", "phone_number": None})

    second = caller("POST", "/users", ANN | {"phone_number": "+491"})

    assert second.status_code == 201
    assert emails(caller("GET", "/users-by-email?email=ann@example.com")) == ["ann@example.com"]


def test_the_handles_of_somebody_who_is_deleted_are_free_again(caller: Caller) -> None:
    ann = caller("POST", "/users", ANN | {"phone_number": "+491"}).json()["user_id"]
    caller("DELETE", user_path(ann))

    assert caller("POST", "/users", ANN | {"phone_number": "+491"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "verified"),
    [
        ({"email": "anna@example.com"}, False),
        ({"email": "anna@example.com", "email_verified": True}, True),
        ({"email": "ANN@example.com"}, True),
        ({"name": "Ann"}, True),
    ],
)
def test_a_changed_email_is_unverified_unless_told_otherwise(
    body: dict[str, Any],
    verified: bool,  # noqa: FBT001  (parametrized)
    caller: Caller,
) -> None:
    ann = caller.tenant.add_user("ann@example.com")

    assert caller("PATCH", user_path(ann), body).json()["email_verified"] is verified


def test_an_email_that_stays_the_same_does_not_become_verified(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com", email_verified=False)

    answer = caller("PATCH", user_path(ann), {"email": "ann@example.com"})

    assert answer.json()["email_verified"] is False
