"""The aiohttp side: reading a request off the wire, and sending an answer, also badly."""

from __future__ import annotations

import asyncio
import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.web_request import FileField

from sandbox.application import UNREADABLE, Incoming, parsed_json
from sandbox.exchange import JSON, Answer, Upload
from sandbox.faults import Fault

if TYPE_CHECKING:
    from sandbox.application import Application, Outcome
    from sandbox.server import Sandbox

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MOST_BYTES = 64 * 1024 * 1024
_LOOK_SECONDS = 0.05
_FAULT_FIELDS = frozenset(entry.name for entry in fields(Fault))


class Wire:
    """One server's request handler."""

    def __init__(self, application: Application, sandbox: Sandbox) -> None:
        self._application = application
        self._sandbox = sandbox
        self.stopping = False

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        body, text, size = await _read_body(request)
        raw_path = request.raw_path
        if raw_path.startswith("/sandbox/"):
            return self._own(request.method, raw_path, body)
        incoming = Incoming(
            method=request.method,
            raw_path=raw_path,
            body=body,
            text=text,
            authorization=request.headers.get("Authorization"),
            content_length=size,
            address=request.remote or "",
        )
        if isinstance(body, dict) and isinstance(body.get("password"), str):
            self._sandbox.passwords.append(body["password"])
        outcome = self._application.respond(incoming)
        if self._sandbox.before_answer is not None:
            self._sandbox.before_answer(outcome.entry)
        return await self._send(request, outcome)

    async def _send(self, request: web.BaseRequest, outcome: Outcome) -> web.StreamResponse:
        kind = outcome.fault.kind if outcome.fault is not None else None
        if kind in {"drop_before", "drop_after"}:
            return _dropped(request)
        if kind == "hang":
            # No event tells of both ends giving up, so look now and then.
            while not self.stopping and _is_open(request):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
            return _dropped(request)
        if kind == "truncate":
            return await _send_half(request, outcome.answer)
        if kind == "trickle" and outcome.fault is not None:
            return await self._send_slowly(request, outcome.answer, outcome.fault.pause)
        return _response(outcome.answer)

    async def _send_slowly(self, request: web.BaseRequest, answer: Answer, pause: float) -> web.StreamResponse:
        response = _headed(answer)
        await response.prepare(request)
        for index in range(len(answer.payload or b"")):
            if self.stopping or not _is_open(request):
                return _dropped(request)
            await response.write((answer.payload or b"")[index : index + 1])
            await self._rest(pause)
        return response

    async def _rest(self, seconds: float) -> None:
        for _ in range(math.ceil(seconds / _LOOK_SECONDS)):
            if not self.stopping:
                await asyncio.sleep(min(seconds, _LOOK_SECONDS))

    def _own(self, method: str, path: str, body: object) -> web.Response:
        """The sandbox's own endpoints, which are no part of Auth0."""
        if (method, path) == ("GET", "/sandbox/log"):
            return web.json_response([entry.as_json() for entry in self._sandbox.log])
        if (method, path) == ("DELETE", "/sandbox/log"):
            self._sandbox.clear_log()
            return web.Response(status=204)
        if (method, path) == ("GET", "/sandbox/state"):
            return web.json_response(self._sandbox.state())
        if (method, path) == ("POST", "/sandbox/faults"):
            return self._add_fault(body)
        return web.json_response({"error": f"There is no {method} {path}."}, status=404)

    def _add_fault(self, body: object) -> web.Response:
        if not isinstance(body, dict) or not _FAULT_FIELDS.issuperset(body):
            message = f"A fault is a JSON object with some of {', '.join(sorted(_FAULT_FIELDS))}."
            return web.json_response({"error": message}, status=400)
        try:
            self._sandbox.faults.add(Fault(**body))
        except (TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.Response(status=204)


async def _read_body(received: web.BaseRequest) -> tuple[Any, str, int]:
    if not received.can_read_body:
        return None, "", 0
    # aiohttp would refuse a large body in its own words; Auth0's are ours to say.
    request = received.clone(client_max_size=MOST_BYTES)
    if request.content_type == MULTIPART:
        return await _read_multipart(request)
    content = await request.read()
    text = content.decode(errors="replace")
    if request.content_type == FORM:
        return dict(parse_qsl(text, keep_blank_values=True)), text, len(content)
    return parsed_json(content), text, len(content)


async def _read_multipart(request: web.BaseRequest) -> tuple[Any, str, int]:
    try:
        posted = await request.post()
    except (ValueError, AssertionError):
        return UNREADABLE, "", request.content_length or 0
    form: dict[str, Any] = {}
    texts: list[str] = []
    size = 0
    for name, value in posted.items():
        if isinstance(value, FileField):
            content = value.file.read()
            value.file.close()
            form[name] = Upload(content)
        else:
            content = value if isinstance(value, bytes) else str(value).encode()
            form[name] = content.decode(errors="replace")
        size += len(content)
        texts.append(content.decode(errors="replace"))
    return form, "\n".join(texts), request.content_length or size


def _response(answer: Answer) -> web.Response:
    if answer.payload is None:
        return web.Response(status=answer.status, headers=answer.headers)
    charset = "utf-8" if answer.content_type in {JSON, "text/html", "text/plain"} else None
    return web.Response(
        body=answer.payload,
        status=answer.status,
        headers=answer.headers,
        content_type=answer.content_type,
        charset=charset,
    )


def _headed(answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.content_type
    response.content_length = len(answer.payload or b"")
    return response


async def _send_half(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = _headed(answer)
    await response.prepare(request)
    payload = answer.payload or b""
    await response.write(payload[: len(payload) // 2])
    _dropped(request)
    return response


def _dropped(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection; what is returned is never sent."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _is_open(request: web.BaseRequest) -> bool:
    return request.transport is not None and not request.transport.is_closing()
