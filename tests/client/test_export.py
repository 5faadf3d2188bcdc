"""The file of an export: whole, or nothing of it is used."""

from __future__ import annotations

import gzip
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from client.auth0 import exports
from client.auth0.errors import Auth0Error, Malformed, NotFound, Retriable
from client.auth0.exports import export_users
from client.stop import Stopped
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from tests.client.builders import (
    RawServer,
    Time,
    asked,
    fill,
    http,
    http_json,
    reader_of,
    transport_at,
    transport_to,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sync.model import Account

    Serve = Callable[..., Sandbox]

JOB = "/api/v2/jobs/{id}"
FILE = "/exports/{name}"
LINES = [json.dumps({"user_id": f"auth0|{number}"}).encode() for number in range(5)]
USER_IDS = [f"auth0|{number}" for number in range(5)]
PLAIN = b"\n".join(LINES) + b"\n"


def zipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # without a time: the names of the tests must not change


def exported(sandbox: Sandbox, passing: Time, *, user_read: Any = "export") -> list[Account]:
    reader = reader_of(transport_to(sandbox, passing), passing, user_read=user_read)
    return reader.accounts(reader.connection())


def read(parts: Callable[[], Iterator[bytes] | list[bytes]], passing: Time, **options: Any) -> list[str]:
    """The user ids of an export whose file is sent as these parts."""

    def answer(request: str) -> Iterator[bytes] | list[bytes]:
        if request.startswith("GET /file"):
            return parts()
        job = {"id": "job_1", "status": "completed", "location": f"{server.url}/file?Signature=s"}
        return [http_json(job)]

    with RawServer(answer, closes=True) as server:
        transport = transport_at(server.url, passing, timeout=options.pop("timeout", 5.0))
        records = export_users(transport, "con_1", ["user_id"], sleep=passing.sleep, **options)
        return [record["user_id"] for record in records]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.removesuffix(b"\n"),
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b"\n", b"\n\n"),
        zipped(PLAIN),
        zipped(b"\n".join(LINES)),
        zipped(PLAIN[:70]) + zipped(PLAIN[70:]),
        zipped(b"") + zipped(PLAIN),
        b"".join(zipped(line + b"\n") for line in LINES),
    ],
    ids=["plain", "no last newline", "CRLF", "empty lines", "gzip", "gzip no newline", "two members", "empty", "many"],
)
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_a_whole_file_is_read_however_it_is_made_and_cut_on_its_way(content: bytes, size: int, passing: Time) -> None:
    def parts() -> list[bytes]:
        whole = http(content, "Content-Type: application/octet-stream")
        return [whole[start : start + size] for start in range(0, len(whole), size)]

    assert read(parts, passing) == USER_IDS


@pytest.mark.parametrize("content", [PLAIN, zipped(PLAIN)])
def test_a_file_that_comes_byte_by_byte_is_read_just_so(content: bytes) -> None:
    bytewise = (content[index : index + 1] for index in range(len(content)))

    _, chunks = exports._plain(bytewise)  # noqa: SLF001 - sockets put bytes together as they like
    records = exports._records(chunks)  # noqa: SLF001

    assert [record["user_id"] for record in records] == USER_IDS


@pytest.mark.parametrize("content", [b"", zipped(b"")])
def test_an_empty_file_holds_nobody(content: bytes, passing: Time) -> None:
    assert read(lambda: [http(content)], passing) == []


def damaged() -> bytes:
    packed = bytearray(zipped(PLAIN * 50))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped(PLAIN)[:-1], "is cut off"),
        (zipped(PLAIN)[:20], "is cut off"),
        (zipped(PLAIN)[:3], "is cut off"),
        (zipped(PLAIN) + zipped(PLAIN)[:10], "is cut off"),
        (damaged(), "is damaged"),
        (zipped(PLAIN) + b"<html>", "is damaged"),
        (PLAIN[:-10], "holds a line that is no user"),
        (b"<html>One moment, please</html>", "holds a line that is no user"),
        (b"[]\n", "holds a line that is no user"),
        (b'"auth0|1"\n', "holds a line that is no user"),
        (b"\x1f", "holds a line that is no user"),
        (b"\xff\xfe{}\n", "holds a line that is no user"),
    ],
)
def test_a_file_that_is_not_whole_is_an_error(content: bytes, words: str, passing: Time) -> None:
    with pytest.raises(Malformed, match=f"the export file {words}; nothing read from it was used"):
        read(lambda: [http(content)], passing)


@pytest.mark.parametrize("content", [PLAIN, zipped(PLAIN)])
def test_a_download_that_breaks_off_is_an_error(content: bytes, passing: Time) -> None:
    with pytest.raises(Malformed, match="was cut off: the answer was cut off"):
        read(lambda: [http(content)[:-5]], passing)


def test_a_download_that_trickles_without_end_is_given_up(passing: Time) -> None:
    moments = itertools.chain([0.0], itertools.repeat(3601.0))

    with pytest.raises(Malformed, match="had not come after 60 minutes"):
        read(lambda: [http(PLAIN)], passing, clock=lambda: next(moments))


def test_a_stop_ends_a_download_that_trickles(passing: Time) -> None:
    def stop() -> None:
        raise Stopped("SIGTERM")

    with pytest.raises(Stopped):
        read(lambda: [http(PLAIN)], passing, check=stop)


def test_a_truncated_export_is_an_error(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 300)
    sandbox.faults.add(Fault(kind="truncated_export", times=None))

    with pytest.raises(Malformed, match="the export file is cut off"):
        exported(sandbox, passing)


@pytest.mark.parametrize(("how_many", "user_read"), [(1, "export"), (10, "export"), (300, "export"), (1000, "auto")])
def test_an_empty_export_of_accounts_that_are_there_is_an_error(
    how_many: int, user_read: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, how_many)
    sandbox.faults.add(Fault(kind="empty_export", times=None))

    with pytest.raises(Malformed, match=f"has 0 accounts, but the search counted {how_many}"):
        exported(sandbox, passing, user_read=user_read)


@pytest.mark.parametrize("kind", ["html", "garbage", "drop_before", "drop_after", "status"])
def test_an_export_whose_start_got_no_proper_answer_is_started_again(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, 2)
    sandbox.faults.add(Fault(kind=kind, status=503, path="/api/v2/jobs/users-exports"))

    assert len(exported(sandbox, passing)) == 2
    assert len(asked(sandbox, "POST", "/jobs/users-exports")) == 2


def test_an_export_of_nobody_is_nobody(sandbox: Sandbox, passing: Time) -> None:
    assert exported(sandbox, passing) == []


@pytest.mark.parametrize("user_read", ["auto", "export"])
def test_a_plain_file_cut_at_the_end_of_a_line_is_found_out_by_the_search(
    user_read: Any, serve: Serve, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, 1200)
    sandbox = serve(export_compressed=False)
    reader = reader_of(transport_to(sandbox, passing), passing, user_read=user_read)
    connection = reader.connection()
    kept = [*tenant.users.values()][:900]
    lines = [json.dumps({"user_id": user["user_id"], "identities": user["identities"]}) for user in kept]
    with RawServer(lambda _: [http("\n".join(lines).encode())]) as other:
        job = {"id": "job_1", "status": "completed", "location": f"{other.url}/file", "type": "users_export"}
        sandbox.faults.add(Fault(kind="status", status=200, path=JOB, body=job, times=None))

        with pytest.raises(Malformed, match="the export has 900 accounts, but the search counted 1200"):
            reader.accounts(connection)


def test_a_packed_file_is_whole_although_the_search_counts_linked_accounts_too(
    serve: Serve, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, 1200)
    sandbox = serve()
    reader = reader_of(transport_to(sandbox, passing), passing)
    connection = reader.connection()
    kept = [*tenant.users.values()][:900]
    lines = [json.dumps({"user_id": user["user_id"], "identities": user["identities"]}) for user in kept]
    with RawServer(lambda _: [http(zipped("\n".join(lines).encode()))]) as other:
        job = {"id": "job_1", "status": "completed", "location": f"{other.url}/file", "type": "users_export"}
        sandbox.faults.add(Fault(kind="status", status=200, path=JOB, body=job, times=None))

        accounts = reader.accounts(connection)

    assert len(accounts) == 900


def test_a_file_that_names_an_account_twice_is_an_error(serve: Serve, tenant: Tenant, passing: Time) -> None:
    user_id = tenant.add_user("ann@example.com")
    line = json.dumps({"user_id": user_id, "identities": tenant.users[user_id]["identities"]})
    sandbox = serve()
    with RawServer(lambda _: [http(f"{line}\n{line}\n".encode())]) as other:
        job = {"id": "job_1", "status": "completed", "location": f"{other.url}/file"}
        sandbox.faults.add(Fault(kind="status", status=200, path=JOB, body=job, times=None))

        with pytest.raises(Malformed, match="names an account twice"):
            exported(sandbox, passing)


def test_accounts_that_the_search_still_counts_may_be_gone(serve: Serve, tenant: Tenant, passing: Time) -> None:
    sandbox = serve(search_lag_seconds=60)
    user_ids = fill(tenant, 20)
    passing.advance(61)
    for user_id in user_ids[:9]:
        tenant.remove_user(user_id)

    accounts = exported(sandbox, passing)

    assert len(accounts) == 11


def test_an_uncompressed_export_is_read(serve: Serve, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 30)
    sandbox = serve(export_compressed=False)

    assert len(exported(sandbox, passing)) == 30


def test_a_pending_job_is_looked_at_again_and_again(serve: Serve, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 2)
    sandbox = serve(export_seconds=45)

    assert len(exported(sandbox, passing)) == 2
    assert passing.waits[:4] == [0.5, 0.75, 1.125, 1.6875]
    assert max(passing.waits) <= 10


def test_a_job_that_is_pending_for_ever_is_given_up(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="job_pending", times=None))

    with pytest.raises(Auth0Error, match="the job is still pending after 60 minutes"):
        exported(sandbox, passing)

    assert 3600 <= sum(passing.waits) < 3620


def test_a_job_that_failed_says_why(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="job_failed", times=None))

    with pytest.raises(Auth0Error, match="Auth0 could not carry out the job: Something went wrong"):
        exported(sandbox, passing)


def test_a_job_that_is_forgotten_is_an_error(sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", status=404, path=JOB))

    with pytest.raises(NotFound):
        exported(sandbox, passing)


@pytest.mark.parametrize("job", [[], {}, {"id": "job_1"}, {"status": "completed"}, {"id": "job_1", "status": None}])
def test_an_answer_that_is_no_job_is_an_error(job: object, sandbox: Sandbox, passing: Time) -> None:
    sandbox.faults.add(Fault(kind="status", status=200, path=JOB, body=job))

    with pytest.raises(Malformed, match="the answer is no job"):
        exported(sandbox, passing)


@pytest.mark.parametrize("location", [None, "", "/file", "file"])
def test_a_finished_job_without_a_file_is_an_error(location: object, sandbox: Sandbox, passing: Time) -> None:
    job = {"id": "job_1", "status": "completed", "location": location}
    sandbox.faults.add(Fault(kind="status", status=200, path=JOB, body=job))

    with pytest.raises(Malformed, match="has no usable location"):
        exported(sandbox, passing)


def test_an_expired_link_is_replaced_by_a_new_one(serve: Serve, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 2)
    sandbox = serve(export_link_seconds=-1)
    transport = transport_to(sandbox, passing)
    reader = reader_of(transport, passing, user_read="export")

    with pytest.raises(Retriable, match="the export file cannot be fetched: its link answers 403"):
        reader.accounts(reader.connection())

    links = [entry.raw_path for entry in sandbox.log if entry.path == FILE]
    assert len(links) == len(set(links)) == 3


def test_the_second_link_serves_when_the_first_has_expired(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 2)
    sandbox.faults.add(Fault(kind="status", status=403, path=FILE))

    assert len(exported(sandbox, passing)) == 2


@pytest.mark.parametrize("kind", ["drop_before", "status"])
def test_a_file_that_cannot_be_fetched_at_first_is_fetched_again(
    kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, 2)
    sandbox.faults.add(Fault(kind=kind, status=500, path=FILE, times=2))

    assert len(exported(sandbox, passing)) == 2


def test_a_file_that_can_never_be_fetched_is_an_error_without_the_signed_link(
    sandbox: Sandbox, passing: Time, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.faults.add(Fault(kind="drop_before", path=FILE, times=None))

    with caplog.at_level("DEBUG", "client"), pytest.raises(Retriable) as caught:
        exported(sandbox, passing)

    ours = "".join(record.getMessage() for record in caplog.records if record.name.startswith("client"))
    assert "the export file cannot be fetched: the connection broke" in str(caught.value)
    assert "Signature" not in ours + str(caught.value)


def test_the_token_is_never_sent_to_the_host_of_the_file(
    sandbox: Sandbox, tenant: Tenant, passing: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    fill(tenant, 2)

    accounts = exported(sandbox, passing)

    downloads = [entry for entry in sandbox.log if entry.path == FILE]
    assert len(accounts) == 2
    assert [entry.authorization for entry in downloads] == [False]


def test_a_redirect_of_the_file_is_not_followed(passing: Time) -> None:
    with RawServer(lambda _: [http(PLAIN)]) as other:
        moved = http(b"", f"Location: {other.url}/", status="302 Found")
        with pytest.raises(Retriable, match="its link answers 302"):
            read(lambda: [moved], passing)

        assert other.requests == []


def test_only_accounts_of_our_connection_are_exported(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    ours = tenant.add_user("ann@example.com")
    tenant.add_user("ben@example.com", connection="another")

    accounts = exported(sandbox, passing)

    connection = tenant.connection(DEFAULT_CONNECTION)
    assert connection is not None
    assert [account.user_id for account in accounts] == [ours]
    assert asked(sandbox, "POST", "/jobs/users-exports")[0].body["connection_id"] == connection.id
