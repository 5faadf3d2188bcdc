"""The check against Auth0's description finds what it should find."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import LoggedRequest
from tests.openapi import assert_exchange_matches_spec


def exchange(**changes: Any) -> LoggedRequest:
    """A logged GET /users, with changes."""
    values: dict[str, Any] = {
        "method": "GET",
        "path": "/api/v2/users",
        "raw_path": "/api/v2/users",
        "query": {},
        "body": None,
        "at": 0.0,
        "authorization": True,
        "status": 200,
        "payload": b"[]",
    }
    return LoggedRequest(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"query": {"per_page": "100", "q": "x", "include_totals": "true"}},
        {"path": "/oauth/token", "method": "POST", "status": 401},
        {"status": 0, "payload": None},
        {"status": 200, "payload": None, "fault": "html"},
        {"status": 400, "query": {"per_page": "x"}, "payload": b'{"statusCode":400,"error":"x","message":"x"}'},
    ],
)
def test_a_good_exchange_passes(changes: dict[str, Any]) -> None:
    assert_exchange_matches_spec(exchange(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/api/v2/people"},
        {"method": "DELETE"},
        {"query": {"limit": "5"}},
        {"query": {"per_page": "101"}},
        {"query": {"page": "-1"}},
        {"body": {"email": "x"}},
        {"method": "POST", "body": {"email": "ann@example.com"}, "status": 201, "payload": b"{}"},
        {"method": "POST", "body": {"connection": "x", "roles": []}, "status": 201, "payload": b"{}"},
        {"status": 204, "payload": None},
        {"status": 429, "payload": None},
        {"status": 429, "payload": b'{"statusCode":429,"error":"Too Many Requests"}'},
        {"status": 403, "payload": b'{"statusCode":401,"error":"x","message":"x"}'},
        {"payload": json.dumps([{"identities": [{"provider": "nobody"}]}]).encode()},
        {"path": "/api/v2/users-by-email"},
    ],
)
def test_a_bad_exchange_does_not(changes: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        assert_exchange_matches_spec(exchange(**changes))
