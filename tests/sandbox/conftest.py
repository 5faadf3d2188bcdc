"""A tenant, a server for it, and a caller with a token; every exchange is checked at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox import Behaviour, ManualClock, Sandbox, Tenant
from tests.openapi import assert_exchange_matches_spec
from tests.sandbox.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.limits import Profile, Refill

    Serve = Callable[..., Caller]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tenant(clock: ManualClock) -> Tenant:
    return Tenant(clock=clock)


@pytest.fixture
def serve(tenant: Tenant) -> Iterator[Serve]:
    """Starts a server of the given behaviour and returns a caller that has a token."""
    callers: list[Caller] = []

    def start(
        *, profile: str | Profile = "none", refill: Refill = "continuous", rate: float = 0.0, **switches: object
    ) -> Caller:
        behaviour = Behaviour(**switches)  # type: ignore[arg-type]  # names are checked at run time
        sandbox = Sandbox(tenant, profile=profile, behaviour=behaviour, refill=refill, background_rate=rate)
        sandbox.start()
        callers.append(Caller(sandbox))
        return callers[-1]

    yield start
    for caller in callers:
        caller.close()
        caller.sandbox.stop()
        if not caller.off_spec:
            for logged in caller.sandbox.log:
                assert_exchange_matches_spec(logged)


@pytest.fixture
def caller(serve: Serve) -> Caller:
    return serve()
