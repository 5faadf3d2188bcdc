"""Values that Auth0 would refuse, or that nobody understands: they hold their person, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.job import Job
from tests.functional.mapped import MEMBERS, PROFILE, account, connected, everything, people, reasons, run_twice

REFUSED = [
    ("name", "n" * 301, "the name is longer than 300 characters"),
    ("given_name", "n" * 151, "the given_name is longer than 150 characters"),
    ("family_name", "n" * 151, "the family_name is longer than 150 characters"),
    ("nickname", "n" * 301, "the nickname is longer than 300 characters"),
    ("username", "n" * 129, "the username is longer than 128 characters"),
    ("phone_number", "030 123456", "the phone number '030 123456' is not of the form +4930123456"),
    ("phone_number", "+1234567890123456", "the phone number '+1234567890123456' is not of the form +4930123456"),
    ("phone_number", "+٤٩٣٠", "is not of the form +4930123456"),
    ("picture", "ann.png", "the picture 'ann.png' is no URL"),
    ("picture", "javascript:alert(1)", "the picture 'javascript:alert(1)' is no URL"),
    ("picture", "https://x.io/a b.png", "the picture 'https://x.io/a b.png' is no URL"),
    ("email_verified", "maybe", "'maybe' as email_verified is neither yes nor no"),
    ("email_verified", "", "'' as email_verified is neither yes nor no"),
    ("active", "perhaps", "'perhaps' as active is neither yes nor no"),
    ("active", "", "'' as active is neither yes nor no"),
    ("id", "  ", "the key is empty"),
]


@pytest.mark.parametrize(("field", "cell", "reason"), REFUSED)
def test_a_value_that_makes_no_sense_holds_its_person_and_the_others_go_on(
    job: Job, field: str, cell: str, reason: str
) -> None:
    connected(job, MEMBERS)
    held = job.tenant.add_user("held@x.io", connection=MEMBERS, roles=("admin",), username="held", name="As it was")
    before = everything(job)[held]
    people(
        job,
        {"email": "held@x.io", "username": "held", "name": "Another", field: cell},
        {"email": "new@x.io", "username": "new", "name": "New"},
        {"email": "not-made@x.io", "username": "not.made", field: cell},
    )

    result = job.run()

    assert result.code == 3
    assert everything(job)[held] == before
    assert job.tenant.snapshot(MEMBERS) == {"held@x.io": ["admin"], "new@x.io": ["viewer"]}
    assert set(reasons(result)) == {"held@x.io", "not-made@x.io"}
    assert reason in reasons(result)["held@x.io"]
    assert reason in " ".join(result.stdout.split())


LONGEST: dict[str, Any] = {
    "name": "n" * 300,
    "given_name": "g" * 150,
    "family_name": "f" * 150,
    "nickname": "k" * 300,
    "username": "u" * 128,
    "phone_number": "+123456789012345",
}


def test_the_longest_values_that_auth0_takes_are_taken(job: Job) -> None:
    connected(job, MEMBERS)
    people(job, {"email": "ann@x.io", **LONGEST})

    run_twice(job)

    assert account(job, "ann@x.io") == {**LONGEST, "email_verified": False}


def test_rows_that_disagree_about_an_attribute_hold_their_person(job: Job) -> None:
    before = job.tenant.add_user("ann@x.io", roles=("viewer",), **PROFILE)
    people(
        job,
        {"email": "ann@x.io", "role": "viewer", "name": "Ann B"},
        {"email": "ann@x.io", "role": "admin", "name": "Ann C"},
        {"email": "bob@x.io", "role": "viewer", "name": "Bob"},
        {"email": "bob@x.io", "role": "admin", "name": None},
    )

    result = job.run()

    assert result.code == 3
    assert reasons(result) == {"ann@x.io": "its rows disagree about name"}
    assert job.tenant.users[before]["name"] == "Ann Berg"
    assert account(job, "bob@x.io")["name"] == "Bob"
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"], "bob@x.io": ["admin", "viewer"]}


def test_of_somebody_inactive_only_that_matters_however_little_sense_the_rest_makes(job: Job) -> None:
    leaver = job.tenant.add_user("ann@x.io", roles=("viewer",), name="As it was")
    people(job, {"email": "ann@x.io", "active": "no", "phone_number": "none", "role": "no such", "name": "Another"})

    result = job.run()

    assert result.code == 0
    assert job.tenant.users[leaver]["blocked"] is True
    assert job.tenant.users[leaver]["name"] == "As it was"
