"""Imports that go wrong: in the end there is one account for each e-mail all the same, with the right roles."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync.model import Status
from tests.client.builders import Time, applier_of, asked, new_run, transport_to
from tests.client.plans import ADD, CREATE, USER, USERS, having, joining, people, run, statuses

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.client.plans import Ends

    Serve = Callable[..., Sandbox]

pytestmark = pytest.mark.usefixtures("roles")

IMPORTS = "/api/v2/jobs/users-imports"
JOB = "/api/v2/jobs/{id}"
ERRORS = "/api/v2/jobs/{id}/errors"
SIX = people(6)
THERE = SIX[1]
DUPLICATE = {"code": "DUPLICATED_USER", "message": "The user already exist and upsert parameter is false"}
REFUSAL = {"code": "FORMAT", "message": "Object didn't pass validation for format email"}


def import_six(sandbox: Sandbox, tenant: Tenant, passing: Time, **options: Any) -> Ends:
    """Import six people of whom one is there already; fails unless each has one account and the role in the end."""
    tenant.add_user("x@example.com", roles=["editor"], name="X", blocked=True)
    tenant.add_user(THERE, name="Somebody", user_metadata={"a": 1})
    before = copy.deepcopy(tenant.users)

    outcomes = run(sandbox, passing, joining(tenant, SIX, "admin"), mode="import", **options)

    assert {status for status, _ in outcomes.values()} == {Status.DONE}
    assert tenant.snapshot() == having(SIX, "admin") | having(["x@example.com"], "editor")
    assert len(tenant.users) == 7
    assert {user_id: tenant.users[user_id] for user_id in before} == before
    assert tenant.mails == []
    return outcomes


def entry(email: object, *errors: object) -> dict[str, object]:
    return {"user": {"email": email}, "errors": list(errors)}


def completed(**more: object) -> Fault:
    """A job that says it is completed; the next genuine request finds that it is."""
    body = {"id": "job_0000000000000001", "type": "users_import", "status": "completed", **more}
    return Fault(kind="status", status=200, path=JOB, body=body)


@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
@pytest.mark.parametrize("path", [IMPORTS, JOB, ERRORS, USER])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html"},
        {"kind": "garbage"},
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "truncate"},
        {"kind": "status_after", "status": 500},
        {"kind": "rate_limit", "retry_after": 1},
        *({"kind": "status", "status": status} for status in (400, 403, 404, 409, 413, 503)),
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
@pytest.mark.sweep
def test_whatever_becomes_of_a_request_of_an_import_everybody_is_there_in_the_end(
    fault: Any, path: str, times: int | None, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(Fault(path=path, times=times, **fault))

    import_six(sandbox, tenant, passing)


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize(("path", "times"), [(IMPORTS, 1), (IMPORTS, None), (JOB, 1), (ERRORS, 1)])
def test_a_request_of_an_import_that_gets_no_answer_is_one_of_them(
    path: str,
    times: int | None,
    applied: bool,  # noqa: FBT001 - parametrized
    sandbox: Sandbox,
    tenant: Tenant,
    passing: Time,
) -> None:
    sandbox.faults.add(Fault(kind="hang", path=path, times=times, applied=applied))

    import_six(sandbox, tenant, passing, timeout=0.4, most=1)


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("job_failed", 0.2), ("job_failed", 1e9), ("job_pending", 1e9)],
    ids=["failed but carried out", "failed", "pending"],
)
def test_who_is_not_imported_by_a_job_that_fails_or_never_ends_is_created_singly(
    kind: Any, seconds: float, serve: Serve, tenant: Tenant, passing: Time
) -> None:
    sandbox = serve(import_seconds=seconds)
    sandbox.faults.add(Fault(kind=kind, times=None))

    import_six(sandbox, tenant, passing)

    assert len(asked(sandbox, "POST", "/jobs/users-imports")) == 1
    assert len(asked(sandbox, "POST", "/users")) == 6


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [{}],
        [None, 5, "text", [], True],
        [{"user": None, "errors": None}],
        [{"user": {}, "errors": [DUPLICATE]}],
        [{"user": {"email": THERE}, "errors": None}],
        [{"user": {"email": THERE}, "errors": {}}],
        [{"user": {"email": THERE}, "errors": "text"}],
        [entry(THERE)],
        [entry(THERE, DUPLICATE, None, 5)],
        [entry(5, DUPLICATE)],
        [entry([THERE], DUPLICATE)],
        [entry("stranger@example.com", REFUSAL)],
        [entry("stranger@example.com", DUPLICATE), entry(THERE, DUPLICATE)],
        [entry(THERE, DUPLICATE), entry(THERE, DUPLICATE)],
        [entry(SIX[3], DUPLICATE), entry(THERE, DUPLICATE)],
        [entry(email, DUPLICATE) for email in SIX],
        {},
        {"id": "job_0000000000000001", "type": "users_import", "status": "failed", "status_details": "Failed."},
        "text",
        5,
        True,
    ],
    ids=repr,
)
def test_errors_that_do_not_say_who_failed_cost_nobody_an_account(
    answer: object, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=answer))

    import_six(sandbox, tenant, passing)


def test_errors_that_tell_of_the_wrong_person_cost_only_who_is_kept_back(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_user(THERE)
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=[entry(SIX[3], DUPLICATE)]))
    plan = joining(tenant, SIX, "admin")

    outcomes = run(sandbox, passing, plan, mode="import")

    assert [change for change, (status, _) in outcomes.items() if status is not Status.DONE] == [(ADD, THERE)]
    assert tenant.snapshot() == having(SIX, "admin") | having([THERE])


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"summary": None},
        {"summary": []},
        {"summary": "text"},
        {"summary": {}},
        {"summary": {"inserted": 5}},
        {"summary": {"failed": 0}},
        {"summary": {"inserted": 0, "failed": 0}},
        {"summary": {"inserted": 5, "failed": 0}},
        {"summary": {"inserted": 6, "failed": 1}},
        {"summary": {"inserted": 4, "failed": 1}},
        {"summary": {"inserted": 4, "failed": 2}},
        {"summary": {"inserted": 5, "failed": -1}},
        {"summary": {"inserted": "5", "failed": "1"}},
        {"summary": {"inserted": None, "failed": None}},
        {"summary": {"inserted": 0, "updated": 5, "failed": 1}},
    ],
    ids=repr,
)
def test_a_summary_that_does_not_account_for_everybody_leaves_nobody_out(
    more: dict[str, object], sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(completed(**more))
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=[entry(THERE, DUPLICATE)]))

    import_six(sandbox, tenant, passing)

    assert len(asked(sandbox, "POST", "/users")) >= 5


def test_a_summary_that_accounts_for_everybody_is_believed(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    sandbox.faults.add(completed(summary={"inserted": 5, "failed": 1, "updated": 0, "total": 6, "else": 1}))
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=[entry(THERE, DUPLICATE)]))

    import_six(sandbox, tenant, passing)

    assert asked(sandbox, "POST", "/users") == []


@pytest.mark.parametrize(
    "record",
    [
        {"email": "another@example.com", "identities": [{"connection": DEFAULT_CONNECTION}]},
        {"email": SIX[5], "identities": [{"connection": "another"}]},
        {"identities": [{"connection": DEFAULT_CONNECTION}]},
        {"email": SIX[5], "identities": []},
        {"email": SIX[5]},
    ],
    ids=repr,
)
def test_accounts_that_are_not_where_they_should_be_are_looked_for_one_by_one(
    record: dict[str, object], sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind="status", status=200, path=USER, body={"user_id": "auth0|1", **record}))

    outcomes = import_six(sandbox, tenant, passing)

    adopted = "adopted: the account existed already"
    assert {why for (kind, _), (_, why) in outcomes.items() if kind is CREATE} == {adopted}


@pytest.mark.parametrize("seconds", [0.2, 60])
def test_an_import_whose_start_got_no_answer_is_repeated_and_whom_it_made_are_adopted(
    seconds: float, serve: Serve, tenant: Tenant, passing: Time
) -> None:
    sandbox = serve(import_seconds=seconds)
    sandbox.faults.add(Fault(kind="drop_after", path=IMPORTS))

    outcomes = import_six(sandbox, tenant, passing)

    assert len(asked(sandbox, "POST", "/jobs/users-imports")) == 2
    assert asked(sandbox, "POST", "/users") == []
    adopted = "adopted: the account existed already"
    assert {why for (kind, _), (_, why) in outcomes.items() if kind is CREATE} == {adopted}


@pytest.mark.parametrize("kind", ["html", "garbage"])
def test_an_import_whose_start_got_an_answer_that_is_none_is_repeated(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind=kind, path=IMPORTS))

    import_six(sandbox, tenant, passing)

    assert len(asked(sandbox, "POST", "/jobs/users-imports")) == 2
    assert asked(sandbox, "POST", "/users") == []


def test_a_connection_that_takes_no_imports_is_asked_once_for_each_file(
    sandbox: Sandbox, tenant: Tenant, passing: Time, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"statusCode": 400, "error": "Bad Request", "message": "Custom Database Connections without import mode."}
    sandbox.faults.add(Fault(kind="status", status=400, body=body, path=IMPORTS, times=None))

    outcomes = import_six(sandbox, tenant, passing)

    assert len(asked(sandbox, "POST", "/jobs/users-imports")) == 1
    assert outcomes[CREATE, SIX[0]] == (Status.DONE, "")
    assert "6 people are not imported but created one by one: POST /jobs/users-imports -> 400: Custom" in caplog.text


def test_a_dead_auth0_ends_it_after_the_import_and_nine_people(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    for path in (IMPORTS, USERS, "/api/v2/users-by-email"):
        sandbox.faults.add(Fault(kind="status", status=503, path=path, times=None))
    plan = joining(tenant, people(120), "admin")
    applier = applier_of(transport_to(sandbox, passing, most=0), passing, plan)
    record = new_run()

    with pytest.raises(Exception, match="-> 503"):
        applier.apply(record)

    assert len(asked(sandbox, "POST", "/users")) == 9
    assert statuses(record.outcomes)[:120] == [Status.FAILED] * 120  # all were in the import, whatever came of it
    assert statuses(record.outcomes)[120:] == [Status.NOT_TRIED] * 120
    assert tenant.users == {}


def test_a_login_that_is_lost_before_the_import_ends_it_at_once(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = joining(tenant, people(120), "admin")
    sandbox.faults.add(Fault(kind="status", status=401, path=IMPORTS, times=None))
    record = new_run()

    with pytest.raises(Exception, match="POST /jobs/users-imports -> 401"):
        applier_of(transport_to(sandbox, passing), passing, plan).apply(record)

    assert {entry.path for entry in sandbox.writes()} == {IMPORTS}
    assert set(statuses(record.outcomes)) == {Status.NOT_TRIED}
    assert tenant.users == {}
