"""`python -m sandbox`: a tenant and a database of people, until it is told to stop."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.identifiers import DEFAULT_CONNECTION
from sandbox.limits import NO_LIMIT, PROFILES
from sandbox.people import DRIFTS, QUERY, seed
from sandbox.server import Sandbox
from sandbox.tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOK_SECONDS = 0.2


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code is 0, or 1 when that cannot be done."""
    options = _parser().parse_args(argv)
    # Taken first of all: a parent that is gone by the time we look must not be mistaken for init.
    parent = os.getppid() if options.with_parent else None
    received: list[int] = []  # appended to without a lock: a handler that waits for one may wait for itself
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda taken, _: received.append(taken))
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        database = Path(options.database or Path(folder, "people.db")).absolute()
        try:
            _serve(options, database, received, parent)
        except sqlite3.Error as error:
            return _failed(f"The database {database} cannot be written: {error}.")
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _failed(f"Port {options.port} is taken: choose another with --port, or 0 for a free one.")
            return _failed(f"The sandbox cannot be started: {error}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local tenant that behaves as Auth0 does, with people in it."
    )
    parser.add_argument("--port", type=int, default=8400, help="0 takes a free one (default: 8400)")
    parser.add_argument("--people", type=_count, default=500, help="how many accounts (default: 500)")
    parser.add_argument(
        "--profile",
        choices=[NO_LIMIT, *PROFILES],
        default="enterprise",
        help="whose rate limits (default: enterprise)",
    )
    parser.add_argument(
        "--drift", choices=DRIFTS, default="day", help="how far the database is from the tenant (default: day)"
    )
    parser.add_argument("--seed", type=int, default=7, help="another seed makes other people (default: 7)")
    parser.add_argument("--database", metavar="PATH", help="where the SQLite file goes (default: temporary)")
    parser.add_argument("--env-file", metavar="PATH", help="write settings for the job here")
    parser.add_argument("--client-id", help="of the application that logs in (default: made up)")
    parser.add_argument("--client-secret", help="its secret (default: made up)")
    parser.add_argument("--with-parent", action="store_true", help="stop when the parent process ends")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _serve(options: argparse.Namespace, database: Path, received: list[int], parent: int | None) -> None:
    tenant = Tenant()
    tenant.client_id = options.client_id or tenant.client_id
    tenant.client_secret = options.client_secret or tenant.client_secret
    seed(tenant, database, people=options.people, drift=options.drift, seed=options.seed)
    with Sandbox(tenant, profile=options.profile, port=options.port) as sandbox:
        lines = _settings(tenant, sandbox, database)
        where = "put these lines into .env"
        if options.env_file:
            _write_private(Path(options.env_file), lines)
            where = f"load {options.env_file}, which has these lines,"
        sys.stdout.write(f"{lines}To run the job against this tenant, {where} and run `python main.py plan`.\n")
        sys.stdout.flush()
        while not received:
            time.sleep(_LOOK_SECONDS)
            if parent is not None and os.getppid() != parent:
                return


def _settings(tenant: Tenant, sandbox: Sandbox, database: Path) -> str:
    settings = {
        "AUTH0_URL": sandbox.url,
        "AUTH0_CLIENT_ID": tenant.client_id,
        "AUTH0_CLIENT_SECRET": tenant.client_secret,
        "AUTH0_CONNECTION": DEFAULT_CONNECTION,
        "USERS_DB_URL": f"sqlite:///{database}",
        "USERS_DB_QUERY": QUERY,
    }
    return "".join(f'{name}="{value}"\n' if " " in value else f"{name}={value}\n" for name, value in settings.items())


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


def _failed(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
