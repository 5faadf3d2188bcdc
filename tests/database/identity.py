"""The metadata service of a machine in Azure: it gives its managed identity tokens, or refuses, or stays silent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from config.settings import Settings
from tests.config.builders import settings

_ELSEWHERE = (
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TOKEN_CREDENTIALS",
    "IDENTITY_ENDPOINT",
)


QUERY = "SELECT email, role FROM people"
TARGET = "SQL Server db.example:1433, database hr"  # as the settings of the tests name it
_ENTRA = {"MSSQL_AD_LOGIN": "true", "MSSQL_USERNAME": None, "MSSQL_PASSWORD": None, "USERS_DB_QUERY": QUERY}


def entra(**changes: str | None) -> Settings:
    """Settings that log in with Entra ID."""
    return settings(**{**_ENTRA, **changes})


class MetadataService:
    """Where azure-identity asks for the token of a managed identity. Each token is another.

    `refusal` is said instead of a token; while `silent` is set, nothing is said.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.tokens: list[str] = []
        self.refusal = ""
        self.silent = threading.Event()
        self.over = threading.Event()
        self.lifetime = 3600

    def answer(self, query: str) -> tuple[int, dict[str, str]]:
        self.asked.append({name: values[0] for name, values in parse_qs(query).items()})
        if self.silent.is_set():
            self.over.wait(60)
        if self.refusal:
            return 400, {"error": "invalid_request", "error_description": self.refusal}
        self.tokens.append(f"eyJhbGciOi.secret-token-{len(self.tokens)}.sig")
        token, resource = self.tokens[-1], self.asked[-1]["resource"]
        return 200, {
            "access_token": token, "expires_in": str(self.lifetime), "resource": resource, "token_type": "Bearer"
        }  # fmt: skip


@contextmanager
def metadata_service(patch: pytest.MonkeyPatch) -> Iterator[MetadataService]:
    """This machine is one with a managed identity meanwhile, and nothing else that has to do with Entra ID."""
    service = MetadataService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = service.answer(urlsplit(self.path).query)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    for name in _ELSEWHERE:
        patch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        patch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{server.server_port}")
        patch.setenv("no_proxy", "127.0.0.1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            service.over.set()
            server.shutdown()
            thread.join()
