"""/roles and /roles/{id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.errors import bad_request, role_exists, role_missing
from sandbox.exchange import Answer, Exchange, answer_json
from sandbox.paging import offset_list, page_of

if TYPE_CHECKING:
    from sandbox.tenant import Document


def list_roles(exchange: Exchange) -> Answer:
    """GET /roles; `name_filter` is taken as 'contains', without case."""
    wanted = exchange.arguments.get("name_filter", "").lower()
    found = [role for role in exchange.tenant.roles.values() if wanted in role["name"].lower()]
    page = page_of(exchange.arguments)
    return answer_json(offset_list("roles", found[page.start : page.end], page, len(found), exchange.arguments))


def get_role(exchange: Exchange) -> Answer:
    """GET /roles/{id}."""
    return answer_json(role_of(exchange))


def create_role(exchange: Exchange) -> Answer:
    """POST /roles: 200, not 201."""
    name = exchange.body["name"]
    if any(role["name"] == name for role in exchange.tenant.roles.values()):
        raise role_exists()
    role_id = exchange.tenant.add_role(name, exchange.body.get("description", ""))
    return answer_json(exchange.tenant.roles[role_id])


def update_role(exchange: Exchange) -> Answer:
    """PATCH /roles/{id}."""
    role = role_of(exchange)
    name = exchange.body.get("name", role["name"])
    if any(other["name"] == name and other is not role for other in exchange.tenant.roles.values()):
        raise bad_request("The role already exists.")
    role.update(exchange.body)
    return answer_json(role)


def delete_role(exchange: Exchange) -> Answer:
    """DELETE /roles/{id}: 200 with `{}`, and nobody has it any more."""
    role_of(exchange)
    exchange.tenant.remove_role(exchange.id)
    return answer_json({})


def role_of(exchange: Exchange) -> Document:
    """The role that the path names.

    Raises:
        ApiError: 404.
    """
    role = exchange.tenant.roles.get(exchange.id)
    if role is None:
        raise role_missing()
    return role
