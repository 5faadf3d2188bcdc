"""Odd answers, and tries that are cut off: nothing odd ends a run, and who was in a request is not called untried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from client.auth0 import imports
from client.auth0.errors import Auth0Error
from client.breaker import Breaker
from client.giving import RoleGiver
from client.stop import Stopped
from sandbox import Fault, Sandbox, Tenant
from sync.model import Status
from tests.client.builders import Time, applier_of, fill, new_run, roles_named, transport_to, writer_of
from tests.client.plans import CREATE, MEMBERS, having, joining, people, run, statuses, told

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Sandbox]

pytestmark = pytest.mark.usefixtures("roles")

IMPORTS = "/api/v2/jobs/users-imports"
JOB = "/api/v2/jobs/{id}"
ERRORS = "/api/v2/jobs/{id}/errors"
DUPLICATE = {"code": "DUPLICATED_USER", "message": "The user already exist and upsert parameter is false"}
REFUSAL = {"code": "FORMAT", "message": "Object didn't pass validation for format email"}


def entry(email: object, errors: object) -> dict[str, object]:
    return {"user": {"email": email}, "errors": errors}


@pytest.mark.parametrize(
    "answer",
    [
        [entry("p00001@example.com", 5)],
        [entry("p00001@example.com", errors=True)],
        [entry("p00001@example.com", [DUPLICATE]), entry("p00001@example.com", [REFUSAL])],
    ],
    ids=["errors is a number", "errors is true", "one person, two entries"],
)
def test_odd_errors_do_not_crash_the_run(answer: object, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_user("p00001@example.com")
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=answer))

    run(sandbox, passing, joining(tenant, people(6), "admin"), mode="import")

    assert tenant.snapshot() == having(people(6), "admin")


def test_a_job_with_a_number_for_an_id_does_not_crash_the_run(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_user("p00001@example.com")
    sandbox.faults.add(Fault(kind="status", status=200, path=JOB, body={"id": 7, "status": "completed"}))

    run(sandbox, passing, joining(tenant, people(6), "admin"), mode="import")

    assert tenant.snapshot() == having(people(6), "admin")


def test_an_error_without_a_code_settles_nobody(serve: Serve, tenant: Tenant, passing: Time) -> None:
    """The row failed for no reason that is told, and there is no account: it should be created singly."""
    sandbox = serve(import_seconds=1e9)
    job = {"id": "job_0000000000000001", "status": "completed", "summary": {"inserted": 0, "failed": 1}}
    sandbox.faults.add(Fault(kind="status", status=200, path=JOB, body=job))
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=[entry("p00000@example.com", [])]))

    outcomes = run(sandbox, passing, joining(tenant, people(1), "admin"), mode="import")

    assert outcomes[CREATE, "p00000@example.com"] == (Status.DONE, "")


def test_errors_that_do_not_add_up_refuse_nobody(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    """The numbers say that one row failed, the errors name two: p00003 has an account."""
    tenant.add_user("p00001@example.com")
    answer = [entry("p00001@example.com", [DUPLICATE]), entry("p00003@example.com", [REFUSAL])]
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=answer))

    run(sandbox, passing, joining(tenant, people(6), "admin"), mode="import")

    assert tenant.snapshot() == having(people(6), "admin")


@pytest.mark.parametrize("path", [JOB, IMPORTS])
def test_a_stop_between_two_tries_does_not_call_a_running_import_untried(
    path: str, serve: Serve, tenant: Tenant, passing: Time
) -> None:
    sandbox = serve(import_seconds=60)
    sandbox.faults.add(Fault(kind="drop_after", path=path))
    stopping: list[bool] = []

    def check() -> None:
        if stopping:
            raise Stopped("SIGTERM")

    def sleep(_: float) -> None:
        if any(one.fault for one in sandbox.log):
            stopping.append(True)
        check()

    transport = transport_to(sandbox, passing, check=check, sleep=sleep)
    record = new_run()
    applier_of(transport, passing, joining(tenant, people(5)), mode="import", check=check).apply(record)
    passing.advance(61)
    transport_to(sandbox, passing).get("/roles")

    assert tenant.snapshot() == having(people(5)), "the import was carried out"
    created = {end for (kind, _), end in told(record.outcomes).items() if kind is CREATE}
    assert Status.NOT_TRIED not in {status for status, _ in created}


@pytest.mark.parametrize("workers", [1, 4])
def test_who_was_in_a_request_is_not_called_untried(
    workers: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    """Every request is carried out and answered 500: those people have the role."""
    user_ids = fill(tenant, 1000)
    (admin,) = roles_named(tenant, "admin")
    sandbox.faults.add(Fault(kind="status_after", status=500, path=MEMBERS, times=None))
    writer = writer_of(transport_to(sandbox, passing, most=0), passing)

    ends = dict(RoleGiver(writer, Breaker(), workers, 50).give({user_id: [admin] for user_id in user_ids}))

    has_it = {user_id for user_id in user_ids if "admin" in tenant.roles_of(user_id)}
    untried = {user_id for user_id, tried in ends.items() if tried.status is Status.NOT_TRIED}
    assert has_it
    assert untried & has_it == set()


def test_a_batch_that_was_refused_for_good_says_why(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    user_ids = fill(tenant, 120)
    (admin,) = roles_named(tenant, "admin")
    sandbox.faults.add(Fault(kind="status", status=401, path=MEMBERS, times=None))
    writer = writer_of(transport_to(sandbox, passing), passing)

    ends = dict(RoleGiver(writer, Breaker(), 1, 50).give({user_id: [admin] for user_id in user_ids}))

    assert [ends[user_id].status for user_id in user_ids] == [Status.FAILED] * 50 + [Status.NOT_TRIED] * 70


def test_a_stop_between_two_tries_of_a_batch_does_not_call_it_untried(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_ids = fill(tenant, 10)
    (admin,) = roles_named(tenant, "admin")
    sandbox.faults.add(Fault(kind="drop_after", path=MEMBERS))
    stopping: list[bool] = []

    def check() -> None:
        if stopping:
            raise Stopped("SIGTERM")

    def sleep(_: float) -> None:
        stopping.append(True)
        check()

    writer = writer_of(transport_to(sandbox, passing, check=check, sleep=sleep), passing)

    ends = dict(RoleGiver(writer, Breaker(check), 1, 50).give({user_id: [admin] for user_id in user_ids}))

    assert all("admin" in tenant.roles_of(user_id) for user_id in user_ids)
    assert {tried.status for tried in ends.values()} == {Status.FAILED}


@pytest.mark.parametrize(
    ("size", "workers", "culprits"), [(1000, 1, [0]), (50, 1, [0, 1, 2]), (50, 4, [0, 50, 100, 150])], ids=str
)
def test_accounts_that_auth0_answers_with_500_do_not_end_the_run_for_the_others(
    size: int, workers: int, culprits: list[int], sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_ids = fill(tenant, 1000)
    (admin,) = roles_named(tenant, "admin")
    for culprit in culprits:
        sandbox.faults.add(Fault(kind="status", status=500, path=MEMBERS, where=user_ids[culprit], times=None))
    writer = writer_of(transport_to(sandbox, passing, most=0), passing)
    giver = RoleGiver(writer, Breaker(), workers, size)

    ends = dict(giver.give({user_id: [admin] for user_id in user_ids}))

    assert giver.breaker.broken is None
    failed = [user_ids.index(user_id) for user_id, tried in ends.items() if tried.status is not Status.DONE]
    assert sorted(failed) == culprits


@pytest.mark.parametrize("kind", ["job_failed", "busy"])
def test_imports_that_fail_do_not_end_a_run_that_could_create_singly(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve files; with the real size of a file, 70,000 people."""
    monkeypatch.setattr(imports, "_LARGEST_FILE", 200)
    fault = (
        Fault(kind="job_failed", times=None)
        if kind == "job_failed"
        else Fault(kind="rate_limit", variant=4, path=IMPORTS, reset="absent", times=None)
    )
    sandbox.faults.add(fault)
    record = new_run()
    applier = applier_of(transport_to(sandbox, passing), passing, joining(tenant, people(24), "admin"), mode="import")

    try:
        applier.apply(record)
    except Auth0Error as error:
        pytest.fail(f"gave up: {error}; {statuses(record.outcomes).count(Status.NOT_TRIED)} changes were not tried")

    assert tenant.snapshot() == having(people(24), "admin")
