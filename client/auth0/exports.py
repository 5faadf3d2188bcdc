"""Export jobs: all accounts of a connection in one file, however many they are."""

from __future__ import annotations

import itertools
import json
import logging
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3

from client.auth0 import jobs
from client.auth0.aside import aside
from client.auth0.errors import Malformed, Retriable, Where
from client.auth0.http import Bearer, arriving, brief
from client.auth0.transport import Transport
from client.stop import Stopped

logger = logging.getLogger(__name__)

_LINK_TRIES = 3  # a link lives for 60 s; asking for the job again gives a new one
_GZIP = b"\x1f\x8b"
_GZIP_ONLY = 31  # zlib's number for it


def export_users(
    transport: Transport,
    connection_id: str,
    fields: Sequence[str],
    *,
    counted: int = 0,
    sleep: Callable[[float], None] = time.sleep,
    check: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    seen: Callable[[jobs.Job], None] = lambda _job: None,
) -> Iterator[dict[str, Any]]:
    """Every user of the connection, one dictionary each, read as a stream.

    `counted`: how many a search has found. `seen` gets the job after each look at it. Raises `Malformed` for a file
    that is cut off, however much of it was read. `check` may raise `Stopped` to end it, also while nothing comes.
    """
    body = {"connection_id": connection_id, "format": "json", "fields": [{"name": name} for name in fields]}
    job = jobs.finished(transport, jobs.start(transport, "users-exports", body=body), sleep, seen)
    with _closed_unless_stopped(_fetch(transport, job, sleep, check)) as response:
        packed, chunks = _plain(_in_time(_chunks(response, check), check, clock))
        exported = 0
        for record in _records(chunks):
            exported += 1
            yield record
    if exported < _least(counted, packed=packed):
        how_many = f"the export has {exported} accounts, but the search counted {counted}"
        raise Malformed(f"{how_many}; a list that is not complete is not used")


def _least(counted: int, *, packed: bool) -> int:
    """How many users a whole file must have. The search lags behind, so a few of those it counted may be gone.

    A packed file proves itself that it is whole; then the search only guards against a file of nobody, because
    it also counts accounts that have the connection as their second identity, which exports may leave out.
    """
    return (counted + 1) // 2 if packed else counted - max(min(10, counted // 2), counted // 100)


def _fetch(
    transport: Transport, job: jobs.Job, sleep: Callable[[float], None], check: Callable[[], None]
) -> requests.Response:
    """Open the finished job's file. The signed URL is on another host, which must not see our token."""
    trouble = ""
    for attempt in range(1, _LINK_TRIES + 1):
        location = _location(job)
        if not location.hostname or (location.scheme != "https" and transport.url.startswith("https:")):
            raise Malformed("the finished job has no usable location", jobs.where(job["id"]))
        try:
            response = aside(partial(_open, location.geturl(), transport.timeout), check)
            if response.status_code == requests.codes.ok:
                return response
            response.close()
            trouble = f"its link answers {response.status_code}"
        except requests.RequestException as error:
            trouble = brief(error)
        extra = {"event": "export_link_failed", "attempt": attempt}
        logger.info("the export file cannot be fetched: %s; asking for a new link (%s)", trouble, attempt, extra=extra)
        sleep(attempt)
        job = jobs.look(transport, str(job["id"]))
    raise Retriable(f"the export file cannot be fetched: {trouble}", jobs.where(job["id"]))


def _location(job: jobs.Job) -> SplitResult:
    try:
        return urlsplit(str(job.get("location") or ""))
    except ValueError:
        return urlsplit("")


def _open(url: str, timeout: float) -> requests.Response:
    return requests.get(url, auth=Bearer(""), stream=True, timeout=(10, timeout), allow_redirects=False)


@contextmanager
def _closed_unless_stopped(response: requests.Response) -> Iterator[requests.Response]:
    """Closes the response at the end, but not while a thread that was left behind still reads from it."""
    try:
        yield response
    except Stopped:
        raise
    except BaseException:
        response.close()
        raise
    response.close()


def _records(chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for line in _lines(chunks):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise _broken("holds a line that is no user")
        yield record


def _chunks(response: requests.Response, check: Callable[[], None]) -> Iterator[bytes]:
    chunks = arriving(response)
    try:
        while chunk := aside(lambda: next(chunks, b""), check):
            yield chunk
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise _broken(f"was cut off: {brief(error)}") from None


def _in_time(chunks: Iterator[bytes], check: Callable[[], None], clock: Callable[[], float]) -> Iterator[bytes]:
    """The chunks, unless they come so slowly that there is no end to it."""
    deadline = clock() + jobs.PATIENCE
    for chunk in chunks:
        check()
        if clock() > deadline:
            raise _broken(f"had not come after {jobs.PATIENCE / 60:.0f} minutes")
        yield chunk


def _plain(chunks: Iterator[bytes]) -> tuple[bool, Iterator[bytes]]:
    """Whether the file is packed by gzip (of one member or several), and what is in it."""
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= len(_GZIP):
            break
    whole = itertools.chain([start], chunks)
    packed = start.startswith(_GZIP)
    return packed, _unpacked(whole) if packed else whole


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=_GZIP_ONLY)
    for chunk in chunks:
        data = chunk
        while data:
            unpacker = zlib.decompressobj(wbits=_GZIP_ONLY) if unpacker.eof else unpacker
            try:
                yield unpacker.decompress(data)
            except zlib.error:
                raise _broken("is damaged") from None
            data = unpacker.unused_data
    if not unpacker.eof:
        raise _broken("is cut off")


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)
    if rest:
        yield rest


def _broken(how: str) -> Malformed:
    return Malformed(f"the export file {how}; nothing read from it was used", Where("GET", "(export file)", 200))
