"""Accounts that are not quite ordinary: linked, without e-mail, twins, with usernames, without passwords."""

from __future__ import annotations

from copy import deepcopy

import pytest

from sandbox import DEFAULT_CONNECTION
from tests.functional.job import Job
from tests.functional.oracle import Picture
from tests.functional.whose import account, blocked, changes, marks, reasons, run_again, table


def linked(job: Job, email: str, user_id: str = "github|1", *, own_email: str | None = None) -> str:
    """An account elsewhere, with the role admin, that one of our connection is linked to: its user id."""
    job.tenant.add_user(email, connection="github", provider="github", user_id=user_id, roles=("admin",))
    job.tenant.link(user_id, connection=DEFAULT_CONNECTION, provider="auth0", email=own_email)
    return user_id


@pytest.mark.parametrize("own_email", [None, "Ann@x.io", "elsewhere@x.io"])
@pytest.mark.parametrize("reading", ["pages", "export"])
def test_a_person_whose_account_is_linked_to_one_elsewhere_is_held_and_it_is_left_as_it_is(
    job: Job, own_email: str | None, reading: str
) -> None:
    """`own_email`: that of the identity in our connection, which may be another than the account's."""
    primary = linked(job, "ann@x.io", own_email=own_email)
    email = (own_email or "ann@x.io").lower()
    job.people([(email, "viewer"), ("bob@x.io", "viewer")])
    before = Picture.of(job.tenant)

    result = job.run(AUTH0_USER_READ=reading)
    _, writes = run_again(job, AUTH0_USER_READ=reading)

    now = Picture.of(job.tenant)
    assert result.code == 3
    assert reasons(result) == {
        email: "their account is linked to github|1, whose primary identity is in github",
    }
    assert "their account is linked to github|1" in result.stdout
    assert (now.accounts[primary], now.roles[primary]) == (before.accounts[primary], before.roles[primary])
    assert job.tenant.snapshot() == {"bob@x.io": ["viewer"]}
    assert not [entry for entry in job.sandbox.log if entry.status == 409]
    assert writes == []


@pytest.mark.parametrize("missing", ["delete", "block"])
def test_a_linked_account_whose_person_nobody_has_is_left_as_it_is(job: Job, missing: str) -> None:
    primary = linked(job, "ann@x.io", own_email="ann@x.io")
    job.people([("bob@x.io", "viewer")])
    before = deepcopy(job.tenant.users[primary])

    result = job.run(SYNC_ON_MISSING=missing)

    assert result.code == 0
    assert job.tenant.users[primary] == before
    assert job.tenant.roles_of(primary) == {"admin"}
    assert result.report["counts"]["out_of_scope"] == 1


def test_an_inactive_person_or_a_protected_one_with_a_linked_account_is_left_as_they_are(job: Job) -> None:
    for number, email in enumerate(("idle@x.io", "safe@y.io")):
        linked(job, email, f"github|{number}")
    table(
        job,
        "email role active",
        [("idle@x.io", "viewer", 0), ("safe@y.io", "viewer", 1), ("bob@x.io", "viewer", 1)],
    )

    result = job.run(CLIENT_IGNORE_USERS="y.io")

    assert set(reasons(result, "protected")) == {"safe@y.io"}
    assert blocked(job) == set()
    assert job.tenant.snapshot() == {"bob@x.io": ["viewer"]}


def test_an_account_of_ours_with_others_linked_is_as_any_other(job: Job) -> None:
    for email in ("ann@x.io", "gone@x.io", "idle@x.io"):
        user_id = job.tenant.add_user(email, roles=("admin",))
        job.tenant.link(user_id, connection="github", provider="github", email=f"private-{email}")
    job.tenant.add_user("private-ann@x.io", connection="github", provider="github", user_id="github|7")
    columns = "id email role active"
    table(job, columns, [(1, "ann@x.io", "viewer", 1), (2, "idle@x.io", "admin", 0)])

    result, _ = run_again(job)
    table(job, columns, [(1, "anna@x.io", "viewer", 1), (2, "idle@x.io", "admin", 0)])
    renamed, _ = run_again(job)
    _, writes = run_again(job)

    assert (result.code, renamed.code, writes) == (0, 0, [])
    assert job.tenant.snapshot() == {"anna@x.io": ["viewer"], "idle@x.io": ["admin"]}
    assert [one["connection"] for one in account(job, "anna@x.io")["identities"]] == [DEFAULT_CONNECTION, "github"]
    assert blocked(job) == {"idle@x.io"}
    assert "github|7" in job.tenant.users


@pytest.mark.parametrize("settings", [{}, {"SYNC_ON_MISSING": "block"}, {"SYNC_MANAGE": "marked"}])
def test_accounts_without_an_email_are_never_touched(job: Job, settings: dict[str, str]) -> None:
    nameless = job.tenant.add_user(None, roles=("admin",), app_metadata={"sync": {"id": "1", "owner": "sync"}})
    before = deepcopy(job.tenant.users[nameless])
    table(job, "id email role", [(1, "ann@x.io", "viewer")])

    result, _ = run_again(job, **settings)
    _, writes = run_again(job, **settings)

    assert result.code == 0
    assert (job.tenant.users[nameless], job.tenant.roles_of(nameless)) == (before, {"admin"})
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}
    assert result.report["counts"]["out_of_scope"] == 1
    assert writes == []


@pytest.mark.parametrize("in_source", [True, False])
def test_two_accounts_with_one_email_are_held_both(job: Job, in_source: bool) -> None:  # noqa: FBT001
    twins = [job.tenant.add_user("twin@x.io", roles=("admin",), user_id=f"auth0|{name}") for name in ("a", "b")]
    job.people([("ann@x.io", "viewer"), *([("twin@x.io", "viewer")] if in_source else [])])

    result, _ = run_again(job)
    _, writes = run_again(job)

    assert result.code == 3
    assert reasons(result) == {"twin@x.io": "2 accounts share this e-mail: auth0|a, auth0|b"}
    assert [job.tenant.roles_of(twin) for twin in twins] == [{"admin"}] * 2
    assert result.report["counts"]["held_accounts"] == 2
    assert writes == []


def test_two_accounts_whose_emails_differ_in_case_alone_are_held_both(job: Job) -> None:
    job.tenant.add_connection("email", strategy="email")
    for email in ("Twin@x.io", "twin@x.io"):
        job.tenant.add_user(email, connection="email", provider="email", roles=("admin",))
    job.people([("twin@x.io", "viewer"), ("ann@x.io", "viewer")])

    result = job.run(AUTH0_CONNECTION="email")

    assert result.code == 3
    assert "2 accounts share this e-mail" in reasons(result)["Twin@x.io"]
    assert job.tenant.snapshot("email") == {"Twin@x.io": ["admin"], "twin@x.io": ["admin"], "ann@x.io": ["viewer"]}


def test_in_a_connection_with_usernames_people_get_theirs(job: Job) -> None:
    job.tenant.add_connection("staff", requires_username=True)
    job.tenant.add_user("old@x.io", connection="staff", username="old", roles=("viewer",))
    settings = {"AUTH0_CONNECTION": "staff"}
    columns = "email role username"
    table(job, columns, [("ann@x.io", "viewer", "Ann"), ("bob@x.io", "viewer", None), ("old@x.io", "editor", "older")])

    result, _ = run_again(job, **settings)
    table(job, columns, [("ann@x.io", "viewer", "ann"), ("old@x.io", "editor", "OLDER")])
    again, writes = run_again(job, **settings)

    assert result.code == 3
    assert job.outcomes(result)["create", "bob@x.io"] == "failed"
    assert job.tenant.snapshot("staff") == {"ann@x.io": ["viewer"], "old@x.io": ["editor"]}
    assert [account(job, email, "staff")["username"] for email in ("ann@x.io", "old@x.io")] == ["ann", "older"]
    assert (again.code, writes) == (0, [])


def test_a_username_that_somebody_else_has_fails_for_its_person_alone(job: Job) -> None:
    job.tenant.add_connection("staff", requires_username=True)
    job.tenant.add_user("old@x.io", connection="staff", username="ann", roles=("viewer",))
    rows = [("ann@x.io", "viewer", "ann"), ("bob@x.io", "viewer", "bob"), ("old@x.io", "viewer", None)]
    table(job, "email role username", rows)

    result = job.run(AUTH0_CONNECTION="staff")

    assert result.code == 3
    assert job.outcomes(result)["create", "ann@x.io"] == "failed"
    assert job.tenant.snapshot("staff") == {"bob@x.io": ["viewer"], "old@x.io": ["viewer"]}


def test_without_passwords_accounts_are_made_without_one_blocked_and_brought_back(job: Job) -> None:
    job.tenant.add_connection("email", strategy="email")
    job.tenant.add_user("gone@x.io", connection="email", provider="email", roles=("viewer",))
    job.tenant.add_user("db@x.io", roles=("viewer",))
    settings = {"AUTH0_CONNECTION": "email", "AUTH0_CREATE_WITH": "import"}
    table(job, "id email role active", [(1, "ann@x.io", "viewer", 1), (2, "bob@x.io", "viewer", 1)])

    result, _ = run_again(job, **settings)
    table(job, "id email role active", [(1, "ann@x.io", "editor", 1), (2, "bob@x.io", "viewer", 0)])
    then, _ = run_again(job, **settings)
    _, writes = run_again(job, **settings)

    assert (result.code, then.code, writes) == (0, 0, [])
    assert job.tenant.snapshot("email") == {"ann@x.io": ["editor"], "bob@x.io": ["viewer"]}
    assert job.sandbox.passwords == []
    assert job.tenant.mails == []
    assert blocked(job) == {"bob@x.io"}
    assert account(job, "ann@x.io", "email")["user_id"].startswith("email|")
    assert job.tenant.snapshot() == {"db@x.io": ["viewer"]}


def test_without_passwords_a_person_with_another_email_is_held_as_auth0_cannot_change_it(job: Job) -> None:
    job.tenant.add_connection("email", strategy="email")
    table(job, "id email role", [(1, "ann@x.io", "viewer"), (2, "bob@x.io", "viewer")])
    settings = {"AUTH0_CONNECTION": "email"}
    job.run(**settings)
    user_id = account(job, "ann@x.io", "email")["user_id"]
    table(job, "id email role", [(1, "anna@x.io", "editor"), (2, "bob@x.io", "viewer")])

    result, writes = run_again(job, **settings)

    assert result.code == 3
    assert writes == []
    reason = f"{user_id} would need another e-mail, which Auth0 allows in databases only"
    assert reasons(result) == {"ann@x.io": reason, "anna@x.io": reason}
    assert reason in result.stdout
    assert job.tenant.snapshot("email") == {"ann@x.io": ["viewer"], "bob@x.io": ["viewer"]}


@pytest.mark.parametrize("strategy", ["github", "waad", "sms"])
def test_a_connection_whose_accounts_cannot_be_made_is_refused_before_anything_is_written(
    job: Job, strategy: str
) -> None:
    job.tenant.add_connection("other", strategy=strategy)
    job.people([("ann@x.io", "viewer")])

    result = job.run(AUTH0_CONNECTION="other")

    assert result.code == 1
    assert f"'{strategy}'" in result.report["error"]
    assert job.sandbox.writes() == []


def test_marks_that_are_no_object_are_none_and_are_written_over(job: Job) -> None:
    for number, odd in enumerate(("hr", 7, ["x"], None, {"owner": 7, "invite": True, "revoke": 1})):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",), app_metadata={"sync": odd, "plan": "gold"})
    table(job, "id email role", [(number, f"user{number}@x.io", "viewer") for number in range(5)])

    result = job.run(AUTH0_INVITE="email")
    _, writes = run_again(job)

    assert result.code == 0
    assert {kind for kind, _ in changes(result)} == {"update"}
    assert [marks(job, f"user{number}@x.io")["id"] for number in range(5)] == list("01234")
    assert {account(job, f"user{number}@x.io")["app_metadata"]["plan"] for number in range(5)} == {"gold"}
    assert job.tenant.mails == []
    assert writes == []


def test_a_key_that_somebody_has_written_as_a_number_is_the_same_key(job: Job) -> None:
    job.tenant.add_user("same@x.io", roles=("viewer",), app_metadata={"sync": {"id": 1}})
    job.tenant.add_user("other@x.io", roles=("viewer",), app_metadata={"sync": {"id": 4711}})
    table(job, "id email role", [(1, "same@x.io", "viewer"), (2, "other@x.io", "viewer")])

    result, writes = run_again(job)

    assert result.code == 3
    assert writes == []
    assert "under the key '4711', the source has it under '2'" in reasons(result)["other@x.io"]
