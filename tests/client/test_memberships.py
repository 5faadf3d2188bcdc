"""Who has which role: by the members of each role or user by user, with the same answer."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.errors import Auth0Error, Denied, Malformed, NotFound
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync.model import Account, Memberships
from tests.client.builders import Time, asked, fill, reader_of, transport_to

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Sandbox]

MEMBERS = "/roles/{id}/users"
OF_ONE = "/users/{id}/roles"


def read(sandbox: Sandbox, passing: Time, *, most: int = 0, **options: Any) -> Memberships:
    reader = reader_of(transport_to(sandbox, passing, most=most), passing, **options)
    accounts = reader.accounts(reader.connection())
    return reader.memberships(accounts, reader.roles())


def named(tenant: Tenant, memberships: Memberships) -> dict[str, set[str]]:
    """User id to role names, of those who have any."""
    return {
        user_id: {tenant.roles[role_id]["name"] for role_id in role_ids}
        for user_id, role_ids in memberships.roles.items()
        if role_ids
    }


def truth(tenant: Tenant) -> dict[str, set[str]]:
    of_ours = {i for i, user in tenant.users.items() if user["identities"][0]["connection"] == DEFAULT_CONNECTION}
    return {user_id: tenant.roles_of(user_id) for user_id in of_ours if tenant.roles_of(user_id)}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_ways_give_the_same_answer(seed: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same accounts each time
    names = [f"role {number}" for number in range(chance.randint(1, 6))]
    for name in names:
        tenant.add_role(name)
    for number in range(chance.randint(2, 40)):
        roles = chance.sample(names, chance.randint(0, len(names)))
        ours = chance.random() < 0.7
        connection, provider = (DEFAULT_CONNECTION, "auth0") if ours else ("google", "google-oauth2")
        tenant.add_user(f"{number}@example.com", roles=roles, connection=connection, provider=provider)

    by_members = read(sandbox, passing, role_read="members")
    by_pool = read(sandbox, passing, role_read="pool", workers=2)

    assert named(tenant, by_members) == named(tenant, by_pool) == truth(tenant)
    assert by_members.unknown == by_pool.unknown == {}


@pytest.mark.parametrize("how_many", [0, 1, 99, 100, 101, 1000, 1050])
def test_all_members_of_a_role_are_read(how_many: int, serve: Serve, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    fill(tenant, how_many, roles=["admin"])
    fill(tenant, 2, start=how_many)
    sandbox = serve()

    memberships = read(sandbox, passing, role_read="members")

    assert named(tenant, memberships) == truth(tenant)


@pytest.mark.parametrize("next_on_full_last_page", [False, True])
def test_the_last_page_may_be_empty(
    next_on_full_last_page: bool,  # noqa: FBT001 - parametrized
    serve: Serve,
    tenant: Tenant,
    passing: Time,
) -> None:
    tenant.add_role("admin")
    fill(tenant, 200, roles=["admin"])
    sandbox = serve(next_on_full_last_page=next_on_full_last_page)

    memberships = read(sandbox, passing, role_read="members")

    assert len(memberships.roles) == 200
    assert len(asked(sandbox, "GET", MEMBERS)) == 2 + next_on_full_last_page


@pytest.mark.parametrize("after", [0, 1, 2])
def test_members_whose_next_leads_nowhere_are_an_error(
    after: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    fill(tenant, 350, roles=["admin"])
    sandbox.faults.add(Fault(kind="repeat_next", times=None, after=after))

    with pytest.raises(Malformed, match="the list turns in a circle"):
        read(sandbox, passing, role_read="members")


def test_members_of_other_connections_are_ignored(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    ours = fill(tenant, 2, roles=["admin"])
    tenant.add_user("ann@example.com", connection="google", provider="google-oauth2", roles=["admin"])
    linked = tenant.add_user("ben@example.com", connection="google", provider="google-oauth2", roles=["admin"])
    tenant.link(linked, connection=DEFAULT_CONNECTION, provider="auth0")

    memberships = read(sandbox, passing, role_read="members")

    assert memberships.roles.keys() == set(ours)


@pytest.mark.parametrize("kind", ["html", "garbage", "status"])
@pytest.mark.parametrize("after", [0, 1])
def test_members_that_do_not_come_whole_are_an_error(
    kind: Any, after: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    fill(tenant, 120, roles=["admin"])
    sandbox.faults.add(Fault(kind=kind, path=f"/api/v2{MEMBERS}", after=after, times=None))

    with pytest.raises(Auth0Error):
        read(sandbox, passing, role_read="members")


def test_a_role_that_is_deleted_meanwhile_is_an_error(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    role_id = tenant.add_role("admin")
    fill(tenant, 3, roles=["admin"])
    reader = reader_of(transport_to(sandbox, passing), passing, role_read="members")
    accounts, roles = reader.accounts(reader.connection()), reader.roles()
    tenant.remove_role(role_id)

    with pytest.raises(NotFound, match="The role does not exist"):
        reader.memberships(accounts, roles)


def test_nothing_is_asked_where_there_is_nobody_or_no_role(sandbox: Sandbox, passing: Time) -> None:
    reader = reader_of(transport_to(sandbox, passing), passing)
    stranger = Account("google|1", "ann@example.com", "google")

    for accounts in ([], [stranger]):
        assert reader.memberships(accounts, []) == Memberships({})

    assert sandbox.log == []


def test_auto_reads_by_members_when_that_takes_fewer_requests(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    for name in ("admin", "editor"):
        tenant.add_role(name)
    fill(tenant, 30, roles=["admin"])

    memberships = read(sandbox, passing)

    assert named(tenant, memberships) == truth(tenant)
    assert len(asked(sandbox, "GET", MEMBERS)) == 2
    assert asked(sandbox, "GET", OF_ONE) == []


def test_auto_reads_user_by_user_when_there_are_no_fewer_roles_than_accounts(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    for name in ("admin", "editor", "author"):
        tenant.add_role(name)
    fill(tenant, 3, roles=["admin"])

    memberships = read(sandbox, passing)

    assert named(tenant, memberships) == truth(tenant)
    assert asked(sandbox, "GET", MEMBERS) == []
    assert len(asked(sandbox, "GET", OF_ONE)) == 3


def test_auto_spends_no_more_on_members_than_user_by_user_would_cost(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    fill(tenant, 4, roles=["admin"])
    for number in range(900):
        email = f"g{number}@example.com"
        tenant.add_user(email, connection="google", provider="google-oauth2", roles=["admin"])

    memberships = read(sandbox, passing)

    assert named(tenant, memberships) == truth(tenant)
    assert len(asked(sandbox, "GET", MEMBERS)) == 4
    assert len(asked(sandbox, "GET", OF_ONE)) == 4


@pytest.mark.parametrize("kind", ["status", "html", "garbage", "truncate", "short_page", "empty_page"])
def test_a_user_whose_roles_cannot_be_read_is_unknown_and_never_without_roles(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    user_ids = fill(tenant, 4, roles=["admin"])
    bad = user_ids[1]
    where = bad.removeprefix("auth0|")
    sandbox.faults.add(Fault(kind=kind, path=f"/api/v2{OF_ONE}", where=where, times=None))

    memberships = read(sandbox, passing, role_read="pool", workers=2, most=1)

    assert memberships.roles.keys() == set(user_ids) - {bad}
    assert all(memberships.roles.values())
    assert memberships.unknown.keys() == {bad}
    assert memberships.unknown[bad].startswith("GET /users/")


@pytest.mark.parametrize("status", [404, 403])
def test_a_user_who_is_refused_is_unknown(status: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    bad, good = fill(tenant, 2, roles=["admin"])
    fault = Fault(kind="status", status=status, path=f"/api/v2{OF_ONE}", where=bad.removeprefix("auth0|"), times=None)
    sandbox.faults.add(fault)

    memberships = read(sandbox, passing, role_read="pool", workers=2)

    assert memberships.roles.keys() == {good}
    assert str(status) in memberships.unknown[bad]


def test_a_user_who_is_deleted_meanwhile_is_unknown(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    gone, there = fill(tenant, 2, roles=["admin"])
    reader = reader_of(transport_to(sandbox, passing), passing, role_read="pool", workers=1)
    accounts, roles = reader.accounts(reader.connection()), reader.roles()
    tenant.remove_user(gone)

    memberships = reader.memberships(accounts, roles)

    assert memberships.roles.keys() == {there}
    assert "The user does not exist" in memberships.unknown[gone]


@pytest.mark.parametrize(("accounts", "asked_at_most"), [(1, 1), (40, 16)])
def test_ten_users_in_a_row_who_cannot_be_read_end_the_read(
    accounts: int, asked_at_most: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    fill(tenant, accounts)
    sandbox.faults.add(Fault(kind="status", status=403, path=f"/api/v2{OF_ONE}", times=None))

    with pytest.raises(Denied):
        read(sandbox, passing, role_read="pool", workers=1)

    assert len(asked(sandbox, "GET", OF_ONE)) <= asked_at_most


def test_roles_that_are_not_managed_are_not_told(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    for name in ("admin", "other"):
        tenant.add_role(name)
    (user_id,) = fill(tenant, 1, roles=["admin", "other"])
    reader = reader_of(transport_to(sandbox, passing), passing, role_read="pool", workers=1)
    managed = [role for role in reader.roles() if role.name == "admin"]

    memberships = reader.memberships(reader.accounts(reader.connection()), managed)

    assert memberships.roles == {user_id: {tenant.role_id("admin")}}
