"""For whoever watches the job: metrics in a file, pings, a message. None of them can harm or hold up a run."""

from __future__ import annotations

from client.watching.watch import Watch

__all__ = ["Watch"]
