"""Errands: what is done in the background, is waited for only so long, and may come to nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Failed(Exception):
    """An errand came to nothing. Says why, and never where it was to go: that may be a secret."""


class Errand:
    """Work in a thread of its own, which does not outlive the process. However it ends, nothing is raised."""

    def __init__(self, setting: str, work: Callable[[], str]) -> None:
        """`setting`: by whose wish it is done. `work` returns what the operator has to know, or nothing."""
        self.setting, self.trouble = setting, ""
        self._work, self._over = work, threading.Event()

    def start(self) -> Errand:
        """Begin, and return at once."""
        try:
            threading.Thread(target=self._run, name=self.setting, daemon=True).start()
        except RuntimeError:
            self.trouble = "the system gives us no further thread"
            self._over.set()
        return self

    def _run(self) -> None:
        try:
            self.trouble = self._work()
        except Failed as failure:
            self.trouble = str(failure)
        except Exception as error:  # noqa: BLE001 - whatever it is, the people of the tenant come first
            self.trouble = f"unexpected: {type(error).__name__}"  # its message may hold the URL
        finally:
            self._over.set()

    @property
    def is_over(self) -> bool:
        """Whether it has ended; only then is `trouble` the last word."""
        return self._over.is_set()

    def wait(self, seconds: float) -> None:
        """Wait for its end, so long at most."""
        self._over.wait(max(0.0, seconds))
