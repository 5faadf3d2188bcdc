"""What is told to Auth0: each write may be repeated without harm, or is looked up before it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.errors import Auth0Error, Conflict, Malformed, NotFound, Rejected, Uncertain, WriteRefused
from client.auth0.writer import Writer
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync.model import Role
from tests.client.builders import (
    RawServer,
    Time,
    asked,
    fill,
    http_json,
    reader_of,
    roles_named,
    steps,
    transport_at,
    transport_to,
    writer_of,
)

if TYPE_CHECKING:
    from client.auth0.reader import Connection

USERS = "/api/v2/users"
ANN = "ann@example.com"


def test_a_new_account_is_mailed_nothing_and_has_a_password_that_nobody_knows(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    writer = writer_of(transport_to(sandbox, passing), passing)

    created = [writer.create(f"p{number}@example.com") for number in range(20)]

    assert {one.user_id for one in created} == set(tenant.users)
    assert not any(one.adopted for one in created)
    assert tenant.mails == []
    assert len(set(tenant.password_digests.values())) == 20
    bodies = [entry.body for entry in sandbox.writes()]
    assert all(body["verify_email"] is False and body["connection"] == DEFAULT_CONNECTION for body in bodies)
    assert all(body.keys() == {"connection", "email", "verify_email", "password"} for body in bodies)


def test_a_passwordless_account_gets_no_password(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_connection("email", strategy="email")
    writer = writer_of(transport_to(sandbox, passing), passing, "email")

    writer.create(ANN)

    assert tenant.snapshot("email") == {ANN: []}
    assert tenant.mails == []
    assert "password" not in sandbox.writes()[0].body


@pytest.mark.parametrize(
    ("fault", "posts"),
    [
        (Fault(kind="drop_before", method="POST", path=USERS), 2),
        (Fault(kind="drop_after", method="POST", path=USERS), 1),
        (Fault(kind="status_after", method="POST", path=USERS, status=500), 1),
        (Fault(kind="status", method="POST", path=USERS, status=503), 2),
        (Fault(kind="status", method="POST", path=USERS, status=408), 2),
        (Fault(kind="hang", method="POST", path=USERS, applied=True), 1),
        (Fault(kind="hang", method="POST", path=USERS), 2),
        (Fault(kind="truncate", method="POST", path=USERS), 1),
        (Fault(kind="html", method="POST", path=USERS), 2),
        (Fault(kind="garbage", method="POST", path=USERS), 2),
        (Fault(kind="rate_limit", method="POST", path=USERS), 2),
    ],
    ids=lambda value: f"{value.kind}-{value.applied}" if isinstance(value, Fault) else str(value),
)
def test_whatever_becomes_of_a_creation_there_is_one_account_in_the_end(
    fault: Fault, posts: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    writer = writer_of(transport_to(sandbox, passing, timeout=0.4), passing)
    sandbox.faults.add(fault)

    created = writer.create(ANN)

    assert [*tenant.users] == [created.user_id]
    assert tenant.mails == []
    assert len(asked(sandbox, "POST", "/users")) == posts


def test_an_account_that_is_there_already_is_adopted(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    there = tenant.add_user(ANN)

    created = writer_of(transport_to(sandbox, passing), passing).create(ANN)

    assert (created.user_id, created.adopted) == (there, True)
    assert [*tenant.users] == [there]
    assert len(asked(sandbox, "POST", "/users")) == 1


def test_only_an_account_of_our_connection_is_adopted(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    other = tenant.add_user(ANN, connection="google", provider="google-oauth2")
    there = tenant.add_user(ANN)

    created = writer_of(transport_to(sandbox, passing), passing).create(ANN)

    assert (created.user_id, created.adopted) == (there, True)
    assert other in tenant.users


def test_an_account_of_another_connection_is_no_reason_not_to_create(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    other = tenant.add_user(ANN, connection="google", provider="google-oauth2")
    sandbox.faults.add(Fault(kind="drop_before", method="POST", path=USERS))

    created = writer_of(transport_to(sandbox, passing), passing).create(ANN)

    assert created.user_id != other
    assert tenant.snapshot() == {ANN: []}


def test_a_conflict_with_an_account_that_is_not_ours_is_told(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    linked = tenant.add_user(ANN, connection="google", provider="google-oauth2")
    tenant.link(linked, connection=DEFAULT_CONNECTION, provider="auth0")

    with pytest.raises(Conflict, match="The user already exists"):
        writer_of(transport_to(sandbox, passing), passing).create(ANN)

    assert [*tenant.users] == [linked]


def test_a_creation_that_is_refused_is_told_and_not_repeated(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    connection = tenant.connection(DEFAULT_CONNECTION)
    assert connection is not None
    writer = writer_of(transport_to(sandbox, passing), passing)
    tenant.connections[connection.id] = replace(connection, enabled=False)

    with pytest.raises(Rejected, match="Connection is disabled"):
        writer.create(ANN)

    assert len(asked(sandbox, "POST", "/users")) == 1


def a_writer_to(server: RawServer, passing: Time, connection: Connection) -> Writer:
    transport = transport_at(server.url, passing)
    return Writer(transport.for_writing(), reader_of(transport, passing), connection)


@pytest.mark.parametrize("answer", [[], {}, {"user_id": None}, "auth0|1"])
def test_an_answer_that_is_no_user_is_malformed(answer: object, sandbox: Sandbox, passing: Time) -> None:
    connection = reader_of(transport_to(sandbox, passing), passing).connection()
    created = http_json(answer, status="201 Created")
    with RawServer(lambda _: [created]) as server, pytest.raises(Malformed, match="-> 201: the answer is no user"):
        a_writer_to(server, passing, connection).create(ANN)


def test_a_writer_with_a_reading_transport_writes_nothing(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing)
    reader = reader_of(transport, passing)
    writer = Writer(transport, reader, reader.connection())

    for write in (
        lambda: writer.create(ANN),
        lambda: writer.delete("auth0|1"),
        lambda: writer.give_role(Role("admin", "rol_1"), ["auth0|1"]),
        lambda: writer.remove_roles("auth0|1", []),
    ):
        with pytest.raises(WriteRefused):
            write()

    assert sandbox.writes() == []


def test_a_role_is_given_to_many_in_one_request_and_roles_are_taken_from_one(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    for name in ("admin", "editor", "author"):
        tenant.add_role(name)
    user_ids = fill(tenant, 3, roles=["editor", "author"])
    admin, *taken = roles_named(tenant, "admin", "editor", "author")
    writer = writer_of(transport_to(sandbox, passing), passing)

    for _ in range(2):
        writer.give_role(admin, user_ids)
        writer.remove_roles(user_ids[0], taken)

    assert list(tenant.snapshot().values()) == [["admin"], *[["admin", "author", "editor"]] * 2]
    assert steps(sandbox) == ["POST /roles/{id}/users", "DELETE /users/{id}/roles"] * 2
    assert sandbox.writes()[0].body == {"users": user_ids}


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_after", "rate_limit"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_role_change_that_fails_at_first_is_repeated(
    kind: Any, method: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    user_id = tenant.add_user(ANN, roles=[] if method == "POST" else ["admin"])
    writer = writer_of(transport_to(sandbox, passing), passing)
    sandbox.faults.add(Fault(kind=kind, method=method))
    (admin,) = roles_named(tenant, "admin")

    if method == "POST":
        writer.give_role(admin, [user_id])
    else:
        writer.remove_roles(user_id, [admin])

    assert tenant.snapshot() == {ANN: ["admin"] if method == "POST" else []}
    assert len(sandbox.writes()) == 2


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_after", "rate_limit"])
def test_a_deletion_that_fails_at_first_is_repeated(kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    first, other = fill(tenant, 2)
    writer = writer_of(transport_to(sandbox, passing), passing)
    sandbox.faults.add(Fault(kind=kind, method="DELETE"))

    writer.delete(first)

    assert [*tenant.users] == [other]


def test_who_is_gone_is_as_good_as_deleted(sandbox: Sandbox, passing: Time) -> None:
    writer = writer_of(transport_to(sandbox, passing), passing)
    sandbox.faults.add(Fault(kind="status", method="DELETE", status=404))

    writer.delete("auth0|gone")
    writer.delete("auth0|gone")

    assert [entry.status for entry in sandbox.writes()] == [404, 204]


def test_a_role_for_somebody_who_is_gone_is_an_error_and_nobody_gets_it(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    user_ids = fill(tenant, 2)
    (admin,) = roles_named(tenant, "admin")
    writer = writer_of(transport_to(sandbox, passing), passing)

    with pytest.raises(NotFound, match="One or more of the users do not exist"):
        writer.give_role(admin, [user_ids[0], "auth0|gone", user_ids[1]])

    assert list(tenant.snapshot().values()) == [[], []]


def test_roles_are_taken_from_nobody_who_is_gone(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    writer = writer_of(transport_to(sandbox, passing), passing)

    with pytest.raises(NotFound):
        writer.remove_roles("auth0|gone", roles_named(tenant, "admin"))


def test_the_account_that_bears_an_email_is_found_with_one_read(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_user(ANN, connection="google", provider="google-oauth2")
    there = tenant.add_user(ANN)
    writer = writer_of(transport_to(sandbox, passing), passing)
    sandbox.clear_log()

    found = writer.adopt(ANN)

    assert found is not None
    assert (found.user_id, found.adopted) == (there, True)
    assert [(entry.method, entry.path) for entry in sandbox.log] == [("GET", "/api/v2/users-by-email")]


def test_an_email_that_only_a_stranger_bears_is_not_adopted(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_user(ANN, connection="google", provider="google-oauth2")

    assert writer_of(transport_to(sandbox, passing), passing).adopt(ANN) is None


def test_an_account_that_cannot_be_looked_for_is_not_taken_to_be_absent(sandbox: Sandbox, passing: Time) -> None:
    writer = writer_of(transport_to(sandbox, passing, most=0), passing)
    sandbox.faults.add(Fault(kind="status", path="/api/v2/users-by-email", status=503, times=None))

    with pytest.raises(Uncertain):
        writer.adopt(ANN)


def test_an_email_that_two_accounts_share_is_not_adopted(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    fill_twice = [tenant.add_user(ANN) for _ in range(2)]
    writer = writer_of(transport_to(sandbox, passing), passing)

    with pytest.raises(Auth0Error):
        writer.create(ANN)

    assert writer.adopt(ANN) is None
    assert [*tenant.users] == fill_twice
