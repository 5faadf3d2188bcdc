"""The way that comes to mind first, written with care: `python -m bench.naive` makes a tenant agree with a query.

Every page of users, the roles of every user one by one, and a request for each account and each role that comes
or goes. Four processes, each with one kept-alive session; who is told to wait waits until the tenant says.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from typing import Any
from urllib.parse import quote

import pandas as pd
import requests
import sqlalchemy

_PROCESSES = 4
_PAGE = 100
_TRIES = 20
_CHUNK = 8

_session = requests.Session()
_url = os.environ.get("AUTH0_URL", "")


def ask(method: str, path: str, **options: Any) -> Any:
    """The JSON of an answer. Tries again after a 429, when the tenant says that it may."""
    for attempt in range(_TRIES):
        answer = _session.request(method, _url + path, timeout=60, **options)
        if answer.status_code != requests.codes.too_many_requests:
            answer.raise_for_status()
            return answer.json() if answer.content else None
        until_reset = float(answer.headers.get("x-ratelimit-reset", 0)) - time.time()
        wait = float(answer.headers.get("retry-after", until_reset))
        time.sleep(min(max(wait, 0.0) + 0.05 * attempt, 60))
    raise RuntimeError(f"{method} {path} was answered with 429 {_TRIES} times")


def pages(path: str, key: str) -> list[dict[str, Any]]:
    """All records of a list that has pages."""
    found: list[dict[str, Any]] = []
    total = 1
    while len(found) < total:
        params = {"page": len(found) // _PAGE, "per_page": _PAGE, "include_totals": "true"}
        answer = ask("GET", path, params=params)
        found += answer[key]
        total = answer["total"]
    return found


def roles_of(user_id: str) -> tuple[str, set[str]]:
    """A user and the ids of their roles."""
    return user_id, {role["id"] for role in ask("GET", roles_path(user_id))}


def create(email: str) -> tuple[str, str]:
    """Make an account; its e-mail and its id."""
    body = {"connection": os.environ["AUTH0_CONNECTION"], "email": email, "verify_email": False}
    return email, ask("POST", "/api/v2/users", json=body | {"password": f"Aa1!{os.urandom(16).hex()}"})["user_id"]


def give_or_take(method: str, user_id: str, role_id: str) -> None:
    """Give (POST) or take (DELETE) one role."""
    ask(method, roles_path(user_id), json={"roles": [role_id]})


def delete(user_id: str) -> None:
    """Delete one account."""
    ask("DELETE", f"/api/v2/users/{quote(user_id, safe='')}")


def roles_path(user_id: str) -> str:
    """Where the roles of a user are."""
    return f"/api/v2/users/{quote(user_id, safe='')}/roles"


def begin(token: str) -> None:
    """Give this process a session of its own."""
    global _session  # noqa: PLW0603 - what a process inherits has its parent's connection
    _session = requests.Session()
    _session.trust_env = False  # no ~/.netrc in place of the token
    _session.headers["Authorization"] = f"Bearer {token}"


def main() -> None:
    """Read everything, then create, give, take and delete."""
    environ = os.environ
    frame = pd.read_sql(environ["USERS_DB_QUERY"], sqlalchemy.create_engine(environ["USERS_DB_URL"]))
    login = {name: environ[f"AUTH0_{name.upper()}"] for name in ("client_id", "client_secret")}
    body = {"grant_type": "client_credentials", "audience": f"{_url}/api/v2/", **login}
    token = ask("POST", "/oauth/token", json=body)["access_token"]
    begin(token)
    role_ids = {role["name"]: role["id"] for role in pages("/api/v2/roles", "roles")}
    wanted: dict[str, set[str]] = {}
    for email, name in frame[["email", "role"]].itertuples(index=False):
        wanted.setdefault(email, set()).add(role_ids[name])
    users = {
        user["email"]: user["user_id"]
        for user in pages("/api/v2/users", "users")
        if user["identities"][0]["connection"] == environ["AUTH0_CONNECTION"]
    }
    with multiprocessing.Pool(_PROCESSES, begin, [token]) as pool:
        has = dict(pool.imap_unordered(roles_of, users.values(), _CHUNK))
        made = dict(pool.imap_unordered(create, [email for email in wanted if email not in users], _CHUNK))
        staying = [(user_id, wanted.get(email), has.get(user_id, set())) for email, user_id in (users | made).items()]
        given = [("POST", user_id, role) for user_id, roles, had in staying if roles for role in roles - had]
        taken = [("DELETE", user_id, role) for user_id, roles, had in staying if roles for role in had - roles]
        pool.starmap(give_or_take, given, _CHUNK)
        pool.starmap(give_or_take, taken, _CHUNK)
        pool.map(delete, [user_id for email, user_id in users.items() if email not in wanted], _CHUNK)


if __name__ == "__main__":
    main()
