"""A run that is to stop does not wait for a server: a read is given up at once, a write in hand has a moment left."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from client.auth0 import http
from client.auth0.aside import aside
from client.auth0.http import Answer, Call, Sessions
from client.stop import Stopped
from sandbox import Fault, Sandbox
from tests.client.builders import RawServer, Time, asked, http_json, transport_at, transport_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

LONG = 20.0  # seconds; nothing here takes so long, unless it does not stop
WHY = "the run was stopped before an answer came"


def ignore() -> None:
    pass


def stop() -> None:
    raise Stopped("SIGTERM")


def stop_once(happened: Callable[[], object]) -> Callable[[], None]:
    """Says that the run is to stop as soon as something has happened."""

    def check() -> None:
        if happened():
            raise Stopped("SIGTERM")

    return check


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What hangs waits for this, which comes at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def test_what_is_done_aside_has_its_result_and_its_thread_keeps_nobody_waiting() -> None:
    assert aside(lambda: threading.current_thread().daemon, ignore) is True


@pytest.mark.parametrize("error", [LookupError("gone"), TimeoutError("slow"), SystemExit(2), Stopped("SIGINT")])
def test_what_goes_wrong_aside_is_raised_where_it_is_waited_for(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        aside(fail, ignore)

    assert caught.value is error


def test_whoever_waits_looks_again_and_again(released: threading.Event) -> None:
    looks: list[int] = []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 3:
            released.set()

    assert aside(lambda: released.wait(LONG), look) is True
    assert len(looks) >= 3


def test_a_stop_leaves_behind_what_does_not_end(released: threading.Event) -> None:
    with pytest.raises(Stopped, match="SIGTERM"):
        aside(lambda: released.wait(LONG), stop)

    assert not released.is_set()


def test_what_ends_within_its_grace_is_not_left_behind(released: threading.Event) -> None:
    def check() -> None:
        released.set()
        stop()

    assert aside(lambda: released.wait(LONG), check, grace=LONG) is True


def test_what_does_not_end_within_its_grace_is_left_behind(released: threading.Event) -> None:
    with pytest.raises(Stopped, match="SIGTERM"):
        aside(lambda: released.wait(LONG), stop, grace=0.05)

    assert not released.is_set()


def hanging(released: threading.Event) -> RawServer:
    """A server whose first answer does not come before it is released; the others come at once."""
    said = iter(["late"])

    def answer(_: str) -> Iterator[bytes]:
        if word := next(said, ""):
            released.wait(LONG)
        yield http_json(word or "prompt")

    return RawServer(answer, answers_token=True)


def test_a_read_is_given_up_at_once_and_its_connection_is_not_used_again(released: threading.Event) -> None:
    with hanging(released) as server:
        stopping = [True]
        sessions = Sessions(stop_once(lambda: stopping and server.requests), grace=LONG)
        call = Call("GET", f"{server.url}/", timeout=LONG)

        with pytest.raises(Stopped, match="SIGTERM"):
            sessions(call)
        stopping.clear()
        answer = sessions(call)

        assert not released.is_set()
        assert answer.body == b'"prompt"'
        assert server.connections == 2


def test_the_answer_to_a_write_is_still_waited_for(released: threading.Event) -> None:
    with hanging(released) as server:

        def check() -> None:
            if server.requests:
                released.set()
                stop()

        answer = Sessions(check, grace=LONG)(Call("POST", f"{server.url}/", timeout=LONG, writes=True))

    assert (answer.status, answer.body) == (200, b'"late"')


def test_a_write_whose_answer_does_not_come_in_time_may_have_been_carried_out(released: threading.Event) -> None:
    with hanging(released) as server:
        stopping = [True]
        sessions = Sessions(stop_once(lambda: stopping and server.requests), grace=0.05)
        call = Call("POST", f"{server.url}/", timeout=LONG, writes=True)

        answer = sessions(call)
        stopping.clear()

        assert (answer.status, answer.trouble, answer.sent, answer.hopeless) == (0, WHY, True, False)
        assert sessions(call).body == b'"prompt"'
        assert server.connections == 2


def test_no_two_requests_in_flight_share_a_session_nor_does_one_that_is_left_behind(
    released: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[requests.Session] = []

    def exchange(session: requests.Session, _: Call) -> Answer:
        used.append(session)
        if len(used) == 1:
            released.wait(LONG)
        return Answer(200)

    monkeypatch.setattr(http, "exchange", exchange)
    stopping = threading.Event()
    sessions, call = Sessions(stop_once(stopping.is_set)), Call("GET", "")

    def be_left_behind() -> None:
        with pytest.raises(Stopped):
            sessions(call)

    behind = threading.Thread(target=be_left_behind)
    behind.start()
    while not used:
        time.sleep(0.001)
    for _ in range(2):
        sessions(call)
    stopping.set()
    behind.join()
    stopping.clear()
    sessions(call)

    assert not released.is_set()
    assert used[1] is used[2] is used[3]
    assert used[0] is not used[1]


def test_a_connection_is_kept_alive_whichever_thread_uses_it(passing: Time) -> None:
    with RawServer(lambda _: [http_json({})]) as server:
        transport = transport_at(server.url, passing)

        for _ in range(5):
            thread = threading.Thread(target=transport.get, args=("/roles",))
            thread.start()
            thread.join()

        assert server.connections == 1


@pytest.mark.parametrize(
    ("method", "template"), [("GET", "/roles"), ("POST", "/jobs/users-exports")], ids=["GET", "export"]
)
def test_what_only_reads_is_not_waited_for(method: str, template: str, sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="hang", path=f"/api/v2{template}", times=None))
    check = stop_once(lambda: asked(sandbox, method, template))
    transport = transport_to(sandbox, passing, timeout=LONG, check=check)

    with pytest.raises(Stopped):
        transport.request(method, template, body={} if method == "POST" else None)

    assert transport.traffic.retries == 0


def test_a_token_is_not_waited_for(released: threading.Event, passing: Time) -> None:
    with hanging(released) as server:
        transport = transport_at(server.url, passing, timeout=LONG, check=stop_once(lambda: server.requests))

        with pytest.raises(Stopped):
            transport.for_writing().request("POST", "/users", body={})

        assert [request.partition(" HTTP")[0] for request in server.requests] == ["POST /oauth/token"]
