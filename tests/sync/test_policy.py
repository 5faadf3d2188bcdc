"""Policy: what becomes of whom, and whose account it is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sync.model import Cause, Kind, Role
from sync.policy import Policy
from sync.protection import Protection
from tests.sync.builders import ADMIN, FOREIGN, READER
from tests.sync.mapped import account, kinds, planned

TODAY = date(2026, 3, 31)
ANN, BOB = {"email": "ann@x.io"}, {"email": "bob@x.io"}


@pytest.mark.parametrize(
    ("marks", "days", "kind"),
    [
        ({"blocked_at": "2026-03-01"}, 30, Kind.DELETE),
        ({"blocked_at": "2026-03-02"}, 30, None),
        ({"blocked_at": "2026-03-01T23:59:59Z"}, 30, Kind.DELETE),
        ({"blocked_at": "2026-03-01"}, 0, None),
        ({"blocked_at": "long ago"}, 1, None),
        ({}, 1, None),
        ({"to_revoke": True}, 1, None),
        ({"blocked_at": "2026-03-31", "to_revoke": True}, 1, Kind.BLOCK),
    ],
)
def test_who_is_blocked_is_deleted_when_a_run_has_blocked_them_long_enough_ago(
    marks: dict[str, Any], days: int, kind: Kind | None
) -> None:
    policy = Policy(missing=Kind.BLOCK, delete_after=days, today=TODAY)

    for cause in (Cause.MISSING, Cause.INACTIVE):
        leaving = policy.leaving(account("ann", blocked=True, **marks), cause)

        assert leaving == (kind and (kind, Cause.EXPIRED if kind is Kind.DELETE else cause))


def test_somebody_who_is_let_in_again_is_blocked_anew_and_not_deleted_for_an_old_mark() -> None:
    policy = Policy(missing=Kind.BLOCK, delete_after=1, today=TODAY)

    assert policy.leaving(account("ann", blocked_at="2020-01-01"), Cause.MISSING) == (Kind.BLOCK, Cause.MISSING)


@pytest.mark.parametrize(("inactive", "kind"), [(Kind.BLOCK, "block"), (Kind.DELETE, "delete")])
def test_who_is_not_active_goes_and_a_newcomer_does_not_come(inactive: Kind, kind: str) -> None:
    source = [{**ANN, "active": "0"}, {"email": "new@x.io", "active": "0"}, {**BOB, "active": "1"}]

    made = planned(source, account("ann"), account("bob"), policy=Policy(inactive=inactive))

    assert kinds(made) == [(kind, "ann@x.io")]
    assert made.changes[0].cause is Cause.INACTIVE
    assert (made.counts.inactive, made.counts.people) == (2, 3)


@pytest.mark.parametrize("cell", [None, "1"])
def test_who_comes_back_is_unblocked_if_the_source_says_so_and_a_run_has_blocked_them(cell: str | None) -> None:
    by_us = planned([{**ANN, "active": cell}], account("ann", blocked=True, blocked_at="2026-01-01"))
    by_another = planned([{**ANN, "active": cell}], account("ann", blocked=True))
    no_longer = planned([{**ANN, "active": cell}], account("ann", blocked_at="2026-01-01", to_revoke=True))

    assert kinds(by_us) == ([("unblock", "ann@x.io")] if cell else [])
    assert kinds(by_another) == []
    assert [edit.field for change in no_longer.changes for edit in change.edits] == (
        ["app_metadata.sync.blocked_at", "app_metadata.sync.revoke"] if cell else []
    )


def test_in_marked_mode_only_what_bears_the_mark_goes() -> None:
    accounts = account("ours", owner="hr"), account("theirs", owner="it"), account("nobodys"), account("ann")

    made = planned([ANN], *accounts, policy=Policy(owner="hr"))

    assert kinds(made) == [("adopt", "ann@x.io"), ("delete", "ours@x.io")]
    assert (made.counts.out_of_scope, made.counts.in_scope) == (2, 2)


def test_in_marked_mode_another_jobs_account_holds_its_person_and_its_keys_are_not_ours() -> None:
    theirs, ours = account("ann", owner="it", source_id="1"), account("bob", owner="hr", source_id="2")

    made = planned([{**ANN, "id": "9"}, {**BOB, "id": "1"}], theirs, ours, policy=Policy(owner="hr"))

    assert {held.email: held.reason for held in made.held} == {
        "ann@x.io": "the account is that of the job 'it' (SYNC_OWNER)",
        "bob@x.io": made.held[1].reason,
    }
    assert made.changes == ()


@pytest.mark.parametrize("owner", ["", "hr"])
def test_an_account_never_gets_the_key_of_somebody_else(owner: str) -> None:
    source = [{**ANN, "id": "1"}, {**BOB, "id": "2"}]
    accounts = account("ann", source_id="9"), account("bob", source_id="2", owner=owner)

    made = planned(source, *accounts, policy=Policy(owner=owner))

    (held,) = made.held
    assert made.changes == ()
    assert held.email == "ann@x.io"
    assert "auth0|ann has this e-mail under the key '9', the source has it under '1'" in held.reason


def test_in_marked_mode_our_account_stays_although_the_e_mail_of_its_person_is_another_jobs() -> None:
    theirs, ours = account("ann", owner="it", source_id="7"), account("old", owner="hr", source_id="7")

    made = planned([{**ANN, "id": "7"}], theirs, ours, policy=Policy(owner="hr"))

    assert made.changes == ()
    assert sorted(held.email for held in made.held) == ["ann@x.io", "old@x.io"]


@pytest.mark.parametrize("marked", [False, True])
def test_who_is_protected_is_listed_with_the_reason_and_never_changed(marked: bool) -> None:  # noqa: FBT001
    policy = Policy(Protection(["x.io"], [FOREIGN]), owner="hr" if marked else "")
    source = [{**ANN, "name": "New"}, {"email": "new@x.io"}]

    made = planned(source, account("ann", owner="hr"), account("gone", owner="hr"), policy=policy)

    assert made.changes == ()
    assert [(one.email, one.user_id) for one in made.protected] == [
        ("ann@x.io", "auth0|ann"), ("gone@x.io", "auth0|gone"), ("new@x.io", None),
    ]  # fmt: skip
    assert {one.reason for one in made.protected} == {"CLIENT_IGNORE_USERS: x.io"}


def test_who_has_a_protecting_role_is_protected_although_it_is_not_managed() -> None:
    policy = Policy(Protection(roles=[FOREIGN]))

    made = planned([BOB], account("ann"), account("bob"), policy=policy, having={"auth0|ann": [ADMIN, FOREIGN]})

    assert kinds(made) == []
    assert [one.reason for one in made.protected] == ["CLIENT_IGNORE_ROLES: foreign"]


def holders(*changes: dict[str, Any], role: Role = ADMIN, **options: Any) -> tuple[int, int]:
    accounts = account("ann"), account("bob"), account("barred", blocked=True)
    (found,) = planned(changes, *accounts, policy=Policy(minimum={role: 2}, **options)).holders
    return found.before, found.after


def test_those_are_counted_who_have_the_role_and_can_log_in() -> None:
    barred = {"email": "barred@x.io"}

    assert holders(ANN, BOB, barred) == (2, 2)
    assert holders(ANN, barred) == (2, 1)
    assert holders(ANN, barred, missing=Kind.BLOCK) == (2, 1)
    assert holders(ANN, {**BOB, "role": "reader"}, barred) == (2, 1)
    assert holders(ANN, {"email": "new@x.io"}, barred) == (2, 2)
    assert holders({**ANN, "active": "0"}, {**BOB, "active": "1"}, barred) == (2, 1)
    assert holders(ANN, BOB, barred, role=READER) == (0, 0)
