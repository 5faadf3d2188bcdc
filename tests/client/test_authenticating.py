"""The Authentication API: no token, an answer in words, and the same patience as elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.auth0.answers import result
from client.auth0.errors import Auth0Error, Denied, Malformed, Rejected, WriteRefused
from client.auth0.http import Answer, Call
from sandbox import DEFAULT_CONNECTION, Fault
from tests.client.builders import RawServer, http, http_json, transport_at, transport_to, writer_of

if TYPE_CHECKING:
    from sandbox import Sandbox, Tenant
    from tests.client.builders import Time
    from tests.client.conftest import Serve

PATH = "/dbconnections/change_password"
BODY = {"client_id": "an-id", "email": "ann@example.com", "connection": DEFAULT_CONNECTION}
WORDS = b"We've just sent you an email to reset your password."


def test_a_mail_is_asked_for_below_the_root_and_without_a_token(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id = tenant.add_user("ann@example.com")
    writer = writer_of(transport_to(sandbox, passing), passing)
    sandbox.clear_log()

    writer.mail_invitation("ann@example.com", "an-id")

    (entry,) = sandbox.log
    assert (entry.method, entry.path, entry.authorization) == ("POST", PATH, False)
    assert entry.body == BODY
    assert tenant.mails == [{"kind": "change_password", "to": "ann@example.com", "user_id": user_id}]


def test_a_run_that_only_reads_asks_for_no_mail(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing)

    with pytest.raises(WriteRefused):
        transport.authenticate(PATH, BODY)

    assert sandbox.log == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_after", "rate_limit", "hang"])
def test_a_mail_that_may_not_have_been_sent_is_asked_for_again(
    kind: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_user("ann@example.com")
    writer = writer_of(transport_to(sandbox, passing, timeout=0.5), passing)
    sandbox.faults.add(Fault(kind=kind, path=PATH))  # type: ignore[arg-type]

    writer.mail_invitation("ann@example.com", "an-id")

    assert len(tenant.mails) == 1 + (kind in {"drop_after", "status_after"})


def test_the_limit_of_mails_is_waited_for_however_it_is_told(serve: Serve, tenant: Tenant, passing: Time) -> None:
    for way in ("x-ratelimit", "retry-after"):
        sandbox = serve(profile="free", reset_mail_429_headers=way)
        tenant.add_user(f"{way}@example.com")
        writer = writer_of(transport_to(sandbox, passing, most=20), passing)

        began = passing.time()

        for _ in range(12):  # 10 in a minute for one address, and one more each minute
            writer.mail_invitation(f"{way}@example.com", "an-id")

        assert passing.time() - began >= 60
    assert len(tenant.mails) == 24


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http_json({"error": "no a-secret"}, status="400 Bad Request"), Rejected),
        (http_json({"error": "no a-secret"}, status="401 Unauthorized"), Denied),
        (http(b"<h1>a-secret</h1>", "Content-Type: text/html"), Malformed),
        (http(b"", "Content-Type: text/plain"), Malformed),
        (http(b"a-secret", "Content-Type: text/plain", status="302 Found"), Auth0Error),
    ],
)
def test_what_is_no_good_answer_is_an_error_without_a_secret(
    answer: bytes, error: type[Auth0Error], passing: Time
) -> None:
    with RawServer(lambda _: [answer]) as server:
        transport = transport_at(server.url, passing, most=0).for_writing()

        with pytest.raises(error) as caught:
            transport.authenticate(PATH, BODY)

    assert "a-secret" not in str(caught.value)
    assert caught.value.where is not None
    assert caught.value.where.path == PATH
    assert server.requests[0].startswith(f"POST {PATH} ")
    assert "authorization" not in server.requests[0].lower()
    assert len(server.requests) == 1  # no token was asked for


CALL = Call("POST", "https://x.eu.auth0.com/api/v2/users/1/revoke-access", timeout=1.0)
TEXT = {"content-type": "text/plain; charset=utf-8"}


def test_accepted_without_a_body_is_a_good_answer_and_anything_else_without_one_is_none() -> None:
    assert result(Answer(202, {}, b""), CALL, ()) is None
    assert result(Answer(204, {}, b""), CALL, ()) is None
    for answer in (Answer(200, {}, b""), Answer(201, {}, b""), Answer(202, TEXT, b"accepted")):
        with pytest.raises(Malformed):
            result(answer, CALL, ())


def test_words_are_a_good_answer_only_where_they_are_expected() -> None:
    assert result(Answer(200, TEXT, WORDS), CALL, (), in_words=True) is None
    with pytest.raises(Malformed, match="not JSON but text/plain"):
        result(Answer(200, TEXT, WORDS), CALL, ())
    with pytest.raises(Malformed, match="not JSON but text/html"):
        result(Answer(200, {"content-type": "text/html"}, WORDS), CALL, (), in_words=True)
    with pytest.raises(Rejected):
        result(Answer(400, TEXT, WORDS), CALL, (), in_words=True)
