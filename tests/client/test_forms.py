"""A request in parts, as an import needs it: byte for byte what goes over the wire."""

from __future__ import annotations

import re

from client.auth0.http import Call
from tests.client.builders import RawServer, Time, http_json, transport_at


def test_a_form_is_sent_in_parts_a_text_as_a_field_and_bytes_as_a_file(passing: Time) -> None:
    rows = '[{"email": "jürgen@bücher.example"}]'
    with RawServer(lambda _: [http_json({"id": "job_1"}, status="202 Accepted")]) as server:
        transport = transport_at(server.url, passing).for_writing()

        answer = transport.request("POST", "/jobs/users-imports", parts={"users": rows.encode(), "upsert": "false"})

    assert answer == {"id": "job_1"}
    head, _, body = server.requests[-1].partition("\n\n")
    (boundary,) = re.findall(r"(?im)^content-type: multipart/form-data; boundary=(\S+)$", head)
    assert "Authorization: Bearer a-token" in head
    assert body.replace("\r", "") == (
        f'--{boundary}\nContent-Disposition: form-data; name="users"; filename="users.json"\n'
        f"Content-Type: application/json\n\n{rows}\n"
        f'--{boundary}\nContent-Disposition: form-data; name="upsert"\n\nfalse\n'
        f"--{boundary}--\n"
    )


def test_a_request_without_parts_is_no_form(passing: Time) -> None:
    with RawServer(lambda _: [http_json({})]) as server:
        transport_at(server.url, passing).get("/roles")

    assert "multipart" not in server.requests[-1].lower()


def test_what_is_in_a_form_is_not_shown_when_the_call_is_logged() -> None:
    call = Call("POST", "https://x", parts={"users": b"[somebody]"})

    assert "somebody" not in repr(call)
