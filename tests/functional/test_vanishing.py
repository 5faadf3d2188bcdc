"""Accounts that vanish while a run is going on."""

from __future__ import annotations

from sandbox import LoggedRequest
from tests.functional.job import Job

GIVING = ("POST", "/api/v2/roles/{id}/users")


def test_an_account_that_vanishes_before_it_is_deleted_is_as_good_as_deleted(job: Job) -> None:
    goes = job.tenant.add_user("goes@x.io", roles=("admin",))
    job.people([("comes@x.io", "editor")])

    def vanish(entry: LoggedRequest) -> None:
        if (entry.method, entry.path) == GIVING:
            job.tenant.remove_user(goes)

    job.sandbox.before_answer = vanish
    result = job.run()

    assert result.code == 0
    assert job.outcomes(result)["delete", "goes@x.io"] == "done"
    assert job.tenant.snapshot() == {"comes@x.io": ["editor"]}


def test_a_person_of_the_source_whose_account_vanishes_is_not_told_as_in_agreement(job: Job) -> None:
    swaps = job.tenant.add_user("swaps@x.io", roles=("admin",))
    job.people([("swaps@x.io", "editor")])

    def vanish(entry: LoggedRequest) -> None:
        """Somebody deletes the account after the new role was given and before the old one is taken."""
        if (entry.method, entry.path) == GIVING:
            job.tenant.remove_user(swaps)

    job.sandbox.before_answer = vanish
    result = job.run()

    assert job.tenant.snapshot() == {}
    assert result.code == 3
