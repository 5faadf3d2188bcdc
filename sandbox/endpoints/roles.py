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
    if _is_taken(exchange, name):
        raise role_exists()
    role_id = exchange.tenant.add_role(name, exchange.body.get("description", ""))
    return answer_json(exchange.tenant.roles[role_id])


def update_role(exchange: Exchange) -> Answer:
    """PATCH /roles/{id}."""
    role = role_of(exchange)
    name = exchange.body.get("name", role["name"])
    if _is_taken(exchange, name, unless=role):
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


def _is_taken(exchange: Exchange, name: str, *, unless: Document | None = None) -> bool:
    spelt = str if exchange.service.behaviour.role_names_case_sensitive else str.lower
    others = (role for role in exchange.tenant.roles.values() if role is not unless)
    return any(spelt(role["name"]) == spelt(name) for role in others)
