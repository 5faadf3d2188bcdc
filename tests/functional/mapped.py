"""People with any columns, and their accounts as Auth0 has them: for the tests of columns, profiles and renames."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from sandbox import LoggedRequest
from sandbox.profile import defaults_for
from tests.functional.job import Job, Result

LOGIN = {"username": "ann.berg"}
PROFILE: dict[str, Any] = {
    "name": "Ann Berg",
    "given_name": "Ann",
    "family_name": "Berg",
    "nickname": "annie",
    "picture": "https://pictures.x.io/ann.png",
    "phone_number": "+4930123456",
}
"""A text for each attribute that every connection may have."""
MEMBERS = "Members"
"""A database connection whose accounts have usernames."""
PASSWORDLESS = "email"
"""A connection whose accounts log in with a code by e-mail."""
_OF_AUTH0 = ("user_id", "identities", "created_at", "updated_at", "email")
_CHANGING = ("created_at", "updated_at")


def people(job: Job, *rows: dict[str, Any], types: dict[str, str] | None = None) -> None:
    """Replace the table of people. It has each column that a row names; a row that does not has NULL there.

    Who has no `role` is a viewer. `types`: what a column is declared to be; the others take whatever comes.
    """
    full = [row if "role" in map(str.lower, row) else {"role": "viewer", **row} for row in rows]
    columns = list(dict.fromkeys(name for row in full for name in row))
    declared = ", ".join(f'"{name}" {(types or {}).get(name, "")}' for name in columns)
    with closing(sqlite3.connect(job.database)) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS people")
        connection.execute(f"CREATE TABLE people ({declared})")
        places = ", ".join("?" * len(columns))
        connection.executemany(
            f"INSERT INTO people VALUES ({places})",  # noqa: S608 - question marks
            [[row.get(name) for name in columns] for row in full],
        )
    job.settings["USERS_DB_QUERY"] = "SELECT * FROM people"


def connected(job: Job, name: str) -> Job:
    """The job on a connection of its own: with usernames, or without passwords."""
    strategy = "auth0" if name == MEMBERS else name
    job.tenant.add_connection(name, strategy=strategy, requires_username=name == MEMBERS)
    job.settings["AUTH0_CONNECTION"] = name
    return job


def keyed(job: Job, email: str, key: object, **attributes: Any) -> str:
    """An account that a run has given a key before; returns its user id."""
    metadata = {**attributes.pop("app_metadata", {}), "sync": {"id": key}}
    roles = attributes.pop("roles", ("viewer",))
    return job.tenant.add_user(email, roles=roles, app_metadata=metadata, **attributes)


def record(job: Job, email: str) -> dict[str, Any]:
    """The account with this e-mail as the tenant has it; there must be one."""
    (found,) = (user for user in job.tenant.users.values() if user.get("email") == email)
    return found


def account(job: Job, email: str) -> dict[str, Any]:
    """The same without what Auth0 says by itself: ids, times, and the defaults that it makes of the e-mail."""
    found = record(job, email)
    defaults = defaults_for(found)
    return {
        name: copy.deepcopy(value)
        for name, value in found.items()
        if name not in _OF_AUTH0 and value != defaults.get(name)
    }


def key_of(job: Job, email: str, namespace: str = "sync") -> object:
    """The source's key that the account with this e-mail bears."""
    return record(job, email).get("app_metadata", {}).get(namespace, {}).get("id")


def emails(job: Job) -> dict[str, str]:
    """User id to e-mail, of all accounts."""
    return {user_id: user["email"] for user_id, user in job.tenant.users.items()}


def everything(job: Job) -> dict[str, tuple[dict[str, Any], set[str]]]:
    """User id to record and roles, without the times of changes."""
    return {
        user_id: (
            {name: copy.deepcopy(value) for name, value in user.items() if name not in _CHANGING},
            job.tenant.roles_of(user_id),
        )
        for user_id, user in job.tenant.users.items()
    }


def patches(job: Job) -> list[dict[str, Any]]:
    """The bodies of all requests that changed an account."""
    return [entry.body for entry in job.sandbox.log if (entry.method, entry.path) == ("PATCH", "/api/v2/users/{id}")]


def run_twice(job: Job, **settings: str) -> Result:
    """Run until everything is in agreement, and see that a second run has nothing left to write."""
    first = job.run(**settings)
    assert first.code == 0, first.said
    job.sandbox.clear_log()
    second = job.run(**settings)
    assert second.code == 0, second.said
    assert job.sandbox.writes() == []
    assert "Nothing to change." in second.stdout
    return first


def told(result: Result, email: str) -> str:
    """What the printed plan says from somebody's first change on, with single spaces for its lines and columns."""
    text = " ".join(result.stdout.split())
    return text[text.index(f" {email} ") :]


def reasons(result: Result) -> dict[str, str]:
    """E-mail to reason, of everybody held."""
    return {held["email"]: held["reason"] for held in result.report["held"]}


def once(method: str, path: str, act: Callable[[], object]) -> Callable[[LoggedRequest], None]:
    """A hook that acts at the first such request, when it was carried out and is not answered yet."""
    waiting = [act]

    def hook(entry: LoggedRequest) -> None:
        if waiting and (entry.method, entry.path) == (method, path):
            waiting.pop()()

    return hook


def after_reading(job: Job, act: Callable[[], object]) -> None:
    """Let somebody act when the run has read all accounts, and not yet changed one."""
    job.sandbox.before_answer = once("GET", "/api/v2/roles/{id}/users", act)
