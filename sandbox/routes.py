"""Which function answers which request, and what it asks of the caller first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from sandbox import schemas
from sandbox.checks import Rule, Shape
from sandbox.endpoints import connections, jobs, members, roles, tickets, token, users
from sandbox.exchange import Answer, Exchange
from sandbox.faults import EXPORT_PATH
from sandbox.limits import DELETE_USERS, OTHER, READ_CONNECTIONS, READ_USERS, WRITE_USERS
from sandbox.scopes import Need, all_of, any_of

API = "/api/v2"
USER_ROLES_PATH = f"{API}/users/{{id}}/roles"
CHANGE_PASSWORD_PATH = "/dbconnections/change_password"  # noqa: S105  (a path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An endpoint. Without `need` it takes no bearer token, and the plan's rate limits do not count it."""

    method: str
    path: str
    handler: Callable[[Exchange], Answer]
    need: Need | None = None
    lenient_need: Need | None = None
    """What the OpenAPI 403 text asks instead, where it differs."""
    group: str = OTHER
    query: Mapping[str, Rule] = field(default_factory=dict)
    body: Shape | None = None
    lists: str | None = None
    """The key that its answer keeps a list under."""


def _api(  # noqa: PLR0913  (one column each of the table below)
    method: str,
    path: str,
    handler: Callable[[Exchange], Answer],
    need: Need,
    *,
    lenient_need: Need | None = None,
    group: str = OTHER,
    query: Mapping[str, Rule] | None = None,
    body: Shape | None = None,
    lists: str | None = None,
) -> Route:
    return Route(
        method=method,
        path=API + path,
        handler=handler,
        need=need,
        lenient_need=lenient_need,
        group=group,
        query=query or {},
        body=body,
        lists=lists,
    )


_READ_ASSIGNMENTS = all_of("read:users", "read:roles", "read:role_members")
_READ_USER = any_of("read:users", "read:current_user", "read:user_idp_tokens")
_CHANGE_USER = any_of("update:users", "update:users_app_metadata", "update:current_user_metadata")
_READ_JOB = any_of("create:users", "read:users")
_TICKETS = any_of("create:user_tickets")
_CONNECTIONS = any_of("read:connections")

ROUTES = (
    Route(method="POST", path="/oauth/token", handler=token.create_token),
    Route(method="POST", path=CHANGE_PASSWORD_PATH, handler=tickets.mail_password_change),
    Route(method="GET", path=EXPORT_PATH, handler=jobs.download_export),
    _api(
        "GET",
        "/users",
        users.list_users,
        any_of("read:users"),
        group=READ_USERS,
        query=schemas.USERS_QUERY,
        lists="users",
    ),
    _api(
        "POST",
        "/users",
        users.create_user,
        any_of("create:users"),
        group=WRITE_USERS,
        body=schemas.CREATE_USER,
    ),
    _api("GET", "/users/{id}", users.get_user, _READ_USER, group=READ_USERS, query=schemas.FIELDS_QUERY),
    _api("PATCH", "/users/{id}", users.update_user, _CHANGE_USER, group=WRITE_USERS, body=schemas.UPDATE_USER),
    _api(
        "DELETE",
        "/users/{id}",
        users.delete_user,
        any_of("delete:users", "delete:current_user"),
        group=DELETE_USERS,
    ),
    _api(
        "GET",
        "/users-by-email",
        users.find_by_email,
        any_of("read:users"),
        group=READ_USERS,
        query=schemas.FIELDS_QUERY,
        lists="users",
    ),
    _api(
        "GET",
        "/users/{id}/roles",
        members.list_user_roles,
        _READ_ASSIGNMENTS,
        query=schemas.OFFSET_QUERY,
        lists="roles",
    ),
    _api(
        "POST",
        "/users/{id}/roles",
        members.add_user_roles,
        all_of("update:users", "create:role_members"),
        lenient_need=any_of("read:roles", "update:users"),
        body=schemas.ROLE_IDS,
    ),
    _api(
        "DELETE",
        "/users/{id}/roles",
        members.remove_user_roles,
        all_of("update:users", "delete:role_members"),
        lenient_need=any_of("update:users"),
        body=schemas.ROLE_IDS,
    ),
    _api(
        "POST",
        "/users/{id}/revoke-access",
        users.revoke_access,
        any_of("delete:sessions", "delete:refresh_tokens"),
        body=schemas.REVOKE_ACCESS,
    ),
    _api("GET", "/user-blocks/{id}", users.list_blocks, any_of("read:users"), query=schemas.BLOCKS_QUERY),
    _api("DELETE", "/user-blocks/{id}", users.delete_blocks, any_of("update:users")),
    _api("GET", "/roles", roles.list_roles, any_of("read:roles"), query=schemas.ROLES_QUERY, lists="roles"),
    _api("POST", "/roles", roles.create_role, any_of("create:roles"), body=schemas.CREATE_ROLE),
    _api("GET", "/roles/{id}", roles.get_role, any_of("read:roles")),
    _api("PATCH", "/roles/{id}", roles.update_role, any_of("update:roles"), body=schemas.UPDATE_ROLE),
    _api("DELETE", "/roles/{id}", roles.delete_role, any_of("delete:roles")),
    _api(
        "GET",
        "/roles/{id}/users",
        members.list_members,
        _READ_ASSIGNMENTS,
        lenient_need=all_of("read:users", "read:roles"),
        query=schemas.MEMBERS_QUERY,
        lists="users",
    ),
    _api(
        "POST",
        "/roles/{id}/users",
        members.add_members,
        all_of("update:roles", "create:role_members"),
        lenient_need=any_of("update:roles"),
        body=schemas.USER_IDS,
    ),
    _api(
        "GET",
        "/connections",
        connections.list_connections,
        _CONNECTIONS,
        group=READ_CONNECTIONS,
        query=schemas.CONNECTIONS_QUERY,
        lists="connections",
    ),
    _api(
        "GET",
        "/connections/{id}",
        connections.get_connection,
        _CONNECTIONS,
        group=READ_CONNECTIONS,
        query=schemas.FIELDS_QUERY,
    ),
    _api(
        "GET",
        "/connections/{id}/clients",
        connections.list_clients,
        _CONNECTIONS,
        group=READ_CONNECTIONS,
        query=schemas.CLIENTS_QUERY,
    ),
    _api("POST", "/jobs/users-exports", jobs.create_export, any_of("read:users"), body=schemas.EXPORT),
    _api("POST", "/jobs/users-imports", jobs.create_import, any_of("create:users")),
    _api(
        "POST",
        "/jobs/verification-email",
        jobs.send_verification,
        any_of("update:users"),
        body=schemas.VERIFICATION,
    ),
    _api("GET", "/jobs/{id}", jobs.get_job, _READ_JOB),
    _api("GET", "/jobs/{id}/errors", jobs.get_job_errors, _READ_JOB),
    _api(
        "POST",
        "/tickets/password-change",
        tickets.create_password_ticket,
        _TICKETS,
        body=schemas.PASSWORD_TICKET,
    ),
    _api(
        "POST",
        "/tickets/email-verification",
        tickets.create_email_ticket,
        _TICKETS,
        body=schemas.EMAIL_TICKET,
    ),
)


class Router:
    """Finds the route of a raw path. Segments are split before they are decoded, as ids hold slashes."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in ROUTES:
            segments = route.path.split("/")
            self._routes.setdefault((route.method, len(segments)), []).append((segments, route))

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its decoded parameters; `raw_path` is without the query string."""
        asked = raw_path.split("/")
        for segments, route in self._routes.get((method, len(asked)), ()):
            parameters: dict[str, str] = {}
            for segment, text in zip(segments, asked, strict=True):
                if segment.startswith("{"):
                    parameters[segment[1:-1]] = unquote(text)
                elif segment != text:
                    break
            else:
                return route, parameters
        return None
