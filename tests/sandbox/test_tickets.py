"""Links that let somebody set a password or prove an address: whom they are for is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox import DEFAULT_CONNECTION
from tests.sandbox.caller import user_path

if TYPE_CHECKING:
    from tests.sandbox.caller import Caller

PATH = "/tickets/password-change"
FIVE_DAYS = 432_000


@pytest.mark.parametrize(
    ("asked", "ttl", "client"),
    [
        ({}, FIVE_DAYS, None),
        ({"ttl_sec": 0}, FIVE_DAYS, None),
        (
            {
                "ttl_sec": 60,
                "client_id": "portal",
                "result_url": "https://example.com/welcome",
                "mark_email_as_verified": True,
            },
            60,
            "portal",
        ),
    ],
)
def test_a_ticket_is_remembered(asked: dict[str, Any], ttl: int, client: str | None, caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")

    answer = caller("POST", PATH, {"user_id": ann} | asked)

    assert answer.status_code == 201
    assert caller.tenant.tickets == [
        {
            "kind": "password-change",
            "user_id": ann,
            "link": answer.json()["ticket"],
            "ttl_sec": ttl,
            "client_id": client,
        }
    ]
    assert caller.tenant.mails == []


def test_every_ticket_is_another(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")

    for path in (PATH, PATH, "/tickets/email-verification"):
        caller("POST", path, {"user_id": ann})

    tickets = caller.tenant.tickets
    assert len({ticket["link"] for ticket in tickets}) == 3
    assert [ticket["kind"] for ticket in tickets] == ["password-change", "password-change", "email-verification"]


def test_a_ticket_can_be_had_by_email(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")
    connection = caller.tenant.connection(DEFAULT_CONNECTION)
    assert connection is not None

    caller("POST", PATH, {"connection_id": connection.id, "email": "Ann@example.com"})

    assert [ticket["user_id"] for ticket in caller.tenant.tickets] == [ann]


def test_without_a_password_there_is_no_ticket(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com", connection="email", provider="email")
    connection = caller.tenant.connection("email")
    assert connection is not None

    by_id = caller("POST", PATH, {"user_id": ann})
    by_email = caller("POST", PATH, {"connection_id": connection.id, "email": "ann@example.com"})

    message = "The user's main connection does not support this operation."
    assert [by_id.json()["message"], by_email.json()["message"]] == [message, message]
    assert (by_id.status_code, by_email.status_code) == (400, 400)
    assert caller.tenant.tickets == []


def test_access_is_revoked_also_of_somebody_who_is_gone(caller: Caller) -> None:
    caller.tenant.scopes.add("delete:sessions")
    caller.log_in()
    ann = caller.tenant.add_user("ann@example.com")

    answers = [caller("POST", user_path(user_id, "/revoke-access"), {}) for user_id in (ann, "auth0|gone")]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert caller.tenant.revoked_access == [ann, "auth0|gone"]
