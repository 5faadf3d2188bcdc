"""New accounts with all that they are to have, by requests and imports; and tries that end when the run does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0 import imports
from client.breaker import DONE, Breaker, Tried
from client.creating import attributes_of
from client.stop import Stopped
from client.trying import Tries
from sandbox import DEFAULT_CONNECTION, Fault
from sync.model import Account, Change, Edit, Kind, Status
from tests.client.builders import applier_of, plan_of, steps, transport_to
from tests.client.plans import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox import Sandbox, Tenant
    from tests.client.builders import Time

ANN, BEN = "ann@example.com", "ben@example.com"
EDITS = (
    Edit("app_metadata.sync.id", None, "7"), Edit("app_metadata.team", None, {"name": "red"}),
    Edit("email_verified", old=None, new=True), Edit("name", None, "Ann \u2028 [red]"),
    Edit("user_metadata.tea", None, 3),
)  # fmt: skip
WANTED = {
    "app_metadata": {"sync": {"id": "7"}, "team": {"name": "red"}}, "email_verified": True,
    "name": "Ann \u2028 [red]", "user_metadata": {"tea": 3},
}  # fmt: skip
MODES = ("requests", "import")


def test_what_an_account_is_to_have_comes_of_the_edits_or_of_what_it_had() -> None:
    assert attributes_of(Change(Kind.CREATE, ANN, edits=EDITS)) == WANTED
    assert attributes_of(Change(Kind.CREATE, ANN, attributes={"name": "x"}, edits=EDITS)) == {"name": "x"}
    assert attributes_of(Change(Kind.CREATE, ANN)) == {}


@pytest.mark.parametrize("mode", MODES)
def test_an_account_is_made_with_all_of_it_at_once(mode: Any, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    outcomes = run(
        sandbox, passing, plan_of(Change(Kind.CREATE, ANN, edits=EDITS), Change(Kind.CREATE, BEN)), mode=mode
    )

    of = {account["email"]: account for account in tenant.users.values()}
    assert set(outcomes.values()) == {(Status.DONE, "")}
    assert {name: of[ANN][name] for name in WANTED} == WANTED
    assert of[BEN]["email_verified"] is False
    assert "app_metadata" not in of[BEN]
    assert len(steps(sandbox)) == (1 if mode == "import" else 2)
    assert tenant.mails == []


def test_rows_of_an_import_carry_the_attributes_and_no_file_is_too_large() -> None:
    people = [(f"p{number}@example.com", {"user_metadata": {"text": "ä" * 60_000}}) for number in range(20)]

    files = list(imports.files(people))

    assert [len(file.ids) for file in files] == [4] * 5
    assert all(len(file.content) < 500_000 for file in files)
    assert [email for file in files for email in file.ids] == [email for email, _ in people]


@pytest.mark.parametrize("mode", MODES)
def test_whoever_is_refused_is_told_and_the_others_come(
    mode: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.connections.clear()
    tenant.add_connection(DEFAULT_CONNECTION, requires_username=True)
    tenant.add_user("cy@example.com", username="taken")
    changes = [Change(Kind.CREATE, ANN, edits=(Edit("username", None, "taken"),))]
    changes += [Change(Kind.CREATE, BEN, edits=(Edit("username", None, "free"),))]

    outcomes = run(sandbox, passing, plan_of(*changes), mode=mode)

    status, why = outcomes[Kind.CREATE, ANN]
    assert status is Status.FAILED
    assert "exist" in why
    assert outcomes[Kind.CREATE, BEN] == (Status.DONE, "")
    assert sorted(tenant.snapshot()) == [BEN, "cy@example.com"]


@pytest.mark.parametrize("mode", MODES)
def test_a_row_that_auth0_takes_for_none_is_told_and_not_tried_again(
    mode: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    changes = [Change(Kind.CREATE, ANN, edits=(Edit("name", None, "x" * 301),)), Change(Kind.CREATE, BEN)]

    outcomes = run(sandbox, passing, plan_of(*changes), mode=mode)

    status, why = outcomes[Kind.CREATE, ANN]
    assert status is Status.FAILED
    assert "too long" in why
    assert list(tenant.snapshot()) == [BEN]
    assert len(steps(sandbox)) == (1 if mode == "import" else 2)


@pytest.mark.parametrize("mode", MODES)
def test_an_account_that_was_there_is_adopted_as_it_is_unless_it_is_a_strangers(
    mode: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    for email in (ANN, BEN):
        tenant.add_user(email, name="As it was")
    seen: list[tuple[str | None, str]] = []

    def stranger(account: Account, change: Change) -> str:
        seen.append((account.email, change.email))
        return "it is another's" if account.email == BEN else ""

    plan = plan_of(*[Change(Kind.CREATE, email, edits=EDITS) for email in (ANN, BEN)])
    applier = applier_of(transport_to(sandbox, passing), passing, plan, mode=mode)
    applier.creator.stranger = stranger

    ends = {change.email: (tried.status, tried.why) for change, tried in applier.creator.create(plan.changes)}

    assert ends[ANN] == (Status.DONE, "adopted: the account existed already")
    assert ends[BEN] == (Status.FAILED, "it is another's")
    assert sorted(seen) == [(ANN, ANN), (BEN, BEN)]
    assert (applier.creator.adopted, set(applier.creator.user_ids)) == ({ANN}, {ANN})
    assert {account["name"] for account in tenant.users.values()} == {"As it was"}


def test_the_metadata_with_which_an_account_was_made_is_remembered(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    plan = plan_of(Change(Kind.CREATE, ANN, edits=EDITS), Change(Kind.CREATE, BEN))
    creator = applier_of(transport_to(sandbox, passing), passing, plan).creator

    list(creator.create(plan.changes))

    assert creator.metadata_of(ANN) == WANTED["app_metadata"]
    assert creator.metadata_of(BEN) is None
    assert creator.user_ids == {account["email"]: user_id for user_id, account in tenant.users.items()}


def test_after_three_imports_that_failed_everybody_else_is_created_singly(sandbox: Sandbox, passing: Time) -> None:
    text = {"user_metadata": {"text": "x" * 490_000}}
    changes = [Change(Kind.CREATE, f"p{number}@example.com", attributes=text) for number in range(6)]
    sandbox.faults.add(Fault(kind="status", path="/api/v2/jobs/users-imports", status=400, times=None))

    outcomes = run(sandbox, passing, plan_of(*changes), mode="import")

    assert set(outcomes.values()) == {(Status.DONE, "")}
    assert 3 <= steps(sandbox).count("POST /jobs/users-imports") <= 4  # two at a time
    assert steps(sandbox).count("POST /users") == 6


CHANGES = [Change(Kind.CREATE, f"p{number}@example.com") for number in range(40)]


def test_each_change_has_its_own_end_in_whatever_order_they_come() -> None:
    def step(change: Change) -> Tried:
        return replace(DONE, why=change.email)

    ends = dict(Tries(Breaker(), 4).each(step, CHANGES))

    assert {change: tried.why for change, tried in ends.items()} == {change: change.email for change in CHANGES}
    assert list(Tries(Breaker(), 4).each(step, [])) == []


def test_after_a_stop_nothing_more_is_begun_and_everybody_is_told_of() -> None:
    begun: list[Change] = []

    def check() -> None:
        if len(begun) >= 5:
            raise Stopped

    def step(change: Change) -> Tried:
        begun.append(change)
        return DONE

    class Watched(list[Change]):
        handed_out = 0

        def __iter__(self) -> Iterator[Change]:
            for change in super().__iter__():
                self.handed_out += 1
                yield change

    changes = Watched(CHANGES)

    ends = list(Tries(Breaker(check), 1).each(step, changes))

    assert len(begun) == 5
    assert changes.handed_out < 10  # the rest did not go through the threads
    assert [change for change, _ in ends] == CHANGES
    assert [tried.status for _, tried in ends] == [Status.DONE] * 5 + [Status.NOT_TRIED] * 35
