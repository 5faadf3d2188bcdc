"""/tickets, and the change-password mail of the Authentication API."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.accounts import taken_by
from sandbox.errors import ApiError, bad_request, invalid_body, user_missing
from sandbox.exchange import Answer, Exchange, answer_json, answer_text

if TYPE_CHECKING:
    from sandbox.tenant import Document

_MAIL_SENT = "We've just sent you an email to reset your password."


def create_password_ticket(exchange: Exchange) -> Answer:
    """POST /tickets/password-change: 201 and a link; no mail is sent."""
    body = exchange.body
    if ("user_id" in body) == ("email" in body):
        raise invalid_body("'Exactly one of user_id and email is needed'")
    if "user_id" in body:
        account = addressee(exchange, body["user_id"], missing=HTTPStatus.NOT_FOUND)
        _check_password_possible(exchange, account)
        return _ticket(exchange, "reset-password")
    connection = exchange.tenant.connections.get(body.get("connection_id", ""))
    if connection is None:
        message = f"The connection with id {body.get('connection_id')} does not exist."
        raise bad_request(message, "inexistent_connection")
    if taken_by(exchange.tenant, connection, "email", body["email"].lower()) is None:
        raise user_missing()
    return _ticket(exchange, "reset-password")


def create_email_ticket(exchange: Exchange) -> Answer:
    """POST /tickets/email-verification: 201 and a link; no mail is sent."""
    addressee(exchange, exchange.body["user_id"], missing=HTTPStatus.NOT_FOUND)
    return _ticket(exchange, "email-verification")


def mail_password_change(exchange: Exchange) -> Answer:
    """POST /dbconnections/change_password: the same text whether or not there is such an account."""
    body = exchange.body if isinstance(exchange.body, dict) else {}
    connection = exchange.tenant.connection(str(body.get("connection")))
    email = str(body.get("email", "")).lower()
    if connection is None or not email:
        return answer_json(
            {"error": "email and connection are required" if not email else "The connection does not exist."},
            HTTPStatus.BAD_REQUEST,
        )
    account = taken_by(exchange.tenant, connection, "email", email)
    if account is not None:
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


def _check_password_possible(exchange: Exchange, account: Document) -> None:
    connection = exchange.tenant.connection(account["identities"][0]["connection"])
    if connection is None or not connection.is_database:
        raise bad_request("The user's main connection does not support this operation.")


def _ticket(exchange: Exchange, page: str) -> Answer:
    ticket = f"{exchange.service.url}/u/{page}?ticket={secrets.token_urlsafe(24)}#"
    return answer_json({"ticket": ticket}, HTTPStatus.CREATED)
