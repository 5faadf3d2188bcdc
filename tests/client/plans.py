"""Plans to carry out, and what became of their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import DEFAULT_CONNECTION
from sync.model import Change, Kind, Outcome, Status
from tests.client.builders import Time, applier_of, fill, new_run, plan_of, roles_named, transport_to

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox import Sandbox, Tenant
    from sync.plan import Plan

CREATE, ADD, REMOVE, DELETE = Kind.CREATE, Kind.ADD_ROLES, Kind.REMOVE_ROLES, Kind.DELETE
USERS = "/api/v2/users"
USER = "/api/v2/users/{id}"
ROLES = "/api/v2/users/{id}/roles"
MEMBERS = "/api/v2/roles/{id}/users"
AGREED = {"ann@example.com": ["admin", "editor"], "ben@example.com": ["admin"]}
"""What `everything` makes of the tenant."""

Ends = dict[tuple[Kind, str], tuple[Status, str]]


def run(sandbox: Sandbox, passing: Time, plan: Plan, **options: Any) -> Ends:
    """Apply `plan`; what became of each change, by kind and e-mail. The log begins with the first request for it."""
    ways = {name: options.pop(name) for name in ("most", "timeout") if name in options}
    applier = applier_of(transport_to(sandbox, passing, **{"most": 2, **ways}), passing, plan, **options)
    sandbox.clear_log()
    record = new_run()
    applier.apply(record)
    return told(record.outcomes)


def told(outcomes: Iterable[Outcome]) -> Ends:
    """Status and reason of each change, by kind and e-mail."""
    return {(one.change.kind, one.change.email): (one.status, one.why) for one in outcomes}


def statuses(outcomes: Iterable[Outcome]) -> list[Status]:
    """The statuses alone, in the plan's order."""
    return [outcome.status for outcome in outcomes]


def everything(tenant: Tenant) -> Plan:
    """A plan with all kinds of change: ann is new, ben changes roles, cy goes."""
    ben = tenant.add_user("ben@example.com", roles=["editor"])
    cy = tenant.add_user("cy@example.com", roles=["admin"])
    admin, editor = roles_named(tenant, "admin", "editor")
    return plan_of(
        Change(CREATE, "ann@example.com"),
        Change(ADD, "ann@example.com", None, (admin, editor)),
        Change(ADD, "ben@example.com", ben, (admin,)),
        Change(REMOVE, "ben@example.com", ben, (editor,)),
        Change(DELETE, "cy@example.com", cy),
    )


def taking(tenant: Tenant, how_many: int) -> Plan:
    """So many people who lose the role `admin`: a request each."""
    (admin,) = roles_named(tenant, "admin")
    user_ids = fill(tenant, how_many, roles=["admin"])
    return plan_of(*[Change(REMOVE, tenant.users[one]["email"], one, (admin,)) for one in user_ids])


def joining(tenant: Tenant, emails: Iterable[str], *names: str, connection: str = DEFAULT_CONNECTION) -> Plan:
    """New people, who get all of these roles."""
    roles = roles_named(tenant, *names)
    changes = [change for email in emails for change in (Change(CREATE, email), Change(ADD, email, None, roles))]
    return plan_of(*changes, connection=connection)


def people(how_many: int) -> list[str]:
    """So many e-mails, in the order of a plan."""
    return [f"p{number:05}@example.com" for number in range(how_many)]


def having(emails: Iterable[str], *names: str) -> dict[str, list[str]]:
    """The snapshot of a tenant in which each of these people has just these roles."""
    return {email: sorted(names) for email in emails}
