"""Every error that the tenant answers with, in the words Auth0 uses.

Two families, as with Auth0 itself:

    ApiError      the Management API's envelope: statusCode, error, message and, often, errorCode
    OAuthError    /oauth/token's: error, error_description
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

PAGING_CAP = (
    "You can only page through the first 1000 records. "
    "See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation"
)

MISSING_USERNAME = "Missing username for {} connection with requires_username enabled"
"""Auth0's own sentence is in no document: these words are ours."""


class AnsweredError(Exception):
    """An error that is an answer: a status and a JSON body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


class ApiError(AnsweredError):
    """An error of the Management API."""

    def __init__(self, status: int, message: str | None, code: str | None = None) -> None:
        body: dict[str, Any] = {"statusCode": int(status), "error": HTTPStatus(status).phrase}
        if message is not None:
            body["message"] = message
        if code is not None:
            body["errorCode"] = code
        super().__init__(int(status), body)


class OAuthError(AnsweredError):
    """An error of /oauth/token, and what the rest of the Authentication API says of its limits."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(int(status), {"error": error, "error_description": description})


def bad_request(message: str, code: str | None = None) -> ApiError:
    """400 with Auth0's sentence."""
    return ApiError(HTTPStatus.BAD_REQUEST, message, code)


def invalid_body(why: str) -> ApiError:
    """400 for a request body that breaks its schema."""
    return bad_request(f"Payload validation error: {why}.", "invalid_body")


def invalid_query(why: str) -> ApiError:
    """400 for a query string that breaks its schema."""
    return bad_request(f"Query validation error: {why}.", "invalid_query_string")


def invalid_path(why: str) -> ApiError:
    """400 for an id in the path that cannot be one."""
    return bad_request(f"Path validation error: {why}.", "invalid_uri")


def unauthorized(message: str) -> ApiError:
    """401: no token, or one that is not accepted."""
    return ApiError(HTTPStatus.UNAUTHORIZED, message)


def insufficient_scope(names: tuple[str, ...], *, every: bool) -> ApiError:
    """403: the token lacks a scope; the list is joined without a space, as recorded."""
    quantity = "all" if every else "any"
    message = f"Insufficient scope, expected {quantity} of: {','.join(names)}"
    return ApiError(HTTPStatus.FORBIDDEN, message, "insufficient_scope")


def not_found() -> ApiError:
    """404 for a path or method that does not exist."""
    return ApiError(HTTPStatus.NOT_FOUND, "Not Found")


def user_missing() -> ApiError:
    """404 for an account."""
    return ApiError(HTTPStatus.NOT_FOUND, "The user does not exist.", "inexistent_user")


def users_missing() -> ApiError:
    """404 when a batch names an account that does not exist; nothing of the batch is done."""
    return ApiError(HTTPStatus.NOT_FOUND, "One or more of the users do not exist.")


def role_missing() -> ApiError:
    """404 for a role: this one has no errorCode."""
    return ApiError(HTTPStatus.NOT_FOUND, "The role does not exist.")


def connection_missing() -> ApiError:
    """404 for a connection."""
    return ApiError(HTTPStatus.NOT_FOUND, "The connection does not exist", "inexistent_connection")


def job_missing() -> ApiError:
    """404 for a job, also one that is older than a day."""
    return ApiError(HTTPStatus.NOT_FOUND, "The job does not exist")


def user_exists() -> ApiError:
    """409 on create: the e-mail, username, phone number or user_id is taken."""
    return ApiError(HTTPStatus.CONFLICT, "The user already exists.", "auth0_idp_error")


def role_exists() -> ApiError:
    """409 on create: the name is taken."""
    return ApiError(HTTPStatus.CONFLICT, "The role already exists.")


def too_many_requests(variant: int = 1) -> ApiError:
    """429 in one of the four bodies that have been seen."""
    if variant == 1:
        return ApiError(HTTPStatus.TOO_MANY_REQUESTS, "Global limit has been reached", "too_many_requests")
    messages = {
        2: "Global per second users_write group limit has been reached",
        3: None,
        4: ("There are 2 active import users jobs, please wait until some of them are finished and try again"),
    }
    return ApiError(HTTPStatus.TOO_MANY_REQUESTS, messages[variant])


def too_many_mails() -> OAuthError:
    """429 of the Authentication API, in the words it has for a custom rate limit policy."""
    return OAuthError(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", "Rate limit exceeded.")
