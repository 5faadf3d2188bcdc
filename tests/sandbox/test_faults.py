"""Trouble on demand."""

from __future__ import annotations

import gzip
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox import DEFAULT_CONNECTION, Fault
from tests.sandbox.caller import STRONG, Caller, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox import ManualClock

    Serve = Callable[..., Caller]

ROLE = {"name": "admin"}


def test_a_status_instead_of_an_answer(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="status", status=503, headers={"x-why": "maintenance"}))

    first = caller("POST", "/roles", ROLE)
    second = caller("POST", "/roles", ROLE)

    assert (first.status_code, second.status_code) == (503, 200)
    assert first.headers["x-why"] == "maintenance"
    assert [entry.fault for entry in caller.sandbox.log] == ["status", None]


def test_a_status_after_the_write_was_applied(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="status_after", status=500, body={"oops": True}))

    answer = caller("POST", "/roles", ROLE)

    assert (answer.status_code, answer.json()) == (500, {"oops": True})
    assert len(caller.tenant.roles) == 1


@pytest.mark.parametrize(("kind", "applied"), [("drop_before", 0), ("drop_after", 1)])
def test_a_connection_that_breaks_before_or_after_the_write(kind: Any, applied: int, caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind=kind, method="POST", path="/api/v2/roles"))

    with pytest.raises(requests.ConnectionError):
        caller("POST", "/roles", ROLE)

    assert len(caller.tenant.roles) == applied
    assert [entry.status for entry in caller.sandbox.log] == [0]
    assert caller("GET", "/roles").status_code == 200


@pytest.mark.parametrize("applied", [False, True])
def test_an_answer_that_never_comes(applied: bool, caller: Caller) -> None:  # noqa: FBT001  (parametrized)
    caller.sandbox.faults.add(Fault(kind="hang", applied=applied))

    with pytest.raises(requests.ReadTimeout):
        caller("POST", "/roles", ROLE, timeout=0.1)

    assert len(caller.tenant.roles) == applied


def test_a_server_that_stops_does_not_wait_for_what_hangs(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="hang", times=None))
    with pytest.raises(requests.ReadTimeout):
        caller("GET", "/roles", timeout=0.05)
    started = time.monotonic()

    caller.sandbox.stop()

    assert time.monotonic() - started < 1


def test_a_byte_now_and_then(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="trickle", pause=0.001))
    caller.sandbox.faults.add(Fault(kind="trickle", pause=30))

    whole = caller("GET", "/roles")
    with pytest.raises(requests.ConnectionError):
        caller("GET", "/roles", stream=True, timeout=0.1).json()

    assert whole.json() == []


def test_a_page_of_html_with_status_200(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="html"))

    answer = caller("GET", "/roles")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_json_that_is_none(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="garbage"))

    answer = caller("GET", "/roles")

    assert answer.headers["content-type"].startswith("application/json")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_half_an_answer(caller: Caller) -> None:
    caller.tenant.add_role("admin")
    caller.sandbox.faults.add(Fault(kind="truncate"))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        caller("GET", "/roles")


@pytest.mark.parametrize(("kind", "left"), [("short_page", 2), ("empty_page", 0)])
def test_a_list_that_lacks_records(kind: Any, left: int, caller: Caller) -> None:
    for number in range(4):
        caller.tenant.add_user(f"p{number}@example.com")
    for _ in range(2):
        caller.sandbox.faults.add(Fault(kind=kind))

    page = caller("GET", "/users?include_totals=true").json()
    bare = caller("GET", "/users").json()

    assert (len(page["users"]), page["total"]) == (left, 4)
    assert len(bare) == left


def test_a_next_that_leads_nowhere(caller: Caller) -> None:
    role_id = caller.tenant.add_role("admin")
    caller.tenant.add_user("ann@example.com", roles=["admin"])
    caller.sandbox.faults.add(Fault(kind="repeat_next", times=2))

    first = caller("GET", f"/roles/{role_id}/users?take=1").json()
    second = caller("GET", f"/roles/{role_id}/users", params={"take": 1, "from": first["next"]}).json()
    offset = caller("GET", f"/roles/{role_id}/users").json()

    assert first == second == {"users": [], "next": first["next"]}
    assert len(offset) == 1


def test_a_next_cannot_be_repeated_where_there_is_none(caller: Caller) -> None:
    role_id = caller.tenant.add_role("admin")
    caller.sandbox.faults.add(Fault(kind="repeat_next"))

    assert caller("GET", f"/roles/{role_id}/users?take=1").json() == {"users": []}


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        (1, "Global limit has been reached"),
        (2, "Global per second users_write group limit has been reached"),
        (3, None),
        (4, "There are 2 active import users jobs, please wait until some of them are finished and try again"),
    ],
)
def test_the_four_bodies_of_a_429(variant: int, message: str | None, caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="rate_limit", variant=variant, retry_after=1.5))

    answer = caller("GET", "/roles")

    assert (answer.status_code, answer.json().get("message")) == (429, message)
    assert answer.headers["retry-after"] == "1.5"


@pytest.mark.parametrize(("reset", "seconds"), [("normal", 1), ("past", -60), ("absent", None)])
def test_the_reset_of_a_429_may_be_past_or_absent(
    reset: Any, seconds: int | None, serve: Serve, clock: ManualClock
) -> None:
    caller = serve(profile="enterprise")
    caller.sandbox.faults.add(Fault(kind="rate_limit", reset=reset))

    headers = caller("GET", "/roles").headers

    told = headers.get("x-ratelimit-reset")
    assert told == (None if seconds is None else str(int(clock.time()) + seconds))


def test_a_fault_waits_for_its_request(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")
    ben = caller.tenant.add_user("ben@example.com")
    path = "/api/v2/users/{id}/roles"
    fault = Fault(kind="status", method="GET", path=path, status=500, after=1, times=None, where=ann[6:])
    caller.sandbox.faults.add(fault)

    people = (ben, ann, ben, ann, ann)
    statuses = [caller("GET", user_path(who, "/roles")).status_code for who in people]
    others = [caller("GET", user_path(ann)).status_code, caller("DELETE", user_path(ann)).status_code]
    caller.sandbox.faults.clear()

    assert statuses == [200, 200, 200, 500, 500]
    assert others == [200, 204]
    assert not caller.sandbox.faults


def test_a_fault_can_be_told_by_what_the_body_says(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="status", where="ben@example.com"))
    body = {"connection": DEFAULT_CONNECTION, "password": STRONG}

    statuses = [
        caller("POST", "/users", body | {"email": f"{name}@example.com"}).status_code for name in ("ann", "ben")
    ]

    assert statuses == [201, 500]


def test_an_unknown_kind_of_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="not a kind of fault"):
        Fault(kind="flood")  # type: ignore[arg-type]


def test_faults_meet_tokens_and_unknown_paths_too(caller: Caller) -> None:
    caller.off_spec = True
    caller.sandbox.faults.add(Fault(kind="status", path="/oauth/token", status=503))
    caller.sandbox.faults.add(Fault(kind="html", path="/api/v2/nothing"))

    assert caller.ask_for_token().status_code == 503
    assert caller("GET", "/nothing").status_code == 200


def export_of(caller: Caller) -> tuple[str, str]:
    """The id of a completed export and where its file is."""
    job_id = caller("POST", "/jobs/users-exports", {}).json()["id"]
    return job_id, caller("GET", f"/jobs/{job_id}").json()["location"]


def test_the_file_of_an_export_may_be_cut_off_or_empty(serve: Serve) -> None:
    caller = serve(export_seconds=0)
    caller.tenant.add_user("ann@example.com")
    _, location = export_of(caller)
    caller.sandbox.faults.add(Fault(kind="truncated_export"))
    caller.sandbox.faults.add(Fault(kind="empty_export"))

    cut = requests.get(location, timeout=5)
    empty = requests.get(location, timeout=5)

    with pytest.raises((EOFError, zlib.error)):
        gzip.decompress(cut.content)
    assert gzip.decompress(empty.content) == b""


def test_a_job_may_fail_or_never_end(serve: Serve) -> None:
    caller = serve(export_seconds=0)
    job_id, _ = export_of(caller)
    caller.sandbox.faults.add(Fault(kind="job_failed"))
    caller.sandbox.faults.add(Fault(kind="job_pending"))

    failed = caller("GET", f"/jobs/{job_id}").json()
    pending = caller("GET", f"/jobs/{job_id}").json()

    assert (failed["status"], pending["status"]) == ("failed", "pending")
    assert "location" not in failed
    assert "location" not in pending


def test_a_fault_for_another_answer_does_no_harm(caller: Caller) -> None:
    caller.tenant.add_role("admin")
    caller.sandbox.faults.add(Fault(kind="truncated_export"))
    caller.sandbox.faults.add(Fault(kind="job_failed"))

    assert len(caller("GET", "/roles").json()) == 1


def test_a_status_after_the_write_hides_also_an_error(caller: Caller) -> None:
    caller.tenant.add_role("admin")
    caller.sandbox.faults.add(Fault(kind="status_after", status=502))

    assert caller("POST", "/roles", ROLE).status_code == 502


def test_an_error_is_not_spoiled_as_a_list_would_be(caller: Caller) -> None:
    caller.sandbox.faults.add(Fault(kind="empty_page"))

    assert caller("GET", "/users?per_page=500").status_code == 400
