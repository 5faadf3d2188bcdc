"""A tenant and servers for it; at the end, every request that the client sent is checked against Auth0's spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox import Behaviour, Sandbox, Tenant
from tests.client.builders import Time
from tests.openapi import assert_exchange_matches_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.limits import Profile

    Serve = Callable[..., Sandbox]


@pytest.fixture
def passing() -> Time:
    return Time()


@pytest.fixture
def tenant(passing: Time) -> Tenant:
    return Tenant(clock=passing)


@pytest.fixture
def serve(tenant: Tenant) -> Iterator[Serve]:
    """Starts a server of the given behaviour for the tenant."""
    started: list[Sandbox] = []

    def start(*, profile: str | Profile = "none", **switches: object) -> Sandbox:
        behaviour = Behaviour(**switches)  # type: ignore[arg-type]  # names are checked at run time
        sandbox = Sandbox(tenant, profile=profile, behaviour=behaviour)
        sandbox.start()
        started.append(sandbox)
        return sandbox

    yield start
    for sandbox in started:
        sandbox.stop()
        for logged in sandbox.log:
            assert_exchange_matches_spec(logged)


@pytest.fixture
def sandbox(serve: Serve) -> Sandbox:
    return serve()


@pytest.fixture
def roles(tenant: Tenant) -> None:
    """The tenant has two roles."""
    for name in ("admin", "editor"):
        tenant.add_role(name)
