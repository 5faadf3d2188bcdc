"""One retrying way to Auth0: token, pace, timeouts, retries, errors. Read-only unless told otherwise."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import quote

from client.auth0.answers import is_busy, result
from client.auth0.errors import (
    Auth0Error,
    Denied,
    Malformed,
    NotFound,
    Rejected,
    Retriable,
    Uncertain,
    Where,
    WriteRefused,
)
from client.auth0.http import Answer, Call, Sessions
from client.auth0.pace import Pace
from client.auth0.retries import Retries
from client.auth0.tokens import Credentials, Token, Tokens
from client.auth0.traffic import Traffic
from client.phases import Budget
from client.stop import Stopped

logger = logging.getLogger(__name__)

Params = Mapping[str, str | int]
Sender = Callable[[Call], Answer]

_A_TOKEN = re.compile(r"[!-~]+")
_READING_POST = "/jobs/users-exports"  # it reads, although it is a POST


class Transport:
    """Requests to one tenant. Threads may share it."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        pace: Pace,
        retries: Retries,
        timeout: float = 30.0,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """`url`: scheme and host. `timeout`: seconds for one answer. `check` may raise to end the run.

        A new transport only reads; `for_writing` gives one that writes.
        """
        self.url, self.timeout, self.traffic = url, timeout, Traffic()
        self._credentials, self._pace, self._retries, self._check = credentials, pace, retries, check
        self._send: Sender = Sessions(check)
        self._read_only = True
        self.tokens = Tokens(self._fetch_token)

    def for_writing(self) -> Transport:
        """The same way to the same tenant, which also carries writes."""
        writing = copy.copy(self)
        writing._read_only = False  # noqa: SLF001 - a copy of our own
        return writing

    def through(self, send: Sender) -> Transport:
        """The same way to the same tenant, with the requests sent by `send` (the pool of processes)."""
        other = copy.copy(self)
        other._send = send  # noqa: SLF001 - a copy of our own
        return other

    def budget(self) -> Budget | None:
        """What the last answer said of the tenant's rate limit."""
        return self._pace.budget()

    def get(self, template: str, *, params: Params | None = None, **ids: str) -> Any:
        """Read. `template` is a path below /api/v2 such as `/users/{id}`; ids are escaped here."""
        return self.request("GET", template, params=params, ids=ids)

    def request(
        self,
        method: str,
        template: str,
        *,
        params: Params | None = None,
        body: Any = None,
        parts: Mapping[str, str | bytes] | None = None,
        recover: Callable[[], Any] | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request and return the JSON of its answer (None for 204). Raises `Auth0Error`.

        `recover` is for what must not be carried out twice. It is asked when a request may have been
        carried out although no usable answer came: it returns what the answer would have been, or None if
        the request was not carried out; only then is it sent again.
        """
        writes = method != "GET" and (method, template) != ("POST", _READING_POST)
        if self._read_only and writes:
            raise WriteRefused("this run only reads; nothing was sent", Where(method, template))
        try:
            path = template.format(**{name: quote(value, safe="") for name, value in (ids or {}).items()})
        except UnicodeEncodeError:
            raise Rejected("no URL can hold this id", Where(method, template)) from None
        url = f"{self.url}/api/v2{path}"
        call = Call(method, url, params or {}, body, parts or {}, timeout=self.timeout, writes=writes)

        def once() -> Any:
            try:
                return self._metered(f"{method} {template}", call)
            except (Uncertain, Malformed) as error:
                return self._recovered(error, recover) if recover else _raise(error)

        return self._retries.carry_out(once, self.traffic)

    def authenticate(self, path: str, body: Any) -> None:
        """Tell the Authentication API something: below the root, without a token, answered in words."""
        if self._read_only:
            raise WriteRefused("this run only reads; nothing was sent", Where("POST", path))
        call = Call("POST", f"{self.url}{path}", body=body, timeout=self.timeout, writes=True)
        secret = (self._credentials.client_secret,)
        self._retries.carry_out(
            lambda: result(self._paced(f"POST {path}", call), call, secret, in_words=True), self.traffic
        )

    def _recovered(self, error: Auth0Error, recover: Callable[[], Any]) -> Any:
        try:
            found = recover()
        except Stopped:
            raise error from None
        except Retriable as lookup:
            unsettled = f"{error.message}; whether it was carried out could not be found out ({lookup})"
            raise Auth0Error(unsettled, error.where) from None
        return found if found is not None else _raise(Uncertain(error.message, error.where))

    def _metered(self, endpoint: str, call: Call) -> Any:
        """One try: within the budget, with a token that is renewed once if it is refused."""
        token = self.tokens.current()
        answer = self._paced(endpoint, call, token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            token = self.tokens.renewed(token)
            answer = self._paced(endpoint, call, token)
        return result(answer, call, (self._credentials.client_secret, token.value))

    def _paced(self, endpoint: str, call: Call, token: Token | None = None) -> Answer:
        self._check()
        ticket = self._pace.acquire(endpoint)
        answer = self._sent(endpoint, replace(call, token=token.value) if token else call)
        refused = answer.status == HTTPStatus.TOO_MANY_REQUESTS
        if refused:
            self.traffic.answered_429()
        if answer.status == 0:
            self._pace.lost(ticket)
        else:
            self._pace.learn(ticket, answer.headers, refused=refused and not is_busy(answer))
        return answer

    def _sent(self, endpoint: str, call: Call) -> Answer:
        self.traffic.sent(endpoint)
        answer = self._send(call)
        self.traffic.answered(answer.headers)
        extra = {"event": "request_answered", "endpoint": endpoint, "status": answer.status}
        logger.debug("%s -> %s", endpoint, answer.status or answer.trouble, extra=extra)
        return answer

    def _fetch_token(self) -> tuple[str, str, float]:
        credentials = self._credentials
        body = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            "audience": credentials.audience,
        }
        call = Call("POST", f"{self.url}/oauth/token", body=body, timeout=self.timeout)
        try:
            granted = self._retries.carry_out(lambda: self._token_once(call), self.traffic)
        except (Denied, Rejected, NotFound) as error:
            hint = "check AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE and the application's grants"
            raise Denied(f"{error.message}; {hint}", error.where) from None
        except (Retriable, Malformed) as error:
            silent = error.where is None or error.where.status == 0 or isinstance(error, Malformed)
            if not silent or "AUTH0_URL" in error.message:
                raise
            raise type(error)(f"{error.message}; check AUTH0_URL", error.where) from None
        try:
            token, scopes, lifetime = granted["access_token"], str(granted.get("scope") or ""), granted["expires_in"]
            if _A_TOKEN.fullmatch(token):  # no header can carry anything else
                return token, scopes, float(lifetime)
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        raise Malformed("the answer holds no token", Where("POST", "/oauth/token", 200))

    def _token_once(self, call: Call) -> Any:
        self._check()
        return result(self._sent("POST /oauth/token", call), call, (self._credentials.client_secret,))


def _raise(error: Auth0Error) -> NoReturn:
    raise error
