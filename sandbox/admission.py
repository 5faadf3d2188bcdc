"""Whether a request may pass: by the buckets of the plan, or by those of the change-password mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.errors import AnsweredError, too_many_mails, too_many_requests
from sandbox.limits import OTHER, READ_USERS, WRITE_USERS, Limiter, MailLimits, Verdict
from sandbox.routes import API, CHANGE_PASSWORD_PATH, USER_ROLES_PATH, Route

if TYPE_CHECKING:
    from sandbox.exchange import Service


class Admission:
    """Takes each request out of the bucket that it counts towards, and says so in its answer."""

    def __init__(self, service: Service, limiter: Limiter | None, mails: MailLimits) -> None:
        self._service = service
        self._limiter = limiter
        self._mails = mails

    def verdict(self, route: Route | None, raw_path: str, body: Any, address: str) -> Verdict | None:
        """Whether a request may pass; None when nothing limits it."""
        if _is_mail(route):
            email = body.get("email") if isinstance(body, dict) else None
            return self._mails.admit(address, str(email).lower())
        if self._limiter is None or not raw_path.startswith(f"{API}/"):
            return None
        if route is None:
            return self._limiter.admit(OTHER)
        group = route.group
        if route.path == USER_ROLES_PATH and self._service.behaviour.self_service_roles_group == "users":
            group = READ_USERS if route.method == "GET" else WRITE_USERS
        return self._limiter.admit(group)

    def headers(self, verdict: Verdict, route: Route | None) -> dict[str, str]:
        """What an answer tells of the bucket, and a refusal of when to come again."""
        told = verdict.headers()
        if verdict.allowed:
            return told
        behaviour = self._service.behaviour
        wait = {"retry-after": str(max(1, round(verdict.reset - self._service.clock.time())))}
        if _is_mail(route):
            return wait if behaviour.reset_mail_429_headers == "retry-after" else told
        return told | wait if behaviour.retry_after_on_429 else told


def refusal(route: Route | None, variant: int = 1) -> AnsweredError:
    """The 429 of the API that a route belongs to; the Management API has several bodies."""
    return too_many_mails() if _is_mail(route) else too_many_requests(variant)


def _is_mail(route: Route | None) -> bool:
    return route is not None and route.path == CHANGE_PASSWORD_PATH
