"""From a request to its answer: route, limit, fault, token, scope, checks, endpoint, log."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sandbox.admission import refusal
from sandbox.alterations import altered, with_strangers
from sandbox.checks import check_body, check_query
from sandbox.errors import AnsweredError, ApiError, not_found
from sandbox.exchange import Answer, Exchange, answer_json, answer_text
from sandbox.limits import Verdict
from sandbox.log import LoggedRequest, without_secrets
from sandbox.routes import Router
from sandbox.tokens import scopes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.admission import Admission
    from sandbox.exchange import Service
    from sandbox.faults import Fault, Faults
    from sandbox.routes import Route

UNREADABLE = object()
"""The body of a request whose JSON, form or multipart could not be read."""
_HTML = "<!DOCTYPE html><html><body><h1>One moment, please</h1></body></html>"
_GARBAGE = '{"users": [{"user_id": "auth0|'
_INSTEAD = frozenset({"status", "rate_limit", "drop_before", "html", "garbage"})
_BURST_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request as it came over the wire, its body parsed."""

    method: str
    raw_path: str
    body: Any
    text: str
    """The body as text, for faults to look into."""
    authorization: str | None
    content_length: int
    address: str = ""
    """The IP address that it comes from."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be sent; `fault` says how, if not simply."""

    answer: Answer
    entry: LoggedRequest
    fault: Fault | None


class Application:
    """Answers requests. It knows nothing of sockets."""

    def __init__(self, service: Service, faults: Faults, admission: Admission, log: list[LoggedRequest]) -> None:
        self._service = service
        self._faults = faults
        self._admission = admission
        self._log = log
        self._router = Router()
        self._started = service.clock.time()

    def respond(self, incoming: Incoming) -> Outcome:
        """Log the request, do what it asks, complete its log entry."""
        raw_path, _, raw_query = incoming.raw_path.partition("?")
        query = _parsed_query(raw_query)
        found = self._router.find(incoming.method, raw_path)
        route, parameters = found or (None, {})
        entry = LoggedRequest(
            method=incoming.method,
            path=route.path if route is not None else raw_path,
            raw_path=incoming.raw_path,
            query=query,
            body=None if incoming.body is UNREADABLE else without_secrets(incoming.body),
            at=self._service.clock.time() - self._started,
            authorization=incoming.authorization is not None,
        )
        self._log.append(entry)
        verdict = self._admission.verdict(route, raw_path, incoming.body, incoming.address)
        if verdict is not None and not verdict.allowed:
            answer, fault = _refused(route), None
        else:
            fault = self._fault(incoming, entry.path, route)
            answer = self._answer(incoming, route, parameters, query, fault)
        answer = self._finished(answer, verdict, fault, route)
        _complete(entry, answer, fault)
        return Outcome(answer, entry, fault)

    def _answer(
        self,
        incoming: Incoming,
        route: Route | None,
        parameters: Mapping[str, str],
        query: Mapping[str, str],
        fault: Fault | None,
    ) -> Answer:
        if fault is not None and (fault.kind in _INSTEAD or (fault.kind == "hang" and not fault.applied)):
            return self._instead(fault, route)
        with self._service.tenant.lock:
            answer = self._genuine(incoming, route, parameters, query)
        if fault is None or route is None:
            return answer
        if fault.kind == "status_after":
            return self._instead(fault, route)
        succeeded = answer.status < HTTPStatus.BAD_REQUEST
        return altered(answer, fault, route.lists, query) if succeeded else answer

    def _genuine(
        self, incoming: Incoming, route: Route | None, parameters: Mapping[str, str], query: Mapping[str, str]
    ) -> Answer:
        try:
            if route is None:
                raise not_found()
            return self._handled(incoming, route, parameters, query)
        except AnsweredError as error:
            return answer_json(error.body, error.status)

    def _handled(
        self, incoming: Incoming, route: Route, parameters: Mapping[str, str], query: Mapping[str, str]
    ) -> Answer:
        service = self._service
        now = service.clock.time()
        service.jobs.advance(now)
        if route.need is not None:
            held = scopes_of(service.tenant, incoming.authorization, now)
            lenient = None if service.behaviour.require_role_member_scopes else route.lenient_need
            (lenient or route.need).check(held)
        arguments = check_query(query, route.query)
        body = incoming.body
        if body is UNREADABLE and route.body is not None:
            message = "Invalid request payload JSON format"
            raise ApiError(HTTPStatus.BAD_REQUEST, message)
        if route.body is not None:
            body = check_body({} if body is None else body, route.body)
        exchange = Exchange(
            service=service,
            parameters=parameters,
            query=query,
            arguments=arguments,
            body=body,
            authorization=incoming.authorization,
            content_length=incoming.content_length,
        )
        return route.handler(exchange)

    def _fault(self, incoming: Incoming, template: str, route: Route | None) -> Fault | None:
        if not self._faults:
            return None
        lists = route.lists if route is not None else None
        text = f"{incoming.raw_path}\n{incoming.text}"
        return self._faults.take(incoming.method, template, lists=lists, text=text)

    def _instead(self, fault: Fault, route: Route | None) -> Answer:
        if fault.kind == "html":
            return answer_text(_HTML, "text/html")
        if fault.kind == "garbage":
            return answer_text(_GARBAGE, "application/json")
        if fault.kind == "rate_limit":
            waiting = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
            return replace(
                _refused(route, fault.variant),
                headers={**self._limit_headers(fault), **waiting, **fault.headers},
            )
        if fault.body is not None:
            return replace(answer_json(fault.body, fault.status), headers=fault.headers)
        error = ApiError(fault.status, None)
        return replace(answer_json(error.body, error.status), headers=fault.headers)

    def _limit_headers(self, fault: Fault) -> dict[str, str]:
        if fault.reset == "absent":
            return {}
        now = self._service.clock.time()
        reset = int(now) - 60 if fault.reset == "past" else int(now) + 1
        return Verdict(allowed=False, limit=_BURST_TOLD, remaining=0, reset=reset).headers()

    def _finished(self, answer: Answer, verdict: Verdict | None, fault: Fault | None, route: Route | None) -> Answer:
        if self._service.behaviour.unknown_keys and answer.document is not None:
            answer = replace(answer_json(with_strangers(answer.document), answer.status), headers=answer.headers)
        now = formatdate(self._service.clock.time(), usegmt=True)
        answer = replace(answer, headers={"date": now, **answer.headers})
        if verdict is None or (fault is not None and fault.kind == "rate_limit"):
            return answer
        return replace(answer, headers={**self._admission.headers(verdict, route), **answer.headers})


def _refused(route: Route | None, variant: int = 1) -> Answer:
    error = refusal(route, variant)
    return answer_json(error.body, error.status)


def _complete(entry: LoggedRequest, answer: Answer, fault: Fault | None) -> None:
    if fault is not None:
        entry.fault = fault.kind
        if fault.kind in {"drop_before", "drop_after", "hang"}:
            return
    entry.status = answer.status
    remaining = answer.headers.get("x-ratelimit-remaining")
    entry.remaining = None if remaining is None else int(remaining)
    if answer.document is not None:
        secret = isinstance(answer.document, dict) and "access_token" in answer.document
        entry.payload = json.dumps(without_secrets(answer.document)).encode() if secret else answer.payload


def _parsed_query(raw_query: str) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


def parsed_json(content: bytes) -> Any:
    """A JSON body; None when empty, UNREADABLE when it is none."""
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return UNREADABLE
