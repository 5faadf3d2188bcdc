"""The search syntax."""

from __future__ import annotations

import pytest

from sandbox.errors import ApiError
from sandbox.search import compile_query

ANN = {
    "user_id": "auth0|1",
    "email": "ann@example.com",
    "blocked": True,
    "identities": [{"connection": "Home"}, {"connection": 'Two "words"'}],
    "app_metadata": {"sync-2": {"id": 'k "1"'}},
    "user_metadata": {"lang": "de", "none": "", "level": 7},
}
BOB = {"user_id": "github|2", "identities": [{"connection": "github"}]}


@pytest.mark.parametrize(
    ("query", "ann", "bob"),
    [
        ('identities.connection:"Home"', True, False),
        ('identities.connection:"Two \\"words\\""', True, False),
        ("identities.connection:github", False, True),
        ('email:"ANN@example.com"', True, False),
        ("email:ann@example.com", True, False),
        ('user_id:"github|2"', False, True),
        ("blocked:true", True, False),
        ("blocked:false", False, False),
        ("NOT blocked:true", False, True),
        ("NOT NOT blocked:true", True, False),
        ('app_metadata.sync-2.id:"k \\"1\\""', True, False),
        ('app_metadata.sync-2.id:"K \\"1\\""', False, False),
        ('app_metadata.sync-2.id:"k \\"1\\"" OR user_id:"github|2"', False, True),
        ('user_metadata.lang:"de" AND blocked:true', True, False),
        ("app_metadata.sync-2.id:7", False, False),
        ('app_metadata.other.id:""', False, False),
        ('user_metadata.none:""', False, False),
        ("user_metadata.lang:de", True, False),
        ("user_metadata.level:7", True, False),
        ('user_metadata.level:"7"', False, False),
        ('user_metadata.lang:"DE"', False, False),
        ('user_id:"auth0|1" OR user_id:"github|2"', True, True),
        ('user_id:"auth0|1" AND blocked:true', True, False),
        ('user_id:"github|2" OR user_id:"auth0|1" AND blocked:false', False, True),
        ('( user_id:"github|2" OR user_id:"auth0|1" ) AND NOT blocked:true ', False, True),
    ],
)
def test_a_query_finds_what_it_says(query: str, ann: bool, bob: bool) -> None:  # noqa: FBT001  (parametrized)
    accepts = compile_query(query)

    assert (accepts(ANN), accepts(BOB)) == (ann, bob)


@pytest.mark.parametrize(
    "query",
    [
        "ann",
        "name:ann",
        "email:*@example.com",
        "email:",
        "blocked:maybe",
        "blocked:true AND",
        "OR blocked:true",
        "(blocked:true",
        "blocked:true)",
        "blocked:true blocked:true",
        'email:"ann',
        "created_at:[2026-01-01 TO 2026-01-31]",
        "NOT",
    ],
)
def test_anything_else_is_refused(query: str) -> None:
    with pytest.raises(ApiError) as raised:
        compile_query(query)

    assert raised.value.body["errorCode"] == "invalid_query_string"
