"""What is taken from somebody is written down first: who, what they had, and only if it can be written."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from client.journal import Journal, Scope
from client.lines import Unwritable
from sandbox import Fault
from sync.model import Change, Kind, Status
from tests.client.builders import applier_of, fill, new_run, plan_of, roles_named, steps, transport_to
from tests.client.plans import ROLES, USER, run, statuses

if TYPE_CHECKING:
    from pathlib import Path

    from client.apply import Applier
    from sandbox import Sandbox, Tenant
    from sync.plan import Plan
    from tests.client.builders import Time

pytestmark = pytest.mark.usefixtures("roles")

CY: dict[str, Any] = {"given_name": "Cy", "user_metadata": {"tea": "green"}, "app_metadata": {"plan": {"name": "gold"}}}
TAKING = [Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE]


def taking_from_cy(tenant: Tenant, kind: Kind) -> tuple[str, Plan]:
    user_id = tenant.add_user("cy@example.com", roles=["admin", "editor"], **CY)
    roles = roles_named(tenant, "admin") if kind is Kind.REMOVE_ROLES else ()
    return user_id, plan_of(Change(kind, "cy@example.com", user_id, roles))


def journaling(sandbox: Sandbox, passing: Time, plan: Plan, folder: Path) -> Applier:
    applier = applier_of(transport_to(sandbox, passing), passing, plan)
    journal = Journal(folder, Scope(sandbox.url, plan.connection), "0123456789", datetime.now(UTC))
    applier.taker = replace(applier.taker, journal=journal)
    return applier


@pytest.mark.parametrize("kind", TAKING)
def test_the_line_of_an_account_has_all_of_it_from_just_before(
    kind: Kind, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    user_id, plan = taking_from_cy(tenant, kind)
    tenant.update_user(user_id, given_name="Cyrus")  # after the plan was made
    record = new_run()

    journaling(sandbox, passing, plan, tmp_path).apply(record)

    (line,) = (json.loads(text) for text in (tmp_path / record.journal).read_text().splitlines())
    assert statuses(record.outcomes) == [Status.DONE]
    assert (line["kind"], line["user_id"], line["email"]) == (kind, user_id, "cy@example.com")
    assert (line["tenant"], line["connection"], line["run_id"]) == (sandbox.url, plan.connection, "0123456789")
    assert [role["name"] for role in line["roles"]] == ["admin", "editor"]
    assert [role["id"] for role in line["roles"]] == [tenant.role_id("admin"), tenant.role_id("editor")]
    assert [role["name"] for role in line["taken"]] == (["admin"] if kind is Kind.REMOVE_ROLES else [])
    assert line["profile"]["given_name"] == "Cyrus"
    assert (line["user_metadata"], line["app_metadata"]) == (CY["user_metadata"], CY["app_metadata"])


def test_only_its_owner_may_read_a_journal_and_its_folder(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    _, plan = taking_from_cy(tenant, Kind.DELETE)
    record = new_run()

    journaling(sandbox, passing, plan, tmp_path / "state" / "journal").apply(record)

    (path,) = (tmp_path / "state" / "journal").iterdir()
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    assert oct(path.parent.stat().st_mode & 0o777) == "0o700"
    assert record.journal == str(path)


def test_a_line_is_on_the_disk_before_the_request_that_it_is_about(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tenant, 5)
    changes = [Change(Kind.DELETE, user["email"], user_id) for user_id, user in tenant.users.items()]
    applier = journaling(sandbox, passing, plan_of(*changes), tmp_path)
    seen: list[tuple[int, int, int]] = []
    on_disk: list[int] = []
    delete, fsync = applier.creator.writer.delete, os.fsync

    def synced(file: int) -> None:
        fsync(file)
        if stat.S_ISREG(os.fstat(file).st_mode):
            on_disk.append(len(applier.taker.journal.lines.path.read_text().splitlines()))

    def watched(user_id: str) -> None:
        lines = [json.loads(line) for line in applier.taker.journal.lines.path.read_text().splitlines()]
        seen.append((len(lines), on_disk[-1], len(steps(sandbox))))
        assert lines[-1]["user_id"] == user_id
        delete(user_id)

    applier.creator.writer.delete = watched  # type: ignore[method-assign]
    monkeypatch.setattr("client.lines.os.fsync", synced)
    applier.apply(new_run())

    assert seen == [(number + 1, number + 1, number) for number in range(5)]


@pytest.mark.parametrize("kind", TAKING)
def test_where_no_journal_can_be_written_the_run_ends_before_its_first_change(
    kind: Kind, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    _, plan = taking_from_cy(tenant, kind)
    plan = plan_of(Change(Kind.CREATE, "ann@example.com"), *plan.changes)
    before = tenant.snapshot()
    (tmp_path / "journal").write_text("a file where the folder should be")
    record = new_run()

    with pytest.raises(Unwritable, match="cannot be written"):
        journaling(sandbox, passing, plan, tmp_path / "journal").apply(record)

    assert statuses(record.outcomes) == [Status.NOT_TRIED] * 2
    assert (tenant.snapshot(), sandbox.writes(), record.journal) == (before, [], "")


@pytest.mark.parametrize("how", ["full", "short"])
def test_a_journal_that_breaks_in_the_middle_ends_all_taking(
    how: str, sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tenant, 5)
    changes = [Change(Kind.DELETE, user["email"], user_id) for user_id, user in tenant.users.items()]
    applier = journaling(sandbox, passing, plan_of(*changes), tmp_path)
    lines: list[bytes] = []

    def write(_: int, data: bytes) -> int:
        lines.append(data)
        if len(lines) < 3:
            return len(data)
        if how == "full":
            raise OSError(28, "No space left on device")
        return len(data) // 2

    monkeypatch.setattr("client.lines.os.write", write)
    record = new_run()

    with pytest.raises(Unwritable):
        applier.apply(record)

    assert statuses(record.outcomes) == [Status.DONE] * 2 + [Status.FAILED] + [Status.NOT_TRIED] * 2
    assert len(tenant.users) == 3


def test_a_run_that_takes_nothing_leaves_no_journal_and_needs_no_place_for_one(
    sandbox: Sandbox, passing: Time, tmp_path: Path
) -> None:
    plan = plan_of(Change(Kind.CREATE, "ann@example.com"))
    record = new_run()

    journaling(sandbox, passing, plan, tmp_path / "journal").apply(record)

    assert statuses(record.outcomes) == [Status.DONE]
    assert (list(tmp_path.iterdir()), record.journal) == ([], "")


def test_an_account_that_is_not_touched_is_not_in_the_journal(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    user_id, plan = taking_from_cy(tenant, Kind.DELETE)
    tenant.update_user(user_id, email="di@example.com")
    record = new_run()

    journaling(sandbox, passing, plan, tmp_path / "journal").apply(record)

    assert statuses(record.outcomes) == [Status.SKIPPED]
    assert list((tmp_path / "journal").iterdir()) == []


@pytest.mark.parametrize("kind", TAKING)
@pytest.mark.parametrize("change", ["email", "connection"])
def test_an_account_that_is_no_longer_the_one_that_was_planned_is_left_alone(
    kind: Kind, change: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id, plan = taking_from_cy(tenant, kind)
    identity = {**tenant.users[user_id]["identities"][0], "connection": "another"}
    tenant.update_user(user_id, **({"email": "di@example.com"} if change == "email" else {"identities": [identity]}))

    outcomes = run(sandbox, passing, plan)

    ((status, why),) = outcomes.values()
    assert (status, why.partition(":")[0]) == (Status.SKIPPED, "it is no longer the account that was planned")
    assert sandbox.writes() == []
    assert tenant.roles_of(user_id) == {"admin", "editor"}


@pytest.mark.parametrize("kind", TAKING)
@pytest.mark.parametrize("path", [USER, ROLES])
@pytest.mark.parametrize("fault", ["status", "html", "garbage", "drop_before", "truncate"])
def test_nothing_is_taken_from_whom_we_could_not_look_at(
    kind: Kind, path: str, fault: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    user_id, plan = taking_from_cy(tenant, kind)
    sandbox.faults.add(Fault(kind=fault, method="GET", path=path, times=None))

    outcomes = run(sandbox, passing, plan)

    assert [status for status, _ in outcomes.values()] == [Status.FAILED]
    assert sandbox.writes() == []
    assert tenant.roles_of(user_id) == {"admin", "editor"}


def test_tokens_of_other_providers_do_not_get_into_the_journal(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path
) -> None:
    user_id, plan = taking_from_cy(tenant, Kind.DELETE)
    own = tenant.users[user_id]["identities"][0]
    linked = {"connection": "google", "provider": "google-oauth2", "user_id": "1", "isSocial": True}
    tenant.update_user(
        user_id, identities=[own, {**linked, "access_token": "ya29.secret", "refresh_token": "1//secret"}]
    )
    record = new_run()

    journaling(sandbox, passing, plan, tmp_path).apply(record)

    line = json.loads((tmp_path / record.journal).read_text())
    assert linked in line["profile"]["identities"]
    assert "secret" not in json.dumps(line)
