"""The contract with the operator: settings, commands, exit codes, reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.functional.job import ROOT, Job


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nonsense",),
        ("sink",),
        ("sync", "--dry"),
        ("sync", "--report"),
        ("sync", "--detailed-exitcode"),
        ("-v", "-q"),
    ],
)
def test_what_makes_no_sense_ends_with_64(job: Job, arguments: tuple[str, ...]) -> None:
    process = job.start(*arguments)
    result = job.finish(process)

    assert result.code == 64
    assert "usage:" in result.stderr
    assert job.sandbox.log == []


def test_all_faults_of_the_settings_are_told_at_once_and_end_with_78(job: Job) -> None:
    result = job.run_as_process(
        AUTH0_URL="http://example.com", AUTH0_CLIENT_ID="", AUTH0_POOL_SIZE="many", SYNC_MAX_DELETE_PERCENT="200",
        USERS_DB_QUERY="", SYNC_MAX_DELETS="1",
    )  # fmt: skip

    assert result.code == 78
    for name in ("AUTH0_URL", "AUTH0_CLIENT_ID", "AUTH0_POOL_SIZE", "SYNC_MAX_DELETE_PERCENT", "USERS_DB_QUERY"):
        assert f"setting {name}: " in result.stderr
    assert "SYNC_MAX_DELETS: there is no such setting; is SYNC_MAX_DELETES meant?" in result.stderr
    assert "Traceback" not in result.said


@pytest.mark.parametrize("as_file", [True, False], ids=["--env-file", "docker"])
def test_quotes_in_an_env_file_mean_the_same_whether_we_or_docker_read_it(job: Job, *, as_file: bool) -> None:
    job.people([("ann@x.io", "viewer")])
    lines = {
        "AUTH0_URL": f'"{job.sandbox.url}/"',
        "AUTH0_CLIENT_ID": f"'{job.tenant.client_id}'",
        "AUTH0_CLIENT_SECRET": f'"{job.tenant.client_secret}"',
        "AUTH0_CONNECTION": "'Username-Password-Authentication'",
        "USERS_DB_URL": job.settings["USERS_DB_URL"],
        "USERS_DB_QUERY": "\"SELECT email, role FROM people WHERE role = 'viewer'\"",
        "SYNC_STATE_DIR": str(job.folder / "state"),
    }
    if as_file:
        file = job.folder / "job.env"
        file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        job.settings = {}
        result = job.run_as_process("--env-file", str(file))
    else:
        job.settings = lines  # `docker run --env-file` puts the lines into the environment, quotes and all
        result = job.run_as_process()

    assert result.code == 0
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}


def test_the_env_file_of_the_folder_is_used_and_the_environment_wins(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])
    wrong = job.settings | {"AUTH0_CONNECTION": "Nonsense", "LOG_LEVEL": "ERROR"}
    (job.folder / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in wrong.items()))
    job.settings = {"AUTH0_CONNECTION": job.settings["AUTH0_CONNECTION"]}

    result = job.run_as_process()

    assert result.code == 0
    assert result.stderr == ""
    assert job.tenant.snapshot() == {"ann@x.io": ["viewer"]}


def test_plan_ends_with_0_and_with_a_detailed_exit_code_with_2_while_changes_are_pending(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])

    codes = [job.run("plan").code, job.run_as_process("plan", "--detailed-exitcode").code]
    job.run()
    codes += [job.run("plan", "--detailed-exitcode").code, job.run("--dry-run", "--detailed-exitcode").code]

    assert codes == [0, 2, 0, 0]


def test_the_plan_of_an_unsafe_change_is_shown_and_ends_with_4_as_well(job: Job) -> None:
    for number in range(20):
        job.tenant.add_user(f"user{number}@x.io", roles=("viewer",))
    job.people([("user0@x.io", "viewer")])

    result = job.run("plan", "--detailed-exitcode")

    assert result.code == 4
    assert "delete (19)" in result.stdout
    assert result.report["guard"]["refused"] is True


def test_the_report_and_the_summary_balance_and_agree(job: Job) -> None:
    job.tenant.add_user("stays@x.io", roles=("admin",))
    job.tenant.add_user("root@corp.io", roles=("admin",))
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    job.tenant.add_user("held@x.io", roles=("viewer",))
    job.tenant.add_user(None)
    job.tenant.add_user("social@x.io", connection="github", provider="github", user_id="github|1")
    job.people(
        [("stays@x.io", "admin"), ("stays@x.io", "admin"), ("comes@x.io", "viewer"), ("comes@x.io", "editor"),
         ("held@x.io", "nonsense"), (None, "viewer"), ("root@corp.io", "viewer")]
    )  # fmt: skip

    result = job.run_as_process(CLIENT_IGNORE_USERS="root@corp.io")

    counts = result.report["counts"]
    assert result.code == result.report["exit_code"] == 3
    assert counts["source_rows"] == counts["people"] + counts["held"] + counts["duplicates"] == 7
    assert (counts["people"], counts["held"], counts["duplicates"], counts["identical_rows"]) == (3, 2, 2, 1)
    assert counts["accounts"] == sum(
        counts[name] for name in ("unchanged", "changed", "protected", "held_accounts", "out_of_scope")
    )
    assert counts["changes"]["create"]["done"] == 1
    assert f"{counts['source_rows']} source rows  = {counts['people']} people + {counts['held']} held" in result.stdout
    assert {held["email"] for held in result.report["held"]} == {"", "held@x.io"}
    assert result.report["mode"] == "sync"
    assert result.report["requests"]["total"] == len(job.sandbox.log)
    assert result.report["requests"]["by_endpoint"]["POST /users"] == 1


def test_the_last_report_is_kept_in_the_state_folder_for_its_owner_alone(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])

    result = job.run()

    kept = job.folder / "state" / "last-report.json"
    assert json.loads(kept.read_text()) == result.report
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", ["nosuchfolder/report.json", "."])
def test_a_report_that_cannot_be_written_is_told_before_the_first_request(job: Job, place: str) -> None:
    job.people([("ann@x.io", "viewer")])

    result = job.run("--report", place)

    assert result.code == 64
    assert "the report cannot be written" in result.stderr
    assert job.sandbox.log == []


def test_a_state_folder_that_cannot_be_used_is_told_before_the_first_request(job: Job) -> None:
    (job.folder / "file").write_text("")

    result = job.run(SYNC_STATE_DIR=str(job.folder / "file" / "state"))

    assert result.code == 78
    assert "SYNC_STATE_DIR" in result.stderr
    assert job.sandbox.log == []


def test_a_failed_run_has_a_report_too(job: Job) -> None:
    result = job.run(AUTH0_CONNECTION="Nonsense")

    assert result.code == result.report["exit_code"] == 1
    assert "there is no connection named 'Nonsense'" in result.report["error"]
    assert result.report["changes"] == []


def test_quiet_says_nothing_when_all_is_well_and_speaks_up_when_not(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])
    well = job.run_as_process("-q")
    job.people([("ann@x.io", "viewer"), ("bob@x.io", None)])

    held = job.run_as_process("-q")

    assert (well.code, well.said) == (0, "")
    assert held.code == 3
    assert "1 held" in held.stdout


def test_json_logs_are_json_lines_with_the_run_id_of_the_report(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])

    result = job.run_as_process("--log-format", "json")

    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert {line["run_id"] for line in lines} == {result.report["run_id"]}
    assert "added ann@x.io" in [line["message"] for line in lines]


def test_the_log_has_a_line_for_each_change(job: Job) -> None:
    job.tenant.add_user("swaps@x.io", roles=("admin",))
    job.tenant.add_user("goes@x.io", roles=("viewer",))
    job.people([("swaps@x.io", "editor"), ("comes@x.io", "viewer")])

    result = job.run()

    for line in ("added comes@x.io", "gave comes@x.io: viewer", "gave swaps@x.io: editor",
                 "took from swaps@x.io: admin", "deleted goes@x.io"):  # fmt: skip
        assert result.stderr.count(line) == 1


def test_a_terminal_that_cannot_spell_a_name_ends_no_run(job: Job) -> None:
    job.people([("jürgen@x.io", "viewer"), ("李@x.io", None)])

    result = job.run_as_process(PYTHONIOENCODING="ascii", LC_ALL="C")

    assert result.code == 3
    assert job.tenant.snapshot() == {"jürgen@x.io": ["viewer"]}
    assert "j\\xfcrgen@x.io" in result.stdout


def test_a_reader_that_goes_away_does_not_end_the_run(job: Job) -> None:
    job.people([(f"user{number}@x.io", "viewer") for number in range(30)])
    read, write = os.pipe()
    os.close(read)

    process = subprocess.Popen(
        [sys.executable, str(ROOT / "main.py")],
        cwd=job.folder, env=job.environment(), stdout=write, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(write)
    _, stderr = process.communicate()

    assert process.returncode == 0
    assert "Traceback" not in stderr
    assert len(job.tenant.snapshot()) == 30


@pytest.mark.parametrize(
    "scope",
    ["read:connections", "read:role_members", "delete:users", "create:role_members"],
)
def test_a_missing_scope_is_named_before_anything_is_read(job: Job, scope: str) -> None:
    job.tenant.scopes.discard(scope)

    result = job.run()

    assert result.code == 1
    assert scope in result.said
    assert [entry.path for entry in job.sandbox.log] == ["/oauth/token"]


def test_a_custom_domain_asks_for_the_audience_that_is_set(job: Job) -> None:
    job.tenant.audience = "https://tenant.eu.auth0.com/api/v2/"
    job.people([("ann@x.io", "viewer")])

    without = job.run()
    result = job.run(AUTH0_AUDIENCE="https://tenant.eu.auth0.com/api/v2/")

    assert without.code == 1
    assert "AUTH0_AUDIENCE" in without.said
    assert result.code == 0


def test_the_version_and_the_help_need_no_settings(job: Job) -> None:
    job.settings = {}

    version, help_text = job.finish(job.start("--version")), job.finish(job.start("--help"))

    assert (version.code, help_text.code) == (0, 0)
    assert version.stdout.startswith("auth0-sql-sync ")
    assert all(command in help_text.stdout for command in ("sync", "plan", "demo"))
