"""Checks what went over the wire against Auth0's published OpenAPI description.

    for logged in sandbox.log:
        assert_exchange_matches_spec(logged)

Requests are checked as well as answers: path, query parameters, body. Requests that were refused as
malformed are not, and neither are answers that a fault put in the place of genuine ones.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox import LoggedRequest

_SPEC = Path(__file__).with_name("auth0-management-openapi.json")
_API = "/api/v2"
_REFUSED = frozenset({400, 413})
_INVENTED = frozenset({"status", "rate_limit", "status_after", "html", "garbage", "hang"})
_MULTIPART = "multipart/form-data"

# Statuses that Auth0's description does not list, and why they come all the same.
SURPRISES = frozenset(
    {
        ("DELETE", "/users/{id}/roles", 400),  # a body that breaks its schema has to be refused somehow
        ("PATCH", "/roles/{id}", 404),  # GET and DELETE of the same path list it
        ("PATCH", "/users/{id}", 409),  # Behaviour.patch_email_conflict_status
        ("POST", "/users/{id}/roles", 409),  # Behaviour.role_limit_status
    }
)


def assert_exchange_matches_spec(logged: LoggedRequest) -> None:
    """Fail when a logged request, or its answer, is not what the description allows.

    Requests outside /api/v2, such as for a token or the file of an export, are not described.
    """
    if not logged.path.startswith(_API):
        return
    path = logged.path.removeprefix(_API)
    operation = _spec()["paths"].get(path, {}).get(logged.method.lower())
    assert operation is not None, f"{logged.method} {path} is not described"
    if logged.status not in _REFUSED:
        _assert_query(logged, operation)
        _assert_body(logged, operation)
    if logged.status != 0 and logged.fault not in _INVENTED:
        _assert_answer(logged, path, operation)


@cache
def _spec() -> dict[str, Any]:
    # Several `oneOf` alternatives overlap as published (a last checkpoint page is also an offset page
    # without totals), so that a genuine answer fits two of them; `anyOf` is what is meant.
    text = _SPEC.read_text(encoding="utf-8").replace('"oneOf"', '"anyOf"')
    spec: dict[str, Any] = json.loads(text)
    return spec


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = {**json.loads(schema), "components": _spec()["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def _assert_fits(value: object, schema: Mapping[str, Any], what: str) -> None:
    errors = list(_validator(json.dumps(schema)).iter_errors(value))
    assert not errors, f"{what}: {errors[0].json_path}: {errors[0].message}"


def _assert_query(logged: LoggedRequest, operation: Mapping[str, Any]) -> None:
    described = {entry["name"]: entry for entry in operation.get("parameters", []) if entry["in"] == "query"}
    for name, text in logged.query.items():
        assert name in described, f"{logged.method} {logged.path} has no query parameter {name}"
        schema = described[name]["schema"]
        what = f"{logged.method} {logged.path} ?{name}="
        _assert_fits(_typed(text, schema.get("type", "string")), schema, what)
    required = {name for name, entry in described.items() if entry.get("required")}
    assert required <= logged.query.keys(), f"{logged.method} {logged.path} lacks {required}"


def _typed(text: str, kind: str) -> object:
    if kind == "integer":
        return int(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    return text.split(",") if kind == "array" else text


def _assert_body(logged: LoggedRequest, operation: Mapping[str, Any]) -> None:
    what = f"{logged.method} {logged.path} body"
    content = operation.get("requestBody", {}).get("content")
    if content is None:
        assert logged.body is None, f"{what}: none is described"
    elif _MULTIPART in content:
        named = {"upsert", "send_completion_email"} & logged.body.keys()
        flags = {name: logged.body[name] == "true" for name in named}
        _assert_fits({**logged.body, **flags, "users": "a file"}, content[_MULTIPART]["schema"], what)
        assert isinstance(logged.body["users"], list), f"{what}: the file is not a JSON array"
    elif logged.body is not None or operation["requestBody"].get("required"):
        _assert_fits(logged.body, content["application/json"]["schema"], what)


def _assert_answer(logged: LoggedRequest, path: str, operation: Mapping[str, Any]) -> None:
    what = f"{logged.method} {path} {logged.status}"
    described = operation["responses"].get(str(logged.status))
    surprise = (logged.method, path, logged.status) in SURPRISES
    assert described is not None or surprise, f"{what}: this status is not described"
    answered = logged.response
    if logged.status >= min(_REFUSED):
        _assert_envelope(logged.status, answered, what)
    elif answered is not None:
        content = (described or {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {"enum": [{}]})
        _assert_fits(answered, schema, what)


def _assert_envelope(status: int, answered: object, what: str) -> None:
    assert isinstance(answered, dict), f"{what}: no error envelope"
    assert {"statusCode", "error", "message"} <= answered.keys(), f"{what}: {answered}"
    assert answered.keys() <= {"statusCode", "error", "message", "errorCode"}, f"{what}: {answered}"
    assert answered["statusCode"] == status, f"{what}: {answered}"
