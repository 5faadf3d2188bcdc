"""One retrying way to Auth0: token, pace, timeouts, retries, errors. Read-only unless told otherwise."""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from client.auth0.errors import (
    Auth0Error,
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Rejected,
    Retriable,
    Uncertain,
    Where,
    WriteRefused,
)
from client.auth0.http import Answer, Call, exchange, parse
from client.auth0.pace import Pace, asked_wait
from client.auth0.tokens import Token, Tokens
from client.stop import Stopped
from sync.text import visible

logger = logging.getLogger(__name__)

Params = Mapping[str, str | int]
Sender = Callable[[Call], Answer]

_LONGEST_WAIT = 30.0  # seconds between two tries, unless Auth0 asks for more
_TOTAL_WAIT = 300.0  # seconds that the tries of one request may wait altogether
_READING_POST = "/jobs/users-exports"  # it reads, although it is a POST
_BY_STATUS: dict[int, type[Auth0Error]] = {401: Denied, 403: Denied, 404: NotFound, 409: Conflict}
_RETRIABLE_STATUS = frozenset({408, 429, *range(500, 600)})


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently a request is tried again."""

    most: int = 5
    factor: float = 1.0
    """Seconds before the first retry; doubles with each."""
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(slots=True)
class Traffic:
    """What was asked of Auth0, for the report."""

    by_endpoint: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    refused: int = 0
    """Answers with status 429."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, endpoint: str) -> None:
        """Note a request, such as `GET /users`."""
        with self._lock:
            self.by_endpoint[endpoint] += 1

    def retried(self) -> None:
        """Note that a request is tried once more."""
        with self._lock:
            self.retries += 1

    def answered_429(self) -> None:
        """Note that the tenant's rate limit was met."""
        with self._lock:
            self.refused += 1


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the job identifies itself."""

    client_id: str
    client_secret: str = field(repr=False)
    audience: str


class Sessions:
    """Sends from this process: one kept-alive session per thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def __call__(self, call: Call) -> Answer:
        """Send `call` once."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        return exchange(self._local.session, call)


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
        self._send: Sender = Sessions()
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
        recover: Callable[[], Any] | None = None,
        ids: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request and return the JSON of its answer (None for 204). Raises `Auth0Error`.

        `recover` is for what must not be carried out twice. It is asked when a request may have been
        carried out although no usable answer came: it returns what the answer would have been, or None if
        the request was not carried out; only then is it sent again.
        """
        if self._read_only and method != "GET" and (method, template) != ("POST", _READING_POST):
            raise WriteRefused("this run only reads; nothing was sent", Where(method, template))
        path = template.format(**{name: quote(value, safe="") for name, value in (ids or {}).items()})
        call = Call(method, f"{self.url}/api/v2{path}", params or {}, body, timeout=self.timeout)

        def once() -> Any:
            try:
                return self._metered(f"{method} {template}", call)
            except (Uncertain, Malformed) as error:
                return self._recovered(error, recover) if recover else _raise(error)

        return self._repeating(once)

    def _recovered(self, error: Auth0Error, recover: Callable[[], Any]) -> Any:
        try:
            found = recover()
        except Stopped:
            raise error from None
        except Retriable as lookup:
            unsettled = f"{error.message}; whether it was carried out could not be found out ({lookup})"
            raise Auth0Error(unsettled, error.where) from None
        return found if found is not None else _raise(Uncertain(error.message, error.where))

    def _repeating(self, once: Callable[[], Any]) -> Any:
        """Carry `once` out, again and again while there is hope; the last error comes through as itself."""
        retrying = Retrying(
            retry=retry_if_exception_type(Retriable),
            wait=self._wait,
            stop=self._enough,
            sleep=self._retries.sleep,
            before_sleep=self._tell,
            reraise=True,
        )
        errors: list[Auth0Error] = []

        def remembered() -> Any:
            try:
                return once()
            except Auth0Error as error:
                errors.append(error)
                raise

        try:
            return retrying(remembered)
        except Stopped as stopped:
            raise errors[-1] if errors else stopped from None

    def _wait(self, state: RetryCallState) -> float:
        backoff: float = min(self._retries.factor * 2 ** (state.attempt_number - 1), _LONGEST_WAIT)
        backoff *= 0.5 + self._retries.jitter() / 2
        error = _error_of(state)
        return max(backoff, error.wait or 0.0) if isinstance(error, Retriable) else backoff

    def _enough(self, state: RetryCallState) -> bool:
        return state.attempt_number > self._retries.most or state.idle_for + state.upcoming_sleep > _TOTAL_WAIT

    def _tell(self, state: RetryCallState) -> None:
        self.traffic.retried()
        logger.info("%s; trying again in %.1f s", _error_of(state), state.upcoming_sleep)

    def _metered(self, endpoint: str, call: Call) -> Any:
        """One try: within the budget, with a token that is renewed once if it is refused."""
        token = self.tokens.current()
        answer = self._paced(endpoint, call, token)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            token = self.tokens.renewed(token)
            answer = self._paced(endpoint, call, token)
        return self._result(answer, call, token.value)

    def _paced(self, endpoint: str, call: Call, token: Token) -> Answer:
        self._check()
        ticket = self._pace.acquire(endpoint)
        answer = self._sent(endpoint, replace(call, token=token.value))
        refused = answer.status == HTTPStatus.TOO_MANY_REQUESTS
        if refused:
            self.traffic.answered_429()
        if answer.status == 0:
            self._pace.lost(ticket)
        else:
            self._pace.learn(ticket, answer.headers, refused=refused)
        return answer

    def _sent(self, endpoint: str, call: Call) -> Answer:
        self.traffic.sent(endpoint)
        answer = self._send(call)
        logger.debug("%s -> %s", endpoint, answer.status or answer.trouble)
        return answer

    def _result(self, answer: Answer, call: Call, *secrets: str) -> Any:
        """The JSON of a good answer; raises the error that a bad one stands for."""
        payload = _json(answer.body)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            if answer.status == HTTPStatus.NO_CONTENT or payload is not None:
                return payload
            raise Malformed(f"the answer is not JSON but {_kind(answer)}", self._where(answer, call))
        known = payload if isinstance(payload, dict) else {}
        error_code = self._without_secrets(str(known.get("errorCode") or ""), call, secrets)
        where = self._where(answer, call, error_code)
        if answer.status == 0:
            trouble = Auth0Error if answer.hopeless else Uncertain if answer.sent else Retriable
            raise trouble(answer.trouble, where)
        told = known.get("message") or known.get("error_description") or known.get("error") or _kind(answer)
        message = self._without_secrets(str(told), call, secrets)
        if answer.status in _RETRIABLE_STATUS:
            kind = Retriable if answer.status == HTTPStatus.TOO_MANY_REQUESTS else Uncertain
            raise kind(message, where, wait=asked_wait(answer.headers))
        if answer.status < HTTPStatus.BAD_REQUEST:
            raise Malformed("the answer is a redirect; check AUTH0_URL", where)
        raise _BY_STATUS.get(answer.status, Rejected)(message, where)

    def _where(self, answer: Answer, call: Call, error_code: str = "") -> Where:
        path = urlsplit(call.url).path.removeprefix("/api/v2")
        return Where(call.method, path, answer.status, error_code)

    def _without_secrets(self, text: str, call: Call, secrets: Iterable[str]) -> str:
        password = call.body.get("password", "") if isinstance(call.body, dict) else ""
        for secret in (self._credentials.client_secret, password, *secrets):
            text = text.replace(secret, "***") if secret else text
        return visible(text, 300)

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
            granted = self._repeating(lambda: self._token_once(call))
        except (Denied, Rejected, NotFound) as error:
            hint = "check AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET, AUTH0_AUDIENCE and the application's grants"
            raise Denied(f"{error.message}; {hint}", error.where) from None
        except (Retriable, Malformed) as error:
            silent = error.where is None or error.where.status == 0 or isinstance(error, Malformed)
            if not silent or "AUTH0_URL" in error.message:
                raise
            raise type(error)(f"{error.message}; check AUTH0_URL", error.where) from None
        try:
            return str(granted["access_token"]), str(granted.get("scope") or ""), float(granted["expires_in"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Malformed("the answer holds no token", Where("POST", "/oauth/token", 200)) from None

    def _token_once(self, call: Call) -> Any:
        self._check()
        return self._result(self._sent("POST /oauth/token", call), call)


def _raise(error: Auth0Error) -> NoReturn:
    raise error


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _json(body: bytes) -> Any:
    try:
        return parse(body)
    except ValueError:
        return None


def _kind(answer: Answer) -> str:
    return answer.headers.get("content-type", "of no known kind").partition(";")[0] if answer.body else "empty"
