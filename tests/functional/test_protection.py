"""Protected accounts: whatever the source says, a run leaves them as they are, and says why."""

from __future__ import annotations

import pytest

from sandbox import Behaviour, Tenant
from tests.functional.job import Job, Result, StartJob
from tests.functional.oracle import Picture
from tests.functional.whose import account, changes, reasons, run_again, table

COLUMNS = "id email role active name"


def a_day_with_everything(job: Job, *protected: str) -> None:
    """One to be stripped, one to be blocked, one to be deleted, one to be updated, and one to be created. Those of
    x.io are like those in `protected`, so that it shows what a run does."""
    tenant = job.tenant
    for domain in ("x.io", *protected):
        tenant.add_user(f"strip@{domain}", roles=("admin", "viewer"))
        tenant.add_user(f"inactive@{domain}", roles=("viewer",))
        tenant.add_user(f"gone@{domain}", roles=("viewer",))
        tenant.add_user(f"name@{domain}", roles=("viewer",), name="Old", app_metadata={"sync": {"id": f"4{domain}"}})
        back = {"sync": {"blocked_at": "2026-01-01"}}
        tenant.add_user(f"back@{domain}", roles=("viewer",), blocked=True, app_metadata=back)
        tenant.add_user(f"renamed@{domain}", roles=("viewer",), app_metadata={"sync": {"id": f"6{domain}"}})
    table(job, COLUMNS, [row for domain in ("x.io", *protected) for row in _rows(domain)])


def _rows(domain: str) -> list[tuple[str | None, str, str, int, str | None]]:
    return [
        (None, f"strip@{domain}", "viewer", 1, None),
        (None, f"inactive@{domain}", "viewer", 0, None),
        (f"4{domain}", f"name@{domain}", "editor", 1, "New"),
        (None, f"back@{domain}", "viewer", 1, None),
        (None, f"new@{domain}", "viewer", 1, None),
    ]


def left_alone(job: Job, before: Picture, domain: str) -> bool:
    """Whether the accounts of a domain are what they were, and none is new."""
    now = Picture.of(job.tenant)
    return _of(now, domain) == _of(before, domain)


def _of(picture: Picture, domain: str) -> list[tuple[object, object]]:
    return [
        (document, picture.roles[user_id])
        for user_id, document in picture.accounts.items()
        if document["email"].endswith(f"@{domain}")
    ]


@pytest.mark.parametrize(
    ("entry", "safe", "unsafe"),
    [
        ("*@y.io", "y.io", "z.y.io"),
        ("y.io", "y.io", "z.y.io"),
        ("@Y.IO", "y.io", "z.y.io"),
        ("y.io", "y.io", "xy.io"),
        ("*y.io", "y.io", "y.ioo"),
        ("nobody@x.io, *@y.[hi]o ,", "y.io", "z.io"),
    ],
)
def test_who_is_named_by_email_or_domain_is_left_as_they_are_and_nobody_else(
    job: Job, entry: str, safe: str, unsafe: str
) -> None:
    a_day_with_everything(job, safe, unsafe)
    before = Picture.of(job.tenant)
    settings = {"CLIENT_IGNORE_USERS": entry, "SYNC_LIMIT_FLOOR": "50"}

    result = job.run(**settings)
    again, writes = run_again(job, **settings)

    assert (result.code, again.code, writes) == (0, 0, [])
    assert left_alone(job, before, safe)
    for domain in ("x.io", unsafe):
        assert {f"gone@{domain}", f"new@{domain}"} & set(job.tenant.snapshot()) == {f"new@{domain}"}
        assert account(job, f"inactive@{domain}")["blocked"] is True
        assert account(job, f"name@{domain}")["name"] == "New"
    assert_told(result, safe, "CLIENT_IGNORE_USERS: ")


def assert_told(result: Result, domain: str, reason: str) -> None:
    told = reasons(result, "protected")
    names = ("strip", "inactive", "gone", "name", "back", "renamed", "new")
    assert {email for email in told if email.endswith(f"@{domain}")} == {f"{name}@{domain}" for name in names}
    assert all(why.startswith(reason) for why in told.values())
    assert f"protected, left as they are ({len(told)})" in result.stdout
    assert all(email in result.stdout for email in told)
    assert not {email for _, email in changes(result) if email} & set(told)


@pytest.mark.parametrize("pattern", ["{id}", "*|*1", "auth0|glass1"])
def test_who_is_named_by_their_user_id_is_left_as_they_are(job: Job, pattern: str) -> None:
    named = job.tenant.add_user("glass1@x.io", roles=("admin",), user_id="auth0|glass1")
    job.tenant.add_user("glass2@x.io", roles=("admin",), user_id="auth0|Glass2")
    job.people([("ann@x.io", "viewer")])
    entry = pattern.format(id=named).replace("*|", "auth0|")

    result = job.run(CLIENT_IGNORE_USERS=entry)

    assert result.code == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "glass1@x.io": ["admin"]}
    assert reasons(result, "protected") == {"glass1@x.io": f"CLIENT_IGNORE_USERS: {entry}"}


def test_a_user_id_is_its_own_in_every_letter(job: Job) -> None:
    job.tenant.add_user("glass@x.io", user_id="auth0|Glass")
    job.people([("ann@x.io", "viewer")])

    result = job.run(CLIENT_IGNORE_USERS="auth0|glass")

    assert result.code == 0
    assert set(job.tenant.snapshot()) == {"ann@x.io"}


def _with_roles(tenant: Tenant) -> None:
    for name in ("app:Owner", "app:viewer", "Billing"):
        tenant.add_role(name)
    tenant.add_user("owner@x.io", roles=("app:Owner",))  # not in the source
    tenant.add_user("stays@x.io", roles=("app:Owner", "app:viewer"), name="Old")  # with one role less
    tenant.add_user("idle@x.io", roles=("Billing", "app:viewer"))  # inactive; a role that is not managed
    tenant.add_user("free@x.io", roles=("app:viewer",))
    tenant.add_user("gone@x.io", roles=("app:viewer",))


@pytest.mark.parametrize(
    ("names", "safe"),
    [
        ("APP:OWNER", {"owner@x.io", "stays@x.io"}),
        ("app:own*, nosuch*", {"owner@x.io", "stays@x.io"}),
        ("billing", {"idle@x.io"}),
        ("Billing,app:Owner", {"owner@x.io", "stays@x.io", "idle@x.io"}),
        ("*", {"owner@x.io", "stays@x.io", "idle@x.io", "free@x.io", "gone@x.io"}),
    ],
)
@pytest.mark.parametrize("reading", ["members", "pool"])
def test_who_has_a_role_that_is_named_is_left_as_they_are(job: Job, names: str, safe: set[str], reading: str) -> None:
    _with_roles(job.tenant)
    rows = [("stays@x.io", "viewer", 1, "New"), ("idle@x.io", "viewer", 0, "New"), ("free@x.io", "viewer", 1, "New")]
    table(job, "email role active name", [*rows, ("new@x.io", "viewer", 1, None)])
    before = Picture.of(job.tenant)
    settings = {"CLIENT_IGNORE_ROLES": names, "AUTH0_ROLE_PREFIX": "app:", "AUTH0_ROLE_READ": reading}

    result, writes = run_again(job, **settings)

    now = Picture.of(job.tenant)
    untouched = {
        document["email"]
        for user_id, document in before.accounts.items()
        if (now.accounts.get(user_id), now.roles.get(user_id)) == (document, before.roles[user_id])
    }
    assert result.code == 0
    assert untouched == safe
    assert set(reasons(result, "protected")) == safe
    assert all(why.startswith("CLIENT_IGNORE_ROLES: ") for why in reasons(result, "protected").values())
    assert f"protected, left as they are ({len(safe)})" in result.stdout
    assert "new@x.io" in job.tenant.snapshot()
    assert run_again(job, **settings)[1] == []
    assert writes


def test_the_reason_has_the_role_as_auth0_calls_it(job: Job) -> None:
    job.tenant.add_user("owner@x.io", roles=("admin", "editor"))
    job.people([("ann@x.io", "viewer")])

    result = job.run(CLIENT_IGNORE_ROLES="EDITOR, Admin")

    assert reasons(result, "protected") == {"owner@x.io": "CLIENT_IGNORE_ROLES: admin, editor"}


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_a_protecting_role_that_the_tenant_does_not_have_ends_the_run_before_anything_is_written(
    job: Job, command: str
) -> None:
    job.tenant.add_user("owner@x.io", roles=("admin",))
    job.people([("ann@x.io", "viewer")])

    result = job.run(command, CLIENT_IGNORE_ROLES="admin, amdin")

    assert result.code == 78
    assert result.report["error"] == "CLIENT_IGNORE_ROLES names the role 'amdin', which Auth0 does not have"
    assert "amdin" in result.stderr
    assert job.sandbox.writes() == []
    assert job.tenant.snapshot() == {"owner@x.io": ["admin"]}


def test_who_is_held_or_shared_or_not_ours_is_protected_first(job: Job) -> None:
    job.tenant.add_user("ann@y.io", roles=("admin",))
    job.tenant.add_user("twin@y.io", user_id="auth0|one")
    job.tenant.add_user("twin@y.io", user_id="auth0|two")
    job.people([("ann@y.io", "nosuch"), ("twin@y.io", "viewer"), ("bob@x.io", "viewer")])

    result = job.run(CLIENT_IGNORE_USERS="y.io")

    assert result.report["counts"]["protected"] == 3
    assert set(reasons(result, "protected")) == {"ann@y.io", "twin@y.io"}
    assert len(job.tenant.users) == 4


def test_the_new_email_of_somebody_may_be_protected_and_so_may_the_old_one(job: Job) -> None:
    job.tenant.add_user("ann@y.io", roles=("viewer",), app_metadata={"sync": {"id": "1"}})
    job.tenant.add_user("bob@x.io", roles=("viewer",), app_metadata={"sync": {"id": "2"}})
    table(job, "id email role", [(1, "ann@x.io", "viewer"), (2, "bob@y.io", "viewer"), (3, "cy@x.io", "viewer")])
    before = Picture.of(job.tenant)

    result = job.run(CLIENT_IGNORE_USERS="y.io")

    now = Picture.of(job.tenant)
    assert result.code == 0
    assert {user_id: now.accounts[user_id] for user_id in before.accounts} == before.accounts
    assert set(job.tenant.snapshot()) == {"ann@y.io", "bob@x.io", "cy@x.io"}
    assert set(reasons(result, "protected")) == {"ann@y.io", "bob@x.io"}


def test_protected_accounts_do_not_count_as_deletions_but_are_in_scope(job: Job) -> None:
    for number in range(20):
        job.tenant.add_user(f"user{number}@y.io", roles=("viewer",))
    job.people([("ann@x.io", "viewer")])

    result = job.run(CLIENT_IGNORE_USERS="y.io", SYNC_LIMIT_FLOOR="0")

    counts = result.report["counts"]
    assert result.code == 0
    assert (counts["protected"], counts["in_scope"], counts["out_of_scope"]) == (20, 20, 0)


@pytest.mark.parametrize("setting", [{"CLIENT_IGNORE_USERS": "auth0|glass"}, {"CLIENT_IGNORE_ROLES": "admin"}])
def test_a_protected_account_that_the_lists_do_not_show_yet_gets_nothing_either(
    start_job: StartJob, setting: dict[str, str]
) -> None:
    job = start_job(behaviour=Behaviour(search_lag_seconds=3600))
    for role in ("admin", "viewer"):
        job.tenant.add_role(role)
    hidden = job.tenant.add_user("glass@x.io", user_id="auth0|glass", roles=("admin",))
    job.people([("glass@x.io", "viewer"), ("new@x.io", "viewer")])

    result = job.run(**setting)

    assert job.tenant.roles_of(hidden) == {"admin"}
    assert job.tenant.snapshot()["new@x.io"] == ["viewer"]
    assert job.outcomes(result)["add_roles", "glass@x.io"] == "skipped"
