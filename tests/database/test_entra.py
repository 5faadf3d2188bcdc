"""Entra ID: a token in the place of user and password, a fresh one for each connection."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from config.settings import Settings
from database.engine import database_url, make_engine
from database.entra import ACCESS_TOKEN, SCOPE, default_credential, log_in_with_tokens, packed
from database.failures import Explainer, SourceError
from database.lock import SourceLock
from database.users import Users
from tests.config.builders import settings
from tests.database.identity import QUERY, TARGET, MetadataService, entra


class Answer:
    def __init__(self, token: str) -> None:
        self.token = token


class Wallet:
    """A credential whose tokens are numbered; `scopes` are those that were asked for."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.scopes: list[tuple[str, ...]] = []
        self.failure = failure

    def get_token(self, *scopes: str) -> Answer:
        self.scopes.append(scopes)
        if self.failure is not None:
            raise self.failure
        return Answer(f"token-{len(self.scopes)}")


def token_in(call: tuple[str, dict[str, Any]]) -> str:
    """The token that the driver got, as it reads it."""
    raw = call[1]["attrs_before"][ACCESS_TOKEN]
    assert int.from_bytes(raw[:4], "little") == len(raw) - 4
    return str(raw[4:].decode("utf-16-le"))


def names_in(text: str) -> set[str]:
    """The names of a connection string's parts."""
    return {name.upper() for name in re.findall(r"([^=;]+)=(?:\{(?:[^}]|\}\})*\}|[^;]*)", text)}


def connect(wallet: Wallet, times: int = 1, **changes: str | None) -> list[str | None]:
    """Connect so often; returns for whom a credential was made."""
    chosen, made = entra(**changes), list[str | None]()
    url = database_url(chosen)

    def credential_for(client_id: str | None) -> Wallet:
        made.append(client_id)
        return wallet

    engine = make_engine(url, login_timeout=7, query_timeout=11)
    log_in_with_tokens(engine, chosen, Explainer.of(chosen, url), credential_for)
    try:
        for connection in [engine.connect() for _ in range(times)]:
            connection.close()
    finally:
        engine.dispose()
    return made


def test_a_token_is_packed_as_the_driver_wants_it() -> None:
    assert packed("aB9.") == b"\x08\x00\x00\x00a\x00B\x009\x00.\x00"
    assert packed("") == b"\x00\x00\x00\x00"
    assert packed("x" * 2_000)[:4] == b"\xa0\x0f\x00\x00"  # 4,000 bytes


def test_each_connection_gets_a_token_of_its_own_from_one_credential(pyodbc: Any) -> None:
    wallet = Wallet()

    made = connect(wallet, times=2)

    assert made == [None]
    assert [token_in(call) for call in pyodbc.calls] == ["token-1", "token-2"]
    assert wallet.scopes == [("https://database.windows.net/.default",)] * 2


def test_the_connection_string_has_no_other_way_to_log_in(pyodbc: Any) -> None:
    connect(Wallet(), MSSQL_DATABASE="hr;Trusted_Connection=Yes", MSSQL_USERNAME="client-7")

    text, arguments = pyodbc.calls[0]
    assert names_in(text) == {"DRIVER", "SERVER", "DATABASE", "ENCRYPT", "TRUSTSERVERCERTIFICATE"}
    assert "Database={hr;Trusted_Connection=Yes};Encrypt=yes" in text
    assert arguments["timeout"] == 7
    assert "token-" not in text


def test_the_user_name_is_the_client_id_of_a_managed_identity(pyodbc: Any) -> None:
    assert connect(Wallet(), MSSQL_USERNAME="client-7") == ["client-7"]
    assert len(pyodbc.calls) == 1


def test_without_the_setting_nothing_is_different(pyodbc: Any) -> None:
    Users(settings(USERS_DB_QUERY=QUERY)).read()

    text, arguments = pyodbc.calls[0]
    assert {"UID", "PWD"} <= names_in(text)
    assert "attrs_before" not in arguments


def test_the_reader_and_the_lock_log_in_with_tokens_of_the_machines_identity(
    pyodbc: Any, service: MetadataService
) -> None:
    frame = Users(entra(MSSQL_USERNAME="client-7")).read()
    take_lock(entra())

    assert list(frame.columns) == ["email", "role"]
    assert [token_in(call) for call in pyodbc.calls] == service.tokens
    assert len(service.tokens) == 2
    assert [asked["resource"] for asked in service.asked] == ["https://database.windows.net"] * 2
    assert [asked.get("client_id") for asked in service.asked] == ["client-7", None]


def read_people(chosen: Settings) -> None:
    Users(chosen).read()


def take_lock(chosen: Settings) -> None:
    with SourceLock(chosen, "https://example.eu.auth0.com/Users").held():
        pass


@pytest.mark.parametrize("log_in", [read_people, take_lock])
def test_a_metadata_service_that_never_answers_ends_the_wait_when_the_login_timeout_is_over(
    pyodbc: Any, service: MetadataService, log_in: Callable[[Settings], None]
) -> None:
    service.silent.set()
    started = time.monotonic()

    with pytest.raises(SourceError) as caught:
        log_in(entra(MSSQL_LOGIN_TIMEOUT="1", MSSQL_QUERY_TIMEOUT="86400"))

    assert str(caught.value) == (
        f"{TARGET}: no answer within 1 s, from Entra ID or from the server; check MSSQL_SERVER and MSSQL_PORT, the "
        "firewall, and that both are up"
    )
    assert time.monotonic() - started < 10
    assert pyodbc.calls == []
    service.over.set()


def test_the_default_credential_keeps_what_the_environment_says_of_the_client(
    monkeypatch: pytest.MonkeyPatch, service: MetadataService
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "client-of-the-environment")

    default_credential(None).get_token(SCOPE)

    assert service.asked[0]["client_id"] == "client-of-the-environment"


@pytest.mark.parametrize("failure", [ValueError("no such tenant"), RuntimeError("boom"), OSError("away")])
def test_whatever_a_credential_raises_becomes_a_sentence(pyodbc: Any, failure: Exception) -> None:
    with pytest.raises(SourceError, match=f"Entra ID gave no token \\({failure}\\); set AZURE_TENANT_ID"):
        connect(Wallet(failure))

    assert pyodbc.calls == []
