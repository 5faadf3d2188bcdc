"""Each guard from end to end: it trips, nothing happens; this one plan is approved, it happens; and never again."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.functional.job import Job, Result, Row

STAYING = [f"stay{number:02}@x.io" for number in range(20)]


def deletes(job: Job) -> list[Row]:
    for number in range(8):
        job.tenant.add_user(f"goes{number}@x.io", roles=("viewer",))
    return [(email, "viewer") for email in STAYING]


def role_removals(_: Job) -> list[Row]:
    return [(email, "editor" if number < 8 else "viewer") for number, email in enumerate(STAYING)]


def held(job: Job) -> list[Row]:
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    return [(email, "nosuchrole" if number < 8 else "viewer") for number, email in enumerate(STAYING)]


def way_out(result: Result) -> list[str]:
    """The arguments of the command that the refusal shows."""
    (command,) = re.findall(r"^  python main\.py (.*)$", result.stdout, re.MULTILINE)
    return shlex.split(command)


@pytest.fixture
def story(job: Job) -> Job:
    for email in STAYING:
        job.tenant.add_user(email, roles=("viewer",))
    return job


STORIES = pytest.mark.parametrize(
    ("world", "guard", "sentence", "concerned", "code"),
    [
        (deletes, "deletes", "8 of 28 accounts in scope would be deleted (28.6 %); at most 5 may", "goes7@x.io", 0),
        (role_removals, "role removals", "8 of 20 accounts in scope would lose a role", "stay07@x.io", 0),
        (held, "held", "8 of 20 people in the source are held", "stay07@x.io", 3),
    ],
)


@STORIES
def test_a_guard_trips_this_one_plan_is_approved_and_the_same_approval_does_nothing_more(
    story: Job, world: object, guard: str, sentence: str, concerned: str, code: int
) -> None:
    assert callable(world)
    story.people(world(story))
    before = story.tenant.snapshot()

    refused = story.run()
    untouched = story.tenant.snapshot() == before and story.sandbox.writes() == []
    approved = story.run(*way_out(refused))
    after = story.tenant.snapshot()
    writes = len(story.sandbox.writes())
    again = story.run(*way_out(refused))

    assert refused.code == 4
    assert untouched
    assert f"Refused by the guard '{guard}': {sentence}" in refused.stdout
    assert concerned in refused.stdout
    (told,) = refused.report["guard"]["refusals"]
    assert (told["guard"], told["count"], len(told["concerned"])) == (guard, 8, 8)
    assert refused.report["guard"]["way_out"].endswith(f"--approve {refused.report['digest'][:12]}")
    assert {change["why"] for change in refused.report["changes"]} == {"refused"}
    assert approved.code == code
    assert f"Approved by --approve: {sentence}" in approved.stdout
    assert [lifted["guard"] for lifted in approved.report["guard"]["approved"]] == [guard]
    assert after != before
    assert writes > 0
    assert (again.code, len(story.sandbox.writes()), story.tenant.snapshot()) == (4, writes, after)
    assert "the plan is now" in again.stdout
    assert again.report["guard"]["way_out"] is None or code == 3  # where nothing is left to do


@STORIES
@pytest.mark.parametrize("digits", [8, 64])
def test_plan_prints_what_is_to_be_approved_and_eight_digits_of_it_are_enough(
    story: Job, world: object, guard: str, sentence: str, concerned: str, code: int, digits: int
) -> None:
    assert callable(world)
    story.people(world(story))

    planned = story.run("plan")
    approved = story.run("--approve", planned.report["digest"][:digits])

    assert planned.code == 4
    assert f"Plan {planned.report['digest'][:12]} " in planned.stdout
    assert f"Refused by the guard '{guard}': {sentence}" in planned.stdout
    assert concerned in planned.stdout
    assert approved.code == code


@STORIES
def test_an_approval_does_not_hold_for_a_plan_that_has_changed_since(
    story: Job, world: object, guard: str, sentence: str, concerned: str, code: int
) -> None:
    assert callable(world)
    rows = world(story)
    story.people(rows)
    refused = story.run()
    story.people([*rows, ("new@x.io", "viewer")])

    other = story.run(*way_out(refused))

    assert other.code == 4
    assert story.sandbox.writes() == []
    assert [one["guard"] for one in other.report["guard"]["refusals"]] == ["another plan", guard]
    assert sentence.split("(", maxsplit=1)[0].partition(" of ")[2][3:] in other.stdout
    assert concerned in other.stdout
    assert way_out(other) != way_out(refused)
    assert story.run(*way_out(other)).code == code


def test_an_approval_that_stays_in_a_cron_line_refuses_even_a_harmless_plan(story: Job) -> None:
    story.people([*((email, "viewer") for email in STAYING), ("new@x.io", "viewer")])

    result = story.run("--approve", "0123456789ab")

    assert result.code == 4
    assert story.sandbox.writes() == []
    assert "new@x.io" not in story.tenant.snapshot()


@pytest.mark.parametrize("accounts", [0, 3])
def test_zero_rows_cannot_be_approved(job: Job, accounts: int) -> None:
    for number in range(accounts):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    before = job.tenant.snapshot()

    refused = job.run("plan")
    approved = job.run("--approve", refused.report["digest"])

    assert (refused.code, approved.code) == (4, 4)
    assert "No setting and no approval lifts this guard" in approved.stdout
    assert "--approve" not in approved.stdout
    assert approved.report["guard"]["way_out"] is None
    assert (job.tenant.snapshot(), job.sandbox.writes()) == (before, [])


def test_several_guards_that_trip_at_once_are_approved_together(story: Job) -> None:
    rows = deletes(story)
    story.people([(email, "editor") for email, _ in rows])

    refused = story.run()
    approved = story.run(*way_out(refused))

    assert [one["guard"] for one in refused.report["guard"]["refusals"]] == ["deletes", "role removals"]
    assert approved.code == 0
    assert story.tenant.snapshot() == {email: ["editor"] for email in STAYING}


def test_blocks_are_guarded_as_deletions_are(story: Job) -> None:
    story.people(deletes(story))

    refused = story.run(SYNC_ON_MISSING="block")
    approved = story.run(*way_out(refused), SYNC_ON_MISSING="block")

    assert refused.code == 4
    assert "8 of 28 accounts in scope would be blocked (28.6 %)" in refused.stdout
    assert approved.code == 0
    blocked = {user["email"] for user in story.tenant.users.values() if user.get("blocked")}
    assert blocked == {f"goes{number}@x.io" for number in range(8)}


def test_a_reviewed_plan_is_applied_and_another_is_not(story: Job) -> None:
    story.people([*((email, "viewer") for email in STAYING), ("new@x.io", "viewer")])
    reviewed = story.run("plan")
    story.tenant.add_user("surprise@x.io")

    other = story.run(*way_out(reviewed))
    in_between = len(story.sandbox.writes())
    as_reviewed = story.run(*way_out(other))

    assert (reviewed.code, other.code, in_between) == (0, 4, 0)
    assert way_out(reviewed)[:2] == way_out(other)[:2] == ["sync", "--expect"]
    assert as_reviewed.code == 0
    assert story.tenant.snapshot() == {email: ["viewer"] for email in [*STAYING, "new@x.io"]}


def test_a_dry_run_with_the_approval_shows_that_it_would_do(story: Job) -> None:
    story.people(deletes(story))
    refused = story.run()

    result = story.run("--dry-run", *way_out(refused)[1:])

    assert result.code == 0
    assert way_out(result) == way_out(refused)
    assert story.sandbox.writes() == []


def test_an_expectation_does_not_lift_a_guard(story: Job) -> None:
    story.people(deletes(story))
    digest = story.run("plan").report["digest"]

    result = story.run("--expect", digest[:8])

    assert result.code == 4
    assert story.sandbox.writes() == []


@pytest.mark.parametrize("digest", ["1234567", "0123456g", "", "0" * 65, "yes"])
@pytest.mark.parametrize("flag", ["--approve", "--expect"])
def test_what_is_no_digest_is_a_usage_error(job: Job, flag: str, digest: str) -> None:
    result = job.run(flag, digest)

    assert result.code == 64
    assert job.sandbox.log == []


def test_the_first_twenty_are_on_the_screen_and_everybody_is_in_the_report(job: Job) -> None:
    for number in range(30):
        job.tenant.add_user(f"user{number:02}@x.io")
    job.people([("user00@x.io", "viewer")])

    result = job.run("-q")

    assert result.code == 4
    assert [line.strip() for line in result.stdout.splitlines() if re.fullmatch(r"  user\d\d@x\.io", line)] == [
        f"user{number:02}@x.io" for number in range(1, 21)
    ]
    assert "... and 9 more (all of them: --report FILE)" in result.stdout
    assert len(result.report["guard"]["refusals"][0]["concerned"]) == 29


@pytest.mark.parametrize(
    "brakes",
    [
        ["--no-delete"],
        ["--only=goes0@x.io", *(f"--only={one}" for one in STAYING[4:12])],
    ],
)
def test_the_way_out_keeps_the_brakes_of_the_run(story: Job, brakes: list[str]) -> None:
    rows = deletes(story)
    story.people([(email, "editor") for email, _ in rows])
    only = [one.removeprefix("--only=") for one in brakes if "@" in one]

    refused = story.run(*brakes)
    approved = story.run(*way_out(refused))

    assert refused.code == 4
    assert approved.code == 0
    assert way_out(refused)[1:-2] == brakes
    gone = {f"goes{number}@x.io" for number in range(8)} - set(story.tenant.snapshot())
    assert gone == {one for one in only if one.startswith("goes")}
    swapped = [email for email in STAYING if story.tenant.snapshot()[email] == ["editor"]]
    assert swapped == [email for email in STAYING if not only or email in only]


def test_the_way_out_of_a_role_removal_that_is_kept_back_keeps_it_back(story: Job) -> None:
    rows = deletes(story)
    story.people([(email, "editor") for email, _ in rows])

    refused = story.run("--no-role-removal")
    approved = story.run(*way_out(refused))

    assert (refused.code, approved.code) == (4, 0)
    assert story.tenant.snapshot() == {email: ["editor", "viewer"] for email in STAYING}
