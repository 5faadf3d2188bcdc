"""What was asked and answered, for tests and people to look at afterwards."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.exchange import Upload

_READS_BY_POST = frozenset({"/oauth/token", "/api/v2/jobs/users-exports"})
_HIDDEN = frozenset({"password", "client_secret", "password_hash", "custom_password_hash", "access_token"})


@dataclass(slots=True)
class LoggedRequest:
    """One request, logged when it arrives and completed when it is answered.

    `status` is 0 when the connection was dropped (or nothing was answered yet). Passwords and secrets
    in `body` are replaced by `***`, and the token is never kept.
    """

    method: str
    path: str
    """The template, such as `/api/v2/users/{id}/roles`; the path itself when nothing matches."""
    raw_path: str
    """Path and query string as sent."""
    query: dict[str, str]
    """A repeated parameter has its values joined by commas."""
    body: Any
    at: float
    """Seconds since the server started."""
    authorization: bool
    status: int = 0
    remaining: int | None = None
    """The x-ratelimit-remaining that was sent."""
    fault: str | None = None
    """The kind of fault that befell this request."""
    payload: bytes | None = field(default=None, repr=False)
    """The JSON that was answered, as sent."""

    @property
    def response(self) -> Any:
        """The JSON that was answered, or None."""
        return None if self.payload is None else json.loads(self.payload)

    @property
    def writes(self) -> bool:
        """Whether this request could change something."""
        return self.method != "GET" and self.path not in _READS_BY_POST

    def as_json(self) -> dict[str, Any]:
        """This entry as a JSON object."""
        entry = asdict(self)
        del entry["payload"]
        return entry | {"response": self.response}


def without_secrets(body: object) -> object:
    """`body` with every secret replaced by `***`, and the file of an import as the JSON it holds."""
    if isinstance(body, Upload):
        try:
            return without_secrets(json.loads(body.content))
        except ValueError:
            return body.content.decode(errors="replace")
    if isinstance(body, dict):
        return {
            name: "***" if name in _HIDDEN and value is not None else without_secrets(value)
            for name, value in body.items()
        }
    if isinstance(body, list):
        return [without_secrets(item) for item in body]
    return body
