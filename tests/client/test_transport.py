"""One request and its answer: what is sent, and which error each bad answer is."""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.errors import (
    Auth0Error,
    Busy,
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Rejected,
    Retriable,
    Uncertain,
    Where,
    WriteRefused,
)
from sandbox import Fault, Sandbox, Tenant
from tests.client.builders import RawServer, Time, asked, http, http_json, reader_of, transport_at, transport_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLES = {"roles": [], "total": 0, "start": 0, "limit": 100}


def test_one_connection_is_kept_alive_for_requests_one_after_the_other(passing: Time) -> None:
    with RawServer(lambda _: [http_json(ROLES)]) as server:
        transport = transport_at(server.url, passing)

        for _ in range(5):
            transport.get("/roles")

        assert server.connections == 1


def test_requests_in_flight_do_not_share_a_connection_and_there_are_no_more_than_of_these(passing: Time) -> None:
    both_asked = threading.Barrier(2, timeout=5)

    def answer(_: str) -> Iterator[bytes]:
        both_asked.wait()
        yield http_json(ROLES)

    with RawServer(answer) as server:
        transport = transport_at(server.url, passing)
        transport.tokens.current()
        transport._pace._unmetered.add("GET /roles")  # noqa: SLF001 - else the pace lets one go first
        threads = [threading.Thread(target=transport.get, args=("/roles",)) for _ in range(2)]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert server.connections == 2


def test_a_request_waits_for_an_answer_as_long_as_it_was_told_and_no_longer(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="hang", path="/api/v2/roles", times=None))
    transport = transport_to(sandbox, passing, most=1, timeout=0.1)

    with pytest.raises(Uncertain, match="no answer within the time limit"):
        transport.get("/roles")

    assert len(asked(sandbox, "GET", "/roles")) == 2


def test_a_server_that_trickles_does_not_hold_us(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("a-long-name" * 20)
    sandbox.faults.add(Fault(kind="trickle", path="/api/v2/roles", times=None, pause=0.02))
    transport = transport_to(sandbox, passing, most=0, timeout=0.1)

    with pytest.raises(Uncertain, match="no answer within the time limit"):
        transport.get("/roles")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, Denied),
        (403, Denied),
        (404, NotFound),
        (409, Conflict),
        (410, Rejected),
        (422, Rejected),
        (408, Uncertain),
        (429, Retriable),
        (500, Uncertain),
        (502, Uncertain),
        (503, Uncertain),
        (599, Uncertain),
    ],
)
def test_each_status_is_an_error_of_its_own_kind(
    status: int, kind: type[Auth0Error], sandbox: Sandbox, passing: Time
) -> None:
    body = {"statusCode": status, "error": "E", "message": "Not so.", "errorCode": "a_code"}
    fault = Fault(kind="status", path="/api/v2/users/{id}", status=status, body=body, times=None)
    sandbox.faults.add(fault)

    with pytest.raises(Auth0Error) as caught:
        transport_to(sandbox, passing, most=0).get("/users/{id}", params={"fields": "email"}, id="auth0|1")

    assert type(caught.value) is kind
    assert caught.value.where == Where("GET", "/users/auth0%7C1", status, "a_code")
    assert str(caught.value) == f"GET /users/auth0%7C1 -> {status}: Not so."


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 422])
def test_an_answer_in_the_four_hundreds_is_not_asked_for_again(status: int, sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path="/api/v2/roles", status=status))

    with pytest.raises(Auth0Error):
        transport_to(sandbox, passing).get("/roles")

    assert len(asked(sandbox, "GET", "/roles")) == 1


@pytest.mark.parametrize(("fault", "words"), [("html", "text/html"), ("garbage", "application/json")])
def test_an_answer_that_is_no_json_is_malformed(fault: Any, words: str, sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind=fault, path="/api/v2/roles"))

    with pytest.raises(Malformed, match=f"the answer is not JSON but {words}"):
        transport_to(sandbox, passing).get("/roles")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (http(b""), Malformed, "the answer is not JSON but empty"),
        (http(b"null"), Malformed, "the answer is not JSON but of no known kind"),
        (http(b"[[[", "Content-Type: text/plain; charset=utf-8"), Malformed, "not JSON but text/plain$"),
        (http(b"", "Location: https://elsewhere.example/", status="302 Found"), Malformed, "redirect"),
        (http(b"", status="304 Not Modified"), Malformed, "redirect"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{}", Uncertain, "the answer was cut off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", Uncertain, "the answer was cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", Uncertain, "broke"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Uncertain, "the connection broke"),
    ],
)
def test_an_answer_that_is_none_is_an_error(answer: bytes, kind: type[Auth0Error], words: str, passing: Time) -> None:
    with RawServer(lambda _: [answer], closes=True) as server, pytest.raises(kind, match=words) as caught:
        transport_at(server.url, passing, most=0).get("/roles")

    assert type(caught.value) is kind


def test_a_redirect_is_not_followed(passing: Time) -> None:
    with RawServer(lambda _: [http_json(ROLES)]) as other:
        moved = http(b"", f"Location: {other.url}/api/v2/roles", status="307 Temporary Redirect")
        with RawServer(lambda _: [moved]) as server, pytest.raises(Malformed, match="check AUTH0_URL"):
            transport_at(server.url, passing).get("/roles")

        assert other.requests == []


def test_a_packed_answer_is_unpacked(passing: Time) -> None:
    packed = gzip.compress(b'{"roles": [1]}')
    whole = http(packed, "Content-Encoding: gzip", "Content-Type: application/json")

    with RawServer(lambda _: [whole[index : index + 1] for index in range(len(whole))]) as server:
        answer = transport_at(server.url, passing).get("/roles")

    assert answer == {"roles": [1]}


def test_a_closed_port_is_told_as_such_and_nothing_was_sent(passing: Time) -> None:
    with RawServer(lambda _: []) as server:
        url = server.url

    with pytest.raises(Retriable, match=r"^POST /oauth/token: the connection was refused; check AUTH0_URL$") as caught:
        transport_at(url, passing, most=0).get("/roles")

    assert not isinstance(caught.value, Uncertain)


def test_a_host_without_an_address_is_told_as_such(passing: Time) -> None:
    with pytest.raises(Retriable, match="the host name cannot be resolved; check AUTH0_URL") as caught:
        transport_at("http://nobody.invalid", passing, most=0).get("/roles")

    assert not isinstance(caught.value, Uncertain)


def test_a_server_without_tls_is_told_as_such(passing: Time) -> None:
    with RawServer(lambda _: []) as server, pytest.raises(Retriable, match="the TLS handshake failed"):
        transport_at(server.url.replace("http:", "https:"), passing, most=0).get("/roles")


def test_an_answer_without_any_words_is_told_by_its_kind(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path="/api/v2/roles", status=404, body=["what?"]))

    with pytest.raises(NotFound, match="GET /roles -> 404: application/json"):
        transport_to(sandbox, passing).get("/roles")


def test_an_error_without_a_place_is_its_message() -> None:
    assert str(Auth0Error("no such thing")) == "no such thing"


def test_a_reading_transport_refuses_every_write_before_anything_is_sent(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing)

    for method, template in [
        ("POST", "/users"),
        ("PATCH", "/users/{id}"),
        ("DELETE", "/users/{id}"),
        ("POST", "/users/{id}/roles"),
        ("DELETE", "/users/{id}/roles"),
        ("PUT", "/jobs/users-exports"),
        ("POST", "/jobs/users-imports"),
        ("POST", "/roles/{id}/users"),
    ]:
        with pytest.raises(WriteRefused, match="this run only reads; nothing was sent"):
            transport.request(method, template, body={}, ids={"id": "auth0|1"})

    assert sandbox.log == []


def test_a_reading_transport_may_start_an_export(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing)

    job = transport.request("POST", "/jobs/users-exports", body={"format": "json"})

    assert job["status"] == "pending"


def test_making_a_transport_for_writing_leaves_the_reading_one_as_it_was(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id = tenant.add_user("ann@example.com")
    reading = transport_to(sandbox, passing)

    writing = reading.for_writing()
    with pytest.raises(WriteRefused):
        reading.request("DELETE", "/users/{id}", ids={"id": user_id})
    writing.request("DELETE", "/users/{id}", ids={"id": user_id})

    assert tenant.users == {}


def test_the_machine_s_netrc_does_not_replace_the_token(
    sandbox: Sandbox, passing: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    roles = reader_of(transport_to(sandbox, passing), passing).roles()

    assert roles == []


def test_as_many_import_jobs_as_may_be_is_no_limit_on_requests_and_is_not_tried_again(
    sandbox: Sandbox, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", variant=4, path="/api/v2/jobs/users-imports", reset="absent"))
    transport = transport_to(sandbox, passing).for_writing()

    with pytest.raises(Busy, match="-> 429: There are 2 active import users jobs, please wait") as caught:
        transport.request(
            "POST", "/jobs/users-imports", parts={"users": b"[]", "connection_id": "con_0000000000000001"}
        )

    assert not isinstance(caught.value, Retriable)
    assert transport.traffic.retries == 0
    assert passing.waits == []


@pytest.mark.parametrize("status", [400, 403, 409, 503])
def test_only_a_429_can_mean_as_many_jobs_as_may_be(status: int, sandbox: Sandbox, passing: Time) -> None:
    body = {"statusCode": status, "error": "E", "message": "There are 2 active import users jobs, please wait"}
    sandbox.faults.add(Fault(kind="status", status=status, body=body, path="/api/v2/roles"))

    with pytest.raises(Auth0Error) as caught:
        transport_to(sandbox, passing, most=0).get("/roles")

    assert not isinstance(caught.value, Busy)


def test_ids_are_escaped_in_the_path(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    for user_id in ["auth0|a", "samlp|c|a/b", "x|#1?", "waad|ü %41"]:
        tenant.add_user(f"{len(tenant.users)}@example.com", user_id=user_id)
    transport = transport_to(sandbox, passing)

    found = [transport.get("/users/{id}", id=user_id)["user_id"] for user_id in tenant.users]

    assert found == list(tenant.users)


def test_traffic_counts_what_was_asked_and_what_was_refused(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", path="/api/v2/roles", retry_after=0))
    transport = transport_to(sandbox, passing)

    transport.get("/roles")

    assert transport.traffic.by_endpoint == {"POST /oauth/token": 1, "GET /roles": 2}
    assert (transport.traffic.retries, transport.traffic.refused) == (1, 1)
