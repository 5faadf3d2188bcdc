"""Keys and e-mails that contradict each other: whoever they may be about is left alone, and never merged."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import DEFAULT_CONNECTION
from tests.functional.job import Job
from tests.functional.mapped import everything, key_of, keyed, people, reasons, record

OTHERS: tuple[dict[str, Any], ...] = ({"email": "new@x.io", "id": 90, "name": "New"},)
"""Somebody with whom everything is well, who goes on whatever is the matter with the rest."""


def run_held(job: Job, *rows: dict[str, Any]) -> dict[str, str]:
    """Run with these rows, see that only the others are changed and the next run says the same; returns the reasons."""
    before = everything(job)
    people(job, *rows, *OTHERS)

    result = job.run()
    job.sandbox.clear_log()
    again = job.run()

    assert (result.code, again.code) == (3, 3)
    assert {user_id: one for user_id, one in everything(job).items() if user_id in before} == before
    assert len(job.tenant.users) == len(before) + 1
    assert record(job, "new@x.io")["name"] == "New"
    assert job.sandbox.writes() == []
    assert reasons(again) == reasons(result)
    return reasons(result)


def test_two_keys_on_one_email_hold_its_account(job: Job) -> None:
    keyed(job, "ann@x.io", "1", name="Ann")

    held = run_held(job, {"email": "ann@x.io", "id": 1, "name": "A"}, {"email": "ann@x.io", "id": 2, "name": "A"})

    assert held == {"ann@x.io": "its rows disagree about id"}


def test_two_keys_on_one_new_email_make_no_account_and_hold_those_of_both_keys(job: Job) -> None:
    keyed(job, "ann@x.io", "1", name="Ann")
    keyed(job, "bob@x.io", "2", name="Bob")

    held = run_held(job, {"email": "ann2@x.io", "id": 1, "role": "admin"}, {"email": "ann2@x.io", "id": 2})

    assert held["ann2@x.io"] == "its rows disagree about id"
    assert {"ann@x.io", "bob@x.io"} <= held.keys()


def test_one_key_on_two_emails_holds_both_and_the_account_that_bears_it(job: Job) -> None:
    keyed(job, "ann@x.io", "1", name="Ann")
    job.tenant.add_user("bob@x.io", roles=("viewer",))

    held = run_held(
        job, {"email": "bob@x.io", "id": 1, "role": "admin"}, {"email": "cara@x.io", "id": 1}
    )  # fmt: skip

    assert held.keys() == {"ann@x.io", "bob@x.io", "cara@x.io"}
    assert held["bob@x.io"] == held["cara@x.io"] == "several e-mails have the key '1'"


@pytest.mark.parametrize("roles", [(), ("viewer",)])
@pytest.mark.parametrize("rivals_key", ["9", None])
def test_an_email_that_another_account_has_is_not_taken_from_it(
    job: Job, roles: tuple[str, ...], rivals_key: str | None
) -> None:
    ann = keyed(job, "ann@x.io", "1", name="Ann")
    if rivals_key:
        rival = keyed(job, "ann2@x.io", rivals_key, roles=roles, name="Another")
    else:
        rival = job.tenant.add_user("ann2@x.io", roles=roles, name="Another")

    held = run_held(job, {"email": "ann2@x.io", "id": 1, "role": "admin", "name": "Ann"})

    assert held.keys() == {"ann@x.io", "ann2@x.io"}
    assert held["ann2@x.io"] == f"{rival} has the new e-mail of {ann}; look which account is the person's"


def test_an_email_that_another_person_of_the_source_has_as_well_is_of_neither(job: Job) -> None:
    keyed(job, "ann@x.io", "1")
    keyed(job, "bob@x.io", "2")

    held = run_held(job, {"email": "bob@x.io", "id": 1}, {"email": "bob@x.io", "id": 2})

    assert held.keys() == {"ann@x.io", "bob@x.io"}


def test_an_account_with_the_email_and_the_key_of_somebody_else_is_not_given_to_a_newcomer(job: Job) -> None:
    keyed(job, "ann@x.io", "1", name="Ann")

    held = run_held(
        job, {"email": "ann@x.io", "id": 2, "role": "admin"}, {"email": "ann2@@x.io", "id": 1, "name": "Ann"}
    )  # fmt: skip

    assert "ann@x.io" in held


def test_an_account_that_bears_another_key_under_the_same_email_is_not_taken_over(job: Job) -> None:
    keyed(job, "ann@x.io", "1", name="Ann")
    keyed(job, "bob@x.io", "2", name="Bob")

    held = run_held(job, {"email": "bob@x.io", "id": 2, "name": "Bob"}, {"email": "ann@x.io", "id": 7, "role": "admin"})

    assert held.keys() == {"ann@x.io"}


def test_two_accounts_with_one_key_are_both_left_alone(job: Job) -> None:
    ids = sorted([keyed(job, "ann@x.io", "1", name="Ann"), keyed(job, "ann.old@x.io", "1", name="Ann")])

    held = run_held(job, {"email": "ann@x.io", "id": 1, "role": "admin", "name": "New name"})

    assert held.keys() == {"ann@x.io", "ann.old@x.io"}
    assert held["ann@x.io"] == f"2 accounts bear the key '1': {', '.join(ids)}"


@pytest.mark.parametrize(
    "row",
    [
        {"email": None},
        {"email": ""},
        {"email": "ann2@@y.io"},
        {"email": "Ann <ann@y.io>"},
        {"email": "ann2@y.io", "role": None},
        {"email": "ann2@y.io", "role": "no such"},
        {"email": "ann2@y.io", "phone_number": "none"},
        {"email": "ann2@y.io", "active": "perhaps"},
    ],
    ids=str,
)
def test_a_row_that_is_not_understood_keeps_the_account_of_its_key(job: Job, row: dict[str, Any]) -> None:
    keyed(job, "ann@x.io", "1", roles=("admin",), name="Ann")

    held = run_held(job, {"id": 1, "name": "Ann B", **row})

    assert "ann@x.io" in held
    assert len(held) == 2


def test_a_key_without_an_email_in_one_row_holds_who_has_it_in_another(job: Job) -> None:
    keyed(job, "ann@x.io", "1", name="Ann")

    held = run_held(job, {"email": None, "id": 1, "role": "admin"}, {"email": "ann@x.io", "id": 1, "name": "Ann B"})

    assert held["ann@x.io"] == "of a row with the same key, the e-mail is NULL"


@pytest.mark.parametrize("known", [True, False])
def test_a_key_without_an_email_in_one_row_holds_also_those_whose_account_does_not_bear_it(
    job: Job, *, known: bool
) -> None:
    if known:
        job.tenant.add_user("ann@x.io", roles=("viewer",), name="Ann")

    held = run_held(job, {"email": "ann@x.io", "id": 1, "role": "admin"}, {"email": " ", "id": 1, "role": "admin"})

    assert held["ann@x.io"] == "of a row with the same key, the e-mail is empty"


def test_an_email_that_is_linked_to_an_account_of_elsewhere_is_not_taken(job: Job) -> None:
    keyed(job, "ann@x.io", "1", name="Ann")
    linked = job.tenant.add_user("ann@git.io", connection="github", provider="github", user_id="github|1")
    job.tenant.link(linked, connection=DEFAULT_CONNECTION, provider="auth0", email="ann2@x.io")

    held = run_held(job, {"email": "ann2@x.io", "id": 1, "role": "admin", "name": "Ann"})

    assert held["ann2@x.io"].startswith(f"their account is linked to {linked}, ")


def test_without_a_key_in_its_row_an_account_goes_by_its_email_and_keeps_its_key(job: Job) -> None:
    user_id = keyed(job, "ann@x.io", "1")
    people(job, {"email": "ann@x.io", "id": None, "role": "admin"})

    result = job.run()

    assert result.code == 0
    assert key_of(job, "ann@x.io") == "1"
    assert job.tenant.roles_of(user_id) == {"admin"}


@pytest.mark.parametrize("named", ["ann@x.io", "ann2@x.io"])
def test_a_protected_account_is_not_renamed_by_its_old_email_or_its_new_one(job: Job, named: str) -> None:
    keyed(job, "ann@x.io", "1")
    before = everything(job)
    people(job, {"email": "ann2@x.io", "id": 1})

    result = job.run(CLIENT_IGNORE_USERS=named)

    assert result.code == 0
    assert everything(job) == before
    assert job.sandbox.writes() == []
    assert len(result.report["protected"]) == 1
