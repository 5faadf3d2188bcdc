"""What an answer means: its JSON, or the error that it stands for. No secret gets into an error."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from client.auth0.errors import (
    Auth0Error,
    Busy,
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Rejected,
    Retriable,
    Uncertain,
    Where,
)
from client.auth0.http import Answer, Call
from client.auth0.pace import asked_wait
from sync.text import visible

_BY_STATUS: dict[int, type[Auth0Error]] = {401: Denied, 403: Denied, 404: NotFound, 409: Conflict}
_TOO_MANY_JOBS = b"active import"  # nothing else tells it from a rate limit
_RETRIABLE_STATUS = frozenset({408, 429, *range(500, 600)})


def result(answer: Answer, call: Call, secrets: Iterable[str], *, in_words: bool = False) -> Any:
    """The JSON of a good answer (None where there is none); raises the `Auth0Error` that a bad one stands for.

    `secrets` are taken out of whatever the server says, in case it echoes them. `in_words`: a good answer is plain
    text, which means nothing.
    """
    payload = _json(answer.body)
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        accepted = answer.status == HTTPStatus.ACCEPTED and not answer.body
        if answer.status == HTTPStatus.NO_CONTENT or accepted or payload is not None:
            return payload
        if in_words and _kind(answer) == "text/plain":
            return None
        raise Malformed(f"the answer is not JSON but {_kind(answer)}", _where(answer, call))
    known = payload if isinstance(payload, dict) else {}
    where = _where(answer, call, _without(secrets, str(known.get("errorCode") or ""), call))
    if answer.status == 0:
        trouble = Auth0Error if answer.hopeless else Uncertain if answer.sent else Retriable
        raise trouble(answer.trouble, where)
    told = known.get("message") or known.get("error_description") or known.get("error") or _kind(answer)
    message = _without(secrets, str(told), call)
    if is_busy(answer):
        raise Busy(message, where)
    if answer.status in _RETRIABLE_STATUS:
        kind = Retriable if answer.status == HTTPStatus.TOO_MANY_REQUESTS else Uncertain
        raise kind(message, where, wait=asked_wait(answer.headers))
    if answer.status < HTTPStatus.BAD_REQUEST:
        raise Malformed("the answer is a redirect; check AUTH0_URL", where)
    raise _BY_STATUS.get(answer.status, Rejected)(message, where)


def is_busy(answer: Answer) -> bool:
    """Whether this 429 is about too many import jobs, and no rate limit."""
    return answer.status == HTTPStatus.TOO_MANY_REQUESTS and _TOO_MANY_JOBS in answer.body


def _where(answer: Answer, call: Call, error_code: str = "") -> Where:
    return Where(call.method, urlsplit(call.url).path.removeprefix("/api/v2"), answer.status, error_code)


def _without(secrets: Iterable[str], text: str, call: Call) -> str:
    password = call.body.get("password", "") if isinstance(call.body, dict) else ""
    for secret in (*secrets, password):
        text = text.replace(secret, "***") if secret else text
    return visible(text, 300)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _kind(answer: Answer) -> str:
    return answer.headers.get("content-type", "of no known kind").partition(";")[0] if answer.body else "empty"
