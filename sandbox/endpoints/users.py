"""/users, /users/{id}, /users-by-email and what hangs on a single account."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from sandbox.accounts import create_account, update_account
from sandbox.checks import has_format
from sandbox.endpoints.selection import selected
from sandbox.errors import bad_request, invalid_path, invalid_query, user_missing
from sandbox.exchange import Answer, Exchange, answer_json, answer_nothing
from sandbox.paging import MOST_RECORDS, check_search_cap, offset_list, page_of
from sandbox.search import compile_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.tenant import Document


def list_users(exchange: Exchange) -> Answer:
    """GET /users: a search. `connection=` is ignored, as it is by search_engine v3."""
    arguments = exchange.arguments
    engine = arguments.get("search_engine", "v3")
    if engine != "v3":
        message = f"You are not allowed to use search_engine={engine}. Use search_engine=v3 instead."
        raise bad_request(message, "invalid_query_string")
    page = page_of(arguments)
    check_search_cap(exchange, page)
    found = _sorted(_matching(exchange), arguments.get("sort"))
    total = len(found)
    if exchange.service.behaviour.search_total_capped:
        total = min(total, MOST_RECORDS)
    records = [selected(account, arguments) for account in found[page.start : page.end]]
    listing = offset_list("users", records, page, total, arguments)
    if isinstance(listing, dict):
        listing["length"] = len(records)
    return answer_json(listing)


def get_user(exchange: Exchange) -> Answer:
    """GET /users/{id}: always fresh."""
    return answer_json(selected(account_of(exchange), exchange.arguments))


def find_by_email(exchange: Exchange) -> Answer:
    """GET /users-by-email: always fresh, exact, and of all connections."""
    if "email" not in exchange.query:
        raise invalid_query("'Missing required property: email'")
    found = exchange.tenant.with_email(exchange.query["email"])
    return answer_json([selected(account, exchange.arguments) for account in found])


def create_user(exchange: Exchange) -> Answer:
    """POST /users."""
    account = create_account(exchange.tenant, exchange.body, exchange.service.behaviour)
    return answer_json(account, HTTPStatus.CREATED)


def update_user(exchange: Exchange) -> Answer:
    """PATCH /users/{id}."""
    account_of(exchange)
    return answer_json(update_account(exchange.tenant, exchange.id, exchange.body, exchange.service.behaviour))


def delete_user(exchange: Exchange) -> Answer:
    """DELETE /users/{id}: 204 whether or not there was such an account."""
    _check_id(exchange.id)
    exchange.tenant.remove_user(exchange.id)
    return answer_nothing()


def list_blocks(exchange: Exchange) -> Answer:
    """GET /user-blocks/{id}: brute-force blocks, which are no part of the account."""
    email = account_of(exchange).get("email", "")
    addresses = exchange.tenant.locked_out.get(exchange.id, [])
    return answer_json({"blocked_for": [{"identifier": email, "ip": address} for address in addresses]})


def delete_blocks(exchange: Exchange) -> Answer:
    """DELETE /user-blocks/{id}: lifts brute-force blocks; an administrator's block stays."""
    account_of(exchange)
    exchange.tenant.locked_out.pop(exchange.id, None)
    return answer_nothing()


def revoke_access(exchange: Exchange) -> Answer:
    """POST /users/{id}/revoke-access: 202 also when there is no such account, as no 404 is described."""
    _check_id(exchange.id)
    exchange.tenant.revoked_access.append(exchange.id)
    return answer_nothing(HTTPStatus.ACCEPTED)


def account_of(exchange: Exchange) -> Document:
    """The account that the path names.

    Raises:
        ApiError: 400 or 404.
    """
    _check_id(exchange.id)
    document = exchange.tenant.users.get(exchange.id)
    if document is None:
        raise user_missing()
    return document


def _check_id(user_id: str) -> None:
    if not has_format(user_id, "user-id"):
        why = f"'Object didn't pass validation for format user-id: {user_id}' on property id (ID of the user)"
        raise invalid_path(why)


def _matching(exchange: Exchange) -> Sequence[Document]:
    accounts = exchange.service.search.accounts().values()
    text = exchange.arguments.get("q", "").strip()
    if not text:
        return list(accounts)
    accepts = compile_query(text)
    return [account for account in accounts if accepts(account)]


def _sorted(accounts: Sequence[Document], sort: str | None) -> Sequence[Document]:
    if sort is None:
        return accounts
    name, _, direction = sort.rpartition(":")
    if name.startswith(("app_metadata", "user_metadata")):
        raise invalid_query(f"'Cannot sort by {name}' on property sort (Field to sort by.)")
    return sorted(accounts, key=lambda account: str(account.get(name, "")), reverse=direction == "-1")
