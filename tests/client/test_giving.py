"""Roles given in batches: as few requests as can be, and one bad account costs nobody else anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.auth0.errors import NotFound
from client.auth0.writer import Writer
from client.breaker import DONE, Breaker, Tried
from client.giving import RoleGiver
from sandbox import Behaviour, Fault, Sandbox, Tenant
from sync.model import Role, Status
from tests.client.builders import Time, asked, fill, roles_named, transport_to, writer_of
from tests.client.plans import MEMBERS
from tests.openapi import assert_exchange_matches_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.usefixtures("roles")

BAD = "auth0|000000000000000000000bad"


def giver_of(sandbox: Sandbox, passing: Time, *, size: int = 50, workers: int = 1, **options: Any) -> RoleGiver:
    writer = writer_of(transport_to(sandbox, passing, **options), passing)
    sandbox.clear_log()
    return RoleGiver(writer, Breaker(), workers, size)


def batches(sandbox: Sandbox) -> list[list[str]]:
    """The accounts of each request that gives a role."""
    return [entry.body["users"] for entry in asked(sandbox, "POST", "/roles/{id}/users")]


def have(tenant: Tenant, role: str) -> set[str]:
    return {user_id for user_id in tenant.users if role in tenant.roles_of(user_id)}


def failed(ends: dict[str, Tried]) -> set[str]:
    return {user_id for user_id, tried in ends.items() if tried != DONE}


def halvings(size: int) -> int:
    """How many requests it takes at most to find one culprit among so many."""
    return 2 * math.ceil(math.log2(size)) + 1


@pytest.mark.parametrize("size", [1, 7, 50, 100, 120, 1000])
@pytest.mark.parametrize("workers", [1, 4])
def test_each_role_takes_as_many_requests_as_its_new_members_fill_and_no_more(
    size: int, workers: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("author")
    user_ids = fill(tenant, 120)
    admin, editor, author = roles_named(tenant, "admin", "editor", "author")
    wanted = {
        user_id: [admin, *([editor] if number % 2 else []), *([author] if number % 3 == 0 else [])]
        for number, user_id in enumerate(user_ids)
    }

    ends = dict(giver_of(sandbox, passing, size=size, workers=workers).give(wanted))

    assert ends == dict.fromkeys(user_ids, DONE)
    assert list(tenant.snapshot().values()) == [sorted(role.name for role in roles) for roles in wanted.values()]
    for role, members in ((admin, 120), (editor, 60), (author, 40)):
        sizes = [len(entry.body["users"]) for entry in sandbox.log if role.id in entry.raw_path]
        assert len(sizes) == math.ceil(members / size)
        assert sum(sizes) == members
        assert max(sizes) <= size


def test_a_role_that_somebody_has_already_does_no_harm(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    (admin,) = roles_named(tenant, "admin")
    user_ids = [*fill(tenant, 3, roles=["admin"]), *fill(tenant, 3, start=3)]

    ends = dict(giver_of(sandbox, passing).give({user_id: [admin] for user_id in user_ids}))

    assert ends == dict.fromkeys(user_ids, DONE)
    assert have(tenant, "admin") == set(user_ids)
    assert len(batches(sandbox)) == 1


def test_nobody_to_give_anything_to_takes_no_request(sandbox: Sandbox, passing: Time) -> None:
    assert list(giver_of(sandbox, passing).give({})) == []
    assert sandbox.log == []


@pytest.mark.parametrize("position", [0, 23, 49])
@pytest.mark.parametrize("status", [None, 400, 403, 404, 409, 413, 500])
def test_one_bad_account_costs_nobody_else_anything(
    status: int | None, position: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_ids = fill(tenant, 119)
    user_ids.insert(position, BAD)
    if status:
        tenant.add_user("bad@example.com", user_id=BAD)
        sandbox.faults.add(Fault(kind="status", status=status, path=MEMBERS, where=BAD, times=None))
    (admin,) = roles_named(tenant, "admin")

    ends = dict(giver_of(sandbox, passing, most=0).give({user_id: [admin] for user_id in user_ids}))

    assert failed(ends) == {BAD}
    assert ends[BAD].status is Status.FAILED
    assert ends[BAD].why.startswith(f"admin: POST /roles/{admin.id}/users -> {status or 404}: ")
    assert have(tenant, "admin") == {*user_ids} - {BAD}
    assert len(batches(sandbox)) <= 2 + halvings(50)


@pytest.mark.parametrize("size", [2, 3, 7, 50, 64, 100])
def test_a_culprit_is_found_in_a_few_requests_wherever_it_stands(
    size: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    (admin,) = roles_named(tenant, "admin")
    others = fill(tenant, size - 1)
    for position in {0, 1, size // 2, size - 1}:
        user_ids = [*others[:position], BAD, *others[position:]]
        giver = giver_of(sandbox, passing, size=size)

        ends = dict(giver.give({user_id: [admin] for user_id in user_ids}))

        assert failed(ends) == {BAD}
        assert len(batches(sandbox)) <= halvings(size)


@pytest.mark.parametrize("places", [(0, 1), (3, 40), (48, 49), (10, 60), (0, 119)])
def test_two_culprits_are_both_found(places: tuple[int, int], sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_ids = fill(tenant, 118)
    culprits = {f"auth0|gone{place}" for place in places}
    for place in places:
        user_ids.insert(place, f"auth0|gone{place}")
    (admin,) = roles_named(tenant, "admin")

    ends = dict(giver_of(sandbox, passing, workers=4).give({user_id: [admin] for user_id in user_ids}))

    assert failed(ends) == culprits
    assert all("One or more of the users do not exist" in ends[user_id].why for user_id in culprits)
    assert have(tenant, "admin") == {*user_ids} - culprits
    assert len(batches(sandbox)) <= 1 + 2 * halvings(50)


@pytest.mark.parametrize("status", [400, 409])
def test_who_has_no_room_for_a_role_goes_without_that_one_alone(status: Any, tenant: Tenant, passing: Time) -> None:
    many = [tenant.add_role(f"z{number}") for number in range(50)]
    user_ids = fill(tenant, 20)
    almost, full = user_ids[4], user_ids[11]
    tenant.give_roles(almost, many[:49])
    tenant.give_roles(full, many)
    roles = roles_named(tenant, "admin", "editor")

    with Sandbox(tenant, behaviour=Behaviour(role_limit_status=status)) as sandbox:
        ends = dict(giver_of(sandbox, passing).give(dict.fromkeys(user_ids, roles)))

    assert failed(ends) == {almost, full}
    no_room = f"-> {status}: No more roles can be assigned to this user."
    assert ends[almost].why == f"editor: POST /roles/{roles[1].id}/users {no_room} (given: admin)"
    assert [part.endswith(no_room) for part in ends[full].why.split("; ")] == [True, True]
    assert (have(tenant, "admin"), have(tenant, "editor")) == ({*user_ids} - {full}, {*user_ids} - {almost, full})
    for entry in sandbox.log:
        if entry.status != status:  # the description does not list 409
            assert_exchange_matches_spec(entry)


class Picky(Writer):
    """Gives a role to all of a batch, or to none if one of them is gone."""

    def __init__(self, gone: set[str]) -> None:
        self.gone, self.given, self.asked = gone, list[str](), list[int]()

    def give_role(self, role: Role, user_ids: Sequence[str]) -> None:
        """Remembers whom it was asked for."""
        self.asked.append(len(user_ids))
        if self.gone.intersection(user_ids):
            raise NotFound("One or more of the users do not exist.")
        self.given += [f"{role.name} {user_id}" for user_id in user_ids]


@given(
    people=st.integers(0, 130),
    size=st.integers(1, 60),
    culprits=st.sets(st.integers(0, 129), max_size=12),
    workers=st.integers(1, 3),
)
def test_whoever_they_are_the_culprits_alone_go_without_and_nobody_is_given_a_role_twice(
    people: int, size: int, culprits: set[int], workers: int
) -> None:
    gone = {f"auth0|{number}" for number in culprits if number < people}
    writer = Picky(gone)
    user_ids = [f"auth0|{number}" for number in range(people)]
    role = Role("admin", "rol_1")

    ends = list(RoleGiver(writer, Breaker(), workers, size).give({user_id: [role] for user_id in user_ids}))

    assert sorted(user_id for user_id, _ in ends) == sorted(user_ids)
    assert failed(dict(ends)) == gone
    assert sorted(writer.given) == sorted(f"admin {user_id}" for user_id in user_ids if user_id not in gone)
    assert max(writer.asked, default=0) <= size
    assert len(writer.asked) <= math.ceil(people / size) + len(gone) * (halvings(size) - 1)


def test_how_it_ended_is_told_as_soon_as_it_is_known(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_ids = fill(tenant, 6)
    admin, editor = roles_named(tenant, "admin", "editor")
    wanted = {user_id: [admin, editor] if user_id == user_ids[0] else [admin] for user_id in user_ids}

    told = [
        (user_id, len(batches(sandbox))) for user_id, _ in giver_of(sandbox, passing, size=2, workers=1).give(wanted)
    ]

    assert [user_id for user_id, _ in told] == [*user_ids[1:], user_ids[0]]
    assert told[0][1] < told[-1][1] == 4


def test_whoever_is_to_get_none_is_done(sandbox: Sandbox, passing: Time) -> None:
    assert list(giver_of(sandbox, passing).give({"auth0|1": []})) == [("auth0|1", DONE)]
