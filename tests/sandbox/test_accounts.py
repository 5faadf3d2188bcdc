"""Making and changing accounts: what a client of Auth0 does not expect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox import DEFAULT_CONNECTION
from tests.sandbox.caller import STRONG, emails, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.caller import Caller, emails

    Serve = Callable[..., Caller]


def test_users_by_email_knows_only_the_stored_lower_case(caller: Caller) -> None:
    body = {"connection": DEFAULT_CONNECTION, "email": "Ann@Example.com", "password": STRONG}

    created = caller("POST", "/users", body).json()

    assert created["email"] == "ann@example.com"
    assert created["name"] == "ann@example.com"
    assert created["nickname"] == "ann"
    assert "blocked" not in created
    assert emails(caller("GET", "/users-by-email?email=Ann@Example.com")) == []
    assert emails(caller("GET", "/users-by-email?email=ann@example.com")) == ["ann@example.com"]


def test_users_by_email_spans_all_connections(caller: Caller) -> None:
    caller.tenant.add_user("ann@example.com")
    caller.tenant.add_user("ann@example.com", connection="github", provider="github")

    assert len(caller("GET", "/users-by-email?email=ann@example.com&fields=email").json()) == 2


@pytest.mark.parametrize(
    ("clash", "status"),
    [
        ({"email": "ann@example.com"}, 409),
        ({"user_id": "ann"}, 409),
        ({"username": "ann"}, 409),
        ({"connection": "Other", "email": "ann@example.com", "username": None}, 201),
    ],
)
def test_an_account_is_unique_within_its_connection(clash: dict[str, Any], status: int, caller: Caller) -> None:
    caller.tenant.add_connection("Named", requires_username=True)
    caller.tenant.add_connection("Other")
    first = {"connection": "Named", "email": "ann@example.com", "password": STRONG}
    caller("POST", "/users", first | {"user_id": "ann", "username": "ann"})

    second = first | {"email": "other@example.com", "username": "other"} | clash
    answer = caller("POST", "/users", {name: value for name, value in second.items() if value is not None})

    assert answer.status_code == status
    if status == 409:
        assert answer.json() == {
            "statusCode": 409,
            "error": "Conflict",
            "message": "The user already exists.",
            "errorCode": "auth0_idp_error",
        }


@pytest.mark.parametrize("password", ["Short-1", "alllowercase", "lowercase1", "12345678-"])
def test_a_weak_password_is_refused_without_saying_why(password: str, caller: Caller) -> None:
    body = {"connection": DEFAULT_CONNECTION, "email": "ann@example.com", "password": password}

    answer = caller("POST", "/users", body)

    assert answer.json() == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "PasswordStrengthError: Password is too weak",
    }


def test_a_password_is_needed_in_a_database_and_has_at_most_72_bytes(caller: Caller) -> None:
    body = {"connection": DEFAULT_CONNECTION, "email": "ann@example.com"}

    missing = caller("POST", "/users", body)
    long = caller("POST", "/users", body | {"password": "Aa1-" + "ü" * 35})

    assert (missing.status_code, long.status_code) == (400, 400)


def test_passwords_are_kept_as_digests_alone(caller: Caller) -> None:
    for name in ("ann", "ben"):
        email = f"{name}@example.com"
        caller("POST", "/users", {"connection": DEFAULT_CONNECTION, "email": email, "password": STRONG + name})

    assert len(set(caller.tenant.password_digests.values())) == 2
    assert STRONG not in repr(caller.sandbox.log) + repr(caller.tenant.users)
    assert caller.sandbox.log[0].body["password"] == "***"


def test_passwordless_accounts_have_no_password(caller: Caller) -> None:
    caller.tenant.add_connection("email", strategy="email")
    caller.tenant.add_connection("sms", strategy="sms")

    by_mail = caller("POST", "/users", {"connection": "email", "email": "ann@example.com"})
    by_phone = caller("POST", "/users", {"connection": "sms", "phone_number": "+491234"})
    with_password = caller("POST", "/users", {"connection": "email", "email": "b@example.com", "password": STRONG})
    without_phone = caller("POST", "/users", {"connection": "sms", "email": "c@example.com"})

    assert by_mail.json()["user_id"].startswith("email|")
    assert by_phone.json()["name"] == "+491234"
    assert (with_password.status_code, without_phone.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("switches", "mails"),
    [
        ({}, 1),
        ({"email_verified": True}, 0),
        ({"verify_email": False}, 0),
        ({"email_verified": True, "verify_email": True}, 1),
    ],
)
def test_a_new_account_is_mailed_unless_told_not_to(switches: dict[str, bool], mails: int, caller: Caller) -> None:
    body = {"connection": DEFAULT_CONNECTION, "email": "ann@example.com", "password": STRONG}

    caller("POST", "/users", body | switches)

    assert len(caller.tenant.mails) == mails


def test_metadata_is_merged_at_the_first_level_only(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com", app_metadata={"a": {"x": 1, "y": 2}, "b": 1, "c": 1})

    answer = caller("PATCH", user_path(ann), {"app_metadata": {"a": {"x": 3}, "b": None}})

    assert answer.json()["app_metadata"] == {"a": {"x": 3}, "c": 1}


def test_a_metadata_key_that_is_null_may_also_stay(serve: Serve) -> None:
    caller = serve(metadata_null="stays")
    ann = caller.tenant.add_user("ann@example.com", app_metadata={"a": 1, "b": 1})

    answer = caller("PATCH", user_path(ann), {"app_metadata": {"b": None}, "user_metadata": {"c": None}})

    assert answer.json()["app_metadata"] == {"a": 1, "b": None}
    assert answer.json()["user_metadata"] == {"c": None}


@pytest.mark.parametrize(
    "name",
    ["name", "given_name", "family_name", "nickname", "picture", "phone_number", "username", "email"],
)
def test_null_takes_an_attribute_away_and_no_default_takes_its_place(name: str, caller: Caller) -> None:
    caller.tenant.add_connection("Named", requires_username=True)
    profile: dict[str, Any] = {"given_name": "Ann", "family_name": "Lee", "username": "ann", "phone_number": "+491"}
    ann = caller.tenant.add_user("ann@example.com", connection="Named", **profile)

    answer = caller("PATCH", user_path(ann), {name: None})

    assert answer.status_code == 200
    assert name not in answer.json()
    assert name not in caller("GET", user_path(ann)).json()


def test_a_new_password_lifts_an_administrators_block(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com", blocked=True)

    answer = caller("PATCH", user_path(ann), {"password": STRONG})

    assert "blocked" not in answer.json()


@pytest.mark.parametrize("status", [400, 409])
def test_an_email_that_is_taken_is_refused_by_patch(status: int, serve: Serve) -> None:
    caller = serve(patch_email_conflict_status=status)
    ann = caller.tenant.add_user("ann@example.com")
    caller.tenant.add_user("ben@example.com")

    answer = caller("PATCH", user_path(ann), {"email": "Ben@example.com"})

    assert answer.status_code == status
    assert answer.json()["message"] == "The specified new email already exists"


def test_a_changed_email_is_lower_case_unverified_and_mailed_only_on_request(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")

    answer = caller("PATCH", user_path(ann), {"email": "Anna@example.com", "verify_email": True})

    assert (answer.json()["email"], answer.json()["email_verified"]) == ("anna@example.com", False)
    assert [mail["to"] for mail in caller.tenant.mails] == ["anna@example.com"]
    assert emails(caller("GET", "/users-by-email?email=anna@example.com")) == ["anna@example.com"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"blocked": True}, 200),
        ({"app_metadata": {"a": 1}}, 200),
        ({"name": "Ann"}, 400),
        ({"email": "new@example.com"}, 400),
        ({"password": STRONG}, 400),
        ({"email_verified": True}, 400),
        ({"connection": "Nowhere"}, 400),
        ({"connection": DEFAULT_CONNECTION}, 400),
    ],
)
def test_an_account_of_a_company_keeps_its_own_profile(body: dict[str, Any], status: int, caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com", connection="acme", provider="waad")

    assert caller("PATCH", user_path(ann), body).status_code == status


def test_a_username_needs_a_connection_that_has_them(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")

    assert caller("PATCH", user_path(ann), {"username": "ann"}).status_code == 400


def test_an_account_of_a_connection_that_is_gone_can_still_be_blocked(caller: Caller) -> None:
    identities = [{"connection": "gone", "user_id": "1", "provider": "auth0", "isSocial": False}]
    ann = caller.tenant.add_user("ann@example.com", identities=identities)

    answer = caller("PATCH", user_path(ann), {"blocked": True})

    assert (answer.status_code, answer.json()["blocked"]) == (200, True)
