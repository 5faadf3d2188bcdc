"""A job against a tenant, as the functional tests have it, and a browser to show its report in."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.formats import render
from tests.formats import chromium
from tests.formats.chromium import Browser, Listener, Show, Tab
from tests.functional.conftest import job, start_job

__all__ = ["job", "start_job"]


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Listener(server)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Iterator[Browser]:
    proxy = f"--proxy-server=127.0.0.1:{listener.server.getsockname()[1]}"
    with chromium.started(chromium.program() or "", tmp_path_factory.mktemp("chromium"), proxy) as one:
        yield one


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    tabs = []

    def show(document: dict[str, Any], fragment: str = "", *, width: int = 1180, scripts: bool = True) -> Tab:
        path = tmp_path / "report.html"
        path.write_text(render(document, "html"), encoding="utf-8")
        tab = browser.open(width=width)
        tabs.append(tab)
        tab.prefer("light")
        tab.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        tab.go(path.as_uri() + fragment)
        return tab

    yield show
    for tab in tabs:
        tab.close()
