"""An environment in which everything required is set, and settings loaded from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from config.loading import SettingsError, load
from config.settings import Settings

NOWHERE = Path("/nowhere/at/all")
REQUIRED: Mapping[str, str] = {
    "USERS_DB_QUERY": "SELECT email, role FROM people",
    "MSSQL_SERVER": "db.example",
    "MSSQL_DATABASE": "hr",
    "MSSQL_USERNAME": "reader",
    "MSSQL_PASSWORD": "hunter2-of-the-database",
    "AUTH0_URL": "https://example.eu.auth0.com",
    "AUTH0_CLIENT_ID": "client-1",
    "AUTH0_CLIENT_SECRET": "hunter2-of-auth0",
    "AUTH0_CONNECTION": "Users",
}


def environment(**changes: str | None) -> dict[str, str]:
    """The required settings with changes; None takes one away."""
    return {name: value for name, value in {**REQUIRED, **changes}.items() if value is not None}


def settings(**changes: str | None) -> Settings:
    """The settings of `environment(**changes)` alone."""
    return load(environment(**changes), secrets_dir=NOWHERE)


def faults(**changes: str | None) -> tuple[str, ...]:
    """What is wrong with `environment(**changes)`."""
    with pytest.raises(SettingsError) as caught:
        settings(**changes)
    return caught.value.faults


def env_file(folder: Path, text: str | bytes) -> Path:
    """An env file with the required settings of Auth0 and the database left out."""
    path = folder / "some.env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
