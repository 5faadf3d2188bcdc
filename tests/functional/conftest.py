"""A tenant and a job for each test; every exchange is checked against Auth0's published spec at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox, Tenant
from tests.functional.job import Job, StartJob
from tests.openapi import assert_exchange_matches_spec


@pytest.fixture
def start_job(tmp_path: Path) -> Iterator[StartJob]:
    """See `StartJob`."""
    with ExitStack() as stack:
        sandboxes: list[Sandbox] = []

        def start(tenant: Tenant | None = None, *, as_published: bool = True, **options: Any) -> Job:
            tenant = tenant or Tenant()
            sandbox = stack.enter_context(Sandbox(tenant, **options))
            sandboxes.extend([sandbox] if as_published else [])
            job = Job(tmp_path, tenant, sandbox)
            stack.callback(job.close)
            return job

        yield start
        for sandbox in sandboxes:
            for logged in sandbox.log:
                assert_exchange_matches_spec(logged)


@pytest.fixture
def job(start_job: StartJob) -> Job:
    """A job whose tenant has the roles admin, editor and viewer, and no limits."""
    job = start_job()
    for role in ("admin", "editor", "viewer"):
        job.tenant.add_role(role)
    return job
