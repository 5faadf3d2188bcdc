"""The judge of the mapped days sees what is wrong, and does not complain about what is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox import Tenant
from tests.functional.course import Course
from tests.functional.job import Job, StartJob
from tests.functional.mapped_days import a_mapped_day


@pytest.fixture
def job(start_job: StartJob) -> Job:
    return start_job()


@pytest.fixture
def course(job: Job) -> Course:
    return a_mapped_day(job)


def the_id(tenant: Tenant, name: str) -> str:
    return next(user_id for user_id, account in tenant.users.items() if account.get("email") == f"{name}@x.io")


def change(name: str, /, **attributes: Any) -> Callable[[Tenant], object]:
    return lambda tenant: tenant.update_user(the_id(tenant, name), **attributes)


def mark(name: str, /, **marks: object) -> Callable[[Tenant], object]:
    def put(tenant: Tenant) -> None:
        user_id = the_id(tenant, name)
        metadata = tenant.users[user_id]["app_metadata"]
        together = {key: mark for key, mark in (metadata.get("sync", {}) | marks).items() if mark is not None}
        tenant.update_user(user_id, app_metadata=metadata | {"sync": together})

    return put


def both(*steps: Callable[[Tenant], object]) -> Callable[[Tenant], object]:
    return lambda tenant: [step(tenant) for step in steps]


NEW: dict[str, Any] = {
    "username": "come", "name": "Come", "email_verified": True, "user_metadata": {"tea": "green"},
    "app_metadata": {"team": "red", "sync": {"id": "key of come", "owner": "hr", "invite": "pending"}},
}  # fmt: skip
BLOCKED: dict[str, Any] = {"blocked_at": "2026-11-23", "revoke": "pending"}
FINE: dict[str, Callable[[Tenant], object]] = {
    "part of a profile": change("profile", name="Prof. Ile"),
    "a rename": change("old", email="new@x.io"),
    "half a pair": change("both", email="both-new@x.io", email_verified=True),
    "the last link": change("link2", email="link3@x.io"),
    "a key": mark("adopt", id="key of adopt", owner="hr"),
    "a block before a revocation": both(change("off", blocked=True), mark("off", **BLOCKED)),
    "an unblock": both(change("back", blocked=False), mark("back", blocked_at=None)),
    "a new account": lambda tenant: tenant.add_user("come@x.io", **NEW),
    "a mail": lambda tenant: tenant.mails.append({"kind": "change_password", "user_id": the_id(tenant, "pending")}),
}
WRONG: dict[str, tuple[Callable[[Tenant], object], str]] = {
    "another value": (change("profile", name="Else"), "name was 'Profile' and is 'Else'"),
    "a field of nobody's": (change("profile", nickname="x"), "nickname was 'profile' and is 'x'"),
    "metadata of somebody else": (change("keyless", app_metadata={"sync": {"owner": "hr"}}), "app_metadata.plan was"),
    "a lost mark": (mark("stays", id=None), "app_metadata.sync.id was"),
    "a rename unverified": (change("link1", email="link2@x.io"), "email_verified is False"),
    "one e-mail for two": (change("link0", email="link1@x.io"), "link1@x.io is there 2 times"),
    "a deletion": (lambda tenant: tenant.remove_user(the_id(tenant, "gone")), "was deleted"),
    "a block without a mark": (change("off", blocked=True), "is blocked without our mark"),
    "a block for nobody": (both(change("stays", blocked=True), mark("stays", **BLOCKED)), "blocked was None"),
    "a stranger": (change("theirs", name="x"), "is nobody's business and was changed"),
    "a stranger's role": (lambda tenant: tenant.unassign(the_id(tenant, "nobodys"), "admin"), "nobody's business"),
    "a role too many": (lambda tenant: tenant.assign(the_id(tenant, "stays"), "admin"), "was given admin"),
    "a role too few": (lambda tenant: tenant.unassign(the_id(tenant, "stays"), "viewer"), "lost viewer"),
    "a role too early": (lambda tenant: tenant.unassign(the_id(tenant, "old"), "admin"), "before they had ['viewer']"),
    "two roles": (lambda tenant: [tenant.add_role("AUDITOR"), tenant.add_role("auditor")], "auditor is there 2 times"),
    "an account for nobody": (lambda tenant: tenant.add_user("who@x.io"), "an account was made that nobody wants"),
    "a bare account": (lambda tenant: tenant.add_user("come@x.io"), "the new account of come@x.io has app_metadata"),
    "nobody told": (mark("pending", invite=None), "will never be invited"),
    "somebody told": (
        lambda tenant: tenant.mails.append({"kind": "change_password", "user_id": the_id(tenant, "stays")}),
        "was invited",
    ),
    "another mail": (
        lambda tenant: tenant.mails.append({"kind": "verification", "user_id": the_id(tenant, "pending")}),
        "a mail was sent",
    ),
    "a session that stays": (mark("again", revoke=None), "will never lose their sessions"),
    "a session that ends": (
        lambda tenant: tenant.revoked_access.append(the_id(tenant, "stays")),
        "lost their sessions",
    ),
}


@pytest.mark.parametrize("step", FINE.values(), ids=FINE)
def test_the_judge_does_not_complain_about_a_step_on_the_way(
    job: Job, course: Course, step: Callable[[Tenant], object]
) -> None:
    lacking = len(course.lacks(job.tenant))

    step(job.tenant)

    assert course.wrongs(job.tenant) == []
    assert 0 < len(course.lacks(job.tenant)) <= lacking + 2  # a new account is one thing fewer, and its roles one more


@pytest.mark.parametrize(("wrong", "sentence"), WRONG.values(), ids=WRONG)
def test_the_judge_of_values_sees_what_is_wrong(
    job: Job, course: Course, wrong: Callable[[Tenant], object], sentence: str
) -> None:
    wrong(job.tenant)

    assert any(sentence in told for told in course.wrongs(job.tenant)), course.wrongs(job.tenant)
