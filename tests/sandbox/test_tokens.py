"""/oauth/token, and what becomes of a token."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import ManualClock
    from tests.sandbox.caller import Caller

    Serve = Callable[..., Caller]


def test_a_token_echoes_the_granted_scopes(caller: Caller) -> None:
    caller.tenant.scopes = {"read:users", "create:users"}

    answer = caller.ask_for_token()

    told = answer.json()
    assert answer.status_code == 200
    assert (told["scope"], told["expires_in"], told["token_type"]) == ("create:users read:users", 86400, "Bearer")
    claims = json.loads(base64.urlsafe_b64decode(told["access_token"].split(".")[1] + "=="))
    assert claims["aud"] == f"{caller.sandbox.url}/api/v2/"


def test_without_scopes_the_key_is_absent(caller: Caller) -> None:
    caller.tenant.scopes.clear()

    assert "scope" not in caller.ask_for_token().json()


def test_a_form_does_as_well_as_json(caller: Caller) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": caller.tenant.client_id,
        "client_secret": caller.tenant.client_secret,
        "audience": caller.sandbox.audience,
    }

    answer = requests.post(f"{caller.sandbox.url}/oauth/token", data=form, timeout=5)

    assert answer.status_code == 200


def test_neither_secret_nor_token_is_logged(caller: Caller) -> None:
    token = caller.ask_for_token().json()["access_token"]

    caller("GET", "/roles")

    logged = repr(caller.sandbox.log) + json.dumps([entry.as_json() for entry in caller.sandbox.log])
    assert caller.tenant.client_secret not in logged
    assert token not in logged
    assert [entry.authorization for entry in caller.sandbox.log] == [False, True]


@pytest.mark.parametrize(
    ("changes", "status", "error", "description"),
    [
        ({"client_secret": "wrong"}, 401, "access_denied", "Unauthorized"),
        ({"client_id": "somebody"}, 401, "access_denied", "Unauthorized"),
        (
            {"audience": "https://x/"},
            403,
            "access_denied",
            "Service not enabled within domain: https://x/",
        ),
        (
            {"grant_type": "password"},
            403,
            "unauthorized_client",
            "Grant type 'password' not allowed for the client.",
        ),
    ],
)
def test_a_bad_request_for_a_token_is_refused_in_the_oauth_style(
    changes: dict[str, Any], status: int, error: str, description: str, caller: Caller
) -> None:
    answer = caller.ask_for_token(**changes)

    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": description}


def test_without_an_audience_the_token_is_opaque_and_of_no_use(caller: Caller) -> None:
    answer = caller.ask_for_token(audience=None)

    token = answer.json()["access_token"]
    caller.authorize(f"Bearer {token}")
    refused = caller("GET", "/roles")

    assert answer.status_code == 200
    assert "." not in token
    assert refused.status_code == 401
    assert refused.json() == {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token"}


def test_a_custom_domain_has_an_audience_of_its_own(caller: Caller) -> None:
    caller.tenant.audience = "https://acme.eu.auth0.com/api/v2/"

    refused = caller.ask_for_token(audience=f"{caller.sandbox.url}/api/v2/")
    accepted = caller.ask_for_token(audience="https://acme.eu.auth0.com/api/v2/")

    assert (refused.status_code, accepted.status_code) == (403, 200)


@pytest.mark.parametrize(
    ("header", "status", "message"),
    [
        (None, 401, "Missing authentication"),
        ("Basic abc", 400, "Bad HTTP authentication header format"),
        ("Bearer two words", 400, "Bad HTTP authentication header format"),
        ("Bearer nonsense", 401, "Invalid token"),
        ("Bearer a.b.c", 401, "Invalid signature received for JSON Web Token validation"),
    ],
)
def test_what_is_no_good_token_is_refused(header: str | None, status: int, message: str, caller: Caller) -> None:
    caller.authorize(header)

    answer = caller("GET", "/roles")

    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_a_token_expires(caller: Caller, clock: ManualClock) -> None:
    caller.tenant.token_lifetime = 60
    caller.log_in()

    clock.advance(59)
    before = caller("GET", "/roles").status_code
    clock.advance(1)
    after = caller("GET", "/roles")

    assert before == 200
    assert after.status_code == 401
    assert after.json()["message"] == "Expired token received for JSON Web Token validation"


def test_revoked_tokens_are_refused_and_new_ones_are_not(caller: Caller) -> None:
    caller.tenant.revoke_tokens()

    refused = caller("GET", "/roles").status_code
    caller.log_in()
    accepted = caller("GET", "/roles").status_code

    assert (refused, accepted) == (401, 200)


@pytest.mark.parametrize("status", [401, 403])
def test_a_revoked_client_gets_no_new_token(status: int, caller: Caller) -> None:
    caller.tenant.revoke_client(status)

    assert caller("GET", "/roles").status_code == 401
    assert caller.ask_for_token().status_code == status


def test_role_endpoints_can_be_asked_for_the_scopes_of_the_403_text_alone(serve: Serve) -> None:
    caller = serve(require_role_member_scopes=False)
    role_id = caller.tenant.add_role("admin")
    caller.tenant.scopes = {"read:users", "read:roles"}
    caller.log_in()

    assert caller("GET", f"/roles/{role_id}/users").status_code == 200
    assert caller("POST", f"/roles/{role_id}/users", {"users": []}).status_code == 403
