"""What can fail while somebody is brought back: nothing wrong is done, and the next restore does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.functional.job import Job, Result
from tests.functional.kinds import KINDS, Kind
from tests.functional.test_fault_matrix import PATIENCE, assert_no_trace_of_bugs_or_secrets, hurry
from tests.functional.test_restore import state, undo, world

__all__ = ["hurry"]  # a fixture

_API = "/api/v2"
_OF_A_SYNC = {kind.name: kind for kind in KINDS}
OF_A_RESTORE = (
    Kind(name="look", method="GET", path=f"{_API}/users/{{id}}", where="swaps@x.io", code=1,
         once={"404": 3}, always={"404": 3}),  # the account is gone, and this run did not delete it: held
    Kind(name="roles", method="GET", path=f"{_API}/users/{{id}}/roles", where="swaps@x.io", code=1,
         also=("empty page",)),
    Kind(name="rivals", method="GET", path=f"{_API}/users-by-email", where="goes", code=1),
    replace(_OF_A_SYNC["creation"], where="goes@x.io"),
    replace(_OF_A_SYNC["giving of a role"], where="admin"),
)  # fmt: skip


def cases() -> Iterator[Any]:
    for kind in OF_A_RESTORE:
        for fault, always in kind.cases():
            yield pytest.param(kind, fault, always, id=f"{kind.name}-{fault}-{'always' if always else 'once'}")


def taken(job: Job) -> tuple[dict[str, Any], Result]:
    before = world(job)
    return before, job.run()


def where(job: Job, kind: Kind) -> str | None:
    ids = [user_id for user_id, user in job.tenant.users.items() if user["email"] == kind.where]
    ids += [role_id for role_id, role in job.tenant.roles.items() if role["name"] == kind.where]
    return kind.where if kind.is_creation or not ids else ids[0].rpartition("|")[2]


@pytest.mark.parametrize(("kind", "fault", "always"), [*cases()])
@pytest.mark.usefixtures("hurry")
@pytest.mark.sweep
def test_a_restore_that_meets_trouble_does_no_harm_and_the_next_one_does_the_rest(
    job: Job, kind: Kind, fault: str, *, always: bool
) -> None:
    before, run = taken(job)
    between = state(job)
    job.sandbox.faults.add(kind.fault(fault, always=always, where=where(job, kind), echo=job.tenant.client_secret))
    timeout = {"AUTH0_TIMEOUT": "0.5"} if fault == "hang" else {}

    troubled = undo(job, run, "-v", **PATIENCE, **timeout)
    meanwhile = state(job)
    job.sandbox.faults.clear()
    mended = undo(job, run)

    assert troubled.code == troubled.report["exit_code"] == kind.promised(fault, always=always)
    if kind.code == troubled.code == 1:
        assert meanwhile == between
    for user_id, (document, roles) in meanwhile.items():
        told, had = before.get(user_id) or between[user_id]
        assert document == told
        assert roles <= had | between.get(user_id, (None, set()))[1]
    assert_no_trace_of_bugs_or_secrets(job, troubled)
    assert mended.code == 0
    assert {user["email"] for user in job.tenant.users.values()} == {
        "stays@x.io", "goes@x.io", "goes-too@x.io", "swaps@x.io", "comes@x.io",
    }  # fmt: skip
    assert all(job.tenant.roles_of(user_id) >= roles for user_id, (_, roles) in before.items())
