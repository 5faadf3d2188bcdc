"""E-mails that go from one person to another: right in one run, or the next, or not at all; nothing is lost."""

from __future__ import annotations

import pytest

from sandbox import Fault
from tests.functional.job import Job
from tests.functional.mapped import (
    after_reading,
    emails,
    everything,
    keyed,
    patches,
    people,
    reasons,
    record,
    run_twice,
)

CHAIN = ["a@x.io", "b@x.io", "c@x.io"]
MOVED = ["b@x.io", "c@x.io", "d@x.io"]


def accounts(job: Job, *addresses: str) -> list[str]:
    """Accounts with the keys 0, 1, 2, ... and a role that nobody else has; returns the user ids."""
    return [keyed(job, email, str(n), name=f"Person {n}") for n, email in enumerate(addresses)]


def named(*addresses: str) -> list[dict[str, object]]:
    """The same people in the source."""
    return [{"email": email, "id": n, "name": f"Person {n}"} for n, email in enumerate(addresses)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
@pytest.mark.parametrize("workers", ["1", "8"])
def test_a_chain_in_which_each_takes_the_email_of_the_next_is_right_in_one_run(
    job: Job, order: tuple[int, ...], workers: str
) -> None:
    made = {n: keyed(job, CHAIN[n], str(n), name=f"Person {n}") for n in order}
    people(job, *(named(*MOVED)[n] for n in order))

    result = run_twice(job, AUTH0_POOL_SIZE=workers)

    assert emails(job) == {made[n]: MOVED[n] for n in range(3)}
    assert {job.tenant.users[made[n]]["name"] for n in range(3)} == {f"Person {n}" for n in range(3)}
    assert [change["outcome"] for change in result.report["changes"]] == ["done"] * 3
    assert job.tenant.mails == []


def test_many_chains_at_once_are_right_in_one_run(job: Job) -> None:
    before = [f"user{n:02}@x.io" for n in range(40)]
    after = [before[n + 1] if n % 4 != 3 else f"new{n:02}@x.io" for n in range(40)]
    made = accounts(job, *before)
    people(job, *named(*after))

    run_twice(job, AUTH0_POOL_SIZE="8", SYNC_MAX_RENAME_PERCENT="100")

    assert emails(job) == dict(zip(made, after, strict=True))


@pytest.mark.parametrize("key", [9, None])
def test_an_email_that_is_given_up_goes_to_somebody_new_in_the_next_run(job: Job, key: int | None) -> None:
    (ann,) = accounts(job, "ann@x.io")
    people(job, *named("ann2@x.io"), {"email": "ann@x.io", "id": key, "role": "admin", "name": "Another Ann"})

    first = job.run()
    between = everything(job)
    run_twice(job)

    assert first.code == 3
    assert {user_id: (user["email"], roles) for user_id, (user, roles) in between.items()} == {
        ann: ("ann2@x.io", {"viewer"})
    }
    assert job.tenant.snapshot() == {"ann2@x.io": ["viewer"], "ann@x.io": ["admin"]}
    assert job.tenant.users[ann]["email"] == "ann2@x.io"
    assert record(job, "ann@x.io")["name"] == "Another Ann"


def test_an_email_whose_account_goes_is_taken_in_the_next_run(job: Job) -> None:
    ann, bob = accounts(job, "ann@x.io", "bob@x.io")
    people(job, *named("bob@x.io"))

    first = job.run()

    assert first.code == 3
    assert emails(job) == {ann: "ann@x.io", bob: "bob@x.io"}
    assert reasons(first).keys() == {"ann@x.io", "bob@x.io"}


@pytest.mark.parametrize("after", [["b@x.io", "a@x.io", "c@x.io"], ["b@x.io", "c@x.io", "a@x.io"]])
def test_swaps_and_circles_are_left_as_they_are_and_the_others_go_on(job: Job, after: list[str]) -> None:
    made = accounts(job, *CHAIN)
    before = everything(job)
    people(job, *named(*after), {"email": "new@x.io", "id": 9})

    result = job.run()

    moving = {address for address, old in zip(after, CHAIN, strict=True) if address != old}
    assert result.code == 3
    assert patches(job) == []
    assert {user_id: everything(job)[user_id] for user_id in made} == before
    assert reasons(result).keys() == moving
    assert all("in a circle" in reason for reason in reasons(result).values())
    assert record(job, "new@x.io")["app_metadata"] == {"sync": {"id": "9"}}


def test_whoever_waits_for_somebody_who_cannot_move_is_left_as_well(job: Job) -> None:
    accounts(job, *CHAIN[:2])
    job.tenant.add_user("c@x.io", name="Without a key")
    before = everything(job)
    people(job, *named(*MOVED[:2]))

    result = job.run()

    assert result.code == 3
    assert job.sandbox.writes() == []
    assert everything(job) == before
    assert reasons(result).keys() == set(CHAIN)


@pytest.mark.parametrize("link", [0, 1, 2])
@pytest.mark.parametrize("kind", [{"kind": "status", "status": 400}, {"kind": "status", "status": 500, "times": 2}])
def test_a_link_of_a_chain_that_fails_loses_nothing_and_the_next_run_ends_right(
    job: Job, link: int, kind: dict[str, object]
) -> None:
    made = accounts(job, *CHAIN)
    where = made[link].partition("|")[2]
    job.sandbox.faults.add(Fault(method="PATCH", where=where, **kind))  # type: ignore[arg-type]
    people(job, *({**row, "role": "admin"} for row in named(*MOVED)))

    broken = job.run(AUTH0_POOL_SIZE="8", AUTH0_MAX_RETRIES="1")
    between = emails(job)
    run_twice(job, AUTH0_POOL_SIZE="8")

    failed = [made[n] for n in range(link + 1)]
    assert broken.code == 3
    assert between == {made[n]: CHAIN[n] if made[n] in failed else MOVED[n] for n in range(3)}
    assert emails(job) == {made[n]: MOVED[n] for n in range(3)}
    assert {user["name"] for user in job.tenant.users.values()} == {f"Person {n}" for n in range(3)}
    assert all(roles == ["admin"] for roles in job.tenant.snapshot().values())


@pytest.mark.parametrize("kind", ["drop_after", "status_after"])
def test_a_link_whose_answer_is_lost_is_done_all_the_same(job: Job, kind: str) -> None:
    made = accounts(job, *CHAIN)
    job.sandbox.faults.add(Fault(method="PATCH", kind=kind, where=made[1].partition("|")[2]))  # type: ignore[arg-type]
    people(job, *named(*MOVED))

    result = job.run()

    assert result.code == 0
    assert emails(job) == dict(zip(made, MOVED, strict=True))


def test_a_chain_is_cut_where_somebody_has_changed_the_account_meanwhile(job: Job) -> None:
    made = accounts(job, *CHAIN)
    people(job, *named(*MOVED))
    after_reading(job, lambda: job.tenant.update_user(made[1], email="by-hand@x.io"))

    result = job.run(AUTH0_POOL_SIZE="8")

    assert result.code == 3
    assert emails(job) == {made[0]: "b@x.io", made[1]: "by-hand@x.io", made[2]: "d@x.io"}
    assert [change["outcome"] for change in result.report["changes"]].count("skipped") == 1


def test_a_chain_whose_end_is_protected_is_left_as_it_is(job: Job) -> None:
    made = accounts(job, *CHAIN)
    people(job, *named(*MOVED))

    result = job.run(CLIENT_IGNORE_USERS=made[2])

    assert result.code == 3
    assert patches(job) == []
    assert emails(job) == dict(zip(made, CHAIN, strict=True))


def test_a_chain_of_accounts_that_the_job_has_marked_is_right_in_one_run(job: Job) -> None:
    made = accounts(job, *CHAIN)
    for n, user_id in enumerate(made):
        job.tenant.update_user(user_id, app_metadata={"sync": {"id": str(n), "owner": "sync"}})
    people(job, *named(*MOVED))

    run_twice(job, SYNC_MANAGE="marked", AUTH0_POOL_SIZE="8")

    assert emails(job) == dict(zip(made, MOVED, strict=True))


@pytest.mark.parametrize("owner", [None, "other"])
def test_the_key_of_an_account_that_the_job_has_not_marked_may_be_that_of_another_source(
    job: Job, owner: str | None
) -> None:
    theirs = keyed(job, "ann@x.io", "0", roles=("editor",))
    if owner:
        job.tenant.update_user(theirs, app_metadata={"sync": {"id": "0", "owner": owner}})
    before = everything(job)[theirs]
    people(job, *named("ann2@x.io"))

    run_twice(job, SYNC_MANAGE="marked")

    assert everything(job)[theirs] == before
    assert job.tenant.snapshot() == {"ann@x.io": ["editor"], "ann2@x.io": ["viewer"]}


def test_an_email_of_somebody_who_is_blocked_is_not_given_to_another(job: Job) -> None:
    ann, bob = accounts(job, "ann@x.io", "bob@x.io")
    people(job, *named("bob@x.io"), {"email": "bob2@x.io", "id": 1, "active": "no"})

    first = job.run()
    again = job.run()

    assert (first.code, again.code) == (3, 3)
    assert emails(job) == {ann: "ann@x.io", bob: "bob@x.io"}
    assert [user_id for user_id, user in job.tenant.users.items() if user.get("blocked")] == [bob]
    assert job.tenant.roles_of(ann) == {"viewer"}


def test_somebody_who_is_not_active_is_blocked_whoever_has_their_new_email(job: Job) -> None:
    (ann,) = accounts(job, "ann@x.io")
    rival = job.tenant.add_user("bob@x.io", roles=("editor",))
    before = everything(job)[rival]
    people(job, {"email": "bob@x.io", "id": 0, "active": "no"}, {"email": "new@x.io"})

    result = job.run()

    assert (job.tenant.users[ann]["email"], job.tenant.users[ann]["blocked"]) == ("ann@x.io", True)
    assert everything(job)[rival] == before
    assert reasons(result) == {"bob@x.io": f"it has the e-mail of the person whose account is {ann}"}
    assert result.code == 3
