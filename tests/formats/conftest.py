"""A job against a tenant, as the functional tests have it."""

from __future__ import annotations

from tests.functional.conftest import job, start_job

__all__ = ["job", "start_job"]
