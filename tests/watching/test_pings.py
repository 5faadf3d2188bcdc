"""Pings: a monitor hears when a sync begins and how it ended."""

from __future__ import annotations

import base64
import logging
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from client.watching import Watch
from sync.report import Exit, Run
from tests.watching.listener import Answer, Listener, answer
from tests.watching.records import NAMES, changed, ended, refused, watched


def watch_run(url: str, run: Run) -> None:
    """A whole run, watched from its beginning to its end."""
    watch = Watch(watched(SYNC_PING_URL=url))
    watch.begin()
    watch.end(run)


@pytest.mark.parametrize("code", [Exit.OK, Exit.FAILED, Exit.PARTIAL, Exit.REFUSED, Exit.TERMINATED])
def test_a_monitor_hears_the_beginning_first_and_then_the_exit_code(code: Exit) -> None:
    with Listener() as monitor:
        watch_run(f"{monitor.url}/abc", ended(code))

        assert monitor.targets == ["/abc/start", f"/abc/{int(code)}"]

    assert {heard.method for heard in monitor.heard} == {"POST"}


@pytest.mark.parametrize(
    ("url", "targets"),
    [
        ("/abc?create=1", ["/abc/start?create=1", "/abc/0?create=1"]),
        ("/abc/?create=1&b=%2F", ["/abc/start?create=1&b=%2F", "/abc/0?create=1&b=%2F"]),
        ("/abc/", ["/abc/start", "/abc/0"]),
        ("", ["/start", "/0"]),
        ("/key/my%20job#there", ["/key/my%20job/start", "/key/my%20job/0"]),
    ],
)
def test_a_query_string_stays_behind_the_path_and_a_slash_at_the_end_is_no_trouble(
    url: str, targets: list[str]
) -> None:
    with Listener() as monitor:
        watch_run(monitor.url + url, ended())

    assert monitor.targets == targets


def test_a_run_that_never_got_its_lock_tells_only_its_end() -> None:
    with Listener() as monitor:
        Watch(watched(SYNC_PING_URL=monitor.url)).end(ended(Exit.LOCKED, error="another run is going on"))

    assert monitor.targets == ["/5"]
    assert "another run is going on" in monitor.heard[0].text


def test_the_end_says_what_happened_and_how_much_of_it_and_to_nobody_by_name() -> None:
    with Listener() as monitor:
        watch_run(monitor.url, changed(Exit.PARTIAL))

    beginning, end = monitor.heard
    assert beginning.body == b""
    assert end.headers["content-type"] == "text/plain; charset=utf-8"
    assert end.text.splitlines() == [
        "Applied, but not for everyone: sync of the connection Users, exit code 3",
        "create: 1 done",
        "give roles: 1 done",
        "delete: 1 failed",
        "2 source rows = 1 people + 1 held + 0 duplicates",
        "1 accounts = 0 unchanged + 1 changed + 0 kept back + 0 protected + 0 held + 0 out of scope",
        "Run run-1, version 1.2.3, 12.5 s",
    ]
    assert not any(name in end.text for name in NAMES)


def test_a_refusal_says_why_and_how_to_approve_of_it() -> None:
    run = refused()
    with Listener() as monitor:
        watch_run(monitor.url, run)

    said = monitor.heard[-1].text
    assert (
        "Refused by the guard 'deletes': 1 of 1 accounts in scope would be deleted; at most 0 may in one run." in said
    )
    assert f": {run.way_out()}\n" in said
    assert not any(name in said for name in NAMES)


@pytest.mark.parametrize("status", [500, 404, 300, 199])
def test_an_answer_that_is_none_of_success_is_a_warning_that_names_the_setting_and_not_the_url(
    caplog: pytest.LogCaptureFixture, status: int
) -> None:
    with Listener(answer(status)) as monitor:
        watch_run(f"{monitor.url}/hunter2", ended())

    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert "SYNC_PING_URL" in line.getMessage()
    assert "answer" in line.getMessage()
    assert monitor.url.rpartition(":")[2] not in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(caplog: pytest.LogCaptureFixture, status: int) -> None:
    with Listener() as elsewhere, Listener(answer(status, f"Location: {elsewhere.url}/hunter2")) as monitor:
        watch_run(monitor.url, ended())

    assert elsewhere.heard == []
    assert f"SYNC_PING_URL: it answers {status}, a redirect" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("first", [answer(500), answer(200)])
def test_each_ping_has_its_own_chance(caplog: pytest.LogCaptureFixture, first: Answer) -> None:
    with Listener(first, answer(503)) as monitor:
        watch_run(monitor.url, ended())

    assert monitor.targets == ["/start", "/0"]
    assert "it answers 503" in caplog.text


def test_a_closed_port_is_one_warning_for_both_pings(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    watch_run(f"http://127.0.0.1:{port}/hunter2", ended())

    said = "SYNC_PING_URL: the connection was refused; the sync itself is not affected"
    assert [line.getMessage() for line in caplog.records] == [said]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://no.such.host.invalid/hunter2", "the host name cannot be resolved"),
        ("http://[::1:80]hunter2/", "this is no URL that can be called"),
        ("http://h\u00e4\u2024/hunter2", "this is no URL that can be called"),
    ],
)
def test_a_url_that_leads_nowhere_is_a_warning_without_it(caplog: pytest.LogCaptureFixture, url: str, why: str) -> None:
    settings = watched().model_copy(update={"sync_ping_url": SecretStr(url)})

    Watch(settings).end(ended())

    (line,) = caplog.records
    assert line.getMessage().startswith(f"SYNC_PING_URL: {why}; ")


def test_a_password_for_the_host_in_netrc_is_not_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password hunter2\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    with Listener() as monitor:
        watch_run(monitor.url, ended())

    assert all("authorization" not in heard.headers for heard in monitor.heard)


def test_a_user_and_a_password_in_the_url_are_sent_as_such() -> None:
    with Listener() as monitor:
        watch_run(monitor.url.replace("//", "//me:pass%40word@"), ended())

    assert monitor.heard[0].headers["authorization"] == f"Basic {base64.b64encode(b'me:pass@word').decode()}"
    assert monitor.targets == ["/start", "/0"]


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Listener() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)

        watch_run("http://monitor.example/abc", ended())

    assert proxy.targets == ["http://monitor.example/abc/start", "http://monitor.example/abc/0"]


def test_without_a_url_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    watch = Watch(watched())

    watch.begin()
    watch.end(ended(Exit.FAILED))

    assert caplog.records == []
