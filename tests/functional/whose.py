"""Whose account it is, and in what state: tables with more columns than two, and accounts as a test looks at them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox import DEFAULT_CONNECTION
from tests.functional.job import Job, Result

Cell = str | int | None
Document = dict[str, Any]


def table(job: Job, columns: str, rows: Iterable[tuple[Cell, ...]]) -> None:
    """Replace the table of people by one with these columns, all of which the query returns."""
    names = columns.split()
    with closing(sqlite3.connect(job.database)) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS people")
        connection.execute(f"CREATE TABLE people ({', '.join(names)})")
        connection.executemany(f"INSERT INTO people VALUES ({', '.join('?' * len(names))})", rows)  # noqa: S608
    job.settings["USERS_DB_QUERY"] = "SELECT * FROM people"


def account(job: Job, email: str, connection: str = DEFAULT_CONNECTION) -> Document:
    """The one account of the connection that has this e-mail, as it is stored."""
    (found,) = (one for one in job.tenant.with_email(email) if one["identities"][0]["connection"] == connection)
    return found


def marks(job: Job, email: str) -> Document:
    """What the job has noted in an account."""
    noted: Document = account(job, email).get("app_metadata", {}).get("sync", {})
    return noted


def blocked(job: Job) -> set[str]:
    """The e-mails of the accounts that are blocked."""
    return {user["email"] for user in job.tenant.users.values() if user.get("blocked")}


def days_ago(days: int) -> str:
    """The ISO date of so many days ago."""
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


def blocked_by_us(job: Job, email: str, day: str, **attributes: Any) -> str:
    """An account that a run has blocked on this day, with the role viewer: its user id."""
    mark = {"sync": {"blocked_at": day}}
    return job.tenant.add_user(email, roles=("viewer",), blocked=True, app_metadata=mark, **attributes)


def another(job: Job, name: str, **settings: str) -> Job:
    """A second job on the same tenant and connection, with a source and a state of its own."""
    folder = job.folder / name
    folder.mkdir()
    return Job(folder, job.tenant, job.sandbox, {**settings})


def run_again(job: Job, *arguments: str, **settings: str) -> tuple[Result, list[str]]:
    """Run the job, and tell what this one run has written: `POST /api/v2/users` and the like."""
    before = len(job.sandbox.writes())
    result = job.run(*arguments, **settings)
    return result, [f"{entry.method} {entry.path}" for entry in job.sandbox.writes()[before:]]


def changes(result: Result) -> list[tuple[str, str | None]]:
    """(kind, e-mail) of all changes of the plan, in its order."""
    return [(change["kind"], change["email"]) for change in result.report["changes"]]


def reasons(result: Result, of: str = "held") -> dict[str, str]:
    """E-mail to the reason for which somebody is held or, with `of="protected"`, protected."""
    return {one["email"]: one["reason"] for one in result.report[of]}
