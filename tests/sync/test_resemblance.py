"""Possible renames: a newcomer and a leaver who are alike in what the source says and Auth0 has not filled in."""

from __future__ import annotations

from typing import Any

import pytest

from sync.model import Kind
from sync.policy import Policy
from tests.sync.mapped import account, kinds, planned

NEW = {"email": "new@x.io"}


def alike(newcomer: dict[str, Any], profile: dict[str, Any], **marks: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    made = planned([{**NEW, **newcomer}], account("old", profile=profile, **marks))
    return [(pair.old_email, pair.new_email, pair.shared) for pair in made.possible_renames]


@pytest.mark.parametrize(
    "shared",
    [{"name": "Ann Ek"}, {"given_name": "Ann", "family_name": "Ek"}, {"phone_number": "+491"}, {"username": "ann"},
     {"nickname": "annie"}, {"picture": "https://x.io/a.png"}, {"name": "Ann Ek", "phone_number": "+491"}],
    ids=str,
)  # fmt: skip
def test_who_shares_a_value_with_a_leaver_may_be_the_same_person(shared: dict[str, Any]) -> None:
    assert alike(shared, shared) == [("old@x.io", "new@x.io", tuple(shared))]


@pytest.mark.parametrize(
    ("newcomer", "profile"),
    [
        ({"given_name": "Ann"}, {"given_name": "Ann"}),  # too little
        ({"name": "old@x.io"}, {"name": "old@x.io"}),  # what Auth0 has filled in
        ({"name": ""}, {"name": ""}),
        ({"app_metadata.team": "Sales"}, {"app_metadata.team": "Sales"}),
        ({"name": "Ann"}, {"name": "Bob"}),
        ({"email_verified": "1"}, {"email_verified": True}),
    ],
)
def test_what_many_share_or_nobody_has_said_tells_nothing(newcomer: dict[str, Any], profile: dict[str, Any]) -> None:
    assert alike(newcomer, profile) == []


def test_two_who_have_different_keys_are_two_people() -> None:
    same = {"name": "Ann Ek"}

    assert alike({**same, "id": "1"}, same, source_id="2") == []
    assert len(alike({**same, "id": "1"}, same)) == 1
    assert len(alike(same, same, source_id="2")) == 1


def test_only_who_really_comes_and_goes_is_named() -> None:
    same = {"name": "Ann Ek"}
    stays = {"email": "old@x.io", **same}

    made = planned([{**NEW, **same}, stays], account("old", profile=same))
    blocked = planned([{**NEW, **same}], account("old", profile=same), policy=Policy(missing=Kind.BLOCK))

    assert made.possible_renames == ()
    assert kinds(blocked)[-1] == ("block", "old@x.io")
    assert len(blocked.possible_renames) == 1


def test_a_value_that_very_many_leavers_share_is_no_sign() -> None:
    same = {"name": "N. N."}
    leavers = [account(f"old{number}", profile=same) for number in range(6)]

    few = planned([{**NEW, **same}], *leavers[:5])
    many = planned([{**NEW, **same}], *leavers)

    assert (len(few.possible_renames), len(many.possible_renames)) == (5, 0)
