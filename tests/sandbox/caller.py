"""A plain HTTP client for the sandbox, so that nothing clever stands between a test and the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

if TYPE_CHECKING:
    from sandbox import Sandbox

STRONG = "Correct-horse-7"


class Caller:
    """Calls the Management API with a bearer token."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.tenant = sandbox.tenant
        self.off_spec = False
        """Set by a test whose exchanges are meant to be outside the description."""
        self._session = requests.Session()
        self.log_in()

    def log_in(self) -> None:
        """Get a fresh token, and forget that this was logged."""
        answer = self.ask_for_token()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self.sandbox.clear_log()

    def ask_for_token(self, **changes: Any) -> requests.Response:
        """POST /oauth/token as JSON; a change to None leaves the property out."""
        body = {
            "grant_type": "client_credentials",
            "client_id": self.tenant.client_id,
            "client_secret": self.tenant.client_secret,
            "audience": self.sandbox.audience,
        } | changes
        sent = {name: value for name, value in body.items() if value is not None}
        return requests.post(f"{self.sandbox.url}/oauth/token", json=sent, timeout=5)

    def authorize(self, header: str | None) -> None:
        """Send this Authorization header from now on."""
        if header is None:
            self._session.headers.pop("Authorization", None)
        else:
            self._session.headers["Authorization"] = header

    def __call__(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        """Call a path below /api/v2."""
        url = f"{self.sandbox.url}/api/v2{path}"
        options.setdefault("timeout", 5)
        return self._session.request(method, url, json=body, **options)

    def import_users(self, content: bytes, **parts: str) -> requests.Response:
        """POST /jobs/users-imports."""
        return self("POST", "/jobs/users-imports", files={"users": ("users.json", content)}, data=parts)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def user_path(user_id: str, rest: str = "") -> str:
    """The path of an account."""
    return f"/users/{quote(user_id, safe='')}{rest}"


def emails(answer: requests.Response) -> list[str]:
    """The e-mails of a bare array of accounts."""
    return [account.get("email", "") for account in answer.json()]
