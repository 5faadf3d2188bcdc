"""Who has which role: /roles/{id}/users and /users/{id}/roles."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from sandbox.endpoints.roles import role_of
from sandbox.errors import ApiError, role_missing, user_missing, users_missing
from sandbox.exchange import Answer, Exchange, answer_json, answer_nothing
from sandbox.memberships import Member
from sandbox.paging import USUAL_SIZE, check_listing_cap, cursor, offset_list, page_of, read_cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.tenant import Document

_MEMBER_FIELDS = ("user_id", "email", "picture", "name")
_MOST_ROLES = 50


def list_members(exchange: Exchange) -> Answer:
    """GET /roles/{id}/users: by checkpoint when `take` or `from` is given, else by offset up to 1000."""
    role_of(exchange)
    members = exchange.service.members.members_of(exchange.id)
    arguments = exchange.arguments
    if "take" in arguments or "from" in arguments:
        return answer_json(_checkpoint(exchange, members))
    page = page_of(arguments)
    check_listing_cap(exchange, page)
    records = _records(exchange, members[page.start : page.end])
    return answer_json(offset_list("users", records, page, len(members), arguments))


def add_members(exchange: Exchange) -> Answer:
    """POST /roles/{id}/users: all of them or, when one does not exist, none."""
    role_of(exchange)
    user_ids: list[str] = exchange.body["users"]
    if any(user_id not in exchange.tenant.users for user_id in user_ids):
        raise users_missing()
    for user_id in user_ids:
        _check_room(exchange, user_id, [exchange.id])
    for user_id in user_ids:
        exchange.tenant.give_roles(user_id, [exchange.id])
    return answer_json({})


def list_user_roles(exchange: Exchange) -> Answer:
    """GET /users/{id}/roles: by offset alone."""
    _check_user(exchange)
    roles = [exchange.tenant.roles[role_id] for role_id in exchange.tenant.memberships.roles_of(exchange.id)]
    page = page_of(exchange.arguments)
    return answer_json(offset_list("roles", roles[page.start : page.end], page, len(roles), exchange.arguments))


def add_user_roles(exchange: Exchange) -> Answer:
    """POST /users/{id}/roles: 204, also for roles that the account has already."""
    _check_user(exchange)
    role_ids: list[str] = exchange.body["roles"]
    if any(role_id not in exchange.tenant.roles for role_id in role_ids):
        status = exchange.service.behaviour.unknown_role_status
        raise ApiError(status, role_missing().body["message"])
    _check_room(exchange, exchange.id, role_ids)
    exchange.tenant.give_roles(exchange.id, role_ids)
    return answer_nothing()


def remove_user_roles(exchange: Exchange) -> Answer:
    """DELETE /users/{id}/roles, with a body: 204, also for roles that the account does not have."""
    _check_user(exchange)
    exchange.tenant.take_roles(exchange.id, exchange.body["roles"])
    return answer_nothing()


def _checkpoint(exchange: Exchange, members: Sequence[Member]) -> Document:
    start = 0
    if "from" in exchange.arguments:
        assigned_at, user_id = read_cursor(exchange.arguments["from"])
        start = bisect_right(members, Member(float(assigned_at), user_id))
    take = exchange.arguments.get("take", USUAL_SIZE)
    window = members[start : start + take]
    answer: Document = {"users": _records(exchange, window)}
    more = len(members) > start + take
    full = len(window) == take and exchange.service.behaviour.next_on_full_last_page
    if window and (more or full):
        answer["next"] = cursor(repr(window[-1].assigned_at), window[-1].user_id)
    return answer


def _records(exchange: Exchange, members: Sequence[Member]) -> list[Document]:
    users = exchange.tenant.users
    # An account that is gone already can still be listed while the listing lags.
    found = [users.get(member.user_id, {"user_id": member.user_id}) for member in members]
    return [{name: user[name] for name in _MEMBER_FIELDS if name in user} for user in found]


def _check_user(exchange: Exchange) -> None:
    if exchange.id not in exchange.tenant.users:
        raise user_missing()


def _check_room(exchange: Exchange, user_id: str, role_ids: Sequence[str]) -> None:
    held = {*exchange.tenant.memberships.roles_of(user_id), *role_ids}
    if len(held) > _MOST_ROLES:
        status = exchange.service.behaviour.role_limit_status
        raise ApiError(status, "No more roles can be assigned to this user.")
