"""The settings for people: `.env.sample` and docs/settings.md, both made from `Settings` itself.

`python -m config.reference` rewrites both; a test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.settings import Settings

_ROOT = Path(__file__).resolve().parent.parent
_HEAD = """# Settings

<!-- made by python -m config.reference -->

They come from the environment, then from `.env` in the current folder (or `--env-file FILE`), then from files in
`/run/secrets` that are called like them. All faults are told at once, by name, and end a run with 78 before anything
is read. A matching pair of quotes around a value is taken off, as `docker run --env-file` leaves them; `${...}` in a
file stands for itself. A name that begins with `SYNC_`, `DB_COLUMN`, `DB_ROLE` or `CLIENT_IGNORE_` and is no setting is
a fault, so that a limit that is misspelt is not none. Lists are comma separated. `python main.py check` tries them.

Nine are enough to begin with: `USERS_DB_QUERY`, `MSSQL_SERVER`, `MSSQL_DATABASE`, `MSSQL_USERNAME`, `MSSQL_PASSWORD`,
`AUTH0_URL`, `AUTH0_CLIENT_ID`, `AUTH0_CLIENT_SECRET` and `AUTH0_CONNECTION`."""
_GROUPS = {
    "USERS_DB_QUERY": "The people: the query, and where to run it",
    "DB_COLUMN_EMAIL": "What the query's columns hold",
    "MSSQL_SERVER": "SQL Server",
    "AUTH0_URL": "Auth0",
    "CLIENT_IGNORE_USERS": "Protection",
    "SYNC_ON_MISSING": "What a run does",
    "SYNC_MAX_DELETES": "Limits",
    "SYNC_SOURCE_LOCK": "This machine",
    "SYNC_METRICS_FILE": "Watching",
    "LOG_LEVEL": "Logs",
}
_EXAMPLES = {  # what .env.sample sets: enough to begin with
    "USERS_DB_QUERY": '"SELECT email, role FROM dbo.app_users"',
    "MSSQL_SERVER": "db.example.com",
    "MSSQL_DATABASE": "people",
    "MSSQL_USERNAME": "auth0_sync",
    "MSSQL_PASSWORD": "",
    "AUTH0_URL": "https://example.eu.auth0.com",
    "AUTH0_CLIENT_ID": "",
    "AUTH0_CLIENT_SECRET": "",
    "AUTH0_CONNECTION": "Username-Password-Authentication",
}


def page() -> str:
    """The text of docs/settings.md: a table for each group."""
    lines = [_HEAD]
    for name, field in ((name.upper(), field) for name, field in Settings.model_fields.items()):
        if name in _GROUPS:
            lines += ["", f"## {_GROUPS[name]}", "", "| setting | default | |", "|---|---|---|"]
        default = "required" if field.is_required() else f"`{shown}`" if (shown := _default(field)) else "none"
        description = (field.description or "").replace("|", "\\|")  # a bar would begin the next cell
        lines.append(f"| `{name}` | {default} | {description} |")
    return "\n".join(lines) + "\n"


def sample() -> str:
    """The text of `.env.sample`."""
    lines = [
        "# Copy to .env and fill in. The real environment wins over this file, this file over /run/secrets.",
        "# What is commented out shows its default. `docker run --env-file` reads this file as well.",
    ]
    for name, field in ((name.upper(), field) for name, field in Settings.model_fields.items()):
        if name in _GROUPS:
            lines += ["", f"## {_GROUPS[name]}"]
        lines.append(f"# {field.description}")
        lines.append(f"{name}={_EXAMPLES[name]}" if name in _EXAMPLES else f"#{name}={_default(field)}")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{meaning}" for name, meaning in value.items())
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def main() -> None:
    """Rewrite both files."""
    (_ROOT / ".env.sample").write_text(sample(), encoding="utf-8")
    (_ROOT / "docs" / "settings.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
