"""Accounts with a second identity, and what that one is called."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox import DEFAULT_CONNECTION, Tenant
from tests.sandbox.caller import STRONG, emails, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import ManualClock
    from tests.sandbox.caller import Caller

    Serve = Callable[..., Caller]

SECOND = "ann@work.example.com"
PROFILE = {"email": SECOND, "email_verified": True, "name": SECOND}
FIELDS = [{"name": "user_id"}, {"name": "identities"}, {"name": "identities[1].profileData.email", "export_as": "two"}]


@pytest.fixture
def linked(tenant: Tenant) -> str:
    """An account that lives elsewhere and has a second identity in the database, called otherwise there."""
    ann = tenant.add_user("ann@example.com", connection="google", provider="google-oauth2")
    tenant.link(ann, connection=DEFAULT_CONNECTION, provider="auth0", email="Ann@Work.example.com")
    return ann


def exported(caller: Caller, clock: ManualClock) -> list[dict[str, Any]]:
    """The lines of an export of the database connection."""
    connection = caller.tenant.connection(DEFAULT_CONNECTION)
    assert connection is not None
    body = {"connection_id": connection.id, "fields": FIELDS}
    job_id = caller("POST", "/jobs/users-exports", body).json()["id"]
    clock.advance(0.2)
    file = requests.get(caller("GET", f"/jobs/{job_id}").json()["location"], timeout=5)
    return [json.loads(line) for line in gzip.decompress(file.content).decode().splitlines()]


def test_a_second_identity_tells_what_it_is_called(caller: Caller, clock: ManualClock, linked: str) -> None:
    alone = caller("GET", user_path(linked)).json()
    found = caller("GET", f'/users?q=identities.connection:"{DEFAULT_CONNECTION}"').json()
    lines = exported(caller, clock)

    assert alone["email"] == "ann@example.com"
    assert "profileData" not in alone["identities"][0]
    assert alone["identities"][1]["profileData"] == PROFILE
    assert found == [alone]
    assert lines == [{"user_id": linked, "identities": alone["identities"], "two": SECOND}]


def test_a_second_identity_of_which_nothing_is_known_tells_nothing(tenant: Tenant) -> None:
    ann = tenant.add_user("ann@example.com")

    tenant.link(ann, connection="github", provider="github", user_id="7")
    tenant.link(ann, connection="google", provider="google-oauth2", email="Ann@Gmail.example.com")

    first, second = tenant.users[ann]["identities"][1:]
    assert first["profileData"] == {}
    assert second["profileData"]["email"] == "Ann@Gmail.example.com"


@pytest.mark.parametrize("email", [SECOND, "ANN@work.example.com"])
@pytest.mark.usefixtures("linked")
def test_the_email_of_a_second_identity_is_taken_in_its_connection(email: str, caller: Caller) -> None:
    ben = caller.tenant.add_user("ben@example.com")

    created = caller("POST", "/users", {"connection": DEFAULT_CONNECTION, "email": email, "password": STRONG})
    changed = caller("PATCH", user_path(ben), {"email": email})

    assert (created.status_code, created.json()["errorCode"]) == (409, "auth0_idp_error")
    assert (changed.status_code, changed.json()["message"]) == (400, "The specified new email already exists")


@pytest.mark.usefixtures("linked")
def test_the_emails_of_both_identities_are_free_in_the_connection_of_the_other(caller: Caller) -> None:
    caller.tenant.add_connection("Other")
    body = {"email": SECOND, "password": STRONG}

    elsewhere = caller("POST", "/users", body | {"connection": "Other"})
    here = caller("POST", "/users", body | {"connection": DEFAULT_CONNECTION, "email": "ann@example.com"})

    assert (elsewhere.status_code, here.status_code) == (201, 201)


def test_where_nothing_is_known_of_a_second_identity_the_accounts_own_email_is_taken(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com", connection="google", provider="google-oauth2")
    caller.tenant.link(ann, connection=DEFAULT_CONNECTION, provider="auth0")

    answer = caller(
        "POST", "/users", {"connection": DEFAULT_CONNECTION, "email": "ann@example.com", "password": STRONG}
    )

    assert answer.status_code == 409


@pytest.mark.usefixtures("linked")
def test_a_look_up_by_email_finds_accounts_by_their_own_alone(caller: Caller) -> None:
    assert emails(caller("GET", f"/users-by-email?email={SECOND}")) == []
    assert emails(caller("GET", "/users-by-email?email=ann@example.com")) == ["ann@example.com"]


def test_an_export_may_leave_out_whose_primary_identity_is_elsewhere(
    serve: Serve, tenant: Tenant, clock: ManualClock, linked: str
) -> None:
    ben = tenant.add_user("ben@example.com")
    tenant.link(ben, connection="google", provider="google-oauth2")

    usual = [line["user_id"] for line in exported(serve(), clock)]
    narrow = [line["user_id"] for line in exported(serve(export_has_linked=False), clock)]

    assert usual == [linked, ben]
    assert narrow == [ben]
