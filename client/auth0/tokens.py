"""The client-credentials token: fetched when needed, renewed before it ends or when it is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from client.auth0.errors import Denied

# What Auth0's API description lists for the endpoints that a run uses. Its guides leave the role_members
# scopes out in places; a tenant that wants them would else refuse in the middle of a run.
READ_SCOPES = ("read:users", "read:roles", "read:role_members", "read:connections")
WRITE_SCOPES = (
    "create:users", "update:users", "delete:users", "update:roles", "create:role_members", "delete:role_members",
)  # fmt: skip

_EARLY = 60.0  # seconds before its end at which a token is not used any more


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the job identifies itself."""

    client_id: str
    client_secret: str = field(repr=False)
    audience: str


@dataclass(frozen=True, slots=True)
class Token:
    """A granted token. `ends` is of the monotonic clock."""

    value: str = field(repr=False)
    scopes: frozenset[str]
    ends: float


class Tokens:
    """One token for all threads."""

    def __init__(
        self, fetch: Callable[[], tuple[str, str, float]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`fetch` returns the token, its scopes (separated by spaces) and its lifetime in seconds."""
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def current(self) -> Token:
        """A token that is good for a while."""
        return self._get(stale=None)

    def renewed(self, stale: Token) -> Token:
        """Another token than `stale`, which Auth0 refused. Only one of many callers fetches it."""
        return self._get(stale=stale)

    def _get(self, stale: Token | None) -> Token:
        with self._lock:
            token = self._token
            if token is None or token is stale or token.ends <= self._clock():
                value, scopes, lifetime = self._fetch()
                early = min(_EARLY, lifetime / 2)
                token = Token(value, frozenset(scopes.split()), self._clock() + lifetime - early)
                self._token = token
            return token

    def missing(self, needed: Iterable[str]) -> list[str]:
        """The scopes of `needed` that are not granted. Auth0 always echoes what it grants."""
        granted = self.current().scopes
        return [scope for scope in needed if scope not in granted]

    def require(self, needed: Iterable[str]) -> None:
        """Raise `Denied`, naming what is missing, unless all of `needed` is granted."""
        if missing := self.missing(needed):
            raise Denied(
                f"the application lacks {', '.join(missing)}; grant this under Applications > APIs > "
                "Auth0 Management API > Machine to Machine Applications"
            )
