"""The pool of processes: real workers, what they know, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from client.auth0.http import Call
from client.auth0.pace import Pace
from client.auth0.pool import PoolError, process_pool
from client.auth0.retries import Retries
from client.auth0.tokens import Credentials
from client.auth0.transport import Transport
from client.stop import Stopped
from sandbox import Fault, Sandbox, Tenant
from tests.client.builders import Time, asked, fill, reader_of, transport_to
from tests.openapi import assert_exchange_matches_spec

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
OF_ONE = "/users/{id}/roles"


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def comes_true(condition: Callable[[], object]) -> bool:
    """Look at `condition` again and again, for ten seconds at most."""
    for _ in range(500):
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_workers_answer_for_the_transport_and_are_gone_afterwards(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    transport = transport_to(sandbox, passing)

    with process_pool(2) as pool:
        answer = transport.through(pool).get("/roles", params={"include_totals": "true"})
        pids = pool.pids

    assert answer["total"] == 1
    assert pids
    assert os.getpid() not in pids
    assert comes_true(lambda: not any(map(is_alive, pids)))


def test_workers_are_gone_after_an_error(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing)
    pids: list[int] = []

    def fail_in_a_pool() -> None:
        with process_pool(2) as pool:
            transport.through(pool).get("/roles")
            pids.extend(pool.pids)
            raise LookupError

    with pytest.raises(LookupError):
        fail_in_a_pool()

    assert pids
    assert comes_true(lambda: not any(map(is_alive, pids)))


def test_a_worker_is_light() -> None:
    with process_pool(1) as pool:
        executor = pool._executor  # noqa: SLF001 - to look inside a worker
        modules = executor.submit(eval, "sorted(__import__('sys').modules)").result(timeout=30)

    assert "client.auth0.pool" in modules
    heavy = ("pandas", "numpy", "sqlalchemy", "pydantic", "rich", "config", "database", "sync.plan", "client.app")
    assert not set(heavy) & set(modules)


def test_workers_are_deaf_to_ctrl_c(sandbox: Sandbox, passing: Time) -> None:
    transport = transport_to(sandbox, passing)

    with process_pool(1) as pool:
        through = transport.through(pool)
        through.get("/roles")
        for pid in pool.pids:
            os.kill(pid, signal.SIGINT)
        through.get("/roles")

        assert all(map(is_alive, pool.pids))


def test_a_worker_that_is_killed_in_the_middle_of_a_read_is_an_error(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_role("admin")
    (user_id,) = fill(tenant, 1, roles=["admin"])
    sandbox.faults.add(Fault(kind="hang", path=f"/api/v2{OF_ONE}", times=None))
    transport = transport_to(sandbox, passing, timeout=600)

    with process_pool(2) as pool:

        def kill() -> None:
            if comes_true(lambda: asked(sandbox, "GET", OF_ONE)):
                for pid in pool.pids:
                    os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(PoolError, match=r"a worker process of the pool died \(out of memory\?\); nothing was"):
            transport.through(pool).get(OF_ONE, id=user_id)
        killer.join()
        with pytest.raises(PoolError):
            pool(Call("GET", f"{sandbox.url}/api/v2/roles"))

    assert len(asked(sandbox, "GET", OF_ONE)) == 1


def children() -> set[int]:
    """The workers that this process has started."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
            parent = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue
        if int(parent) == os.getpid() and b"--multiprocessing-fork" in command:
            found.add(int(entry.name))
    return found


def test_a_worker_that_is_killed_ends_the_read_of_all_roles(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    fill(tenant, 6, roles=["admin"])
    sandbox.faults.add(Fault(kind="hang", path=f"/api/v2{OF_ONE}", after=3, times=None))
    reader = reader_of(transport_to(sandbox, passing, timeout=600), passing, role_read="pool", workers=2)
    accounts, roles = reader.accounts(reader.connection()), reader.roles()

    def kill() -> None:
        if comes_true(lambda: len(asked(sandbox, "GET", OF_ONE)) >= 5):
            os.kill(min(children()), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(PoolError):
        reader.memberships(accounts, roles)
    killer.join()

    assert comes_true(lambda: not children())


def test_a_stop_ends_the_wait_for_a_worker(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    (user_id,) = fill(tenant, 1)
    sandbox.faults.add(Fault(kind="hang", path=f"/api/v2{OF_ONE}", times=None))
    transport = transport_to(sandbox, passing, timeout=600)
    transport.tokens.current()
    pids: list[int] = []

    def check() -> None:
        if asked(sandbox, "GET", OF_ONE):
            raise Stopped("SIGTERM")

    def read_in_a_pool() -> None:
        with process_pool(1, check) as pool:
            executor = pool._executor  # noqa: SLF001 - to know when it runs
            pids.append(executor.submit(os.getpid).result(timeout=30))
            transport.through(pool).get(OF_ONE, id=user_id)

    with pytest.raises(Stopped, match="SIGTERM"):
        read_in_a_pool()

    assert comes_true(lambda: not any(map(is_alive, pids)))


PARENT = """
import sys, os
from client.auth0.pool import process_pool

if __name__ == "__main__":
    with process_pool(2) as pool:
        futures = [pool._executor.submit(os.getpid) for _ in range(20)]
        {future.result() for future in futures}
        print(*pool.pids, flush=True)
        sys.stdin.read()
"""


def test_workers_die_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert all(map(is_alive, pids))

        parent.kill()

        assert pids
        assert comes_true(lambda: not any(map(is_alive, pids)))


def test_all_workers_share_one_budget() -> None:
    tenant = Tenant()
    tenant.add_role("admin")
    fill(tenant, 60, roles=["admin"])
    with Sandbox(tenant, profile="enterprise") as sandbox:
        credentials = Credentials(tenant.client_id, tenant.client_secret, sandbox.audience)
        transport = Transport(sandbox.url, credentials, pace=Pace(), retries=Retries(0))
        reader = reader_of(transport, Time(), role_read="pool", workers=4)

        memberships = reader.memberships(reader.accounts(reader.connection()), reader.roles())

    assert len(memberships.roles) == 60
    assert transport.traffic.refused == 0
    assert 429 not in [entry.status for entry in sandbox.log]
    for entry in sandbox.log:
        assert_exchange_matches_spec(entry)
