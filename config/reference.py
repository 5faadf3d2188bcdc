"""The settings for people: `.env.sample` and the table of the README, both made from `Settings` itself.

`python -m config.reference` rewrites both; a test keeps them equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.settings import Settings

_ROOT = Path(__file__).resolve().parent.parent
_BEGIN, _END = "<!-- settings: made by python -m config.reference -->", "<!-- end of settings -->"
_GROUPS = {
    "USERS_DB_QUERY": "The people: the query, and where to run it",
    "DB_COLUMN_EMAIL": "What the query's columns hold",
    "MSSQL_SERVER": "SQL Server",
    "AUTH0_URL": "Auth0",
    "CLIENT_IGNORE_USERS": "Protection",
    "SYNC_ON_MISSING": "What a run does",
    "SYNC_MAX_DELETES": "Limits",
    "SYNC_STATE_DIR": "This machine",
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


def table() -> str:
    """The settings as a Markdown table."""
    lines = ["| setting | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "required" if field.is_required() else f"`{shown}`" if (shown := _default(field)) else "none"
        description = (field.description or "").replace("|", "\\|")  # a bar would begin the next cell
        lines.append(f"| `{name.upper()}` | {default} | {description} |")
    return "\n".join(lines)


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


def with_table(readme: str) -> str:
    """The README's text with the table of today between its marks."""
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


def main() -> None:
    """Rewrite both files."""
    (_ROOT / ".env.sample").write_text(sample(), encoding="utf-8")
    readme = _ROOT / "README.md"
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
