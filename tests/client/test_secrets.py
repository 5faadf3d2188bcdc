"""No secret is told: not in an error, not in a log record, not in a repr, also when the server says it back."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from client.auth0.errors import Auth0Error
from client.auth0.http import Answer, Call
from client.auth0.tokens import Credentials
from tests.client.builders import RawServer, Time, http_json, transport_at

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRETS = ("the-client-secret", "the-password", "the-token")
TOKEN = {"access_token": "the-token", "scope": "read:users", "expires_in": 86_400}


def told_by(error: BaseException | None) -> str:
    """Everything that an error, and those behind it, could show."""
    text = ""
    while error is not None:
        text += f"{error} {error!r} {error.args} {vars(error)}"
        error = error.__cause__ or error.__context__
    return text


def assert_keeps_secrets(text: str) -> None:
    assert not [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "409 Conflict"])
@pytest.mark.parametrize("key", ["message", "errorCode", "error", "error_description"])
def test_what_the_server_says_back_is_not_told(
    status: str, key: str, passing: Time, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: str) -> Iterable[bytes]:
        if "POST /oauth/token" in request:
            return [http_json(TOKEN)]
        return [http_json({key: f"You sent {request}"}, status=status)]

    with RawServer(answer, answers_token=True) as server, caplog.at_level(logging.DEBUG):
        transport = transport_at(server.url, passing, identity={"client_secret": "the-client-secret"}).for_writing()
        with pytest.raises(Auth0Error) as caught:
            transport.request("POST", "/users", body={"email": "ann@example.com", "password": "the-password"})

        assert "the-password" in server.requests[-1]
        assert "Bearer the-token" in server.requests[-1]

    assert_keeps_secrets(told_by(caught.value) + caplog.text + repr(transport.tokens.current()))


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "503 Unavailable"])
def test_a_secret_that_the_token_endpoint_says_back_is_not_told(
    status: str, passing: Time, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: str) -> Iterable[bytes]:
        return [http_json({"error": "access_denied", "error_description": f"You sent {request}"}, status=status)]

    with RawServer(answer, answers_token=True) as server, caplog.at_level(logging.DEBUG):
        transport = transport_at(server.url, passing, identity={"client_secret": "the-client-secret"})
        with pytest.raises(Auth0Error) as caught:
            transport.get("/users")

        assert "the-client-secret" in server.requests[-1]

    assert_keeps_secrets(told_by(caught.value) + caplog.text)


def test_a_message_of_the_server_cannot_forge_a_line_and_is_cut(passing: Time) -> None:
    message = "no\r\nERROR all is lost \u202e" + "x" * 1000
    answer = http_json({"message": message}, status="400 Bad Request")
    with RawServer(lambda _: [answer]) as server, pytest.raises(Auth0Error) as caught:
        transport_at(server.url, passing).get("/users")

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_the_query_is_in_no_error_and_no_log_record(passing: Time, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RawServer(lambda _: [], closes=True) as server, pytest.raises(Auth0Error) as caught:
        transport_at(server.url, passing, most=1).get("/users-by-email", params={"email": "ann@example.com"})

    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    assert not re.search("example.com|%40", told_by(caught.value) + "".join(ours))
    assert "GET /users-by-email: the connection broke" in "".join(ours)


def test_values_that_hold_secrets_do_not_show_them() -> None:
    values = [
        Credentials("an-id", "the-client-secret", "an-audience"),
        Call("POST", "http://x/", body={"password": "the-password"}, token="the-token"),
        Answer(200, body=b'{"access_token": "the-token"}'),
    ]

    assert_keeps_secrets(repr(values))
