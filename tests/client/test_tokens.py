"""The token: fetched once, renewed when it must be, and what is said when there is none to be had."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from client.auth0.errors import Auth0Error, Denied, Malformed, Retriable
from client.auth0.tokens import READ_SCOPES, WRITE_SCOPES, Token, Tokens
from sandbox import Fault, Sandbox, Tenant
from tests.client.builders import RawServer, Time, asked, http, http_json, transport_at, transport_to

if TYPE_CHECKING:
    from collections.abc import Callable

CHECK = "check AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE and the application's grants"


def tokens_asked(sandbox: Sandbox) -> int:
    return sum(entry.path == "/oauth/token" for entry in sandbox.log)


def test_one_token_serves_many_requests(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing)

    for _ in range(5):
        transport.get("/roles")

    assert tokens_asked(sandbox) == 1


def test_a_token_is_renewed_a_minute_before_it_ends() -> None:
    now = [0.0]
    fetched: list[str] = []

    def fetch() -> tuple[str, str, float]:
        fetched.append(f"token {len(fetched)}")
        return fetched[-1], "read:users", 3600.0

    tokens = Tokens(fetch, clock=lambda: now[0])
    for now[0] in (0.0, 3539.0, 3540.0, 3541.0):
        tokens.current()

    assert fetched == ["token 0", "token 1"]


def test_a_token_that_lives_shortly_is_used_for_half_of_its_life() -> None:
    now = [0.0]
    fetched: list[str] = []

    def fetch() -> tuple[str, str, float]:
        fetched.append("again")
        return "token", "", 10.0

    tokens = Tokens(fetch, clock=lambda: now[0])
    for now[0] in (0.0, 4.9, 5.0):
        tokens.current()

    assert len(fetched) == 2


def test_a_token_that_is_refused_is_renewed_once(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    transport = transport_to(sandbox, passing)
    transport.get("/roles")
    tenant.revoke_tokens()

    transport.get("/roles")

    assert [entry.status for entry in asked(sandbox, "GET", "/roles")] == [200, 401, 200]
    assert tokens_asked(sandbox) == 2


def test_a_token_that_expires_in_the_middle_of_a_run_is_renewed(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.token_lifetime = 600
    transport = transport_to(sandbox, passing)
    transport.get("/roles")
    passing.advance(601)

    transport.get("/roles")

    assert [entry.status for entry in asked(sandbox, "GET", "/roles")] == [200, 401, 200]


def test_a_second_refusal_is_denied_and_not_tried_again(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path="/api/v2/roles", status=401, times=None))

    with pytest.raises(Denied, match="GET /roles -> 401"):
        transport_to(sandbox, passing).get("/roles")

    assert len(asked(sandbox, "GET", "/roles")) == 2
    assert tokens_asked(sandbox) == 2


def test_only_one_of_many_threads_renews(passing: Time) -> None:
    together = threading.Barrier(8, timeout=10)
    granted: list[dict[str, object]] = []

    def answer(request: str) -> list[bytes]:
        if "POST /oauth/token" in request:
            granted.append({"access_token": f"token-{len(granted)}", "scope": "", "expires_in": 86_400})
            return [http_json(granted[-1])]
        if "Bearer token-0" not in request:
            return [http_json({"ok": True})]
        together.wait()
        return [http_json({"message": "Invalid token"}, status="401 Unauthorized")]

    with RawServer(answer, answers_token=True) as server:
        transport = transport_at(server.url, passing)
        transport._pace._unmetered.add("GET /roles")  # noqa: SLF001 - else the pace lets one go first
        answers: list[object] = []
        threads = [threading.Thread(target=lambda: answers.append(transport.get("/roles"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert answers == [{"ok": True}] * 8
    assert len(granted) == 2


def test_a_stale_token_that_another_thread_renewed_is_not_renewed_again() -> None:
    fetched: list[int] = []

    def fetch() -> tuple[str, str, float]:
        fetched.append(len(fetched))
        return f"token {fetched[-1]}", "", 3600.0

    tokens = Tokens(fetch)
    stale = tokens.current()
    values = [tokens.renewed(stale).value for _ in range(3)]

    assert values == ["token 1"] * 3
    assert isinstance(stale, Token)


def a_wrong_secret(tenant: Tenant) -> dict[str, str]:
    assert tenant.client_secret
    return {"client_secret": "wrong"}


def a_missing_grant(tenant: Tenant) -> dict[str, str]:
    tenant.revoke_client(403)
    return {}


def a_wrong_audience(_: Tenant) -> dict[str, str]:
    return {"audience": "https://elsewhere.example/api/v2/"}


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (a_wrong_secret, "POST /oauth/token -> 401: Unauthorized; "),
        (a_missing_grant, "POST /oauth/token -> 403: Client is not authorized to access .*client-grant.*; "),
        (a_wrong_audience, "POST /oauth/token -> 403: Service not enabled within domain: https://elsewhere.*; "),
    ],
)
def test_a_refused_login_says_what_to_check(
    trouble: Callable[[Tenant], dict[str, str]], words: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    transport = transport_to(sandbox, passing, identity=trouble(tenant))

    with pytest.raises(Denied, match=words + CHECK) as caught:
        transport.get("/roles")

    assert tenant.client_secret not in str(caught.value)
    assert [entry.path for entry in sandbox.log] == ["/oauth/token"]


def test_an_address_that_is_no_tenant_says_what_to_check(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path="/oauth/token", status=404))

    with pytest.raises(Denied, match=f"POST /oauth/token -> 404: .*; {CHECK}"):
        transport_to(sandbox, passing).get("/roles")


def test_a_page_of_html_in_place_of_a_token_says_what_to_check(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="html", path="/oauth/token"))

    with pytest.raises(Malformed, match="POST /oauth/token -> 200: the answer is not JSON but text/html; check AUTH0"):
        transport_to(sandbox, passing).get("/roles")


def test_a_redirect_in_place_of_a_token_says_what_to_check(passing: Time) -> None:
    moved = http(b"", "Location: https://elsewhere.example/", status="301 Moved Permanently")
    redirecting = RawServer(lambda _: [moved], answers_token=True)
    with redirecting as server, pytest.raises(Malformed, match=r"-> 301: the answer is a redirect; check AUTH0_URL$"):
        transport_at(server.url, passing).get("/roles")


@pytest.mark.parametrize(
    "granted", [{}, [], {"access_token": "t"}, {"access_token": "t", "expires_in": None}, {"expires_in": 5}]
)
def test_an_answer_without_a_token_is_malformed(granted: object, passing: Time) -> None:
    granting = RawServer(lambda _: [http_json(granted)], answers_token=True)
    with granting as server, pytest.raises(Malformed, match="POST /oauth/token -> 200: the answer holds no token"):
        transport_at(server.url, passing).get("/roles")


def test_a_token_endpoint_in_trouble_is_asked_again(sandbox: Sandbox, passing: Time) -> None:
    for fault in [Fault(kind="status", status=503), Fault(kind="drop_before"), Fault(kind="rate_limit")]:
        sandbox.faults.add(fault)

    transport_to(sandbox, passing).get("/roles")

    assert tokens_asked(sandbox) == 4


def test_a_token_quota_that_is_used_up_says_so(sandbox: Sandbox, passing: Time) -> None:
    body = {"error": "too_many_requests", "error_description": "Client quota exceeded"}
    fault = Fault(kind="status", path="/oauth/token", status=429, body=body, headers={"retry-after": "3540"})
    sandbox.faults.add(fault)

    with pytest.raises(Retriable, match=r"POST /oauth/token -> 429: Client quota exceeded$"):
        transport_to(sandbox, passing).get("/roles")

    assert passing.waits == []


def test_missing_scopes_are_named_before_anything_else_is_asked(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.scopes -= {"read:connections", "delete:users"}

    with pytest.raises(Denied, match=r"the application lacks read:connections, delete:users; grant this under"):
        transport_to(sandbox, passing).tokens.require(READ_SCOPES + WRITE_SCOPES)

    assert [entry.path for entry in sandbox.log] == ["/oauth/token"]


def test_an_answer_that_names_no_scope_grants_none(passing: Time) -> None:
    granted = {"access_token": "t", "expires_in": 86_400}
    granting = RawServer(lambda _: [http_json(granted)], answers_token=True)
    with granting as server, pytest.raises(Auth0Error, match=r"the application lacks read:users, .*; grant this under"):
        transport_at(server.url, passing).tokens.require(READ_SCOPES)


def test_a_tenant_that_grants_everything_passes(sandbox: Sandbox, passing: Time) -> None:
    tokens = transport_to(sandbox, passing).tokens

    tokens.require(READ_SCOPES + WRITE_SCOPES)

    assert tokens.missing(["read:users", "read:everything"]) == ["read:everything"]
