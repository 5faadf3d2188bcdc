"""/tickets, and the change-password mail of the Authentication API."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.errors import ApiError, bad_request, invalid_body, user_missing
from sandbox.exchange import Answer, Exchange, answer_json, answer_text
from sandbox.handles import owners_of

if TYPE_CHECKING:
    from sandbox.connection import Connection
    from sandbox.tenant import Document

_FIVE_DAYS = 432_000
_MAIL_NEEDS = ("client_id", "email", "connection")
_MAIL_SENT = "We've just sent you an email to reset your password."


def create_password_ticket(exchange: Exchange) -> Answer:
    """POST /tickets/password-change: 201 and a link; no mail is sent."""
    body = exchange.body
    if ("user_id" in body) == ("email" in body):
        raise invalid_body("'Exactly one of user_id and email is needed'")
    if "user_id" in body:
        account = addressee(exchange, body["user_id"], missing=HTTPStatus.NOT_FOUND)
        _check_password_possible(exchange.tenant.connection(account["identities"][0]["connection"]))
        return _ticket(exchange, "password-change", account)
    connection = exchange.tenant.connections.get(body.get("connection_id", ""))
    if connection is None:
        message = f"The connection with id {body.get('connection_id')} does not exist."
        raise bad_request(message, "inexistent_connection")
    _check_password_possible(connection)
    owners = owners_of(exchange.tenant, connection, "email", body["email"].lower())
    if not owners:
        raise user_missing()
    return _ticket(exchange, "password-change", owners[0])


def create_email_ticket(exchange: Exchange) -> Answer:
    """POST /tickets/email-verification: 201 and a link; no mail is sent."""
    account = addressee(exchange, exchange.body["user_id"], missing=HTTPStatus.NOT_FOUND)
    return _ticket(exchange, "email-verification", account)


def mail_password_change(exchange: Exchange) -> Answer:
    """POST /dbconnections/change_password: the same text whether or not there is such an account."""
    body = exchange.body if isinstance(exchange.body, dict) else {}
    lacking = [name for name in _MAIL_NEEDS if not (isinstance(body.get(name), str) and body[name])]
    if lacking:
        return _refused(f"{lacking[0]} is required")
    connection = exchange.tenant.connection(body["connection"])
    if connection is None:
        return _refused("The connection does not exist.")
    if not connection.is_database:
        return _refused("The connection is not a database.")
    email = body["email"].lower()
    owners = owners_of(exchange.tenant, connection, "email", email)
    status: int = exchange.service.behaviour.reset_mail_unknown_status
    if not owners and status == HTTPStatus.NOT_FOUND:
        return _refused("The user does not exist.", status)
    for account in owners[:1]:
        exchange.tenant.mails.append({"kind": "change_password", "to": email, "user_id": account["user_id"]})
    return answer_text(_MAIL_SENT, "text/plain")


def addressee(exchange: Exchange, user_id: str, *, missing: int) -> Document:
    """The account that a mail or ticket is for.

    Raises:
        ApiError: `missing` when there is no such account; 400 when it has no e-mail.
    """
    account = exchange.tenant.users.get(user_id)
    if account is None:
        raise ApiError(missing, "The user does not exist.", "inexistent_user")
    if "email" not in account:
        raise bad_request("The user does not have an email address.")
    return account


def _check_password_possible(connection: Connection | None) -> None:
    if connection is None or not connection.is_database:
        raise bad_request("The user's main connection does not support this operation.")


def _ticket(exchange: Exchange, kind: str, account: Document) -> Answer:
    page = "reset-password" if kind == "password-change" else kind
    link = f"{exchange.service.url}/u/{page}?ticket={secrets.token_urlsafe(24)}#"
    exchange.tenant.tickets.append(
        {
            "kind": kind,
            "user_id": account["user_id"],
            "link": link,
            "ttl_sec": exchange.body.get("ttl_sec") or _FIVE_DAYS,
            "client_id": exchange.body.get("client_id"),
        }
    )
    return answer_json({"ticket": link}, HTTPStatus.CREATED)


def _refused(sentence: str, status: int = HTTPStatus.BAD_REQUEST) -> Answer:
    return answer_json({"error": sentence}, status)
