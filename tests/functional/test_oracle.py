"""The judge of the sweeps sees what is wrong, and does not complain about what is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox import Tenant
from tests.functional.days import a_big_day
from tests.functional.job import Job, StartJob


def the_id(tenant: Tenant, email: str) -> str:
    return next(user_id for user_id, account in tenant.users.items() if account.get("email") == email)


def carried_out(tenant: Tenant) -> None:
    """What a run is to do on the day."""
    tenant.assign(tenant.add_user("come0@x.io"), "viewer", "editor")
    tenant.assign(the_id(tenant, "swap0@x.io"), "editor")
    tenant.unassign(the_id(tenant, "swap0@x.io"), "admin")
    tenant.unassign(the_id(tenant, "strip0@x.io"), "admin")
    tenant.remove_user(the_id(tenant, "go1@x.io"))
    tenant.remove_user(the_id(tenant, "go0@x.io"))


@pytest.fixture
def job(start_job: StartJob) -> Job:
    return start_job()


def test_the_judge_is_content_before_and_after_and_knows_the_difference(job: Job) -> None:
    oracle = a_big_day(job, come=1, swap=1, strip=1, go=2)
    tenant = job.tenant

    assert oracle.wrongs(tenant) == []
    assert len(oracle.lacks(tenant)) == 5
    carried_out(tenant)
    assert oracle.wrongs(tenant) == []
    assert oracle.lacks(tenant) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda t: t.remove_user(the_id(t, "stays@x.io")), "stays@x.io should be in and was deleted"),
        (lambda t: t.unassign(the_id(t, "stays@x.io"), "admin"), "stays@x.io lost admin"),
        (lambda t: t.unassign(the_id(t, "stays@x.io"), "billing"), "stays@x.io lost billing"),
        (lambda t: t.assign(the_id(t, "stays@x.io"), "viewer"), "stays@x.io was given viewer"),
        (
            lambda t: t.unassign(the_id(t, "swap0@x.io"), "admin"),
            "swap0@x.io lost ['admin'] before they had ['editor']",
        ),
        (lambda t: t.update_user(the_id(t, "swap0@x.io"), blocked=True), "the account of swap0@x.io was changed"),
        (lambda t: t.assign(the_id(t, "go1@x.io"), "admin"), "go1@x.io was given admin"),
        (lambda t: t.unassign(the_id(t, "go1@x.io"), "viewer"), "go1@x.io lost viewer"),
        (lambda t: t.remove_user(the_id(t, "root@corp.io")), "is outside the plan and was changed"),
        (lambda t: t.assign(the_id(t, "glass@corp.io"), "viewer"), "is outside the plan and has other roles"),
        (lambda t: t.unassign("github|1", "admin"), "github|1 is outside the plan and has other roles"),
        (lambda t: t.update_user("github|2", name="X"), "github|2 is outside the plan and was changed"),
        (lambda t: t.add_user("who@x.io"), "an account was made that nobody wants"),
        (lambda t: t.add_user("come0@x.io", connection="partners"), "an account was made that nobody wants"),
        (lambda t: t.add_user("come0@x.io", roles=("admin",)), "come0@x.io was given ['admin']"),
        (lambda t: [t.add_user("come0@x.io"), t.add_user("come0@x.io")], "2 accounts of come0@x.io"),
        (lambda t: t.mails.append({"to": "come0@x.io"}), "a mail was sent"),
    ],
)
def test_the_judge_sees_what_is_wrong(job: Job, wrong: Callable[[Tenant], object], sentence: str) -> None:
    oracle = a_big_day(job, come=1, swap=1, strip=1, go=2)

    wrong(job.tenant)

    assert any(sentence in told for told in oracle.wrongs(job.tenant)), oracle.wrongs(job.tenant)


def test_the_judge_knows_blocks_of_ours_from_other_changes(job: Job) -> None:
    oracle = a_big_day(job, come=0, swap=0, strip=0, go=2, back=2, blocks=True)
    tenant = job.tenant
    ours = {"blocked": True, "app_metadata": {"sync": {"blocked_at": "2026-11-22"}}}
    back = {"blocked": False, "app_metadata": {"sync": {}, "plan": "gold"}}
    assert len(oracle.lacks(tenant)) == 4

    tenant.update_user(the_id(tenant, "go0@x.io"), **ours)
    tenant.update_user(the_id(tenant, "back0@x.io"), **back)

    assert oracle.wrongs(tenant) == []
    assert oracle.lacks(tenant) == ["go1@x.io is not blocked", "back1@x.io is still blocked"]
    tenant.update_user(the_id(tenant, "stays@x.io"), **ours)
    tenant.update_user(the_id(tenant, "go1@x.io"), blocked=True)
    tenant.update_user(the_id(tenant, "back1@x.io"), blocked=False, app_metadata={"sync": {}})
    tenant.remove_user(the_id(tenant, "go0@x.io"))
    assert [wrong.partition(":")[0] for wrong in oracle.wrongs(tenant)] == [
        "the account of stays@x.io was changed",
        "go0@x.io should stay and was deleted",
        "the account of go1@x.io was changed",
        "the account of back1@x.io was changed",
    ]
