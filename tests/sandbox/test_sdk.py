"""Auth0's own SDK works against the sandbox, by its low-level client (the high-level one wants https)."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING

import pytest
import requests
from auth0.management.client import Auth0
from auth0.management.core.api_error import ApiError
from auth0.management.errors import ConflictError

from sandbox import DEFAULT_CONNECTION
from tests.sandbox.caller import STRONG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox import ManualClock
    from tests.sandbox.caller import Caller

    Serve = Callable[..., Caller]


@pytest.fixture
def sdk(caller: Caller) -> Iterator[Auth0]:
    import httpx  # noqa: PLC0415  (the SDK's own transport; nothing else here uses it)

    token = caller.ask_for_token().json()["access_token"]
    with httpx.Client(timeout=5) as transport:
        yield Auth0(base_url=f"{caller.sandbox.url}/api/v2", token=token, httpx_client=transport, max_retries=0)


def test_it_lists_users_and_roles_page_by_page(sdk: Auth0, caller: Caller) -> None:
    for number in range(120):
        caller.tenant.add_role(f"role {number}")
        caller.tenant.add_user(f"p{number}@example.com")

    users = list(sdk.users.list(per_page=50))
    roles = list(sdk.roles.list(per_page=50))

    assert len({user.user_id for user in users}) == 120
    assert len({role.id for role in roles}) == 120


def test_it_runs_into_the_cap(sdk: Auth0, caller: Caller) -> None:
    for number in range(1001):
        caller.tenant.add_user(f"p{number}@example.com")

    with pytest.raises(ApiError) as raised:
        list(sdk.users.list(per_page=100))

    assert raised.value.status_code == 400


def test_it_carries_an_account_from_creation_to_deletion(sdk: Auth0, caller: Caller) -> None:
    role = sdk.roles.create(name="admin", description="All")
    created = sdk.users.create(
        connection=DEFAULT_CONNECTION, email="ann@example.com", password=STRONG, verify_email=False
    )
    user_id, role_id = created.user_id, role.id
    assert user_id is not None
    assert role_id is not None

    sdk.users.update(user_id, name="Ann", app_metadata={"team": "a"})
    sdk.users.roles.assign(user_id, roles=[role_id])
    sdk.roles.users.assign(role_id, users=[user_id])
    members = [member.user_id for member in sdk.roles.users.list(role_id, take=1)]
    held = [entry.name for entry in sdk.users.roles.list(user_id)]
    read = sdk.users.get(user_id)
    found = sdk.users.list_users_by_email(email="ann@example.com")
    sdk.users.roles.delete(user_id, roles=[role_id])
    sdk.users.delete(user_id)

    assert (members, held) == ([user_id], ["admin"])
    assert (read.name, read.app_metadata) == ("Ann", {"team": "a"})
    assert [user.user_id for user in found] == [user_id]
    assert caller.tenant.users == {}


def test_it_understands_a_conflict(sdk: Auth0, caller: Caller) -> None:
    caller.tenant.add_user("ann@example.com")

    with pytest.raises(ConflictError) as raised:
        sdk.users.create(connection=DEFAULT_CONNECTION, email="ann@example.com", password=STRONG)

    assert raised.value.body["errorCode"] == "auth0_idp_error"


def test_it_reads_an_account_whose_id_is_odd(sdk: Auth0, caller: Caller) -> None:
    user_id = caller.tenant.add_user("bob@example.com", connection="github", provider="github", user_id="github|12/3#4")

    assert sdk.users.get(user_id).email == "bob@example.com"


def test_it_runs_an_export_and_an_import(sdk: Auth0, caller: Caller, clock: ManualClock) -> None:
    caller.tenant.add_user("ann@example.com")
    connection = next(iter(sdk.connections.list(name=DEFAULT_CONNECTION)))
    assert connection.id is not None

    started = sdk.jobs.users_exports.create(connection_id=connection.id, fields=[{"name": "email"}])
    file = io.BytesIO(json.dumps([{"email": "ben@example.com"}]).encode())
    imported = sdk.jobs.users_imports.create(
        users=("users.json", file), connection_id=connection.id, send_completion_email=False
    )
    clock.advance(0.2)
    export, done = sdk.jobs.get(started.id), sdk.jobs.get(imported.id)
    assert export.location is not None
    content = gzip.decompress(requests.get(export.location, timeout=5).content)

    assert json.loads(content) == {"email": "ann@example.com"}
    assert done.summary is not None
    assert done.summary.inserted == 1
    assert "ben@example.com" in caller.tenant.snapshot()
