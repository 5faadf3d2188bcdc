"""The way back: what a journal and the present make of a plan."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import restoring
from sync.brakes import Brakes
from sync.model import NO_MARKS, Account, Kind, Marks, Prior, Role
from sync.protection import Protection
from sync.restoring import Present, Restoration
from tests.sync.builders import ADMIN, CONNECTION, FOREIGN, READER, ROLES, WRITER, held_reasons, steps

GONE = Present(None)


def prior(kind: Kind = Kind.DELETE, name: str = "ann", **more: Any) -> Prior:
    values = {
        "kind": kind, "user_id": f"auth0|{name}", "email": f"{name}@x.io", "roles": (ADMIN, READER), "taken": (),
        "profile": {}, "user_metadata": {}, "app_metadata": {},
    }  # fmt: skip
    return Prior(**(values | more))


def there(
    name: str = "ann", *roles: Role, email: str = "", connection: str = CONNECTION, blocked: bool = False
) -> Present:
    account = Account(
        f"auth0|{name}",
        email or f"{name}@x.io",
        connection,
        blocked,
        Marks(blocked_at="2026-01-01") if blocked else NO_MARKS,
    )
    return Present(account, frozenset(role.id for role in roles))


def restore(
    *journal: Prior, brakes: Brakes | None = None, protected: tuple[str, ...] = (), **now: Present
) -> Restoration:
    present = {one.user_id: now[one.user_id.removeprefix("auth0|")] for one in journal}
    return restoring.build(
        journal, present, connection=CONNECTION, roles=ROLES, protection=Protection(protected), brakes=brakes
    )


def test_a_deleted_account_is_made_again_with_its_id_and_gets_its_roles() -> None:
    plan = restore(prior(), ann=GONE).plan

    assert steps(plan) == [("create", "ann@x.io", ()), ("add_roles", "ann@x.io", ("admin", "reader"))]
    assert plan.changes[0].user_id == "auth0|ann"


def test_an_account_is_made_of_what_auth0_takes_and_of_nothing_that_is_empty() -> None:
    profile = {
        "email": "ann@x.io", "user_id": "auth0|ann", "identities": [], "created_at": "2026", "logins_count": 3,
        "given_name": "Ann", "family_name": "", "nickname": None, "email_verified": False, "blocked": True,
    }  # fmt: skip
    plan = restore(prior(profile=profile, user_metadata={"a": 1}), ann=GONE).plan

    assert plan.changes[0].attributes == {
        "given_name": "Ann", "email_verified": False, "blocked": True, "user_metadata": {"a": 1},
    }  # fmt: skip


def test_roles_that_were_taken_are_given_back_and_no_others() -> None:
    one = prior(Kind.REMOVE_ROLES, taken=(ADMIN,))

    assert steps(restore(one, ann=there("ann", WRITER)).plan) == [("add_roles", "ann@x.io", ("admin",))]
    assert steps(restore(one, ann=there("ann", ADMIN)).plan) == []


def test_a_role_that_no_longer_exists_is_told_also_where_nothing_else_is_left_to_do() -> None:
    one = prior(Kind.REMOVE_ROLES, taken=(FOREIGN,))

    restoration = restore(one, ann=there("ann"))

    assert restoration.plan.changes == ()
    assert restoration.notes == (("ann@x.io", "the role 'foreign': it no longer exists"),)


def test_of_those_who_are_not_meant_nothing_is_told() -> None:
    restoration = restore(prior(), brakes=Brakes(only=frozenset({"bob@x.io"})), ann=GONE)

    assert restoration.notes == ()


def test_a_block_that_an_administrator_has_set_meanwhile_stays_and_is_told() -> None:
    account = Account("auth0|ann", "ann@x.io", CONNECTION, blocked=True)

    restoration = restore(prior(Kind.BLOCK), ann=Present(account))

    assert restoration.plan.changes == ()
    assert [note.partition(":")[0] for _, note in restoration.notes] == ["the block"]


def test_an_account_that_is_half_restored_gets_the_rest_of_its_roles() -> None:
    assert steps(restore(prior(), ann=there("ann", ADMIN)).plan) == [("add_roles", "ann@x.io", ("reader",))]


def test_a_block_by_the_run_is_lifted_and_one_that_was_there_before_is_not() -> None:
    before = prior(Kind.BLOCK, profile={"blocked": True})

    assert steps(restore(prior(Kind.BLOCK), ann=there(blocked=True)).plan) == [("unblock", "ann@x.io", ())]
    assert steps(restore(prior(Kind.BLOCK), ann=there()).plan) == []
    assert steps(restore(before, ann=there(blocked=True)).plan) == []
    assert steps(restore(prior(Kind.REMOVE_ROLES), ann=there(blocked=True)).plan) == []


@pytest.mark.parametrize(
    ("one", "now", "reason"),
    [
        (prior(), Present(None, rivals=("auth0|other",)), "another account has this e-mail by now: auth0|other"),
        (prior(), there(email="bob@x.io"), "the account is another person's by now: bob@x.io"),
        (prior(), there(connection="Staff"), "the account is another person's by now: ann@x.io"),
        (prior(Kind.BLOCK), GONE, "the account is gone, and this run did not delete it"),
        (prior(Kind.REMOVE_ROLES), GONE, "the account is gone, and this run did not delete it"),
    ],
)
def test_who_cannot_be_brought_back_in_safety_is_held(one: Prior, now: Present, reason: str) -> None:
    plan = restore(one, ann=now).plan

    assert plan.changes == ()
    assert held_reasons(plan)["ann@x.io"].startswith(reason)


def test_the_protected_are_left_alone() -> None:
    plan = restore(prior(), protected=("ann@*",), ann=GONE).plan

    assert (plan.changes, plan.held) == ((), ())


def test_only_brings_back_just_those() -> None:
    journal = (prior(), prior(name="bob"))

    plan = restore(*journal, brakes=Brakes(only=frozenset({"bob@x.io"})), ann=GONE, bob=GONE).plan

    assert {change.email for change in plan.changes} == {"bob@x.io"}
    assert {one.change.email for one in plan.kept_back} == {"ann@x.io"}


def test_what_is_not_brought_back_is_said_of_those_whom_it_concerns() -> None:
    identities = [
        {"provider": "auth0", "user_id": "ann"},
        {"provider": "google-oauth2", "user_id": "117"},
    ]
    one = prior(profile={"multifactor": ["guardian"], "identities": identities}, roles=(ADMIN, FOREIGN))
    two = prior(Kind.REMOVE_ROLES, name="bob", taken=(ADMIN,))

    notes = restore(one, two, ann=GONE, bob=there("bob")).notes

    assert [email for email, _ in notes] == ["ann@x.io"] * 4
    said = " / ".join(note for _, note in notes)
    for words in ("the password", "MFA factors guardian", "linked identities google-oauth2|117", "role 'foreign'"):
        assert words in said


def test_a_passwordless_account_had_no_password() -> None:
    one = prior(user_id="email|ann")

    notes = restoring.build((one,), {"email|ann": GONE}, connection=CONNECTION, roles=ROLES).notes

    assert notes == ()


def test_of_two_lines_about_one_account_the_first_has_what_was_there_before() -> None:
    first, second = prior(profile={"name": "Ann"}), prior(profile={"name": "Ann?"}, roles=())

    plan = restore(first, second, ann=GONE).plan

    assert plan.changes[0].attributes == {"name": "Ann"}
    assert (plan.counts.source_rows, plan.counts.people, plan.counts.duplicates) == (2, 1, 1)


PRIORS = st.lists(
    st.builds(
        prior,
        st.sampled_from([Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE]),
        st.sampled_from(["ann", "bob", "cy", "root"]),
        taken=st.sampled_from([(), (ADMIN,), (ADMIN, FOREIGN)]),
    ),
    min_size=1,
    max_size=6,
)
NOW = st.one_of(
    st.just(GONE),
    st.just(Present(None, rivals=("auth0|other",))),
    st.sampled_from([there("x"), there("x", ADMIN), there("x", ADMIN, READER), there("x", email="else@x.io")]),
)


@given(
    PRIORS, st.fixed_dictionaries(dict.fromkeys(["ann", "bob", "cy", "root"], NOW)), st.sets(st.sampled_from(["ann"]))
)
def test_a_restoration_takes_nothing_and_its_counts_balance(
    journal: list[Prior], now: dict[str, Present], only: set[str]
) -> None:
    own = {name: _renamed(present, name) for name, present in now.items()}
    brakes = Brakes(only=frozenset(f"{name}@x.io" for name in only))

    plan = restore(*journal, brakes=brakes, protected=("root@*",), **own).plan

    counts = plan.counts
    assert {change.kind for change in plan.changes} <= {Kind.CREATE, Kind.UNBLOCK, Kind.ADD_ROLES}
    assert not any(change.email == "root@x.io" for change in plan.changes)
    assert len(journal) == counts.source_rows == counts.people + counts.held + counts.duplicates
    assert counts.accounts == sum(own[one].account is not None for one in {p.email.partition("@")[0] for p in journal})
    assert counts.accounts == (
        counts.unchanged + counts.changed + counts.kept_back + counts.protected + counts.held_accounts
    )
    assert counts.unchanged >= 0


def _renamed(present: Present, name: str) -> Present:
    if present.account is None:
        return present
    email = present.account.email if present.account.email == "else@x.io" else f"{name}@x.io"
    return Present(Account(f"auth0|{name}", email, CONNECTION), present.roles)
