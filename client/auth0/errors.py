"""What can go wrong with Auth0.

Auth0Error
├── Retriable      408, 429, 5xx and broken connections: it may go well the next time
│   └── Uncertain  the request may have been carried out although no answer came
├── Denied         401, 403: the token, or what it may do
├── NotFound       404
├── Conflict       409
├── Busy           429 that is no rate limit: as many import jobs are going on as the tenant carries out
├── Rejected       any other 4xx: the request itself is not accepted
└── Malformed      an answer that is not what the API promises; never taken for an empty one

Each carries method, path (without the query), status and Auth0's errorCode, and never a header or a secret.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """The request that went wrong. `path` is without the query; `status` is 0 where no answer came."""

    method: str
    path: str
    status: int = 0
    error_code: str = ""


class Auth0Error(Exception):
    """Something went wrong between us and Auth0."""

    def __init__(self, message: str, where: Where | None = None) -> None:
        """`message`: Auth0's own words, or ours, without secrets."""
        super().__init__(message)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        if self.where is None:
            return self.message
        status = f" -> {self.where.status}" if self.where.status else ""
        return f"{self.where.method} {self.where.path}{status}: {self.message}"


class Retriable(Auth0Error):
    """It may go well the next time. `wait`: seconds that Auth0 asked us to wait, if it did."""

    def __init__(self, message: str, where: Where | None = None, *, wait: float | None = None) -> None:
        super().__init__(message, where)
        self.wait = wait


class Uncertain(Retriable):
    """The request may or may not have been carried out."""


class Denied(Auth0Error):
    """The token is not accepted, or does not allow this."""


class NotFound(Auth0Error):
    """There is no such thing."""


class Conflict(Auth0Error):
    """There is such a thing already."""


class Busy(Auth0Error):
    """Auth0 does as much of this as it will at the same time; it may take minutes."""


class Rejected(Auth0Error):
    """Auth0 does not accept the request itself."""


class Malformed(Auth0Error):
    """The answer is not what the API promises."""


class WriteRefused(Auth0Error):
    """Our own transport refused to send a write: this run may only read."""
