"""New accounts by import: what is asked, whom it makes, and what becomes of the rows that fail."""

from __future__ import annotations

import copy
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync.model import Change, Status
from tests.client.builders import Time, asked, plan_of, steps
from tests.client.plans import ADD, CREATE, having, joining, people, run

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Sandbox]

pytestmark = pytest.mark.usefixtures("roles")

ERRORS = "/api/v2/jobs/{id}/errors"
DONE = (Status.DONE, "")
ADOPTED = (Status.DONE, "adopted: the account existed already")


def endpoints(sandbox: Sandbox) -> Counter[str]:
    """How often each endpoint was asked."""
    return Counter(f"{entry.method} {entry.path.removeprefix('/api/v2')}" for entry in sandbox.log)


@pytest.mark.parametrize(("seconds", "looks"), [(0.2, 1), (20, 8)])
def test_a_thousand_people_with_one_role_take_an_import_and_twenty_batches(
    seconds: float, looks: int, serve: Serve, tenant: Tenant, passing: Time
) -> None:
    sandbox = serve(import_seconds=seconds)
    plan = joining(tenant, people(1000), "admin")

    outcomes = run(sandbox, passing, plan)

    assert tenant.snapshot() == having(people(1000), "admin")
    assert set(outcomes.values()) == {DONE}
    assert endpoints(sandbox) == {
        "POST /jobs/users-imports": 1,
        "GET /jobs/{id}": looks,
        "GET /users/{id}": 1,
        "POST /roles/{id}/users": 20,
    }


@pytest.mark.parametrize(
    ("mode", "how_many", "imported"),
    [("auto", 99, 0), ("auto", 100, 1), ("import", 1, 1), ("requests", 120, 0)],
)
def test_from_a_hundred_people_on_they_are_imported_unless_told_otherwise(
    mode: str, how_many: int, imported: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    run(sandbox, passing, joining(tenant, people(how_many), "admin"), mode=mode)

    assert tenant.snapshot() == having(people(how_many), "admin")
    assert len(asked(sandbox, "POST", "/jobs/users-imports")) == imported
    assert len(asked(sandbox, "POST", "/users")) == (0 if imported else how_many)


def test_people_of_a_passwordless_connection_are_never_imported(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_connection("email", strategy="email")

    run(sandbox, passing, joining(tenant, people(3), "admin", connection="email"), mode="import")

    assert tenant.snapshot("email") == having(people(3), "admin")
    assert steps(sandbox) == ["POST /users"] * 3 + ["POST /roles/{id}/users"]


def test_an_import_is_asked_for_as_auth0_wants_it_and_mails_nobody(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    connection = tenant.connection(DEFAULT_CONNECTION)
    assert connection is not None

    run(sandbox, passing, joining(tenant, ["ann@example.com", "jürgen@bücher.example"], "admin"), mode="import")

    (request,) = asked(sandbox, "POST", "/jobs/users-imports")
    rows = request.body.pop("users")
    assert request.body == {"connection_id": connection.id, "upsert": "false", "send_completion_email": "false"}
    assert [(row["email"], row["email_verified"]) for row in rows] == [
        ("ann@example.com", False),
        ("jürgen@bücher.example", False),
    ]
    assert [f"auth0|{row['user_id']}" for row in rows] == [*tenant.users]
    assert {user["email_verified"] for user in tenant.users.values()} == {False}
    assert tenant.mails == []
    request.body["users"] = rows  # for the check against the description


def test_accounts_of_others_are_not_touched_by_an_import(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_user("p00000@example.com", connection="google", provider="google-oauth2", roles=["editor"])
    tenant.add_user("x@example.com", roles=["editor"], name="X", blocked=True)
    tenant.add_user("p00001@example.com", name="One", user_metadata={"a": 1})
    before = copy.deepcopy(tenant.users)

    run(sandbox, passing, joining(tenant, people(5), "admin"), mode="import")

    assert {user_id: tenant.users[user_id] for user_id in before} == before
    assert tenant.snapshot() == having(people(5), "admin") | {"x@example.com": ["editor"]}


def test_who_exists_already_is_adopted_with_one_lookup_and_gets_the_roles(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    there = {email: tenant.add_user(email, roles=["editor"]) for email in people(100)[10:13]}

    outcomes = run(sandbox, passing, joining(tenant, people(100), "admin"))

    assert tenant.snapshot() == {email: ["admin", "editor"] if email in there else ["admin"] for email in people(100)}
    assert len(tenant.users) == 100
    assert {email for (kind, email), end in outcomes.items() if kind is CREATE and end == ADOPTED} == there.keys()
    assert endpoints(sandbox) == {
        "POST /jobs/users-imports": 1,
        "GET /jobs/{id}": 1,
        "GET /users/{id}": 1,
        "GET /jobs/{id}/errors": 1,
        "GET /users-by-email": 3,
        "POST /roles/{id}/users": 2,
    }


def test_who_exists_but_cannot_be_found_is_not_adopted_and_the_others_go_on(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    linked = tenant.add_user("p00002@example.com", connection="google", provider="google-oauth2")
    tenant.link(linked, connection=DEFAULT_CONNECTION, provider="auth0")

    outcomes = run(sandbox, passing, joining(tenant, people(5), "admin"), mode="import")

    status, why = outcomes[CREATE, "p00002@example.com"]
    assert status is Status.FAILED
    assert why.startswith("the import refused it: DUPLICATED_USER: The user already exist")
    assert outcomes[ADD, "p00002@example.com"] == (Status.SKIPPED, "the account was not created")
    assert sorted(tenant.snapshot()) == [email for email in people(5) if email != "p00002@example.com"]
    assert tenant.roles_of(linked) == set()


def test_who_exists_but_cannot_be_looked_for_fails_and_the_others_go_on(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_user("p00002@example.com", roles=["editor"])
    sandbox.faults.add(Fault(kind="status", path="/api/v2/users-by-email", status=503, times=None))

    outcomes = run(sandbox, passing, joining(tenant, people(5), "admin"), mode="import")

    assert outcomes[CREATE, "p00002@example.com"][0] is Status.FAILED
    assert outcomes[CREATE, "p00002@example.com"][1].startswith("GET /users-by-email -> 503")
    assert tenant.snapshot() == having(people(5), "admin") | {"p00002@example.com": ["editor"]}


def test_who_is_refused_by_the_import_is_told_so_and_the_others_go_on(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    bad = ["no-address", "x" * 65 + "@example.com", "y" * 300 + "@example.com"]

    outcomes = run(sandbox, passing, joining(tenant, [*people(20), *bad], "admin"), mode="import")

    assert tenant.snapshot() == having(people(20), "admin")
    for email in bad:
        status, why = outcomes[CREATE, email]
        assert status is Status.FAILED
        assert why.startswith("the import refused it: FORMAT: Object didn't pass validation for format email: ")
        assert outcomes[ADD, email] == (Status.SKIPPED, "the account was not created")
    assert asked(sandbox, "POST", "/users") == []
    assert len(asked(sandbox, "GET", "/jobs/{id}/errors")) == 1


def test_a_refusal_in_many_words_is_told_in_some_and_on_one_line(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    row = {"email": "no-address"}
    errors = [
        {"code": "FORMAT", "message": "No.\n\x1b[31m" + "x" * 1000},
        {"code": "PATTERN", "message": "Really not."},
    ]
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=[{"user": row, "errors": errors}]))

    outcomes = run(sandbox, passing, joining(tenant, [*people(3), "no-address"], "admin"), mode="import")

    _, why = outcomes[CREATE, "no-address"]
    assert why.startswith("the import refused it: FORMAT: No.")
    assert why.isprintable()
    assert len(why) < 350


def test_a_row_of_several_errors_is_looked_up_if_one_of_them_says_that_it_exists(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_user("p00001@example.com")
    errors = [{"code": "DUPLICATED_USER", "message": "There."}, {"code": "FORMAT", "message": "Not so."}]
    answer = [{"user": {"email": "p00001@example.com"}, "errors": errors}]
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=answer))

    outcomes = run(sandbox, passing, joining(tenant, people(3), "admin"), mode="import")

    assert outcomes[CREATE, "p00001@example.com"] == ADOPTED
    assert len(asked(sandbox, "GET", "/users-by-email")) == 1


@pytest.mark.parametrize("code", ["DUPLICATED_USER", "CONFLICT", "CONFLICT_EMAIL", "CONFLICT_USERNAME"])
def test_whatever_auth0_calls_a_duplicate_it_is_looked_up(
    code: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    there = tenant.add_user("p00001@example.com")
    answer = [{"user": {"email": "p00001@example.com"}, "errors": [{"code": code, "message": "There."}]}]
    sandbox.faults.add(Fault(kind="status", status=200, path=ERRORS, body=answer))

    outcomes = run(sandbox, passing, joining(tenant, people(3), "admin"), mode="import")

    assert outcomes[CREATE, "p00001@example.com"] == ADOPTED
    assert tenant.roles_of(there) == {"admin"}


def test_people_without_roles_are_imported_too(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    run(sandbox, passing, plan_of(*[Change(CREATE, email) for email in people(100)]))

    assert tenant.snapshot() == having(people(100))
    assert steps(sandbox) == ["POST /jobs/users-imports"]
