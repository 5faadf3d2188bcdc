"""What an endpoint is given, and what it gives back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.behaviour import Behaviour
    from sandbox.clock import Clock
    from sandbox.jobs import Jobs
    from sandbox.tenant import Tenant
    from sandbox.views import View

JSON = "application/json"


@dataclass(slots=True, kw_only=True)
class Service:
    """The tenant and everything around it that an endpoint may use."""

    tenant: Tenant
    behaviour: Behaviour
    clock: Clock
    jobs: Jobs
    search: View
    members: View
    exported: View
    url: str = ""
    export_url: str = ""

    @property
    def audience(self) -> str:
        """The audience that a token must be asked for."""
        return self.tenant.audience or f"{self.url}/api/v2/"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file part of a multipart body."""

    content: bytes


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request that was routed, authorised and checked."""

    service: Service
    parameters: Mapping[str, str]
    """Decoded path parameters by name."""
    query: Mapping[str, str]
    arguments: Mapping[str, Any]
    """Checked and converted query parameters."""
    body: Any
    authorization: str | None = None
    content_length: int = 0

    @property
    def tenant(self) -> Tenant:
        """The tenant."""
        return self.service.tenant

    @property
    def id(self) -> str:
        """The `{id}` of the path."""
        return self.parameters["id"]

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return self.service.clock.time()


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and bytes of some type (None: no body at all)."""

    status: int
    payload: bytes | None = None
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    """What `payload` says, when it is JSON."""


def answer_json(document: object, status: int = HTTPStatus.OK) -> Answer:
    """A JSON answer. It is written out at once, so later changes of `document` do not show."""
    payload = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(int(status), payload, document=document)


def answer_nothing(status: int = HTTPStatus.NO_CONTENT) -> Answer:
    """An answer without a body."""
    return Answer(int(status))


def answer_text(text: str, content_type: str, status: int = HTTPStatus.OK) -> Answer:
    """An answer that is not JSON."""
    return Answer(int(status), text.encode(), content_type)
