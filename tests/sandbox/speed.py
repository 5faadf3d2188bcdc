"""How many requests a second the sandbox carries: `python -m tests.sandbox.speed`.

Four client processes speak plain HTTP/1.1 over a kept-alive socket each, so that what is measured is
the server and not a client library. Server and clients share the machine.
"""

from __future__ import annotations

import multiprocessing
import socket
import sys
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import requests

from sandbox import Sandbox, Tenant

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

PEOPLE: Final = 1000
CLIENTS: Final = 4
SECONDS: Final = 3.0


def main() -> int:
    """Print a line per kind of request."""
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.Queue[tuple[str, str, list[str]]] = context.Queue()
    done = context.Event()
    server = context.Process(target=serve, args=(ready, done))
    server.start()
    url, token, user_ids = ready.get()
    roles = [f"/api/v2/users/{quote(user_id, safe='')}/roles" for user_id in user_ids]
    pages = [f"/api/v2/users?per_page=100&include_totals=true&page={page}" for page in range(10)]
    for name, paths in (("GET /users/{id}/roles", roles), ("GET /users, 100 to a page", pages)):
        counts: multiprocessing.Queue[int] = context.Queue()
        clients = [context.Process(target=ask, args=(url, token, paths, counts)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        total = sum(counts.get() for _ in clients)
        sys.stdout.write(f"{name}: {total / SECONDS:,.0f} requests/s\n")
    done.set()
    return 0


def serve(ready: multiprocessing.Queue[tuple[str, str, list[str]]], done: Event) -> None:
    """Serve a tenant with a thousand accounts until `done`."""
    tenant = Tenant()
    tenant.add_role("viewer")
    user_ids = [tenant.add_user(f"p{number}@example.com", roles=["viewer"]) for number in range(PEOPLE)]
    with Sandbox(tenant) as sandbox:
        body = {
            "grant_type": "client_credentials",
            "client_id": tenant.client_id,
            "client_secret": tenant.client_secret,
            "audience": sandbox.audience,
        }
        token = requests.post(f"{sandbox.url}/oauth/token", json=body, timeout=5).json()["access_token"]
        ready.put((sandbox.url, token, user_ids))
        done.wait()


def ask(url: str, token: str, paths: list[str], counts: multiprocessing.Queue[int]) -> None:
    """Make requests one after the other for a while, and tell how many."""
    host, _, port = url.removeprefix("http://").partition(":")
    count = 0
    with socket.create_connection((host, int(port))) as connection:
        stream = connection.makefile("rb")
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            path = paths[count % len(paths)]
            request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
            connection.sendall(request.encode())
            status = stream.readline()
            if b" 200 " not in status:
                raise RuntimeError(f"{path} was answered with {status!r}")
            length = 0
            while (line := stream.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            stream.read(length)
            count += 1
    counts.put(count)


if __name__ == "__main__":
    sys.exit(main())
