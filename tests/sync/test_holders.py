"""How many have a role before a plan and after it: what the tenant has then."""

from __future__ import annotations

from collections import Counter

from hypothesis import assume, given

from tests.sync.builders import CONNECTION
from tests.sync.worlds_drawn import keyed_worlds
from tests.sync.worlds_keyed import KeyedWorld
from tests.sync.worlds_tenant import Directory


def having(tenant: Directory) -> Counter[str]:
    """Role name, in lower case, to how many accounts of the connection have it."""
    ours = (entry for entry in tenant.entries.values() if entry.connection == CONNECTION)
    return Counter(name for entry in ours for name in entry.roles)


@given(keyed_worlds())
def test_the_roles_of_a_plan_are_counted_as_the_tenant_has_them_before_and_after(world: KeyedWorld) -> None:
    assume(not world.tenant.unknown)
    before = having(world.tenant)

    plan = world.plan()
    world.tenant.apply(plan.changes)
    after = having(world.tenant)

    assert [one.before for one in plan.roles] == [before[one.role.name.casefold()] for one in plan.roles]
    assert [one.after for one in plan.roles] == [after[one.role.name.casefold()] for one in plan.roles]
    assert [one.role for one in plan.roles] == sorted(one.role for one in plan.roles)
    assert {name for name in before if world.terms.manages(name)} <= {one.role.name for one in plan.roles}
