"""What a test may hook into: the moment between a request and its answer, and the passwords that came."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sandbox import DEFAULT_CONNECTION, Fault
from tests.sandbox.caller import STRONG, user_path

if TYPE_CHECKING:
    from sandbox import LoggedRequest
    from tests.sandbox.caller import Caller

ANN: dict[str, Any] = {"connection": DEFAULT_CONNECTION, "email": "ann@example.com", "password": STRONG}


def test_the_hook_is_called_when_a_request_was_carried_out_and_before_it_is_answered(caller: Caller) -> None:
    seen: list[tuple[str, int, list[str]]] = []
    asked, go_on = threading.Event(), threading.Event()

    def hook(entry: LoggedRequest) -> None:
        seen.append((entry.path, entry.status, list(caller.tenant.snapshot())))
        asked.set()
        go_on.wait(5)

    caller.sandbox.before_answer = hook
    answers: list[int] = []
    client = threading.Thread(target=lambda: answers.append(caller("POST", "/users", ANN).status_code))
    client.start()
    asked.wait(5)

    assert seen == [("/api/v2/users", 201, ["ann@example.com"])]
    assert answers == []
    go_on.set()
    client.join()
    assert answers == [201]


def test_the_hook_sees_requests_that_a_fault_befalls_as_well(caller: Caller) -> None:
    seen: list[tuple[str, str | None]] = []
    caller.sandbox.before_answer = lambda entry: seen.append((entry.method, entry.fault))
    caller.sandbox.faults.add(Fault(kind="status", status=503))

    caller("GET", "/roles")

    assert seen == [("GET", "status")]


def test_passwords_are_kept_for_tests_although_the_log_hides_them(caller: Caller) -> None:
    user_id = caller("POST", "/users", ANN).json()["user_id"]
    caller("PATCH", user_path(user_id), {"password": f"{STRONG}!"})
    caller("GET", "/roles")

    assert caller.sandbox.passwords == [STRONG, f"{STRONG}!"]
    assert STRONG not in repr(caller.sandbox.log)
