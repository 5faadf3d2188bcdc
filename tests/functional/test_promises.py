"""The promises of docs/architecture.md, each kept by `python main.py` against a tenant over HTTP."""

from __future__ import annotations

import re
import signal

import pytest

from sandbox import Behaviour, Fault, LoggedRequest
from tests.functional.job import Job, Result, StartJob


def a_day_of_changes(job: Job) -> None:
    """One to come, one to go, one to swap roles, one to stay."""
    job.tenant.add_user("stays@x.io", roles=("admin",))
    job.tenant.add_user("swaps@x.io", roles=("admin",))
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    job.people([("stays@x.io", "admin"), ("swaps@x.io", "editor"), ("comes@x.io", "viewer"), ("comes@x.io", "editor")])


AFTER_THAT_DAY = {"stays@x.io": ["admin"], "swaps@x.io": ["editor"], "comes@x.io": ["editor", "viewer"]}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/v2/connections", "html"),
        ("/api/v2/roles", "garbage"),
        ("/api/v2/users", "truncate"),
        ("/api/v2/users", "html"),
        ("/api/v2/roles/{id}/users", "drop_before"),
    ],
)
def test_1_a_read_that_cannot_be_completed_ends_the_run_before_the_first_write(job: Job, path: str, kind: str) -> None:
    a_day_of_changes(job)
    job.tenant.add_user("another@x.io")
    job.people([("stays@x.io", "admin"), ("new@x.io", "viewer")])
    job.sandbox.faults.add(Fault(method="GET", path=path, kind=kind, times=None))  # type: ignore[arg-type]
    before = job.tenant.snapshot()

    result = job.run(AUTH0_MAX_RETRIES="1", AUTH0_ROLE_READ="members")

    assert result.code == 1
    assert job.sandbox.writes() == []
    assert job.tenant.snapshot() == before
    assert "Traceback" not in result.said
    assert result.report["error"] in result.said


@pytest.mark.parametrize("kind", ["short_page", "empty_page"])
def test_1_a_page_that_is_short_of_its_total_is_not_the_end_of_the_list(job: Job, kind: str) -> None:
    a_day_of_changes(job)
    job.sandbox.faults.add(Fault(path="/api/v2/users", kind=kind, times=None))  # type: ignore[arg-type]

    result = job.run()

    assert result.code == 1
    assert job.sandbox.writes() == []
    assert "not complete" in result.said


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("held@x.io", None), "the role is NULL"),
        (("held@x.io", "nosuchrole"), "does not exist in Auth0"),
        (("held@@x.io", "viewer"), "is not an e-mail address"),
    ],
)
def test_2_a_person_who_is_not_understood_is_neither_changed_nor_deleted_and_the_others_go_on(
    job: Job, row: tuple[str, str | None], reason: str
) -> None:
    job.tenant.add_user("held@x.io", roles=("admin",))
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    job.people([row, ("comes@x.io", "viewer")])

    result = job.run()

    assert result.code == 3
    assert job.tenant.snapshot() == {"held@x.io": ["admin"], "comes@x.io": ["viewer"]}
    assert reason in result.stdout
    assert reason in result.report["held"][0]["reason"]


def test_2_a_known_role_does_not_save_a_person_whose_other_role_is_unknown(job: Job) -> None:
    job.tenant.add_user("held@x.io", roles=("admin",))
    job.people([("held@x.io", "viewer"), ("held@x.io", "nosuchrole"), ("other@x.io", "viewer")])

    result = job.run()

    assert result.code == 3
    assert job.tenant.snapshot() == {"held@x.io": ["admin"], "other@x.io": ["viewer"]}


def test_2_a_row_without_an_email_is_told_by_its_number_and_the_run_ends_with_3(job: Job) -> None:
    job.people([("ann@x.io", "viewer"), (None, "viewer")])

    result = job.run()

    assert result.code == 3
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}
    assert result.report["held"] == [{"email": "", "reason": "the e-mail is NULL", "rows": [2]}]


def test_3_an_account_whose_primary_identity_is_elsewhere_is_out_of_scope(job: Job) -> None:
    social = job.tenant.add_user("social@x.io", connection="github", provider="github", user_id="github|1")
    linked = job.tenant.add_user("linked@x.io", connection="github", provider="github", user_id="github|2")
    job.tenant.link(linked, connection="Username-Password-Authentication", provider="auth0", user_id="abc")
    job.people([("ours@x.io", "viewer")])

    result = job.run()

    assert result.code == 0
    assert {social, linked} <= set(job.tenant.users)
    assert job.tenant.snapshot() == {"ours@x.io": ["viewer"]}
    assert result.report["counts"]["out_of_scope"] == 1


def test_3_the_same_email_in_another_connection_is_somebody_else(job: Job) -> None:
    other = job.tenant.add_user(
        "twin@x.io", connection="github", provider="github", user_id="github|9", roles=("admin",)
    )
    job.people([("twin@x.io", "viewer")])

    result = job.run()

    assert result.code == 0
    assert job.tenant.snapshot() == {"twin@x.io": ["viewer"]}
    assert job.tenant.roles_of(other) == {"admin"}


def test_4_a_guard_that_trips_writes_nothing_and_names_who_would_have_gone(job: Job) -> None:
    for number in range(20):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user0@x.io", "admin"), ("new@x.io", "viewer")])
    before = job.tenant.snapshot()

    result = job.run()

    assert result.code == 4
    assert job.sandbox.writes() == []
    assert job.tenant.snapshot() == before
    assert "19 of 20 accounts in scope would be deleted" in result.stdout
    assert all(f"user{number}@x.io" in result.stdout for number in range(1, 20))
    assert result.report["guard"]["refusals"][0]["count"] == 19


def test_4_the_way_out_that_the_refusal_prints_lets_this_plan_pass(job: Job) -> None:
    for number in range(20):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user0@x.io", "viewer")])
    refused = job.run()
    (command,) = re.findall(r"^  python main\.py (.*)$", refused.stdout, re.MULTILINE)

    result = job.run(*command.split())

    assert refused.code == 4
    assert result.code == 0
    assert job.tenant.snapshot() == {"user0@x.io": ["viewer"]}


@pytest.mark.parametrize("accounts", [0, 3])
def test_5_zero_rows_are_refused_however_small_the_tenant_and_however_wide_the_limits(job: Job, accounts: int) -> None:
    for number in range(accounts):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))

    result = job.run(SYNC_MAX_DELETE_PERCENT="100", SYNC_LIMIT_FLOOR="1000")

    assert result.code == 4
    assert job.sandbox.writes() == []
    assert len(job.tenant.users) == accounts
    assert "the query returned no rows" in result.stdout


@pytest.mark.parametrize("command", [("plan",), ("sync", "--dry-run"), ("--dry-run",)])
def test_6_a_dry_run_sends_no_write_and_shows_what_would_change(job: Job, command: tuple[str, ...]) -> None:
    a_day_of_changes(job)
    before = job.tenant.snapshot()

    result = job.run(*command)

    assert result.code == 0
    assert job.sandbox.writes() == []
    assert job.tenant.snapshot() == before
    assert result.report["mode"] == "plan"
    assert len(result.report["changes"]) == 5
    assert {change["outcome"] for change in result.report["changes"]} == {"not_tried"}


def test_6_the_plan_that_was_shown_is_the_plan_that_is_applied(job: Job) -> None:
    a_day_of_changes(job)

    planned, applied = job.run_as_process("plan"), job.run_as_process()

    assert planned.report["digest"] == applied.report["digest"]
    assert job.tenant.snapshot() == AFTER_THAT_DAY


def test_6_a_plan_needs_no_right_to_write(job: Job) -> None:
    a_day_of_changes(job)
    job.tenant.scopes.clear()
    job.tenant.scopes |= {"read:users", "read:roles", "read:role_members", "read:connections"}

    result = job.run("plan")

    assert result.code == 0
    assert "comes@x.io" in result.stdout


def test_7_what_gives_access_is_written_before_what_takes_it(job: Job) -> None:
    a_day_of_changes(job)

    job.run(AUTH0_POOL_SIZE="4")

    kinds = [(entry.method, entry.path) for entry in job.sandbox.writes()]
    order = [
        ("POST", "/api/v2/users"),
        ("POST", "/api/v2/roles/{id}/users"),
        ("DELETE", "/api/v2/users/{id}/roles"),
        ("DELETE", "/api/v2/users/{id}"),
    ]
    assert kinds == sorted(kinds, key=order.index)
    assert set(kinds) == set(order)


def test_7_somebody_whose_new_role_cannot_be_given_keeps_the_old_one(job: Job) -> None:
    swaps = job.tenant.add_user("swaps@x.io", roles=("admin",))
    job.people([("swaps@x.io", "editor")])
    job.sandbox.faults.add(Fault(method="POST", path="/api/v2/roles/{id}/users", kind="status", status=400, times=None))

    result = job.run()

    assert result.code == 3
    assert job.tenant.roles_of(swaps) == {"admin"}
    assert job.outcomes(result) == {("add_roles", "swaps@x.io"): "failed", ("remove_roles", "swaps@x.io"): "skipped"}


def test_8_one_bad_account_does_not_stop_the_others(job: Job) -> None:
    job.people([("bad@x.io", "viewer"), ("good@x.io", "viewer")])
    job.sandbox.faults.add(
        Fault(method="POST", path="/api/v2/users", kind="status", status=400, where="bad@x.io", times=None)
    )

    result = job.run()

    assert result.code == 3
    assert job.tenant.snapshot() == {"good@x.io": ["viewer"]}
    assert job.outcomes(result)["create", "bad@x.io"] == "failed"
    assert job.outcomes(result)["add_roles", "bad@x.io"] == "skipped"


def test_8_a_dead_auth0_stops_the_run_and_the_rest_is_not_tried(job: Job) -> None:
    job.people([(f"user{number}@x.io", "viewer") for number in range(40)])
    job.sandbox.faults.add(Fault(method="POST", path="/api/v2/users", kind="drop_before", after=5, times=None))

    result = job.run(AUTH0_MAX_RETRIES="1")

    assert result.code == 1
    assert 5 <= len(job.tenant.users) <= 6
    tried = [outcome for (kind, _), outcome in job.outcomes(result).items() if kind == "create"]
    assert tried.count("not_tried") >= 40 - 5 - 10 - 8
    assert tried.count("failed") <= 10 + 8


def test_9_an_account_that_is_no_longer_the_one_that_was_planned_is_not_deleted(job: Job) -> None:
    renamed = job.tenant.add_user("old@x.io", roles=("viewer",))
    job.people([("stays@x.io", "viewer")])

    def rename(entry: LoggedRequest) -> None:
        """The list said old@x.io; by the time of the deletion the account bears another e-mail."""
        if (entry.method, entry.path) == ("POST", "/api/v2/users"):
            job.tenant.update_user(renamed, email="new@x.io")

    job.sandbox.before_answer = rename
    result = job.run()

    assert renamed in job.tenant.users
    assert result.code == 3
    assert job.outcomes(result)["delete", "old@x.io"] == "skipped"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "html"])
def test_10_a_creation_whose_answer_is_lost_makes_exactly_one_account(job: Job, kind: str) -> None:
    job.people([("new@x.io", "viewer")])
    job.sandbox.faults.add(Fault(method="POST", path="/api/v2/users", kind=kind, times=1))  # type: ignore[arg-type]

    result = job.run()

    assert result.code == 0
    assert job.tenant.snapshot() == {"new@x.io": ["viewer"]}
    assert len(job.tenant.users) == 1


def test_10_an_account_that_the_lists_do_not_show_yet_is_adopted(start_job: StartJob) -> None:
    job = start_job(behaviour=Behaviour(search_lag_seconds=3600))
    job.tenant.add_role("viewer")
    hidden = job.tenant.add_user("hidden@x.io")
    job.people([("hidden@x.io", "viewer")])

    result = job.run()

    assert result.code == 0
    assert job.tenant.roles_of(hidden) == {"viewer"}
    assert len(job.tenant.users) == 1


@pytest.mark.parametrize("after", [1, 4, 7])
def test_10_after_a_kill_at_any_write_the_next_run_converges(job: Job, after: int) -> None:
    a_day_of_changes(job)
    job.people([*[(f"user{n}@x.io", "viewer") for n in range(4)], ("stays@x.io", "admin"), ("swaps@x.io", "editor")])

    code = job.killed(after, AUTH0_POOL_SIZE="1")
    writes = len(job.sandbox.writes())
    result = job.run()

    expected = {f"user{n}@x.io": ["viewer"] for n in range(4)}
    assert (code, writes) == (-signal.SIGKILL, after)
    assert result.code == 0
    assert job.tenant.snapshot() == expected | {"stays@x.io": ["admin"], "swaps@x.io": ["editor"]}


def test_11_the_second_run_writes_nothing(job: Job) -> None:
    a_day_of_changes(job)
    first = job.run_as_process()
    job.sandbox.clear_log()

    second = job.run_as_process()

    assert (first.code, second.code) == (0, 0)
    assert job.sandbox.writes() == []
    assert job.tenant.snapshot() == AFTER_THAT_DAY
    assert "Nothing to change." in second.stdout


def test_12_of_two_runs_at_once_one_applies_and_the_other_says_so(job: Job) -> None:
    a_day_of_changes(job)
    first = job.start("--report", str(job.folder / "first.json"))
    job.wait_for("POST", "/oauth/token")
    first.send_signal(signal.SIGSTOP)

    second = job.run()
    first.send_signal(signal.SIGCONT)
    finished = job.finish(first)

    assert second.code == 5
    assert "another run is going on" in second.said
    assert second.report == {}
    assert finished.code == 0
    assert job.tenant.snapshot() == AFTER_THAT_DAY


def test_13_a_run_stays_inside_the_limits_instead_of_running_into_them(start_job: StartJob) -> None:
    job = start_job(profile="enterprise")
    job.tenant.add_role("viewer")
    job.people([(f"user{number}@x.io", "viewer") for number in range(70)])

    result = job.run(AUTH0_POOL_SIZE="8")

    assert result.code == 0
    assert [entry.path for entry in job.sandbox.log if entry.status == 429] == []
    assert min(entry.remaining for entry in job.sandbox.log if entry.remaining is not None) < 10
    assert len(job.tenant.snapshot()) == 70


def test_14_secrets_are_nowhere_in_what_a_run_says_or_writes(job: Job) -> None:
    a_day_of_changes(job)
    job.sandbox.faults.add(
        Fault(path="/api/v2/roles/{id}/users", method="POST", kind="status", status=400, times=None,
              body={"statusCode": 400, "error": "Bad Request", "message": f"echo {job.tenant.client_secret}"})
    )  # fmt: skip

    result = job.run_as_process("-v")

    report = (job.folder / "report.json").read_text() + (job.folder / "state" / "last-report.json").read_text()
    tokens = re.findall(r"\beyJ\S+", result.said + report)
    assert result.code == 3
    assert job.tenant.client_secret not in result.said + report
    assert tokens == []
    assert "echo ***" in result.said


def test_14_every_new_account_has_a_password_of_its_own_and_no_mail_was_sent(job: Job) -> None:
    job.people([(f"user{number}@x.io", "viewer") for number in range(12)])

    job.run()

    assert len(set(job.tenant.password_digests.values())) == 12
    assert job.tenant.mails == []


def test_14_a_wrong_client_secret_is_not_repeated_in_the_error(job: Job) -> None:
    result: Result = job.run(AUTH0_CLIENT_SECRET="not-the-secret-4711")

    assert result.code == 1
    assert "AUTH0_CLIENT_SECRET" in result.said
    assert "4711" not in result.said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_lets_the_write_in_hand_finish_and_the_report_tell_the_rest(
    job: Job, number: signal.Signals, code: int
) -> None:
    job.people([(f"user{n:02}@x.io", "viewer") for n in range(60)])
    process = job.start("--report", str(job.folder / "report.json"), AUTH0_REQUESTS_PER_SECOND="20")
    job.wait_for("POST", "/api/v2/users", times=5)

    process.send_signal(number)
    result = job.finish(process)

    done = {email for (kind, email), outcome in job.outcomes(result).items() if (kind, outcome) == ("create", "done")}
    assert result.code == code
    assert result.report["exit_code"] == code
    assert done == set(job.tenant.snapshot())
    assert 5 <= len(done) < 60
    assert set(job.outcomes(result).values()) == {"done", "not_tried"}
