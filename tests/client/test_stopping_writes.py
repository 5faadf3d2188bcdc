"""A change that is under way when the run is to stop: told as failed if no answer comes in time, and not repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from client.auth0.errors import Uncertain
from client.auth0.http import Sessions
from sandbox import Fault, Sandbox, Tenant
from sync.model import Change, Status
from tests.client.builders import Time, applier_of, asked, new_run, plan_of, transport_to, writer_of
from tests.client.plans import CREATE, DELETE
from tests.client.test_stopping import LONG, WHY, stop_once

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_creation_without_an_answer_is_neither_looked_up_nor_sent_again(sandbox: Sandbox, passing: Time) -> None:
    check = stop_once(lambda: asked(sandbox, "POST", "/users"))
    transport = transport_to(sandbox, passing, timeout=LONG, check=check, sleep=lambda _: check())
    writer = writer_of(transport.through(Sessions(check, grace=0.05)), passing)
    sandbox.faults.add(Fault(kind="hang", method="POST", path="/api/v2/users", times=None))

    with pytest.raises(Uncertain, match=f"^POST /users: {WHY}$"):
        writer.create("ann@example.com")

    assert len(asked(sandbox, "POST", "/users")) == 1
    assert asked(sandbox, "GET", "/users-by-email") == []


Ends = list[tuple[Status, str]]


def outcomes(sandbox: Sandbox, passing: Time, changes: list[Change], check: Callable[[], None]) -> Ends:
    transport = transport_to(sandbox, passing, timeout=LONG, check=check, sleep=lambda _: check())
    record = new_run()
    sessions = Sessions(check, grace=0.05)
    applier_of(transport.through(sessions), passing, plan_of(*changes), check=check).apply(record)
    return [(outcome.status, outcome.why) for outcome in record.outcomes]


def test_a_write_without_an_answer_has_failed_and_the_others_are_told_as_they_are(
    sandbox: Sandbox, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind="hang", method="POST", path="/api/v2/users", after=1, times=None))
    changes = [Change(CREATE, f"{name}@example.com") for name in ("ann", "ben", "cy")]

    ends = outcomes(sandbox, passing, changes, stop_once(lambda: len(asked(sandbox, "POST", "/users")) == 2))

    assert [status for status, _ in ends] == [Status.DONE, Status.FAILED, Status.NOT_TRIED]
    assert ends[1][1] == f"POST /users: {WHY}"


def test_a_look_that_does_not_end_before_a_deletion_leaves_it_untried(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id = tenant.add_user("ann@example.com")
    sandbox.faults.add(Fault(kind="hang", method="GET", path="/api/v2/users/{id}", times=None))
    changes = [Change(DELETE, "ann@example.com", user_id)]

    ends = outcomes(sandbox, passing, changes, stop_once(lambda: asked(sandbox, "GET", "/users/{id}")))

    assert [status for status, _ in ends] == [Status.NOT_TRIED]
    assert sandbox.writes() == []
