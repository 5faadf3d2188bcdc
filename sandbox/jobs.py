"""Export and import jobs: pending for a while, then completed, then forgotten after a day."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.clock import timestamp
from sandbox.errors import job_missing, too_many_requests
from sandbox.identifiers import new_id
from sandbox.imports import import_rows

if TYPE_CHECKING:
    from sandbox.behaviour import Behaviour
    from sandbox.connection import Connection
    from sandbox.tenant import Document, Tenant

_KEPT_SECONDS = 86_400
_MOST_ACTIVE_IMPORTS = 2
_IMPORT = "users_import"
EXPORT = "users_export"


@dataclass(slots=True, kw_only=True)
class Job:
    """A job; `fixed` is the part of its JSON that stays the same from beginning to end."""

    id: str
    kind: str
    created: float
    ready_at: float
    fixed: Document
    file_name: str = ""
    content: bytes = b""
    rows: list[Any] = field(default_factory=list)
    connection: Connection | None = None
    upsert: bool = False
    tell_owners: bool = False
    completed: bool = False
    summary: Document | None = None
    row_errors: list[Document] = field(default_factory=list)

    def document(self) -> Document:
        """The job as POST answers it."""
        status = "completed" if self.completed else "pending"
        head = {"type": self.kind, "status": status, "id": self.id, "created_at": timestamp(self.created)}
        return head | self.fixed


class Jobs:
    """The jobs of one tenant."""

    def __init__(self, tenant: Tenant, behaviour: Behaviour) -> None:
        self._tenant = tenant
        self._behaviour = behaviour
        self._jobs: dict[str, Job] = {}

    def get(self, job_id: str) -> Job:
        """A job by id.

        Raises:
            ApiError: 404, there is none, or it is older than a day.
        """
        if job_id not in self._jobs:
            raise job_missing()
        return self._jobs[job_id]

    def start(self, job: Job) -> Job:
        """Take in a new job.

        Raises:
            ApiError: 429, two imports are active already.
        """
        active = sum(other.kind == _IMPORT and not other.completed for other in self._jobs.values())
        if job.kind == _IMPORT and active >= _MOST_ACTIVE_IMPORTS:
            raise too_many_requests(4)
        self._jobs[job.id] = job
        return job

    def advance(self, now: float) -> None:
        """Complete the jobs whose time has come, and forget those older than a day."""
        for job in [*self._jobs.values()]:
            if now - job.created > _KEPT_SECONDS:
                del self._jobs[job.id]
            elif not job.completed and now >= job.ready_at:
                job.completed = True
                self._finish(job)

    def _finish(self, job: Job) -> None:
        if job.connection is None:
            return
        result = import_rows(self._tenant, job.connection, job.rows, self._behaviour, upsert=job.upsert)
        job.summary, job.row_errors = result.summary, result.errors
        if job.tell_owners:
            self._tenant.mails.append({"kind": "import_completed", "to": "owners", "job_id": job.id})


def export_job(now: float, seconds: float, fixed: Document, file_name: str, content: bytes) -> Job:
    """An export whose file is settled already and shows when the job completes."""
    job_id = new_id("job_")
    return Job(
        id=job_id,
        kind=EXPORT,
        created=now,
        ready_at=now + seconds,
        fixed=fixed,
        file_name=f"{job_id}-{file_name}",
        content=content,
    )


def import_job(
    now: float,
    seconds: float,
    *,
    fixed: Document,
    rows: list[Any],
    connection: Connection,
    upsert: bool,
    tell_owners: bool,
) -> Job:
    """An import whose rows are applied when the job completes."""
    return Job(
        id=new_id("job_"),
        kind=_IMPORT,
        created=now,
        ready_at=now + seconds,
        fixed=fixed,
        rows=rows,
        connection=connection,
        upsert=upsert,
        tell_owners=tell_owners,
    )
