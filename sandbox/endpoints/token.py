"""POST /oauth/token."""

from __future__ import annotations

from sandbox.exchange import Answer, Exchange, answer_json
from sandbox.tokens import issue


def create_token(exchange: Exchange) -> Answer:
    """A client_credentials token, for a JSON or a form body."""
    body = exchange.body if isinstance(exchange.body, dict) else {}
    return answer_json(issue(exchange.tenant, body, exchange.service.audience, exchange.now))
