"""Days in the life of a tenant: what is there, what the source wants, and who is to judge what a run makes of it."""

from __future__ import annotations

from sandbox import Tenant
from tests.functional.job import Job
from tests.functional.oracle import Oracle, Picture

OF_A_BIG_DAY = {
    "AUTH0_MANAGED_ROLES": "admin, editor, viewer",
    "CLIENT_IGNORE_USERS": "*@corp.io",
    "SYNC_LIMIT_FLOOR": "100",
}
"""The settings for it."""
_MANAGED = frozenset({"admin", "editor", "viewer"})
_PROTECTED = frozenset({"root@corp.io", "glass@corp.io"})


def a_big_day(
    job: Job, *, come: int = 10, swap: int = 6, strip: int = 2, go: int = 6, back: int = 0, blocks: bool = False
) -> Oracle:
    """People who come, swap roles, lose one and go, among accounts that are nobody's business.

    `back`: people whom an earlier run has blocked. `blocks`: who goes is to be blocked and not deleted.
    """
    tenant = job.tenant
    for role in ("admin", "editor", "viewer", "billing"):  # billing is not managed
        tenant.add_role(role)
    tenant.add_user("stays@x.io", roles=("admin", "billing"), nickname="Stay", blocked=True)
    wanted = {"stays@x.io": {"admin"}}
    for number in range(swap):
        tenant.add_user(f"swap{number}@x.io", roles=("admin", "billing"))
        wanted[f"swap{number}@x.io"] = {"editor"}
    for number in range(strip):
        tenant.add_user(f"strip{number}@x.io", roles=("admin", "viewer"))
        wanted[f"strip{number}@x.io"] = {"viewer"}
    for number in range(go):
        tenant.add_user(f"go{number}@x.io", roles=("viewer", "billing"))
    for number in range(back):
        mark = {"sync": {"blocked_at": "2026-01-01"}, "plan": "gold"}
        tenant.add_user(f"back{number}@x.io", roles=("viewer",), blocked=True, app_metadata=mark)
        wanted[f"back{number}@x.io"] = {"viewer"}
    for number in range(come):
        wanted[f"come{number}@x.io"] = {"viewer", "editor"} if number < 3 else {"viewer"}
    strangers(tenant)
    rows = [(email, role) for email, roles in wanted.items() for role in sorted(roles)]
    job.people([*rows, ("root@corp.io", "viewer"), ("nobody@corp.io", "viewer")])
    return Oracle(
        Picture.of(tenant),
        {email: frozenset(roles) for email, roles in wanted.items()},
        _MANAGED,
        _PROTECTED,
        blocks=blocks,
    )


def strangers(tenant: Tenant) -> None:
    """Accounts that are no business of the job, or none of its connection."""
    tenant.add_user("root@corp.io", roles=("admin", "billing"))  # in the source with another role, protected
    tenant.add_user("glass@corp.io", roles=("admin",))  # not in the source, protected
    tenant.add_user(None, roles=("viewer",))
    tenant.add_user("come0@x.io", connection="github", provider="github", user_id="github|1", roles=("admin",))
    tenant.add_user("go0@x.io", connection="partners", roles=("editor",))
    linked = tenant.add_user("linked@x.io", connection="github", provider="github", user_id="github|2")
    tenant.link(linked, connection="Username-Password-Authentication", provider="auth0", user_id="abc")
