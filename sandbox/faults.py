"""Things that go wrong on demand."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal[
    "status",
    "rate_limit",
    "drop_before",
    "drop_after",
    "status_after",
    "hang",
    "trickle",
    "html",
    "garbage",
    "truncate",
    "short_page",
    "empty_page",
    "truncated_export",
    "empty_export",
    "repeat_next",
    "job_failed",
    "job_pending",
]
KINDS: tuple[str, ...] = get_args(Kind)
EXPORT_PATH = "/exports/{name}"
_ON_LISTS = frozenset({"short_page", "empty_page"})
_ON_EXPORTS = frozenset({"truncated_export", "empty_export"})
_ON_JOBS = frozenset({"job_failed", "job_pending"})
_JOB_PATH = "/api/v2/jobs/{id}"
_MEMBERS_PATH = "/api/v2/roles/{id}/users"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of trouble, and the requests it befalls.

    `path` is a template such as `/api/v2/users/{id}/roles`; None matches every path (of those the kind
    makes sense for), as None in `method` matches every method. `where` is a part of the raw path with
    its query, or of the body. The first `after` matching requests pass, the next `times` are hit
    (None: all of them).
    """

    kind: Kind
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    after: int = 0
    where: str | None = None
    status: int = 500
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    variant: int = 1
    retry_after: float | None = None
    reset: Literal["normal", "absent", "past"] = "normal"
    applied: bool = False
    pause: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is not a kind of fault; known are {', '.join(KINDS)}.")

    def matches(self, method: str, template: str, *, lists: str | None, text: str) -> bool:
        """Whether this fault is about a request; `lists` is the key its answer keeps a list under."""
        if self.method not in (None, method) or self.path not in (None, template):
            return False
        if self.where is not None and self.where not in text:
            return False
        if self.kind in _ON_LISTS:
            return lists is not None
        if self.kind in _ON_EXPORTS:
            return template == EXPORT_PATH
        if self.kind in _ON_JOBS:
            return template == _JOB_PATH
        return self.kind != "repeat_next" or (template == _MEMBERS_PATH and "take=" in text)


class Faults:
    """The faults that are waiting, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[list[Any]] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its request."""
        with self._lock:
            self._waiting.append([fault, fault.after, fault.times])

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str, template: str, *, lists: str | None, text: str) -> Fault | None:
        """The fault that befalls this request, used up by one; every matching one counts it as seen."""
        with self._lock:
            for entry in self._waiting:
                fault, to_pass, left = entry
                if not fault.matches(method, template, lists=lists, text=text):
                    continue
                if to_pass > 0:
                    entry[1] -= 1
                    continue
                if left is not None:
                    entry[2] -= 1
                    if entry[2] <= 0:
                        self._waiting.remove(entry)
                hit: Fault = fault
                return hit
        return None
