"""Import jobs beside each other: ours, somebody else's, and those that a stop leaves behind."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from client.stop import Stopped
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync.model import Status
from tests.client.builders import Time, applier_of, asked, new_run, transport_to
from tests.client.plans import ADD, CREATE, having, joining, people, run, statuses, told

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Sandbox]

pytestmark = pytest.mark.usefixtures("roles")

IMPORTS = "/api/v2/jobs/users-imports"
SENTENCE = r"the run was stopped before import job job_\w+ ended; the next run sees what came of it"


def others_import(sandbox: Sandbox, passing: Time, *emails: str) -> None:
    """Somebody else starts an import of these people."""
    connection = sandbox.tenant.connection(DEFAULT_CONNECTION)
    assert connection is not None
    rows = json.dumps([{"email": email} for email in emails]).encode()
    parts: dict[str, str | bytes] = {"connection_id": connection.id, "send_completion_email": "false", "users": rows}
    transport_to(sandbox, passing).for_writing().request("POST", "/jobs/users-imports", parts=parts)


def answers(sandbox: Sandbox) -> list[int]:
    """What was answered to each import."""
    return [entry.status for entry in asked(sandbox, "POST", "/jobs/users-imports")]


def most_at_a_time(sandbox: Sandbox) -> int:
    """How many import jobs were going on together at most, as far as the client could know."""
    active: set[str] = set()
    most = 0
    for entry in sandbox.log:
        if entry.path == IMPORTS and entry.status == 202:
            active.add(entry.response["id"])
        elif entry.path == "/api/v2/jobs/{id}" and entry.response["status"] == "completed":
            active.discard(entry.response["id"])
        most = max(most, len(active))
    return most


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight people fill a file."""
    monkeypatch.setattr("client.auth0.imports._LARGEST_FILE", 800)


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("workers", [1, 8])
def test_two_imports_go_on_at_a_time_and_no_more(workers: int, serve: Serve, tenant: Tenant, passing: Time) -> None:
    sandbox = serve(import_seconds=300)

    run(sandbox, passing, joining(tenant, people(30), "admin"), mode="import", workers=workers)

    assert answers(sandbox) == [202] * 4
    assert most_at_a_time(sandbox) == 2
    assert tenant.snapshot() == having(people(30), "admin")


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("how_many", [32, 33, 40, 41, 100])
def test_any_number_of_files_is_imported(how_many: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    outcomes = run(sandbox, passing, joining(tenant, people(how_many), "admin"), mode="import")

    assert answers(sandbox) == [202] * math.ceil(how_many / 8)
    assert asked(sandbox, "POST", "/users") == []
    assert set(outcomes.values()) == {(Status.DONE, "")}
    assert tenant.snapshot() == having(people(how_many), "admin")


@pytest.mark.usefixtures("small_files")
def test_a_file_that_cannot_be_imported_does_not_keep_the_others_from_it(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind="status", status=400, path=IMPORTS, where=people(30)[13], times=None))

    outcomes = run(sandbox, passing, joining(tenant, people(30), "admin"), mode="import")

    refused = [entry for entry in asked(sandbox, "POST", "/jobs/users-imports") if entry.status == 400]
    singly = [entry.body["email"] for entry in asked(sandbox, "POST", "/users")]
    assert singly == [row["email"] for entry in refused for row in entry.body["users"]]
    assert len(singly) == 8
    assert {status for status, _ in outcomes.values()} == {Status.DONE}
    assert tenant.snapshot() == having(people(30), "admin")


@pytest.mark.usefixtures("small_files")
def test_who_exists_already_is_adopted_with_one_lookup_whatever_file_they_are_in(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    for number in (1, 2, 12, 29):
        tenant.add_user(people(30)[number])

    outcomes = run(sandbox, passing, joining(tenant, people(30), "admin"), mode="import")

    assert len(asked(sandbox, "GET", "/users-by-email")) == 4
    assert asked(sandbox, "POST", "/users") == []
    assert [why for _, why in outcomes.values()].count("adopted: the account existed already") == 4
    assert tenant.snapshot() == having(people(30), "admin")


def test_somebody_elses_imports_are_waited_for_and_that_is_no_retry(
    serve: Serve, tenant: Tenant, passing: Time
) -> None:
    sandbox = serve(import_seconds=25)
    transport = transport_to(sandbox, passing, most=1)
    applier = applier_of(transport, passing, joining(tenant, people(100), "admin"))
    others_import(sandbox, passing, "x@example.com")
    others_import(sandbox, passing, "y@example.com")
    sandbox.clear_log()
    passing.waits.clear()

    applier.apply(new_run())

    assert answers(sandbox) == [429, 429, 429, 202]
    assert passing.waits[:4] == [10, 10, 10, 0.5]
    assert transport.traffic.retries == 0
    assert tenant.snapshot() == having(people(100), "admin") | having(["x@example.com", "y@example.com"])
    assert asked(sandbox, "POST", "/users") == []


@pytest.mark.parametrize("reset", ["absent", "normal", "past"])
def test_a_turn_that_comes_after_many_is_taken(reset: Any, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", variant=4, path=IMPORTS, reset=reset, times=29))
    transport = transport_to(sandbox, passing, most=1)

    applier_of(transport, passing, joining(tenant, people(100), "admin")).apply(new_run())

    assert answers(sandbox) == [429] * 29 + [202]
    assert transport.traffic.retries == 0
    assert asked(sandbox, "POST", "/users") == []
    assert tenant.snapshot() == having(people(100), "admin")


def test_when_no_turn_comes_they_are_created_singly(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", variant=4, path=IMPORTS, reset="absent", times=None))

    outcomes = run(sandbox, passing, joining(tenant, people(5), "admin"), mode="import")

    assert answers(sandbox) == [429] * 30
    assert 280 <= sum(passing.waits) <= 310
    assert set(outcomes.values()) == {(Status.DONE, "")}
    assert tenant.snapshot() == having(people(5), "admin")


@pytest.mark.parametrize("profile", ["none", "enterprise"])
def test_while_an_import_waits_for_its_turn_nothing_else_waits(
    profile: str, serve: Serve, tenant: Tenant, passing: Time
) -> None:
    sandbox = serve(profile=profile, import_seconds=25)
    transport = transport_to(sandbox, passing)
    others_import(sandbox, passing, "x@example.com")
    others_import(sandbox, passing, "y@example.com")
    waits: list[list[float]] = []

    def sleep(seconds: float) -> None:
        before = len(passing.waits)
        transport.get("/roles")
        waits.append(passing.waits[before:])
        passing.sleep(seconds)

    plan = joining(tenant, people(3), "admin")
    applier_of(transport, passing, plan, mode="import", sleep=sleep).apply(new_run())

    assert answers(sandbox)[2:] == [429, 429, 429, 202]
    assert waits[:3] == [[], [], []]


def test_a_limit_on_requests_is_no_sign_of_somebody_elses_imports(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    for variant in (1, 2, 3):
        sandbox.faults.add(Fault(kind="rate_limit", variant=variant, path=IMPORTS, reset="absent"))
    transport = transport_to(sandbox, passing)

    applier_of(transport, passing, joining(tenant, people(3), "admin"), mode="import").apply(new_run())

    assert answers(sandbox) == [429, 429, 429, 202]
    assert transport.traffic.retries == 3
    assert 10 not in passing.waits


def test_a_stop_while_an_import_waits_for_its_turn_leaves_everybody_untried(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    sandbox.faults.add(Fault(kind="rate_limit", variant=4, path=IMPORTS, times=None))
    stopping: list[bool] = []

    def check() -> None:
        if stopping:
            raise Stopped("SIGTERM")

    def sleep(_: float) -> None:
        stopping.append(True)
        check()

    plan = joining(tenant, people(100), "admin")
    record = new_run()
    applier_of(transport_to(sandbox, passing, check=check), passing, plan, check=check, sleep=sleep).apply(record)

    assert set(told(record.outcomes).values()) == {(Status.NOT_TRIED, "the run was stopped")}
    assert answers(sandbox) == [429]
    assert tenant.users == {}


@pytest.mark.usefixtures("small_files")
@pytest.mark.parametrize("where", ["sleep", "request"])
def test_a_stop_while_imports_are_under_way_tells_whom_they_are_about_and_leaves_the_rest(
    where: str, serve: Serve, tenant: Tenant, passing: Time
) -> None:
    sandbox = serve(import_seconds=300)
    plan = joining(tenant, people(30), "admin")

    def check() -> None:
        if asked(sandbox, "GET", "/jobs/{id}"):
            raise Stopped("SIGTERM")

    def sleep(seconds: float) -> None:
        passing.sleep(seconds)
        if where == "sleep":
            check()

    record = new_run()
    transport = transport_to(sandbox, passing, check=check)
    applier_of(transport, passing, plan, mode="import", check=check, sleep=sleep).apply(record)

    outcomes = told(record.outcomes)
    started = [row["email"] for entry in asked(sandbox, "POST", "/jobs/users-imports") for row in entry.body["users"]]
    created = {email: end for (kind, email), end in outcomes.items() if kind is CREATE}
    assert {email for email, (status, _) in created.items() if status is Status.FAILED} == {*started}
    assert all(re.fullmatch(SENTENCE, created[email][1]) for email in started)
    rest = {end for email, end in created.items() if email not in started}
    assert rest == {(Status.NOT_TRIED, "the run was stopped")}
    assert {end for (kind, _), end in outcomes.items() if kind is ADD} == {(Status.NOT_TRIED, "the run was stopped")}
    assert statuses(record.outcomes).count(Status.FAILED) == len(started) < 30


def test_after_a_stop_the_next_run_adopts_whom_the_import_made(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    plan = joining(tenant, people(100), "admin")

    def stop(_: float) -> None:
        raise Stopped("SIGTERM")

    applier_of(transport_to(sandbox, passing), passing, plan, sleep=stop).apply(new_run())
    passing.advance(1)
    outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == having(people(100), "admin")
    assert {status for status, _ in outcomes.values()} == {Status.DONE}
