"""All that is secret in a run, and all that a run leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.functional.job import Job

DATABASE_PASSWORD = "hunter2/of+the=database"
SECRETIVE = re.compile(r"\beyJ[\w-]{8,}|Signature=|Key-Pair-Id=")
"""How tokens and signed addresses look, whosoever they are."""


class Issued(dict[str, Any]):
    """The tokens of a tenant, of which none is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.ever: list[str] = []

    def __setitem__(self, token: str, value: Any) -> None:
        self.ever.append(token)
        super().__setitem__(token, value)


class Watch:
    """Remembers every secret of a job from the beginning on."""

    def __init__(self, job: Job) -> None:
        self._job, self._issued = job, Issued()
        job.tenant.tokens = self._issued

    @property
    def secrets(self) -> list[str]:
        """Those that are known by now: the client's, of every token whole and in part, passwords, signed links."""
        job = self._job
        parts = [part for token in self._issued.ever for part in (token, *token.split(".")[1:])]
        links = [entry.raw_path.partition("?")[2] for entry in job.sandbox.log if entry.path == "/exports/{name}"]
        links += [entry.query["Signature"] for entry in job.sandbox.log if "Signature" in entry.query]
        tickets = [part for link in self.tickets for part in (link, link.partition("ticket=")[2].rstrip("#"))]
        return [job.tenant.client_secret, DATABASE_PASSWORD, *parts, *job.sandbox.passwords, *links, *tickets]

    @property
    def tickets(self) -> list[str]:
        """The links with which people set a password."""
        return [ticket["link"] for ticket in self._job.tenant.tickets]

    def leaks(self, *said: str) -> list[str]:
        """The secrets that stand in what was said, or in any file that is left."""
        everything = "\n".join([*said, *self._files()])
        found = [secret for secret in self.secrets if secret and secret in everything]
        return found + [match[0] for match in SECRETIVE.finditer(everything)]

    def _files(self) -> Iterator[str]:
        for path in sorted(self._job.folder.rglob("*")):
            if path.is_file():
                content = path.read_bytes().decode(errors="replace")
                for link in self.tickets if path.parent.name == "invitations" else ():  # where they belong
                    content = content.replace(link, "")
                yield f"{path}\n{content}"


def command_lines(pid: int) -> list[str]:
    """Those of a process and of all that it has started, as everybody on the machine can see them."""
    found = []
    for one in (pid, *_descendants(pid)):
        try:
            found.append(Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended meanwhile
    return found


def _descendants(pid: int) -> Iterable[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in path.read_text().split()]
        except OSError:
            continue
        for child in children:
            yield child
            yield from _descendants(child)
