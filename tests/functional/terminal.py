"""A terminal of the kernel's making, and what is to be seen on it in the end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sync.model import NOTHING
from tests.functional.forks import ROOT, UNMEASURED
from tests.functional.inside import LONGEST_RUN
from tests.functional.job import Job

COLOUR = re.compile(r"\x1b\[[\d;]*m")
CONTROL = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
ERASED = "\x1b[2K"


@dataclass(frozen=True, slots=True)
class Shown:
    """How a run ended whose stderr was a terminal, and perhaps its stdout."""

    code: int
    written: str
    """All that came to the terminal, with what moves the cursor."""
    stdout: str
    """What came to the file, if stdout was one."""

    @property
    def screen(self) -> list[str]:
        """The lines that are there in the end."""
        return seen(self.written)


def seen(written: str) -> list[str]:
    """What is left on a terminal that got this: a line may be written over, and erased."""
    lines, at = [""], 0
    for piece in re.split(r"(\r|\n|\x1b\[2K)", COLOUR.sub("", written)):
        if piece == "\r":
            at = 0
        elif piece == "\n":
            lines.append("")
            at = 0  # the kernel sees to that
        elif piece == ERASED:
            lines[-1] = ""
        else:
            lines[-1] = lines[-1][:at].ljust(at) + piece + lines[-1][at + len(piece) :]
            at += len(piece)
    return [line.rstrip() for line in lines]


def run_on_terminal(
    job: Job,
    *arguments: str,
    columns: int = 100,
    stdout: bool = True,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] = lambda _process: None,
    settings: Mapping[str, str] = NOTHING,
) -> Shown:
    """Run `main.py` with stderr (and stdin and, if so wanted, stdout) being a terminal.

    `meanwhile` is called once there is something on it.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    environment = {"TERM": "xterm-256color", **job.environment(**{**settings, **UNMEASURED})}
    environment = {name: value for name, value in environment.items() if name not in {"COLUMNS", "COLORTERM"}}
    file = job.folder / "stdout"
    with file.open("wb") as opened:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), *arguments],
            cwd=job.folder,
            env=environment | {**settings},
            stdin=theirs,
            stdout=theirs if stdout else opened,
            stderr=theirs,
        )
    os.close(theirs)
    try:
        written = _all_of(ours, lambda: meanwhile(process))
        return Shown(process.wait(LONGEST_RUN), written, file.read_text(encoding="utf-8"))
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _all_of(terminal: int, begun: Callable[[], None]) -> str:
    chunks: list[bytes] = []
    with suppress(OSError):  # the kernel's way to say that the other end was closed
        while chunk := os.read(terminal, 65536):
            if not chunks:
                begun()
            chunks.append(chunk)
    return b"".join(chunks).decode()
