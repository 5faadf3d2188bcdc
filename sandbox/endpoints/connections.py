"""/connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.endpoints.selection import selected
from sandbox.errors import connection_missing
from sandbox.exchange import Answer, Exchange, answer_json
from sandbox.paging import USUAL_SIZE, check_search_cap, cursor, offset_list, page_of, read_cursor

if TYPE_CHECKING:
    from sandbox.connection import Connection
    from sandbox.tenant import Document

_LIST_SIZE = 100
# Recorded: it is there even when `fields` does not name it.
_ALWAYS = ("is_domain_connection",)


def list_connections(exchange: Exchange) -> Answer:
    """GET /connections: `strategy` may be repeated; by offset, or by checkpoint with `take`."""
    arguments = exchange.arguments
    strategies = set(filter(None, arguments.get("strategy", "").split(",")))
    found = [
        _document(connection)
        for connection in exchange.tenant.connections.values()
        if (not strategies or connection.strategy in strategies)
        and arguments.get("name", connection.name) == connection.name
    ]
    records = [selected(document, arguments, _ALWAYS) for document in found]
    if "take" in arguments or "from" in arguments:
        return answer_json(_checkpoint(exchange, records))
    page = page_of(arguments, _LIST_SIZE)
    check_search_cap(exchange, page)
    window = records[page.start : page.end]
    return answer_json(offset_list("connections", window, page, len(records), arguments))


def get_connection(exchange: Exchange) -> Answer:
    """GET /connections/{id}."""
    document = _document(_connection_of(exchange))
    return answer_json(selected(document, exchange.arguments, _ALWAYS))


def list_clients(exchange: Exchange) -> Answer:
    """GET /connections/{id}/clients: the applications a connection is enabled for."""
    enabled = _connection_of(exchange).enabled
    return answer_json({"clients": [{"client_id": exchange.tenant.client_id}] if enabled else []})


def _connection_of(exchange: Exchange) -> Connection:
    connection = exchange.tenant.connections.get(exchange.id)
    if connection is None:
        raise connection_missing()
    return connection


def _checkpoint(exchange: Exchange, records: list[Document]) -> Document:
    start = 0
    if "from" in exchange.arguments:
        start = int(read_cursor(exchange.arguments["from"])[1])
    take = exchange.arguments.get("take", USUAL_SIZE)
    window = records[start : start + take]
    answer: Document = {"connections": window}
    full = len(window) == take and exchange.service.behaviour.next_on_full_last_page
    if len(records) > start + take or full:
        answer["next"] = cursor("connection", start + take)
    return answer


def _document(connection: Connection) -> Document:
    return {
        "id": connection.id,
        "options": {"brute_force_protection": True, "requires_username": connection.requires_username},
        "strategy": connection.strategy,
        "name": connection.name,
        "is_domain_connection": False,
        "realms": [connection.name],
    }
