"""What is true of every way back: what a run took is there again, and nothing else is touched."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sync import restoring
from sync.brakes import Brakes
from sync.model import Kind, Prior, Role
from sync.protection import Protection
from sync.restoring import Present, Restoration
from tests.sync.builders import ADMIN, CONNECTION, FOREIGN, Snapshot, Tenant, User
from tests.sync.worlds import EVERYBODY, SETTINGS, TENANT_ROLES, Settings, World, whose, worlds

TAKING = {Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE}
MOMENTS = st.integers(0, 20)
DICE = st.randoms(use_true_random=False)


def run(world: World, moment: int = 1000, *, ahead: bool = False) -> list[Prior]:
    """Carry out the plan until it stops, and return its journal; `ahead`: it stopped when a line was just written."""
    plan = world.plan()
    journal = []
    for number, change in enumerate(plan.changes):
        if number < moment + ahead and change.kind in TAKING:
            journal.append(world.tenant.prior(change))
        if number < moment:
            world.tenant.apply(replace(plan, changes=(change,)))
    return journal


def present(tenant: Tenant, prior: Prior) -> Present:
    by_id = {account.user_id: account for account in tenant.accounts}
    rivals = [
        one for one, user in tenant.users.items()
        if user.email and user.connection == CONNECTION and whose(user.email) == whose(prior.email)
    ]  # fmt: skip
    if prior.user_id not in by_id:
        return Present(None, rivals=tuple(rivals))
    return Present(by_id[prior.user_id], frozenset(role.id for role in tenant.users[prior.user_id].roles))


def undo(
    tenant: Tenant, journal: Sequence[Prior], settings: Settings | None = None, roles: Iterable[Role] = TENANT_ROLES
) -> Restoration:
    settings = settings or Settings()
    return restoring.build(
        journal, {prior.user_id: present(tenant, prior) for prior in journal},
        connection=CONNECTION, roles=roles, protection=Protection(settings.protected), brakes=settings.brakes,
    )  # fmt: skip


def given_back(before: Snapshot, after: Snapshot, roles: frozenset[Role], settings: Settings) -> Snapshot:
    """What the tenant should be like after a run was undone: what it gave stays, what it took is there again."""
    whole = dict(after)
    for user_id, (email, connection, had, block) in before.items():
        if user_id not in after and _is_meant(settings, email):
            whole[user_id] = (email, connection, had & roles, block)
        elif user_id in after and _is_meant(settings, email):
            has, now = after[user_id][2:]
            lost_access = now == "by us" != block
            whole[user_id] = (email, connection, has | (had & roles), "" if lost_access else now)
    return whole


def _is_meant(settings: Settings, email: object) -> bool:
    return settings.concern(whose(email)) and not settings.protect(whose(email))


@given(worlds(), DICE)
def test_a_run_that_is_undone_has_taken_nothing_from_anybody(world: World, dice: random.Random) -> None:
    before = world.tenant.snapshot()
    journal = run(world)
    after = world.tenant.snapshot()
    dice.shuffle(journal)

    world.tenant.apply(undo(world.tenant, journal).plan)

    assert world.tenant.snapshot() == given_back(before, after, frozenset(TENANT_ROLES), Settings())


@given(worlds())
def test_after_a_restoration_a_plan_takes_again_what_the_first_one_took_and_gives_nothing(world: World) -> None:
    first = world.plan()
    journal = run(world)

    world.tenant.apply(undo(world.tenant, journal).plan)
    again = world.plan()

    assert again.changes == tuple(change for change in first.changes if change.kind in TAKING)
    assert again.kept_back == first.kept_back


@given(worlds(), MOMENTS, st.booleans())
def test_a_run_that_stopped_anywhere_is_undone_as_far_as_it_came(
    world: World,
    moment: int,
    ahead: bool,  # noqa: FBT001
) -> None:
    before = world.tenant.snapshot()
    journal = run(world, moment, ahead=ahead)
    after = world.tenant.snapshot()

    world.tenant.apply(undo(world.tenant, journal).plan)

    assert world.tenant.snapshot() == given_back(before, after, frozenset(TENANT_ROLES), Settings())


@given(worlds(), MOMENTS)
def test_a_restoration_that_stopped_anywhere_goes_on_and_is_done_once(world: World, moment: int) -> None:
    before = world.tenant.snapshot()
    journal = run(world)
    after = world.tenant.snapshot()
    whole = undo(world.tenant, journal).plan

    world.tenant.apply(replace(whole, changes=whole.changes[:moment]))
    world.tenant.apply(undo(world.tenant, journal).plan)

    assert world.tenant.snapshot() == given_back(before, after, frozenset(TENANT_ROLES), Settings())
    assert undo(world.tenant, journal).plan.changes == ()


@given(
    worlds(),
    SETTINGS,
    st.sets(st.sampled_from(EVERYBODY), min_size=1, max_size=3),
    st.frozensets(st.sampled_from(TENANT_ROLES), min_size=5),
)
def test_a_restoration_is_about_those_who_are_named_and_not_protected_and_about_roles_that_exist(
    world: World, settings: Settings, named: set[str], roles: frozenset[Role]
) -> None:
    settings = replace(settings, brakes=Brakes(only=frozenset(f"{who}@x.io" for who in named)))
    before = world.tenant.snapshot()
    journal = run(world)
    after = world.tenant.snapshot()
    goal = given_back(before, after, roles, settings)

    plan = undo(world.tenant, journal, settings, roles).plan
    world.tenant.apply(plan)

    assert world.tenant.snapshot() == goal
    there = {one.user_id: whose(one.email) for one in journal if one.user_id in after}
    protected = {user_id for user_id, who in there.items() if settings.protect(who)}
    free = given_back(before, after, roles, replace(settings, brakes=Brakes()))
    changed = {user_id for user_id in there if goal[user_id] != after[user_id]}
    meant = {user_id for user_id in there if free[user_id] != after[user_id]}
    counts = plan.counts
    assert (counts.accounts, counts.protected) == (len(there), len(protected))
    assert (counts.changed, counts.kept_back) == (len(changed), len(meant - changed))
    assert counts.unchanged == len(there.keys() - protected - meant)


@given(worlds(), DICE, st.sampled_from(["renamed", "moved", "gone or made anew"]))
def test_what_is_another_persons_by_now_is_left_alone_and_its_person_is_held(
    world: World, dice: random.Random, meddling: str
) -> None:
    users = world.tenant.users
    users["auth0|goes"] = User("goes@x.io", {ADMIN})
    journal = run(world.unbraked())
    one = dice.choice(journal)
    if meddling == "renamed":
        users[one.user_id] = User("other@x.io", {FOREIGN})
    elif meddling == "moved":
        users[one.user_id] = User(one.email, {FOREIGN}, "google-oauth2")
    elif users.pop(one.user_id, None) is None:
        users["auth0|anew"] = User(one.email)
    before = world.tenant.snapshot()

    plan = undo(world.tenant, journal).plan
    world.tenant.apply(plan)

    after = world.tenant.snapshot()
    others = {prior.user_id for prior in journal} - {one.user_id}
    assert [held.email for held in plan.held] == [one.email]
    assert {user_id: user for user_id, user in after.items() if user_id not in others} == {
        user_id: user for user_id, user in before.items() if user_id not in others
    }
    assert others <= after.keys()
