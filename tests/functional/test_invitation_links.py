"""Links with which people set a password: in a private file for the operator's own mailer, and nowhere else."""

from __future__ import annotations

import pytest

from tests.functional.job import Job, Result
from tests.functional.test_invitations import TICKET, links, mailed
from tests.functional.whose import account, run_again


def _written(job: Job, result: Result) -> str:
    """Everything that a run has said, reported and left behind, but for the links."""
    files = [path for path in (job.folder / "state").rglob("*") if path.is_file() and path.suffix != ".jsonl"]
    texts = [path.read_text(errors="replace") for path in (*files, job.folder / "report.json")]
    return result.said + "".join(texts)


@pytest.mark.parametrize("arguments", [(), ("-v",), ("-v", "--log-format", "json")])
def test_links_are_in_a_private_file_and_nowhere_else(job: Job, arguments: tuple[str, ...]) -> None:
    job.people([("ann@x.io", "viewer"), ("bob@x.io", "viewer")])

    result = job.run(*arguments, **TICKET)
    _, writes = run_again(job, **TICKET)

    (file,) = (job.folder / "state" / "invitations").iterdir()
    made = {(one["user_id"], one["link"]) for one in job.tenant.tickets}
    everything = _written(job, result)
    assert result.code == 0
    assert {(one["user_id"], one["link"]) for one in links(job)} == made
    assert sorted(one["email"] for one in links(job)) == ["ann@x.io", "bob@x.io"]
    assert [account(job, one["email"])["user_id"] for one in links(job)] == [one["user_id"] for one in links(job)]
    assert [oct(place.stat().st_mode & 0o777) for place in (file, file.parent)] == ["0o600", "0o700"]
    assert result.report["invitations"] == str(file)
    assert str(file) in result.stdout
    assert not [
        link for _, link in made if link in everything or link.partition("ticket=")[2].rstrip("#") in everything
    ]
    assert mailed(job) == writes == []


def test_a_run_that_invites_nobody_leaves_no_file(job: Job) -> None:
    job.people([("ann@x.io", "viewer")])
    job.run()

    result = job.run(**TICKET)

    assert result.report["invitations"] is None
    assert links(job) == []


@pytest.mark.parametrize("client", ["", "app"])
def test_a_link_is_for_the_application_that_is_named(job: Job, client: str) -> None:
    job.people([("ann@x.io", "viewer")])

    job.run(AUTH0_INVITE_CLIENT_ID=client, **TICKET)

    assert [one["client_id"] for one in job.tenant.tickets] == [client or None]


def test_links_for_imported_people_name_their_accounts(job: Job) -> None:
    job.people([(f"user{number}@x.io", "viewer") for number in range(4)])

    result = job.run(AUTH0_CREATE_WITH="import", **TICKET)

    assert result.code == 0
    assert {one["email"]: one["user_id"] for one in links(job)} == {
        user["email"]: user_id for user_id, user in job.tenant.users.items()
    }


def test_without_the_right_to_make_links_the_run_says_so_before_it_writes(job: Job) -> None:
    job.tenant.scopes.remove("create:user_tickets")
    job.people([("ann@x.io", "viewer")])

    result, mails = job.run(**TICKET), job.run("plan", **TICKET)

    assert (result.code, mails.code) == (1, 0)
    assert "create:user_tickets" in result.report["error"]
    assert job.sandbox.writes() == []


def test_where_links_cannot_be_written_the_run_ends_before_the_first_change(job: Job) -> None:
    (job.folder / "state").mkdir()
    (job.folder / "state" / "invitations").write_text("in the way")
    job.tenant.add_user("gone@x.io", roles=("viewer",))
    job.people([("ann@x.io", "author")])

    result = job.run(AUTH0_CREATE_MISSING_ROLES="true", **TICKET)

    assert result.code == 1
    assert job.sandbox.writes() == []
    assert "invitations" in result.report["error"]
    assert job.tenant.tickets == []


def test_old_files_of_links_are_forgotten_like_journals(job: Job) -> None:
    folder = job.folder / "state" / "invitations"
    folder.mkdir(parents=True)
    old, young = folder / "20200101T000000Z-0a.jsonl", folder / "29990101T000000Z-0a.jsonl"
    for file in (old, young):
        file.write_text("{}\n")
    job.people([("ann@x.io", "viewer")])

    job.run(SYNC_JOURNAL_DAYS="30")

    assert (old.exists(), young.exists()) == (False, True)
