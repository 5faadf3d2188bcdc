"""When a request is tried again, how long that takes at most, and what ends it."""

from __future__ import annotations

import itertools
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.errors import Auth0Error, Denied, Malformed, Retriable, Uncertain
from client.auth0.pace import Pace
from client.auth0.retries import Retries
from client.auth0.tokens import Credentials
from client.auth0.transport import Transport
from client.stop import Stopped
from sandbox import Fault, Sandbox, Tenant
from tests.client.builders import Time, asked, transport_to, writer_of

if TYPE_CHECKING:
    from collections.abc import Callable

ROLES = "/api/v2/roles"


def stopping_after(calls: int) -> Callable[..., None]:
    """Something that lets `calls` pass and then says that the run is to end."""
    left = [calls]

    def look(_seconds: float = 0.0) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Stopped("SIGTERM")

    return look


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", path=ROLES, status=408),
        Fault(kind="status", path=ROLES, status=500),
        Fault(kind="status", path=ROLES, status=502),
        Fault(kind="status", path=ROLES, status=503),
        Fault(kind="rate_limit", path=ROLES),
        Fault(kind="rate_limit", path=ROLES, variant=2),
        Fault(kind="rate_limit", path=ROLES, variant=3),
        Fault(kind="drop_before", path=ROLES),
        Fault(kind="drop_after", path=ROLES),
        Fault(kind="truncate", path=ROLES),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}-{fault.variant}",
)
def test_trouble_that_passes_is_not_noticed(fault: Fault, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    sandbox.faults.add(fault)
    transport = transport_to(sandbox, passing)

    answer = transport.get("/roles", params={"include_totals": "true"})

    assert answer["total"] == 1
    assert transport.traffic.retries == 1


def test_the_waits_double_and_are_no_longer_than_half_a_minute(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=503, times=None))

    with pytest.raises(Uncertain):
        transport_to(sandbox, passing, most=7).get("/roles")

    assert passing.waits == [1, 2, 4, 8, 16, 30, 30]


def test_the_waits_are_jittered_by_half(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=503, times=None))
    transport = Transport(
        sandbox.url,
        Credentials(tenant.client_id, tenant.client_secret, sandbox.audience),
        pace=Pace(),
        retries=Retries(3, 2.0, sleep=passing.sleep, jitter=itertools.cycle([0.0, 0.9, 0.3]).__next__),
    )

    with pytest.raises(Uncertain):
        transport.get("/roles")

    assert passing.waits == pytest.approx([2 * 0.5, 4 * 0.95, 8 * 0.65])


@pytest.mark.parametrize("most", [0, 1, 4])
def test_a_request_is_tried_so_often_and_no_more(most: int, sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="drop_before", path=ROLES, times=None))

    with pytest.raises(Uncertain):
        transport_to(sandbox, passing, most=most).get("/roles")

    assert len(asked(sandbox, "GET", "/roles")) == most + 1


def test_the_tries_of_one_request_wait_five_minutes_at_most(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=503, times=None))

    with pytest.raises(Uncertain):
        transport_to(sandbox, passing, most=1000).get("/roles")

    assert 270 < sum(passing.waits) <= 300


def test_retry_after_is_obeyed(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", path=ROLES, retry_after=17, reset="absent"))
    before = passing.time()

    transport_to(sandbox, passing).get("/roles")

    assert 17 <= passing.time() - before < 18


def test_retry_after_is_obeyed_for_other_statuses_too(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=503, headers={"retry-after": "40"}))

    transport_to(sandbox, passing).get("/roles")

    assert passing.waits == [40]


def test_a_retry_after_of_an_hour_gives_up_at_once(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", path=ROLES, retry_after=3600, times=None))

    with pytest.raises(Retriable, match="-> 429"):
        transport_to(sandbox, passing).get("/roles")

    assert passing.waits == []
    assert len(asked(sandbox, "GET", "/roles")) == 1


@pytest.mark.parametrize("reset", [None, "soon", "-5", "nan", "inf"])
def test_a_retry_after_that_is_no_number_of_seconds_is_ignored(
    reset: str | None, sandbox: Sandbox, passing: Time
) -> None:
    headers = {} if reset is None else {"retry-after": reset}
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=503, headers=headers))

    transport_to(sandbox, passing).get("/roles")

    assert passing.waits == [1]


def test_the_reset_header_of_a_429_is_obeyed_by_every_request(sandbox: Sandbox, passing: Time) -> None:
    headers = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0"}
    headers |= {"x-ratelimit-reset": str(int(passing.time()) + 21), "date": formatdate(passing.time(), usegmt=True)}
    sandbox.faults.add(Fault(kind="rate_limit", path=ROLES, reset="absent", headers=headers))
    transport = transport_to(sandbox, passing, most=0)

    with pytest.raises(Retriable):
        transport.get("/roles")
    transport.get("/connections")

    at = {entry.path: entry.at for entry in sandbox.log}
    assert at["/api/v2/connections"] - at["/api/v2/roles"] >= 20


def test_the_last_error_comes_through_as_itself(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=503))
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=403))

    with pytest.raises(Denied, match="-> 403"):
        transport_to(sandbox, passing).get("/roles")


def test_a_stop_ends_a_wait_and_tells_the_error_that_was_waited_for(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", path=ROLES, status=503, times=None))
    transport = transport_to(sandbox, passing, most=100, sleep=stopping_after(2))

    with pytest.raises(Uncertain, match="-> 503"):
        transport.get("/roles")

    assert len(asked(sandbox, "GET", "/roles")) == 3


def test_a_stop_before_the_first_try_is_a_stop_and_nothing_is_sent(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing, check=stopping_after(0))

    with pytest.raises(Stopped, match="SIGTERM"):
        transport.get("/roles")

    assert sandbox.log == []


def test_a_stop_ends_the_wait_for_the_rate_limit(sandbox: Sandbox, tenant: Tenant) -> None:
    credentials = Credentials(tenant.client_id, tenant.client_secret, sandbox.audience)
    pace = Pace(0.001, sleep=stopping_after(0))
    transport = Transport(sandbox.url, credentials, pace=pace, retries=Retries())
    transport.get("/roles")

    with pytest.raises(Stopped):
        transport.get("/roles")

    assert len(asked(sandbox, "GET", "/roles")) == 1


def test_a_write_whose_answer_was_lost_is_looked_up_and_not_sent_again(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind="drop_after", method="POST", path="/api/v2/users"))

    created = writer_of(transport_to(sandbox, passing), passing).create("ann@example.com")

    assert created.user_id in tenant.users
    assert len(asked(sandbox, "POST", "/users")) == 1


def test_a_write_that_cannot_be_looked_up_is_not_sent_again(sandbox: Sandbox, passing: Time) -> None:
    writer = writer_of(transport_to(sandbox, passing), passing)
    sandbox.faults.add(Fault(kind="status", method="POST", path="/api/v2/users", status=500))
    sandbox.faults.add(Fault(kind="status", path="/api/v2/users-by-email", status=503, times=None))

    with pytest.raises(Auth0Error, match="whether it was carried out could not be found out") as caught:
        writer.create("ann@example.com")

    assert caught.value.where is not None
    assert caught.value.where.path == "/users"
    assert len(asked(sandbox, "POST", "/users")) == 1
    assert len(asked(sandbox, "GET", "/users-by-email")) == 4


def test_a_stop_during_the_look_up_tells_the_error_of_the_write(sandbox: Sandbox, passing: Time) -> None:
    check = stopping_after(3)  # the token, the connection, the write
    writer = writer_of(transport_to(sandbox, passing, check=check), passing)
    sandbox.faults.add(Fault(kind="drop_before", method="POST", path="/api/v2/users"))

    with pytest.raises(Uncertain, match=r"^POST /users: the connection broke"):
        writer.create("ann@example.com")

    assert asked(sandbox, "GET", "/users-by-email") == []


@pytest.mark.parametrize("kind", ["html", "garbage"])
def test_a_write_with_an_unusable_answer_is_not_repeated_unless_it_can_be_looked_up(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id = tenant.add_user("ann@example.com")
    sandbox.faults.add(Fault(kind=kind, method="DELETE"))

    with pytest.raises(Malformed):
        transport_to(sandbox, passing).for_writing().request("DELETE", "/users/{id}", ids={"id": user_id})

    assert len(sandbox.writes()) == 1
