"""How the job logs in to the SQL Server: what that needs, and what does not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from config.settings import Settings


def is_freetds(driver: str) -> bool:
    """Whether an ODBC driver, by its name or its path, is FreeTDS, which has words of its own for most things."""
    return "tds" in PurePath(driver).name.lower()


def login_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """What is missing or too much among the settings, before they are parsed; a sentence each."""
    entra = _is_true(values.get("mssql_ad_login"))
    needed = ["mssql_server", "mssql_database"] + ([] if entra else ["mssql_username", "mssql_password"])
    if values.get("users_db_url"):
        if values.get("mssql_server"):
            yield "USERS_DB_URL: set either this or MSSQL_SERVER, not both"
        if entra:
            yield "MSSQL_AD_LOGIN: does not go with USERS_DB_URL; set MSSQL_SERVER and MSSQL_DATABASE instead"
        return
    for name in needed:
        if not values.get(name):
            yield f"{name.upper()}: is required (or USERS_DB_URL instead of all MSSQL_*)"
    if entra and values.get("mssql_password"):
        yield "MSSQL_PASSWORD: does not go with MSSQL_AD_LOGIN, which logs in with a token; take one of them away"
    if entra and is_freetds(str(values.get("mssql_driver") or Settings.model_fields["mssql_driver"].default)):
        yield "MSSQL_AD_LOGIN: FreeTDS takes no token; set MSSQL_DRIVER to Microsoft's ODBC driver"


def _is_true(text: object) -> bool:
    """As the settings will parse it; what they will refuse is no."""
    try:
        return TypeAdapter(bool).validate_python(text.strip() if isinstance(text, str) else text)
    except ValidationError:
        return False
