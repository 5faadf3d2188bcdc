"""Why there is no token of Entra ID, or why it is not taken: each in one sentence, without secrets."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from database.engine import database_url
from database.entra import brief
from database.failures import Explainer, SourceError
from database.users import Users
from tests.database.builders import fake_pyodbc
from tests.database.identity import TARGET, MetadataService, entra


def test_an_identity_that_the_machine_does_not_have_is_told(pyodbc: Any, service: MetadataService) -> None:
    service.refusal = "Identity not found"

    with pytest.raises(SourceError) as caught:
        Users(entra()).read()

    told = str(caught.value)
    assert told.startswith(f"{TARGET}: Entra ID gave no token (")
    assert told.endswith(
        "); set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, run where there is a managed identity, or "
        "use `az login`"
    )
    assert "(ManagedIdentityCredential: " in told  # and nothing of the others, which were not set up
    assert "Identity not found)" in told
    assert "\n" not in told
    assert pyodbc.calls == []


NOT_SET_UP = """DefaultAzureCredential failed to retrieve a token from the included credentials.
Attempted credentials:
\tEnvironmentCredential: authentication unavailable. Environment variables are not fully configured.
Visit https://aka.ms/x to troubleshoot this issue.
\tManagedIdentityCredential: ManagedIdentityCredential authentication unavailable.
\tAzureCliCredential: Azure CLI not found on path"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NOT_SET_UP, "tried EnvironmentCredential, ManagedIdentityCredential, AzureCliCredential, and none is set up"),
        (
            (
                "Attempted credentials:\n\tEnvironmentCredential: Authentication failed: AADSTS7000215: Invalid client "
                "secret provided. Trace ID: 123 Correlation ID: 4\nTo mitigate this, visit"
            ),
            "EnvironmentCredential: Authentication failed: AADSTS7000215: Invalid client secret provided.",
        ),
        ("a plain\nsentence\x1b[2J", "a plain sentence\\x1b[2J"),
        ("the secret hunter2 and eyJh.eyJi.sig are bad", "the secret *** and *** are bad"),
    ],
)
def test_what_azure_says_at_length_is_told_in_one_line_without_secrets(text: str, said: str) -> None:
    assert brief(ValueError(text), {"AZURE_CLIENT_SECRET": "hunter2"}) == said


def test_a_long_text_is_cut_short() -> None:
    assert len(brief(ValueError("long " * 10_000), {})) < 310


def test_without_azure_identity_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, pyodbc: Any) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)

    with pytest.raises(SourceError) as caught:
        Users(entra()).read()

    assert str(caught.value) == (
        "MSSQL_AD_LOGIN needs azure-identity, which is not installed: "
        "pip install --require-hashes -r requirements-entra.txt"
    )
    assert pyodbc.calls == []


MICROSOFT = "[Microsoft][ODBC Driver 18 for SQL Server]"
PRINCIPAL = "Login failed for user '<token-identified principal>'. (18456)"


@pytest.mark.parametrize(
    ("name", "state", "text", "said"),
    [
        (
            "InterfaceError",
            "28000",
            f"[28000] {MICROSOFT}[SQL Server]{PRINCIPAL}",
            (
                "the server took the token of Entra ID for nobody it knows (28000 [28000] "
                f"{MICROSOFT}[SQL Server]{PRINCIPAL}); run CREATE USER [its name] FROM EXTERNAL PROVIDER in hr, as an "
                "administrator from Entra ID"
            ),
        ),
        (
            "InterfaceError",
            "28000",
            f"[28000] {PRINCIPAL}; [28000] Cannot open database (4060)",
            (
                "the database hr does not exist there, or has no user for the identity from Entra ID; check "
                "MSSQL_DATABASE, or run CREATE USER [its name] FROM EXTERNAL PROVIDER in it"
            ),
        ),
        (
            "OperationalError",
            "08001",
            "[08001] certificate verify failed",
            (
                "the server's certificate is not trusted; install its authority's certificate on this machine, or set "
                "MSSQL_TRUST_SERVER_CERTIFICATE=true if you accept any"
            ),
        ),
    ],
)
def test_a_server_that_does_not_let_the_identity_in_is_told(
    monkeypatch: pytest.MonkeyPatch, service: MetadataService, name: str, state: str, text: str, said: str
) -> None:
    pyodbc = fake_pyodbc(lambda module: getattr(module, name)(state, text))
    monkeypatch.setitem(sys.modules, "pyodbc", pyodbc)

    with pytest.raises(SourceError) as caught:
        Users(entra()).read()

    assert str(caught.value) == f"{TARGET}: {said}"
    assert len(service.tokens) == 1


def test_a_table_that_the_identity_may_not_read_is_told() -> None:
    chosen = entra()
    explain = Explainer.of(chosen, database_url(chosen))

    told = explain.query(RuntimeError("[42000] The SELECT permission was denied on the object 'people' (229)"))

    assert str(told).startswith(f"{TARGET}: the identity from Entra ID may not read what the query asks for (")
