"""What Auth0 makes of an e-mail by itself is no value of anybody's: it is never fought, and goes with the e-mail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional.job import Job
from tests.functional.mapped import (
    MEMBERS,
    account,
    connected,
    emails,
    everything,
    keyed,
    patches,
    people,
    record,
    run_twice,
)


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("name", ""),
        ("name", None),
        ("name", "ann@x.io"),
        ("nickname", ""),
        ("nickname", None),
        ("nickname", "ann"),
        ("picture", ""),
        ("picture", None),
    ],
)
def test_what_auth0_fills_in_by_itself_is_never_fought(job: Job, field: str, cell: str | None) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",))
    before = everything(job)
    people(job, {"email": "ann@x.io", field: cell})

    run_twice(job)

    assert patches(job) == []
    assert everything(job) == before


@pytest.mark.parametrize(
    "picture",
    [
        "https://s.gravatar.com/avatar/1?s=480",
        "https://secure.gravatar.com/avatar/1",
        "https://cdn.auth0.com/avatars/an.png",
    ],
)
def test_a_picture_that_auth0_has_found_counts_as_none(job: Job, picture: str) -> None:
    job.tenant.add_user("ann@x.io", roles=("viewer",), picture=picture)
    people(job, {"email": "ann@x.io", "picture": ""})

    run_twice(job)

    assert record(job, "ann@x.io")["picture"] == picture


def test_a_value_that_only_looks_like_a_default_is_cleared(job: Job) -> None:
    others: dict[str, Any] = {
        "name": "ann@y.io",
        "nickname": "ann@x.io",
        "given_name": "ann",
        "picture": "https://x.io/avatar/1",
    }
    job.tenant.add_user("ann@x.io", roles=("viewer",), **others)
    people(job, {"email": "ann@x.io", **dict.fromkeys(others, "")})

    run_twice(job)

    assert account(job, "ann@x.io") == {"email_verified": True}


def test_a_username_that_differs_in_case_alone_is_the_same(job: Job) -> None:
    connected(job, MEMBERS)
    job.tenant.add_user("ann@x.io", connection=MEMBERS, roles=("viewer",), username="ann.berg")
    people(job, {"email": "ann@x.io", "username": "Ann.Berg"})

    run_twice(job)

    assert patches(job) == []


@pytest.mark.parametrize("field", ["name", "nickname", "picture"])
def test_what_auth0_has_made_of_the_old_email_is_not_left_for_the_run_after_a_rename(job: Job, field: str) -> None:
    people(job, {"email": "ann@x.io", "id": 1, field: ""})
    run_twice(job)
    user_id = record(job, "ann@x.io")["user_id"]
    people(job, {"email": "ann2@x.io", "id": 1, field: ""})

    run_twice(job)

    assert emails(job) == {user_id: "ann2@x.io"}


def test_a_name_that_is_the_new_email_needs_no_second_run(job: Job) -> None:
    keyed(job, "ann@x.io", "1", nickname="ann2")
    people(job, {"email": "ann2@x.io", "id": 1, "name": "ann2@x.io", "nickname": ""})

    run_twice(job)

    assert (record(job, "ann2@x.io")["name"], record(job, "ann2@x.io")["nickname"]) == ("ann2@x.io", "ann2")
