"""Jobs: what Auth0 does while we wait, and how we wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from client.auth0.errors import Auth0Error, Malformed, Where
from client.auth0.transport import Transport

PATIENCE = 3600.0  # seconds after which a job is given up
_FIRST_LOOK, _LONGEST_PAUSE = 0.5, 10.0  # seconds before a look at a job; each wait is half as long again

Job = dict[str, Any]


def start(transport: Transport, kind: str, *, body: Any = None, parts: Mapping[str, str | bytes] | None = None) -> str:
    """Start a job of the kind `users-exports` or `users-imports`; returns its id.

    Starting a job twice must do no harm: a start whose answer was lost, or is none, is repeated.
    """
    path = f"/jobs/{kind}"
    job = transport.request("POST", path, body=body, parts=parts, recover=lambda: None)
    return str(_job(job, "POST", path)["id"])


def finished(
    transport: Transport,
    job_id: str,
    sleep: Callable[[float], None] = time.sleep,
    seen: Callable[[Job], None] = lambda _job: None,
) -> Job:
    """The job when it is completed; `seen` gets it after each look.

    Raises `Auth0Error` when it failed, or does not end.
    """
    pause, waited = _FIRST_LOOK, 0.0
    while waited < PATIENCE:
        sleep(pause)
        waited += pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        job = look(transport, job_id)
        seen(job)
        if job["status"] == "completed":
            return job
        if job["status"] == "failed":
            details = job.get("status_details") or "no details"
            raise Auth0Error(f"Auth0 could not carry out the job: {details}", where(job_id))
    raise Auth0Error(f"the job is still {job['status']} after {waited / 60:.0f} minutes", where(job_id))


def look(transport: Transport, job_id: str) -> Job:
    """The job as it is now."""
    return _job(transport.get("/jobs/{id}", id=job_id), "GET", f"/jobs/{job_id}")


def progress(job: Job) -> str:
    """What the job says of how far it has come, if it says so."""
    percent = job.get("percentage_done")
    return f"{percent} %" if isinstance(percent, int) and 0 <= percent <= 100 else ""  # noqa: PLR2004


def where(job_id: str) -> Where:
    """The request that an error about a job belongs to."""
    return Where("GET", f"/jobs/{job_id}", 200)


def _job(payload: Any, method: str, path: str) -> Job:
    if not isinstance(payload, dict) or not payload.get("id") or not isinstance(payload.get("status"), str):
        raise Malformed("the answer is no job", Where(method, path, 200))
    return payload
