"""Attributes: what a cell says, when Auth0 would refuse it, and when an account has just that."""

from __future__ import annotations

from typing import Any

import pytest

from sync.model import Edit
from sync.profile import NotUnderstood, agree, differences, found, nested, value


@pytest.mark.parametrize(
    ("field", "cell", "said"),
    [
        ("name", "  Ann Ek ", "Ann Ek"),
        ("name", "x" * 300, "x" * 300),
        ("name", " ", None),
        ("phone_number", "+4930123456", "+4930123456"),
        ("phone_number", "", None),
        ("picture", "https://x.io/a.png?b=c", "https://x.io/a.png?b=c"),
        ("email_verified", "True", True),
        ("email_verified", " no ", False),
        ("app_metadata.team", " Sales ", "Sales"),
        ("app_metadata.team", "", None),
        ("app_metadata.cost", 0, 0),
        ("user_metadata.premium", False, False),
    ],
)
def test_a_cell_says_a_value_or_that_there_is_none(field: str, cell: object, said: object) -> None:
    assert value(field, cell) == said
    assert type(value(field, cell)) is type(said)


@pytest.mark.parametrize(
    ("field", "cell", "why"),
    [
        ("name", "x" * 301, "longer than 300"),
        ("given_name", "x" * 151, "longer than 150"),
        ("username", "x" * 129, "longer than 128"),
        ("phone_number", "030 123456", r"'030 123456' is not of the form \+4930123456"),
        ("phone_number", "+1234567890123456", "is not of the form"),
        ("picture", "a.png", "'a.png' is no URL"),
        ("picture", "ftp://x.io/a.png", "is no URL"),
        ("picture", "https://x.io/a b.png", "is no URL"),
        ("picture", "https://[", "is no URL"),
        ("email_verified", "", "neither yes nor no"),
        ("email_verified", "maybe", "'maybe' as email_verified is neither yes nor no"),
    ],
)
def test_what_auth0_would_refuse_is_not_understood_and_says_why(field: str, cell: str, why: str) -> None:
    with pytest.raises(NotUnderstood, match=why):
        value(field, cell)


@pytest.mark.parametrize(
    ("field", "wanted", "has", "same"),
    [
        ("name", "Ann", "Ann", True),
        ("name", "Ann", "ann", False),
        ("name", "Ann", None, False),
        ("name", None, None, True),
        ("name", None, "Ann", False),
        ("name", None, "ann@x.io", True),  # what Auth0 fills in by itself
        ("nickname", None, "ann", True),
        ("nickname", None, "ann@x.io", False),
        ("picture", None, "https://s.gravatar.com/avatar/0?s=480", True),
        ("picture", None, "https://x.io/a.png", False),
        ("username", "Ann", "ann", True),
        ("email_verified", True, True, True),
        ("email_verified", False, None, False),
        ("app_metadata.n", 1, True, False),
        ("app_metadata.n", 1, 1.0, True),
        ("app_metadata.n", "1", 1, False),
    ],
)
def test_an_account_has_what_is_wanted_or_has_not(field: str, wanted: Any, has: Any, same: bool) -> None:  # noqa: FBT001
    edits = list(differences({field: wanted}, {} if has is None else {field: has}, "ann@x.io"))

    assert agree(field, wanted, has, "ann@x.io") is same
    assert edits == ([] if same else [Edit(field, has, wanted)])


def test_edits_become_the_objects_that_auth0_takes_and_records_give_the_fields_back() -> None:
    edits = [Edit("name", None, "Ann"), Edit("app_metadata.team", 1, None), Edit("app_metadata.sync.id", None, "7")]

    body = nested(edits)

    assert body == {"name": "Ann", "app_metadata": {"team": None, "sync": {"id": "7"}}}
    assert found(body, ["name", "app_metadata.team", "app_metadata.sync.id", "nickname", "name.x"]) == {
        "name": "Ann",
        "app_metadata.sync.id": "7",
    }
