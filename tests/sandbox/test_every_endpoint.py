"""Every endpoint, once for success and once for each error; the fixture checks it all against OpenAPI."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox import DEFAULT_CONNECTION, Tenant
from sandbox.routes import API, ROUTES
from tests.openapi import assert_exchange_matches_spec
from tests.sandbox.caller import STRONG, Caller

NOBODY = "auth0%7C000000000000000000000000"
NO_ROLE = "rol_0000000000000000"
NO_CONNECTION = "con_0000000000000000"
SOMEBODY = {"connection": DEFAULT_CONNECTION, "email": "new@example.com", "password": STRONG}


@dataclass(frozen=True, slots=True)
class Case:
    """A call and what it must be answered with; `<…>` in a path or body is filled in by the test."""

    method: str
    path: str
    status: int
    body: Any = None
    says: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"


USER_GONE = {"message": "The user does not exist.", "errorCode": "inexistent_user"}
ROLE_GONE = {"message": "The role does not exist."}
CONNECTION_GONE = {"message": "The connection does not exist", "errorCode": "inexistent_connection"}
BAD_BODY = {"errorCode": "invalid_body"}
BAD_QUERY = {"errorCode": "invalid_query_string"}
PAGED_OUT = {"errorCode": "invalid_paging"}

CASES = [
    Case("GET", "/users", 200),
    Case("GET", "/users?include_totals=true&per_page=0", 200, says={"total": 4, "length": 0, "limit": 0}),
    Case("GET", "/users?page=0&per_page=2&include_totals=true", 200, says={"start": 0, "length": 2}),
    Case("GET", "/users?sort=email:-1&fields=email,user_id&include_fields=true", 200),
    Case("GET", "/users?fields=identities&include_fields=false&primary_order=true", 200),
    Case("GET", "/users?q=blocked:true&search_engine=v3", 200),
    Case("GET", "/users?page=10&per_page=100", 400, says=PAGED_OUT),
    Case("GET", "/users?per_page=101", 400, says=BAD_QUERY),
    Case("GET", "/users?page=-1", 400, says=BAD_QUERY),
    Case("GET", "/users?page=one", 400, says=BAD_QUERY),
    Case("GET", "/users?include_totals=perhaps", 400, says=BAD_QUERY),
    Case("GET", "/users?search_engine=v2", 400, says=BAD_QUERY),
    Case("GET", "/users?search_engine=v9", 400, says=BAD_QUERY),
    Case("GET", "/users?sort=app_metadata.team:1", 400, says=BAD_QUERY),
    Case("GET", "/users?sort=email", 400, says=BAD_QUERY),
    Case("GET", "/users?q=name:ann", 400, says=BAD_QUERY),
    Case("POST", "/users", 201, SOMEBODY, {"email": "new@example.com", "email_verified": False}),
    Case("POST", "/users", 409, SOMEBODY | {"email": "ANN@example.com"}, {"errorCode": "auth0_idp_error"}),
    Case("POST", "/users", 400, {"email": "new@example.com"}, BAD_BODY),
    Case("POST", "/users", 400, SOMEBODY | {"surname": "Lee"}, BAD_BODY),
    Case("POST", "/users", 400, SOMEBODY | {"name": ""}, BAD_BODY),
    Case("POST", "/users", 400, SOMEBODY | {"blocked": "yes"}, BAD_BODY),
    Case("POST", "/users", 400, SOMEBODY | {"email": "new at example"}, BAD_BODY),
    Case("POST", "/users", 400, SOMEBODY | {"app_metadata": {"email": "x"}}, BAD_BODY),
    Case("POST", "/users", 400, SOMEBODY | {"user_metadata": {"a.b": 1}}, BAD_BODY),
    Case("POST", "/users", 400, ["a list"], BAD_BODY),
    Case("POST", "/users", 400, SOMEBODY | {"connection": "Nowhere"}),
    Case("POST", "/users", 400, SOMEBODY | {"connection": "company"}),
    Case("POST", "/users", 400, SOMEBODY | {"connection": "Closed"}, {"message": "Connection is disabled."}),
    Case("POST", "/users", 400, SOMEBODY | {"username": "new"}),
    Case("POST", "/users", 400, SOMEBODY | {"connection": "Named"}),
    Case("POST", "/users", 201, SOMEBODY | {"connection": "Named", "username": "New"}, {"username": "new"}),
    Case("GET", "/users/<ann>", 200, says={"email": "ann@example.com"}),
    Case("GET", "/users/<odd>?fields=email", 200, says={"email": "odd@example.com"}),
    Case("GET", f"/users/{NOBODY}", 404, says=USER_GONE),
    Case("GET", "/users/ann", 400, says={"errorCode": "invalid_uri"}),
    Case("PATCH", "/users/<ann>", 200, {"given_name": "Ann"}, {"given_name": "Ann"}),
    Case("PATCH", f"/users/{NOBODY}", 404, {"given_name": "Ann"}, USER_GONE),
    Case("PATCH", "/users/<ann>", 400, {"email": "ben@example.com"}),
    Case("PATCH", "/users/<ann>", 400, {"email": "a@example.com", "password": STRONG}),
    Case("PATCH", "/users/<ann>", 400, {"surname": "Lee"}, BAD_BODY),
    Case("DELETE", "/users/<ann>", 204),
    Case("DELETE", f"/users/{NOBODY}", 204),
    Case("DELETE", "/users/ann", 400, says={"errorCode": "invalid_uri"}),
    Case("GET", "/users-by-email?email=ann@example.com", 200),
    Case("GET", "/users-by-email", 400, says=BAD_QUERY),
    Case("GET", "/users/<ann>/roles", 200),
    Case("GET", "/users/<odd>/roles?include_totals=true", 200, says={"roles": [], "total": 0}),
    Case("GET", f"/users/{NOBODY}/roles", 404, says=USER_GONE),
    Case("GET", "/users/<ann>/roles?per_page=0", 400, says=BAD_QUERY),
    Case("POST", "/users/<ben>/roles", 204, {"roles": ["<admin>"]}),
    Case("POST", f"/users/{NOBODY}/roles", 404, {"roles": ["<admin>"]}, USER_GONE),
    Case("POST", "/users/<ben>/roles", 404, {"roles": [NO_ROLE]}, ROLE_GONE),
    Case("POST", "/users/<ben>/roles", 400, {"roles": ["admin"]}, BAD_BODY),
    Case("POST", "/users/<ben>/roles", 400, {"roles": []}, BAD_BODY),
    Case("POST", "/users/<ben>/roles", 400, None, BAD_BODY),
    Case("DELETE", "/users/<ann>/roles", 204, {"roles": ["<admin>"]}),
    Case("DELETE", f"/users/{NOBODY}/roles", 404, {"roles": ["<admin>"]}, USER_GONE),
    Case("DELETE", "/users/<ann>/roles", 400, {}, BAD_BODY),
    Case("POST", "/users/<ann>/revoke-access", 202, {}),
    Case("POST", f"/users/{NOBODY}/revoke-access", 202, {}),
    Case("POST", "/users/ann/revoke-access", 400, {}, {"errorCode": "invalid_uri"}),
    Case("POST", "/users/<ann>/revoke-access", 400, {"session": "x"}, BAD_BODY),
    Case("GET", "/user-blocks/<ann>?consider_brute_force_enablement=true", 200, says={"blocked_for": []}),
    Case("GET", f"/user-blocks/{NOBODY}", 404, says=USER_GONE),
    Case("DELETE", "/user-blocks/<ann>", 204),
    Case("DELETE", f"/user-blocks/{NOBODY}", 404, says=USER_GONE),
    Case("GET", "/roles?include_totals=true", 200, says={"start": 0, "limit": 50, "total": 2}),
    Case("GET", "/roles?name_filter=ADM&include_totals=true", 200, says={"total": 1}),
    Case("GET", "/roles?per_page=101", 400, says=BAD_QUERY),
    Case("POST", "/roles", 200, {"name": "viewer", "description": "Looks"}, {"name": "viewer"}),
    Case("POST", "/roles", 409, {"name": "admin"}, {"message": "The role already exists."}),
    Case("POST", "/roles", 400, {"description": "nameless"}, BAD_BODY),
    Case("GET", "/roles/<admin>", 200, says={"name": "admin"}),
    Case("GET", f"/roles/{NO_ROLE}", 404, says=ROLE_GONE),
    Case("PATCH", "/roles/<admin>", 200, {"description": "All"}, {"description": "All"}),
    Case("PATCH", "/roles/<admin>", 400, {"name": "editor"}),
    Case("PATCH", f"/roles/{NO_ROLE}", 404, {"name": "x"}, ROLE_GONE),
    Case("DELETE", "/roles/<admin>", 200),
    Case("DELETE", f"/roles/{NO_ROLE}", 404, says=ROLE_GONE),
    Case("GET", "/roles/<admin>/users", 200),
    Case("GET", "/roles/<admin>/users?include_totals=true", 200, says={"start": 0, "limit": 50, "total": 1}),
    Case("GET", "/roles/<admin>/users?take=1", 200),
    Case("GET", f"/roles/{NO_ROLE}/users", 404, says=ROLE_GONE),
    Case("GET", "/roles/<admin>/users?page=10&per_page=100", 400, says=PAGED_OUT),
    Case("GET", "/roles/<admin>/users?take=0", 400, says=BAD_QUERY),
    Case("GET", "/roles/<admin>/users?from=nonsense", 400, says=BAD_QUERY),
    Case("POST", "/roles/<admin>/users", 200, {"users": ["<raw ann>", "<raw odd>"]}),
    Case("POST", f"/roles/{NO_ROLE}/users", 404, {"users": ["<raw ann>"]}, ROLE_GONE),
    Case("POST", "/roles/<admin>/users", 404, {"users": ["<raw ben>", "auth0|nobody"]}),
    Case("POST", "/roles/<admin>/users", 400, {"users": ["ann"]}, BAD_BODY),
    Case("GET", "/connections", 200),
    Case("GET", "/connections?strategy=auth0&strategy=waad&include_totals=true", 200, says={"total": 4}),
    Case("GET", f"/connections?name={DEFAULT_CONNECTION}&fields=id&include_fields=true", 200),
    Case("GET", "/connections?take=2", 200),
    Case("GET", "/connections?page=10&per_page=100", 400, says=PAGED_OUT),
    Case("GET", "/connections?take=101", 400, says=BAD_QUERY),
    Case("GET", "/connections/<default>", 200, says={"name": DEFAULT_CONNECTION, "strategy": "auth0"}),
    Case("GET", f"/connections/{NO_CONNECTION}", 404, says=CONNECTION_GONE),
    Case("GET", "/connections/<default>/clients", 200),
    Case("GET", f"/connections/{NO_CONNECTION}/clients", 404, says=CONNECTION_GONE),
    Case("POST", "/jobs/users-exports", 200, {}, {"type": "users_export", "status": "pending"}),
    Case("POST", "/jobs/users-exports", 200, {"connection_id": "<default>", "limit": 5, "format": "csv"}),
    Case("POST", "/jobs/users-exports", 400, {"connection_id": NO_CONNECTION}),
    Case("POST", "/jobs/users-exports", 400, {"connection_id": "default"}, BAD_BODY),
    Case("POST", "/jobs/users-exports", 400, {"format": "xml"}, BAD_BODY),
    Case("POST", "/jobs/users-exports", 400, {"limit": 0}, BAD_BODY),
    Case("POST", "/jobs/users-exports", 400, {"fields": [{"export_as": "x"}]}, BAD_BODY),
    Case("POST", "/jobs/users-exports", 400, {"format": "csv", "fields": [{"name": "x"}] * 31}, BAD_BODY),
    Case("POST", "/jobs/users-imports", 400, {"users": []}),
    Case("GET", "/jobs/job_0000000000000000", 404),
    Case("GET", "/jobs/job_0000000000000000/errors", 404),
    Case("POST", "/jobs/verification-email", 201, {"user_id": "<raw ann>"}, {"status": "pending"}),
    Case("POST", "/jobs/verification-email", 400, {"user_id": "auth0|nobody"}),
    Case("POST", "/jobs/verification-email", 400, {"user_id": "<raw mute>"}),
    Case("POST", "/tickets/password-change", 201, {"user_id": "<raw ann>", "ttl_sec": 60}),
    Case("POST", "/tickets/password-change", 201, {"connection_id": "<default>", "email": "ann@example.com"}),
    Case("POST", "/tickets/password-change", 404, {"connection_id": "<default>", "email": "no@example.com"}),
    Case("POST", "/tickets/password-change", 400, {"connection_id": NO_CONNECTION, "email": "a@example.com"}),
    Case("POST", "/tickets/password-change", 404, {"user_id": "auth0|nobody"}, USER_GONE),
    Case("POST", "/tickets/password-change", 400, {"user_id": "<raw odd>"}),
    Case("POST", "/tickets/password-change", 400, {"user_id": "<raw ann>", "client_id": ""}, BAD_BODY),
    Case("POST", "/tickets/password-change", 400, {}, BAD_BODY),
    Case("POST", "/tickets/email-verification", 201, {"user_id": "<raw ann>"}),
    Case("POST", "/tickets/email-verification", 404, {"user_id": "auth0|nobody"}, USER_GONE),
]


@pytest.fixture
def names(tenant: Tenant) -> dict[str, str]:
    """What the placeholders of a case stand for."""
    tenant.add_connection("company", strategy="waad")
    tenant.add_connection("Closed", enabled=False)
    tenant.add_connection("Named", requires_username=True)
    admin = tenant.add_role("admin")
    tenant.add_role("editor")
    ann = tenant.add_user("ann@example.com", roles=["admin"])
    ben = tenant.add_user("ben@example.com", blocked=True)
    odd = tenant.add_user("odd@example.com", connection="github", provider="github", user_id="github|a/b#c@d+e|f")
    mute = tenant.add_user(None)
    default = tenant.connection(DEFAULT_CONNECTION)
    assert default is not None
    people = {"ann": ann, "ben": ben, "odd": odd, "mute": mute}
    raw = {f"raw {name}": user_id for name, user_id in people.items()}
    encoded = {name: path_segment(user_id) for name, user_id in people.items()}
    return raw | encoded | {"admin": admin, "default": default.id}


def path_segment(user_id: str) -> str:
    """A user id as a path segment."""
    return re.sub(r"[^A-Za-z0-9]", lambda match: f"%{ord(match[0]):02X}", user_id)


def filled(value: Any, names: dict[str, str]) -> Any:
    """The value with its placeholders replaced."""
    if isinstance(value, str):
        return re.sub(r"<([a-z ]+)>", lambda match: names[match[1]], value)
    if isinstance(value, list):
        return [filled(item, names) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, names) for name, item in value.items()}
    return value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_call_is_answered_as_auth0_answers_it(case: Case, names: dict[str, str], caller: Caller) -> None:
    caller.tenant.scopes |= {"delete:sessions", "delete:roles"}
    caller.log_in()

    answer = caller(case.method, filled(case.path, names), filled(case.body, names))

    assert answer.status_code == case.status, answer.text
    said = answer.json() if case.says or case.status >= 400 else {}
    assert {name: said.get(name) for name in case.says} == case.says
    if case.status >= 400:
        assert said["statusCode"] == case.status
    logged = caller.sandbox.log[-1]
    assert logged.status == case.status
    assert_exchange_matches_spec(logged)


def test_the_cases_cover_every_endpoint() -> None:
    exercised_elsewhere = {("GET", "/jobs/{id}"), ("GET", "/jobs/{id}/errors"), ("POST", "/jobs/users-imports")}

    described = {
        (case.method, re.sub(r"/<[a-z]+>", "/{id}", case.path).partition("?")[0])
        for case in CASES
        if case.status < 300 and NOBODY not in case.path
    }

    wanted = {(route.method, route.path.removeprefix(API)) for route in ROUTES if route.path.startswith(API)}
    assert wanted == described | exercised_elsewhere


@pytest.mark.parametrize("route", [route for route in ROUTES if route.need], ids=lambda r: f"{r.method} {r.path}")
def test_without_its_scopes_a_call_is_forbidden(route: Any, caller: Caller) -> None:
    caller.off_spec = True
    caller.tenant.scopes.clear()
    caller.tenant.scopes.add("read:nothing")
    caller.log_in()

    answer = caller(route.method, route.path.removeprefix(API).replace("{id}", NOBODY))

    quantity = "all" if route.need.every else "any"
    assert answer.status_code == 403
    assert answer.json() == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": f"Insufficient scope, expected {quantity} of: {','.join(route.need.names)}",
        "errorCode": "insufficient_scope",
    }


def test_what_does_not_exist_is_not_found(caller: Caller) -> None:
    caller.off_spec = True

    answers = [caller("DELETE", "/users"), caller("GET", "/nothing"), caller("GET", "/users/a/b/c")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert caller.sandbox.log[0].path == "/api/v2/users"


def test_a_body_that_is_no_json_is_refused(caller: Caller) -> None:
    answer = caller("POST", "/roles", data=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid request payload JSON format"
