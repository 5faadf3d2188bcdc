"""What a plan holds, for one difference at a time."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from sync import desired, plan
from sync.model import Account, Cause, Change, Kind, Memberships, Role
from tests.sync.builders import (
    ADMIN,
    CONNECTION,
    FOREIGN,
    READER,
    WRITER,
    Tenant,
    User,
    frame,
    held_reasons,
    make_plan,
    managed,
    steps,
)


def test_agreement_needs_no_change() -> None:
    tenant = Tenant.of(ann=[ADMIN], bob=[READER, WRITER])

    made = make_plan(tenant, ("bob@x.io", "writer"), ("ANN@x.io", "Admin"), ("bob@x.io", "reader"))

    assert made.changes == ()
    assert (made.counts.unchanged, made.counts.changed) == (2, 0)


def test_a_new_person_is_created_and_then_given_their_roles() -> None:
    made = make_plan(Tenant(), (" Ann@x.io ", "writer"), ("ann@x.io", "admin"))

    assert made.changes == (
        Change(Kind.CREATE, "ann@x.io"),
        Change(Kind.ADD_ROLES, "ann@x.io", None, (ADMIN, WRITER)),
    )


def test_a_missing_role_is_added_and_one_too_many_removed() -> None:
    tenant = Tenant.of(ann=[READER, WRITER])

    made = make_plan(tenant, ("ann@x.io", "admin"), ("ann@x.io", "writer"))

    assert made.changes == (
        Change(Kind.ADD_ROLES, "ann@x.io", "auth0|ann", (ADMIN,)),
        Change(Kind.REMOVE_ROLES, "ann@x.io", "auth0|ann", (READER,)),
    )
    assert made.counts.accounts_losing_roles == 1
    assert made.counts.changed == 1


def test_an_account_without_a_person_is_deleted() -> None:
    tenant = Tenant.of(ann=[ADMIN], bob=[])

    made = make_plan(tenant, ("ann@x.io", "admin"))

    assert made.changes == (Change(Kind.DELETE, "bob@x.io", "auth0|bob", cause=Cause.MISSING),)


def test_an_unmanaged_role_is_never_taken() -> None:
    tenant = Tenant.of(ann=[ADMIN, FOREIGN], bob=[FOREIGN])

    made = make_plan(tenant, ("ann@x.io", "reader"), ("bob@x.io", "admin"))

    assert steps(made) == [
        ("add_roles", "ann@x.io", ("reader",)),
        ("add_roles", "bob@x.io", ("admin",)),
        ("remove_roles", "ann@x.io", ("admin",)),
    ]


def test_a_person_whose_only_surplus_is_an_unmanaged_role_is_unchanged() -> None:
    tenant = Tenant.of(ann=[ADMIN, FOREIGN])

    made = make_plan(tenant, ("ann@x.io", "admin"))

    assert made.changes == ()
    assert made.counts.unchanged == 1


def test_with_a_prefix_only_the_roles_under_it_are_given_and_taken() -> None:
    app_admin, app_reader = Role("app_admin", "rol_1"), Role("app_reader", "rol_2")
    roles = managed(app_admin, app_reader, ADMIN, READER, prefix="app_")
    tenant = Tenant.of(ann=[app_reader, READER])

    made = make_plan(tenant, ("ann@x.io", "admin"), roles=roles)

    assert steps(made) == [("add_roles", "ann@x.io", ("app_admin",)), ("remove_roles", "ann@x.io", ("app_reader",))]


def test_the_order_is_create_then_add_then_remove_then_delete_and_by_email_within() -> None:
    tenant = Tenant.of(zoe=[READER], ann=[READER], yan=[], bob=[])

    made = make_plan(
        tenant, ("zoe@x.io", "admin"), ("ann@x.io", "admin"), ("new@x.io", "admin"), ("anew@x.io", "admin")
    )

    assert [(change.kind, change.email) for change in made.changes] == [
        (Kind.CREATE, "anew@x.io"),
        (Kind.CREATE, "new@x.io"),
        (Kind.ADD_ROLES, "anew@x.io"),
        (Kind.ADD_ROLES, "ann@x.io"),
        (Kind.ADD_ROLES, "new@x.io"),
        (Kind.ADD_ROLES, "zoe@x.io"),
        (Kind.REMOVE_ROLES, "ann@x.io"),
        (Kind.REMOVE_ROLES, "zoe@x.io"),
        (Kind.DELETE, "bob@x.io"),
        (Kind.DELETE, "yan@x.io"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        User("bob@x.io", connection="google-oauth2"),
        User("bob@x.io", connection=CONNECTION.lower()),
        User("bob@x.io", connection=""),
        User(None),
        User(""),
        User("  "),
    ],
)
def test_an_account_of_another_connection_or_without_email_is_out_of_scope(other: User) -> None:
    tenant = Tenant({"auth0|other": other})

    made = make_plan(tenant, ("ann@x.io", "admin"))

    assert [change.user_id for change in made.changes] == [None, None]
    assert (made.counts.out_of_scope, made.counts.in_scope, made.counts.accounts) == (1, 0, 1)


def test_a_person_who_has_an_account_in_another_connection_alone_is_created_in_ours() -> None:
    tenant = Tenant({"google|ann": User("ann@x.io", {READER}, connection="google-oauth2")})

    made = make_plan(tenant, ("ann@x.io", "admin"))

    assert steps(made) == [("create", "ann@x.io", ()), ("add_roles", "ann@x.io", ("admin",))]


@pytest.mark.parametrize("in_source", [True, False])
def test_accounts_that_share_an_email_but_for_its_case_are_held(in_source: bool) -> None:  # noqa: FBT001
    tenant = Tenant({"auth0|1": User("Ann@x.io"), "auth0|2": User("ann@x.io", {READER})})
    rows = [("ann@x.io", "admin")] if in_source else [("bob@x.io", "admin")]

    made = make_plan(tenant, *rows)

    assert [change for change in made.changes if change.email != "bob@x.io"] == []
    assert held_reasons(made) == {"Ann@x.io": "2 accounts share this e-mail: auth0|1, auth0|2"}
    assert [held.in_source for held in made.held] == [in_source]
    assert made.counts.held_accounts == 2
    assert made.counts.held == in_source


@pytest.mark.parametrize("order", list(itertools.permutations(["auth0|1", "auth0|2", "auth0|3"])))
def test_an_account_that_agrees_is_held_all_the_same_where_others_share_its_email(order: tuple[str, ...]) -> None:
    users = {
        "auth0|1": User("ann@x.io", {ADMIN}),
        "auth0|2": User("Ann@x.io", {READER}),
        "auth0|3": User("bob@x.io", {ADMIN}),
    }
    tenant = Tenant({user_id: users[user_id] for user_id in order})

    made = make_plan(tenant, ("ann@x.io", "admin"), ("bob@x.io", "admin"))

    assert made.changes == ()
    assert held_reasons(made) == {"Ann@x.io": "2 accounts share this e-mail: auth0|1, auth0|2"}
    assert (made.counts.unchanged, made.counts.held_accounts, made.counts.in_scope) == (1, 2, 3)


@pytest.mark.parametrize(("has", "wants"), [("strasse@x.io", "straße@x.io"), ("straße@x.io", "strasse@x.io")])
def test_an_account_whose_email_only_folds_to_the_persons_is_held(has: str, wants: str) -> None:
    tenant = Tenant({"auth0|1": User(has, {READER})})

    made = make_plan(tenant, (wants, "admin"))

    assert made.changes == ()
    assert held_reasons(made) == {has: f"the source has {wants!r}, which is not quite this e-mail"}


@pytest.mark.parametrize(
    "row",
    [
        ("ann@x.io", None),
        ("ANN@x.io", ""),
        (" ann@x.io", "unknown"),
        ("ann@@x.io", "admin"),
        ("Ann <ann@x.io>", "admin"),
        ("zoe@x.io; ann@x.io", "admin"),
        ("ann\u200b@x.io", "admin"),
    ],
)
@pytest.mark.parametrize("known_too", [True, False])
def test_an_account_whose_person_is_not_understood_is_neither_changed_nor_deleted(
    row: tuple[object, object],
    known_too: bool,  # noqa: FBT001
) -> None:
    tenant = Tenant.of(ann=[READER], bob=[ADMIN])
    more = [("ann@x.io", "admin")] if known_too else []

    made = make_plan(tenant, row, *more, ("bob@x.io", "admin"))

    assert made.changes == ()
    assert made.counts.held_accounts == 1
    assert "ann" in " ".join(held_reasons(made)).lower()


def test_an_unreadable_email_that_the_tenant_has_too_is_held() -> None:
    tenant = Tenant({"auth0|1": User('"ann b"@x.io')})

    made = make_plan(tenant, ('"Ann B"@x.io', "admin"), ("bob@x.io", "admin"))

    assert not made.by_kind(Kind.DELETE)
    assert made.counts.held_accounts == 1


def test_an_account_whose_roles_could_not_be_read_is_held() -> None:
    tenant = Tenant.of(ann=[READER], bob=[READER])
    tenant.unknown = {"auth0|ann": "503", "auth0|bob": "503"}

    made = make_plan(tenant, ("ann@x.io", "admin"))

    assert made.changes == ()
    assert held_reasons(made) == dict.fromkeys(["ann@x.io", "bob@x.io"], "the account's roles could not be read: 503")
    assert [held.in_source for held in made.held] == [True, False]
    assert (made.counts.people, made.counts.held, made.counts.held_accounts) == (0, 1, 2)


def test_an_account_that_no_role_list_mentions_has_no_role() -> None:
    roles = managed()
    state = desired.build(frame([("ann@x.io", "admin")]), roles)

    made = plan.build(
        state, [Account("auth0|ann", "ann@x.io", CONNECTION)], Memberships({}), connection=CONNECTION, roles=roles
    )

    assert steps(made) == [("add_roles", "ann@x.io", ("admin",))]


@pytest.mark.parametrize("pattern", ["ann@x.io", "ANN@X.IO", "a*@x.io", "*@X.io"])
def test_a_protected_account_is_never_changed_or_deleted(pattern: str) -> None:
    tenant = Tenant({"auth0|1": User("Ann@X.io", {READER})})

    for rows in ([("ann@x.io", "admin")], [("ann@x.io", None)], [("bob@y.io", "admin")]):
        made = make_plan(tenant, *rows, protected=[pattern])

        assert [change for change in made.changes if change.email != "bob@y.io"] == []
        assert (made.counts.protected, made.counts.held_accounts) == (1, 0)


def test_a_protected_person_is_not_even_created() -> None:
    made = make_plan(Tenant(), ("Root@x.io", "admin"), ("ann@x.io", "admin"), protected=["ROOT@*"])

    assert {change.email for change in made.changes} == {"ann@x.io"}


def test_accounts_that_share_a_protected_email_are_all_protected() -> None:
    tenant = Tenant({"auth0|1": User("Root@x.io"), "auth0|2": User("root@x.io")})

    made = make_plan(tenant, ("ann@x.io", "admin"), protected=["root@x.io"])

    assert (made.counts.protected, made.held) == (2, ())


def test_a_plan_cannot_be_altered() -> None:
    made = make_plan(Tenant(), ("ann@x.io", "admin"))

    with pytest.raises(dataclasses.FrozenInstanceError):
        made.changes = ()  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.changes[0].email = "bob@x.io"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.counts.people = 0  # type: ignore[misc]


def test_the_digest_tells_apart_every_part_of_a_plan() -> None:
    tenants = [
        Tenant(),
        Tenant.of(ann=[ADMIN]),
        Tenant.of(ann=[READER]),
        Tenant.of(ann=[WRITER]),
        Tenant.of(ann=[ADMIN, READER]),
        Tenant.of(ann=[ADMIN], bob=[]),
        Tenant.of(ann=[ADMIN], carl=[]),
        Tenant({"auth0|other": User("ann@x.io")}),
        Tenant({"auth0|another": User("ann@x.io")}),
    ]

    digests = {make_plan(tenant, ("ann@x.io", "admin")).digest for tenant in tenants}

    assert len(digests) == len(tenants)
    assert {len(digest) for digest in digests} == {64}


def test_the_digest_of_the_same_changes_in_another_connection_is_another() -> None:
    roles = managed()
    state = desired.build(frame([("ann@x.io", "admin")]), roles)

    made = [plan.build(state, [], Memberships({}), connection=name, roles=roles) for name in ("one", "two")]

    assert made[0].changes == made[1].changes
    assert made[0].digest != made[1].digest


def test_what_an_account_had_is_known_where_all_roles_of_the_tenant_are_managed() -> None:
    tenant = Tenant.of(ann=[ADMIN, READER], bob=[ADMIN])

    made = make_plan(tenant, ("ann@x.io", "reader"))

    assert {(change.kind, change.email): change.had for change in made.changes} == {
        (Kind.REMOVE_ROLES, "ann@x.io"): (ADMIN, READER),
        (Kind.DELETE, "bob@x.io"): (ADMIN,),
    }


def test_what_an_account_had_is_not_known_where_it_may_have_other_roles_too() -> None:
    tenant = Tenant.of(ann=[ADMIN, READER], bob=[FOREIGN])
    some = managed(ADMIN, READER, WRITER, FOREIGN, patterns=("admin", "reader"))

    made = [make_plan(tenant, ("ann@x.io", "reader"), roles=some), make_plan(tenant, ("ann@x.io", "admin, reader"))]

    assert {change.had for change in made[0].changes} == {None}
    assert [change.had for change in made[1].changes if change.email == "bob@x.io"] == [None]
