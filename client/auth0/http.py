"""One HTTP exchange, as values: what goes out, what comes back. Small enough for a pool worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3
from requests.auth import AuthBase

from client.auth0.aside import aside
from client.stop import Stopped

_CONNECT_TIMEOUT = 10.0  # seconds at most; a tenant that takes longer to shake hands is not there
_READING = 4  # times the read timeout that a whole body may take: a server that trickles must not hold us
_GRACE = 2.0  # seconds that the answer to a write may still take when the run is to stop, which takes some itself
_CHUNK = 1 << 16
_NEVER_SENT = ("NewConnectionError", "NameResolutionError")
_KEPT_HEADERS = (
    "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "date", "content-type",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A request. What may hold a secret is kept out of `repr`."""

    method: str
    url: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    """Sent as JSON."""
    parts: Mapping[str, str | bytes] = field(default_factory=dict, repr=False)
    """Sent as a multipart form, if there are any: a text is a field, bytes are a file of JSON."""
    token: str = field(default="", repr=False)
    timeout: float = 30
    """Seconds to wait for the first byte, and between two."""
    writes: bool = False
    """Whether it changes something: then its answer is worth waiting for, even when the run is to stop."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is 0 when nothing usable did: then `trouble` says why."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    trouble: str = ""
    sent: bool = True
    """False when the request certainly never reached the server."""
    hopeless: bool = False
    """True when another try would end the same way."""


class Bearer(AuthBase):
    """Sets the token, or nothing at all. Without an `auth`, requests would send what a ~/.netrc has for the host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def exchange(session: requests.Session, call: Call) -> Answer:
    """Send `call` once. Never raises for anything that a network can do; follows no redirect."""
    try:
        with session.request(
            call.method,
            call.url,
            params=call.params,
            json=call.body,
            files={name: _part(name, value) for name, value in call.parts.items()},
            auth=Bearer(call.token),
            timeout=(min(_CONNECT_TIMEOUT, call.timeout), call.timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = _read(response, deadline=time.monotonic() + _READING * call.timeout)
            kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            return Answer(response.status_code, kept, body)
    except requests.exceptions.SSLError as error:
        return Answer(0, trouble=brief(error), sent=False, hopeless="CERTIFICATE_VERIFY_FAILED" in repr(error))
    except requests.exceptions.ConnectTimeout as error:
        return Answer(0, trouble=brief(error), sent=False)
    except requests.exceptions.ConnectionError as error:
        return Answer(0, trouble=brief(error), sent=not any(sign in repr(error) for sign in _NEVER_SENT))
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        return Answer(0, trouble=brief(error))
    except ValueError:  # its message shows what it is about, which may be a secret
        return Answer(0, trouble="the request holds something that cannot be sent", sent=False, hopeless=True)


def _part(name: str, value: str | bytes) -> tuple[None, str] | tuple[str, bytes, str]:
    return (None, value) if isinstance(value, str) else (f"{name}.json", value, "application/json")


def arriving(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes: what has arrived, without waiting for a whole chunk."""
    while part := response.raw.read1(_CHUNK, decode_content=True):
        yield part


def _read(response: requests.Response, *, deadline: float) -> bytes:
    parts = []
    for part in arriving(response):
        parts.append(part)
        if time.monotonic() > deadline:
            raise requests.exceptions.ReadTimeout
    return b"".join(parts)


class Sessions:
    """Sends from this process, in as many kept-alive sessions as there are requests in flight. Threads may share it."""

    def __init__(self, check: Callable[[], None] = lambda: None, *, grace: float = _GRACE) -> None:
        """`check` may raise `Stopped`; `grace`: seconds that the answer to a write may still take then."""
        self._check, self._grace = check, grace
        self._idle: list[requests.Session] = []  # the one that was used last is the next: it is the most alive

    def __call__(self, call: Call) -> Answer:
        """Send `call` once. Raises `Stopped` when the run is to stop before there is an answer to a read.

        A write may have been carried out, so its end is always told: the answer, or that there was none in time.
        """
        session = self._borrowed()
        try:
            answer = aside(lambda: exchange(session, call), self._check, grace=self._grace if call.writes else 0.0)
        except Stopped:
            if not call.writes:
                raise
            return Answer(0, trouble="the run was stopped before an answer came")
        self._idle.append(session)
        return answer

    def _borrowed(self) -> requests.Session:
        try:
            return self._idle.pop()
        except IndexError:
            return requests.Session()


def brief(error: BaseException) -> str:
    """A transport error in a few words, without the URL (which may be a signed one)."""
    text = repr(error)
    for sign, words in {
        "NameResolutionError": "the host name cannot be resolved",
        "Connection refused": "the connection was refused",
        "ConnectTimeout": "no connection within the time limit",
        "CERTIFICATE_VERIFY_FAILED": "the server's certificate is not trusted",
        "SSLError": "the TLS handshake failed",
        "ReadTimeout": "no answer within the time limit",
        "IncompleteRead": "the answer was cut off",
        "ProxyError": "the proxy did not let us through",
    }.items():
        if sign in text:
            return words
    return "the connection broke"
