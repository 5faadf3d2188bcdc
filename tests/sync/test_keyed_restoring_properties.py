"""What is true of every way back from a run with updates, renames and adoptions: what it overwrote is there again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync import restoring
from sync.model import Change, Kind, Prior
from sync.restoring import Restoration
from tests.sync.builders import CONNECTION
from tests.sync.worlds_drawn import keyed_worlds
from tests.sync.worlds_keyed import KeyedWorld
from tests.sync.worlds_tables import DEFAULTS, default
from tests.sync.worlds_tenant import NAMESPACE, Entries, Entry

JOURNALED = {Kind.ADOPT, Kind.UPDATE, Kind.REMOVE_ROLES, Kind.BLOCK, Kind.DELETE}
MOMENTS = st.integers(0, 20)


def run(world: KeyedWorld, moment: int = 1000, *, ahead: bool = False) -> tuple[list[Prior], list[Change]]:
    """Carry out the plan until it stops: the journal, and what was done. `ahead`: a line was just written."""
    journal, done = [], []
    for number, change in enumerate(world.plan().changes[: moment + ahead]):
        if change.kind in JOURNALED:
            journal.append(world.tenant.prior(change))
        if number < moment:
            world.tenant.apply([change])
            done.append(change)
    return journal, done


def undo(world: KeyedWorld, journal: list[Prior]) -> Restoration:
    fields, tenant = restoring.fields(journal), world.tenant
    return restoring.build(
        journal, {prior.user_id: tenant.present(prior, fields.get(prior.user_id, ())) for prior in journal},
        connection=CONNECTION, roles=world.roles(), protection=world.terms.policy().protection,
    )  # fmt: skip


def given_back(before: Entries, after: Entries, done: list[Change]) -> Entries:
    """What the tenant should be like: what the run gave stays, what it overwrote or took is there again."""
    whole = {one: entry.copy() for one, entry in after.items()}
    for change in done:
        one = change.user_id or ""
        if change.kind is Kind.DELETE:
            whole[one] = _made_anew(before[one])
        elif change.kind is Kind.BLOCK and not before[one].blocked:
            whole[one].blocked = False
            whole[one].marks = {name: text for name, text in whole[one].marks.items() if name != "blocked_at"}
        elif change.kind is Kind.REMOVE_ROLES:
            whole[one].roles |= before[one].roles
        elif change.kind in {Kind.ADOPT, Kind.UPDATE}:
            _write_back(whole[one], before[one], {edit.field for edit in change.edits})
    return whole


def _write_back(entry: Entry, before: Entry, fields: set[str]) -> None:
    for name in fields | ({"email_verified"} if "email" in fields else set()):
        if name == "email":
            entry.email = before.email
        else:
            here, there = (entry.marks, before.marks) if f".{NAMESPACE}." in name else (entry.values, before.values)
            key = name.rpartition(".")[2] if here is entry.marks else name
            here.pop(key, None)
            here |= {key: there[key]} if key in there else {}


def _made_anew(before: Entry) -> Entry:
    """Auth0 fills in again what it fills in."""
    entry = before.copy()
    entry.values = {name: default(name, str(before.email)) for name in DEFAULTS} | entry.values
    return entry


@given(keyed_worlds(), MOMENTS, st.booleans())
def test_a_run_that_stopped_anywhere_is_undone_as_far_as_it_came(
    world: KeyedWorld,
    moment: int,
    ahead: bool,  # noqa: FBT001
) -> None:
    before = world.tenant.snapshot()
    journal, done = run(world, moment, ahead=ahead)
    goal = given_back(before, world.tenant.snapshot(), done)

    restoration = undo(world, journal)
    world.tenant.apply(restoration.plan.changes)

    assert world.tenant.entries == goal
    assert restoration.plan.held == ()


@given(keyed_worlds(), MOMENTS)
def test_a_restoration_that_stopped_anywhere_goes_on_and_is_done_once(world: KeyedWorld, moment: int) -> None:
    before = world.tenant.snapshot()
    journal, done = run(world)
    goal = given_back(before, world.tenant.snapshot(), done)

    world.tenant.apply(undo(world, journal).plan.changes[:moment])
    world.tenant.apply(undo(world, journal).plan.changes)

    assert world.tenant.entries == goal
    assert undo(world, journal).plan.changes == ()


@given(keyed_worlds())
def test_after_a_restoration_a_plan_overwrites_and_takes_the_same_again(world: KeyedWorld) -> None:
    blocked = {one for one, entry in world.tenant.entries.items() if entry.blocked}
    journal, done = run(world)

    world.tenant.apply(undo(world, journal).plan.changes)
    again = world.plan()

    lasting = {change for change in done if change.kind is Kind.BLOCK and change.user_id in blocked}  # ended sessions
    assert [change for change in again.changes if change.kind in JOURNALED] == [
        change for change in done if change.kind in JOURNALED and change not in lasting
    ]


@given(keyed_worlds(), st.data())
def test_what_somebody_has_changed_since_stays_and_is_told(world: KeyedWorld, data: st.DataObject) -> None:
    before = world.tenant.snapshot()
    journal, done = run(world)
    edits = [(change, edit) for change in done for edit in change.edits if change.user_id and "." in edit.field]
    chosen = data.draw(st.lists(st.sampled_from(edits), max_size=2)) if edits else []
    goal = given_back(before, world.tenant.snapshot(), done)
    for change, edit in chosen:
        for entries in (world.tenant.entries, goal):
            entries[change.user_id or ""].put(edit.field, "by somebody else")

    restoration = undo(world, journal)
    world.tenant.apply(restoration.plan.changes)

    assert world.tenant.entries == goal
    told = {(change.user_id, edit.field) for change, edit in chosen}
    assert sum("somebody has changed it since" in note for _, note in restoration.notes) == len(told)
