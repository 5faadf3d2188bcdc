"""What a plan would understand of the rows."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from client.checkup.findings import Finding, bad, good
from client.checkup.tenant import There
from client.reading import OF_THE_SOURCE
from config.settings import Settings
from sync import desired, guard, plan
from sync.model import Memberships

_SHOWN = 20  # held people


def findings(settings: Settings, frame: pd.DataFrame, there: There) -> Iterator[Finding]:
    """Who is understood, who is held and why, and whether a run would be refused for that."""
    people = desired.build(frame, there.roles, settings.db_role_separator or "")
    made = plan.build(
        people, (), Memberships({}), connection=there.connection.name, roles=there.roles, policy=there.policy
    )
    held = [*people.held.values(), *people.unplaced]
    details = [f"held: {one.email or f'row {one.rows[0]}'}: {one.reason}" for one in held[:_SHOWN]]
    if len(held) > _SHOWN:
        details.append(f"... and {len(held) - _SHOWN} more (all of them: python main.py plan)")
    text = f"{len(people.people):,} understood, {len(held):,} held, {people.duplicates:,} rows that name them again"
    refusals = [one for one in guard.judge(made, settings.limits).refusals if one.guard in OF_THE_SOURCE]
    if refusals:
        yield bad("people", f"a run would be refused: {refusals[0].sentence}", [text, *details])
    else:
        yield good("people", text, details)
