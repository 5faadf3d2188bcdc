"""Which phases reading and applying have, and how far each says it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client.auth0.errors import Auth0Error
from client.auth0.pace import Pace
from client.auth0.reader import Reader
from client.phases import Budget, Phases, Step
from database.users import Users
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync.model import Change, Kind
from tests.client.builders import Time, applier_of, fill, new_run, plan_of, reader_of, roles_named, transport_to
from tests.client.plans import everything
from tests.database.builders import people, sqlite_settings

pytestmark = pytest.mark.usefixtures("roles")

Told = tuple[str, str, int, int | None]


class Watching:
    """Remembers each phase as it was at its end, and knows the one that goes on."""

    def __init__(self) -> None:
        self.ended: list[Told] = []
        self.step = Step("nothing")

    def begin(self, step: Step) -> None:
        """A phase begins."""
        self.step = step

    def end(self, step: Step) -> None:
        """It is over."""
        self.ended.append((step.name, step.unit, step.done, step.total))


@pytest.fixture
def watching() -> Watching:
    return Watching()


def reader_for(sandbox: Sandbox, passing: Time, watching: Watching, **options: Any) -> Reader:
    return reader_of(transport_to(sandbox, passing), passing, phases=Phases(watching), **options)


def test_reading_tells_of_roles_accounts_and_who_has_which(
    sandbox: Sandbox, tenant: Tenant, passing: Time, watching: Watching
) -> None:
    fill(tenant, 250, roles=["admin"])
    reader = reader_for(sandbox, passing, watching)

    there = reader.roles()
    accounts = reader.accounts(reader.connection())
    reader.memberships(accounts, there)

    assert watching.ended == [
        ("read roles", "roles", 2, None),
        ("read accounts", "accounts", 250, 250),
        ("read who has which role", "roles", 2, 2),
    ]


def test_accounts_come_page_by_page_and_their_number_is_known_from_the_first_on(
    sandbox: Sandbox, tenant: Tenant, passing: Time, watching: Watching
) -> None:
    fill(tenant, 250)
    seen: list[tuple[int, int | None]] = []
    transport = transport_to(sandbox, passing, check=lambda: seen.append((watching.step.done, watching.step.total)))
    reader = reader_of(transport, passing, phases=Phases(watching))
    connection = reader.connection()

    reader.accounts(connection)

    assert list(dict.fromkeys(seen))[1:] == [(100, 250), (200, 250)]


def test_an_export_tells_what_its_job_says_and_then_counts_the_accounts(
    serve: Callable[..., Sandbox], tenant: Tenant, passing: Time, watching: Watching
) -> None:
    sandbox = serve(export_seconds=5.0)
    fill(tenant, 1100)
    notes: list[str] = []

    def sleep(seconds: float) -> None:
        notes.append(watching.step.note)
        passing.sleep(seconds)

    reader = Reader(transport_to(sandbox, passing), DEFAULT_CONNECTION, sleep=sleep, phases=Phases(watching))

    reader.accounts(reader.connection())

    assert "Auth0 makes the export 0 %" in notes
    assert watching.step.note == ""
    assert watching.ended == [("read accounts", "accounts", 1100, 1100)]


def test_roles_that_are_read_user_by_user_count_the_accounts(
    sandbox: Sandbox, tenant: Tenant, passing: Time, watching: Watching
) -> None:
    fill(tenant, 5, roles=["admin"])
    reader = reader_for(sandbox, passing, watching, role_read="pool", workers=2)
    accounts = reader.accounts(reader.connection())

    reader.memberships(accounts, reader.roles())

    assert watching.ended[-1] == ("read who has which role", "accounts", 5, 5)


def test_what_is_to_be_brought_back_is_looked_at_account_by_account(
    sandbox: Sandbox, tenant: Tenant, passing: Time, watching: Watching
) -> None:
    user_ids = fill(tenant, 3)
    reader = reader_for(sandbox, passing, watching)

    reader.present(dict.fromkeys(user_ids, ""))

    assert watching.ended == [("read accounts", "accounts", 3, 3)]


def test_each_kind_of_change_is_a_phase_and_what_a_plan_lacks_is_none(
    sandbox: Sandbox, tenant: Tenant, passing: Time, watching: Watching
) -> None:
    plan = everything(tenant)
    applier = applier_of(transport_to(sandbox, passing), passing, plan)
    applier.phases = Phases(watching)

    applier.apply(new_run())

    assert watching.ended == [
        ("create", "accounts", 1, 1),
        ("give roles", "accounts", 2, 2),
        ("take roles", "accounts", 1, 1),
        ("delete", "accounts", 1, 1),
    ]


def test_giving_roles_moves_with_each_batch(
    sandbox: Sandbox, tenant: Tenant, passing: Time, watching: Watching
) -> None:
    user_ids = fill(tenant, 6)
    (admin,) = roles_named(tenant, "admin")
    changes = (Change(Kind.ADD_ROLES, f"p{n}@example.com", user_id, (admin,)) for n, user_id in enumerate(user_ids))
    seen: list[int] = []
    transport = transport_to(sandbox, passing, check=lambda: seen.append(watching.step.done))
    applier = applier_of(transport, passing, plan_of(*changes), batch_size=1)
    applier.phases = Phases(watching)

    applier.apply(new_run())

    assert seen == sorted(seen)
    assert len(set(seen)) > 3


def test_what_is_not_tried_any_more_is_not_counted_as_done(
    sandbox: Sandbox, tenant: Tenant, passing: Time, watching: Watching
) -> None:
    changes = [Change(Kind.DELETE, "", user_id) for user_id in fill(tenant, 30)]
    sandbox.faults.add(Fault(kind="status", status=500, path="/api/v2/users/{id}", times=None))
    applier = applier_of(transport_to(sandbox, passing, most=0), passing, plan_of(*changes))
    applier.phases = Phases(watching)

    with pytest.raises(Auth0Error):
        applier.apply(new_run())

    assert watching.ended == [("delete", "accounts", 10, 30)]


def test_the_rows_of_the_source_are_told_as_they_come(tmp_path: Path) -> None:
    file = people(tmp_path, [(f"u{number}@x.io", "admin") for number in range(25_000)])
    told: list[int] = []

    Users(sqlite_settings(file)).read(advance=told.append)

    assert [number for number in told if number] == [10_000, 10_000, 5_000]


def test_the_pace_shows_what_the_last_answer_of_the_management_api_said() -> None:
    pace = Pace()
    before = pace.budget()

    pace.learn(pace.acquire("GET /users"), {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "16"})
    then = pace.budget()
    other = pace.acquire("POST /dbconnections/change_password")
    pace.learn(other, {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "1"})

    assert (before, then, pace.budget()) == (None, Budget(16, 20), Budget(16, 20))
