"""Run a command, and say how long it took and how much memory it had.

In a small process between: the peak that a system reports of a process begins with what its parent had when it
was started, and the parent may hold a tenant of 100,000.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes that ru_maxrss counts in


@dataclass(frozen=True, slots=True)
class Measured:
    """How a command went."""

    code: int
    seconds: float
    megabytes: float
    """The peak of its largest process."""
    stdout: str


def run(command: Sequence[str], *, cwd: Path, settings: Mapping[str, str]) -> Measured:
    """Run `command` to its end with `settings` for an environment."""
    done = subprocess.run(
        [sys.executable, __file__, *command],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **settings},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    stdout, _, last = done.stdout.rstrip("\n").rpartition("\n")
    return Measured(**json.loads(last), stdout=stdout)


def main() -> None:
    """Run the command of the arguments; the last line that is printed tells of it."""
    started = time.perf_counter()
    process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    megabytes = usage.ru_maxrss * RSS_UNIT / MEGABYTE
    print(json.dumps({"code": os.waitstatus_to_exitcode(status), "seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    main()
