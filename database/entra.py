"""Logging in with a token of Entra ID: it takes the place of user and password in each new connection."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sqlalchemy import Engine, event

from config.settings import Settings
from database.failures import Explainer, SourceError
from sync.text import visible

SCOPE = "https://database.windows.net/.default"
"""What a token is asked for: any database of SQL Server that trusts Entra ID."""
ACCESS_TOKEN = 1256
"""SQL_COPT_SS_ACCESS_TOKEN of Microsoft's driver, an attribute to be set before it connects."""
_NO_USER = ";Trusted_Connection=Yes"  # what SQLAlchemy writes for a URL without a user; the driver refuses it here
_SECRETS = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD")
_ATTEMPT = re.compile(r"^\t(\w+): (.+)$", re.MULTILINE)
_NOT_SET_UP = re.compile(
    r"not fully configured|authentication unavailable\.$|not found on path|is not installed|No accounts were found"
    r"|'azure-identity-broker'|could not be found"
)
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")


class Credential(Protocol):
    """Of azure.identity: what gives tokens, and keeps them as long as they are good."""

    def get_token(self, *scopes: str) -> Any:
        """An object whose `token` is the text."""


def log_in_with_tokens(
    engine: Engine,
    settings: Settings,
    explainer: Explainer,
    credential_for: Callable[[str | None], Credential] | None = None,
) -> None:
    """Give each new connection of `engine` a token of its own, if the settings want it so; does no I/O.

    `credential_for` makes the credential, once, for the client id of a managed identity or for none. The token is
    fetched where the connection is made, so whoever waits for the one waits for both. Raises `SourceError` when
    azure-identity is not installed, and the connecting does when there is no token.
    """
    if not settings.mssql_ad_login:
        return
    credential = (credential_for or default_credential)(settings.mssql_username)

    def provide(_dialect: object, _record: object, arguments: list[Any], keywords: dict[str, Any]) -> None:
        before, _, after = arguments[0].rpartition(_NO_USER)
        arguments[0] = before + after
        keywords["attrs_before"] = {ACCESS_TOKEN: packed(_token(credential, explainer.target))}

    event.listen(engine, "do_connect", provide)


def default_credential(client_id: str | None) -> Credential:
    """Whatever azure.identity finds: a service principal in `AZURE_*`, a managed identity, or `az login`."""
    try:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - only who logs in so has it
    except ImportError:
        raise SourceError(
            "MSSQL_AD_LOGIN needs azure-identity, which is not installed: "
            "pip install --require-hashes -r requirements-entra.txt"
        ) from None
    named = {"managed_identity_client_id": client_id} if client_id else {}  # None would hide AZURE_CLIENT_ID
    return DefaultAzureCredential(**named)


def packed(token: str) -> bytes:
    """The token as the driver takes it: UTF-16, little-endian, behind its length in bytes."""
    text = token.encode("utf-16-le")
    return struct.pack("<i", len(text)) + text


def _token(credential: Credential, target: str) -> str:
    try:
        return str(credential.get_token(SCOPE).token)
    except Exception as error:  # noqa: BLE001 - it asks many places, each with failures of its own
        raise SourceError(
            f"{target}: Entra ID gave no token ({brief(error, os.environ)}); set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
            "AZURE_CLIENT_SECRET, run where there is a managed identity, or use `az login`"
        ) from None


def brief(error: Exception, environ: Mapping[str, str]) -> str:
    """Why there was no token, in one line without secrets: what was refused or, if nothing was, what was tried."""
    text = str(error)
    attempts = _ATTEMPT.findall(text)
    made = [f"{name}: {said.removeprefix(name).strip()}" for name, said in attempts if not _NOT_SET_UP.search(said)]
    if attempts:
        text = "; ".join(made) or f"tried {', '.join(name for name, _ in attempts)}, and none is set up"
    for secret in filter(None, map(environ.get, _SECRETS)):
        text = text.replace(secret, "***")
    text = re.split(r"\s*(?:Trace ID:|Visit https:|To troubleshoot, visit)", _TOKEN.sub("***", text), maxsplit=1)[0]
    return visible(" ".join(text.split()), 300)
