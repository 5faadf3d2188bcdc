"""A headless Chromium that the test started and ends, spoken to over a pipe (the Chrome DevTools Protocol)."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_LONGEST = 90  # seconds that anything may take on a busy machine
_PIPES = """
import os, sys
for ours, fixed in zip(sys.argv[1:3], (3, 4)):  # where Chromium looks for them
    os.dup2(int(ours), fixed)
os.execv(sys.argv[3], sys.argv[3:])
"""


def program() -> str | None:
    """The browser of this machine, if it has one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class BrowserError(Exception):
    """The browser did not do what it was told."""


@dataclass(slots=True)
class Browser:
    """One browser. Commands go one at a time; what it tells meanwhile is kept in `events`."""

    to_it: int
    from_it: int
    events: list[dict[str, Any]] = field(default_factory=list)
    _buffer: bytes = b""
    _number: int = 0

    def send(self, method: str, channel: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        os.write(self.to_it, json.dumps(message | ({"sessionId": channel} if channel else {})).encode() + b"\0")
        answer = self._take(lambda one: one.get("id") == self._number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, method: str, channel: str) -> dict[str, Any]:
        """Wait until it tells this."""
        return self._take(lambda one: one.get("method") == method and one.get("sessionId") == channel)

    def open(self, *, width: int = 1180, height: int = 900) -> Tab:
        """An empty tab of this size."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        tab = Tab(self, target, self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        for domain in ("Page", "Network", "Runtime", "Log"):
            tab.send(f"{domain}.enable")
        tab.resize(width, height)
        return tab

    def _take(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + _LONGEST
        while True:
            while b"\0" in self._buffer:
                line, _, self._buffer = self._buffer.partition(b"\0")
                message = json.loads(line)
                if wanted(message):
                    return dict(message)
                self.events.append(message)
            if not select.select([self.from_it], [], [], max(0, deadline - time.monotonic()))[0]:
                raise BrowserError("it does not answer")
            data = os.read(self.from_it, 1 << 20)
            if not data:
                raise BrowserError("it is gone")
            self._buffer += data


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of a browser."""

    browser: Browser
    target: str
    channel: str

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.send(method, self.channel, **parameters)

    def go(self, address: str) -> None:
        """Load a page, and wait until it is there."""
        self.send("Page.navigate", url=address)
        self.browser.wait_for("Page.loadEventFired", self.channel)

    def close(self) -> None:
        """It takes a process of the browser; a hundred take the machine."""
        self.browser.send("Target.closeTarget", targetId=self.target)

    def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page; promises are waited for."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme: str, medium: str = "") -> None:
        """As a person who likes it `light` or `dark`, or as `print`."""
        self.send(
            "Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def told(self, method: str) -> list[dict[str, Any]]:
        """What the browser has told of this tab."""
        self.ask("new Promise(done => setTimeout(done, 50))")  # what is on its way
        return [
            one["params"]
            for one in self.browser.events
            if one.get("method") == method and one.get("sessionId") == self.channel
        ]


Show = Callable[..., Tab]
"""Shows a document in a new tab: `show(document, "#fragment", width=..., scripts=...)`."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Stands where the browser has to ask for anything that is not a file."""

    server: socket.socket

    def heard(self) -> str:
        """What it was asked for since the last time. The browser has errands of its own."""
        asked = b""
        while select.select([self.server], [], [], 0.1)[0]:
            with self.server.accept()[0] as caller:
                caller.settimeout(5)
                with suppress(OSError):
                    asked += caller.recv(4096)
        return asked.decode(errors="replace")


@contextmanager
def started(path: str, folder: Path, *options: str) -> Iterator[Browser]:
    """A browser of its own, with its files in `folder`."""
    theirs_in, to_it = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in os.pipe())
    from_it, theirs_out = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in os.pipe())
    with subprocess.Popen(
        [sys.executable, "-c", _PIPES, str(theirs_in), str(theirs_out), path, *_options(folder), *options],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs_in)
        os.close(theirs_out)
        browser = Browser(to_it, from_it)
        try:
            yield browser
        finally:
            try:
                browser.send("Browser.close")
                process.wait(timeout=_LONGEST)
            except (BrowserError, OSError, subprocess.TimeoutExpired):
                process.kill()
            os.close(to_it)
            os.close(from_it)


def _options(folder: Path) -> Sequence[str]:
    return (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-extensions",
        "--remote-debugging-pipe", f"--user-data-dir={folder}",
    )  # fmt: skip
