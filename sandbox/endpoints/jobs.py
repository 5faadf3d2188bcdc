"""/jobs, and the download of an export."""

from __future__ import annotations

import hashlib
import json
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sandbox.checks import check_body
from sandbox.clock import timestamp
from sandbox.endpoints.tickets import addressee
from sandbox.errors import ApiError, bad_request, invalid_body
from sandbox.exchange import Answer, Exchange, Upload, answer_json, answer_nothing, answer_text
from sandbox.exports import export_file
from sandbox.identifiers import new_id
from sandbox.jobs import EXPORT, Job, export_job, import_job
from sandbox.schemas import IMPORT_FORM

if TYPE_CHECKING:
    from sandbox.connection import Connection
    from sandbox.tenant import Document

MOST_IMPORT_BYTES = 512_000
_MOST_CSV_FIELDS = 30
_ERROR_PAGE = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>{}</Code><Message>{}</Message></Error>"


def create_export(exchange: Exchange) -> Answer:
    """POST /jobs/users-exports: 200."""
    body = exchange.body
    service = exchange.service
    fixed = dict(body)
    accounts = list(service.exported.accounts().values())
    if "connection_id" in body:
        connection = _connection_of(exchange, body["connection_id"])
        fixed["connection"] = connection.name
        looked_at = None if service.behaviour.export_has_linked else 1
        accounts = [
            account
            for account in accounts
            if any(entry["connection"] == connection.name for entry in account["identities"][:looked_at])
        ]
    style = fixed.setdefault("format", "json")
    fields = body.get("fields", [])
    if style == "csv" and len(fields) > _MOST_CSV_FIELDS:
        raise invalid_body(f"'Array is too long ({len(fields)}), maximum {_MOST_CSV_FIELDS}' on property fields")
    compressed = service.behaviour.export_compressed
    content = export_file(accounts[: body.get("limit")], fields, style, compressed=compressed)
    name = f"{exchange.tenant.name}.{style}{'.gz' if compressed else ''}"
    job = export_job(exchange.now, service.behaviour.export_seconds, fixed, name, content)
    # The OpenAPI description has `connection` in every answer, also of the whole tenant.
    return answer_json({"connection": ""} | service.jobs.start(job).document())


def create_import(exchange: Exchange) -> Answer:
    """POST /jobs/users-imports: 202."""
    if exchange.content_length > MOST_IMPORT_BYTES:
        message = f"Payload content length greater than maximum allowed: {MOST_IMPORT_BYTES}"
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
    form = exchange.body
    if not isinstance(form, dict):
        raise bad_request("Payload validation error: 'Invalid multipart payload format'.", "invalid_body")
    rows = _rows_of(form.get("users"))
    if "connection_id" not in form:
        raise bad_request("Must provide 'connection_id' as multipart part.")
    check_body({name: value for name, value in form.items() if name != "users"}, IMPORT_FORM)
    connection = _connection_of(exchange, form["connection_id"])
    if not connection.is_database:
        raise bad_request("Connection must be a database connection.")
    if not connection.enabled:
        raise bad_request("Connection must be enabled.")
    fixed = {"connection_id": connection.id, "connection": connection.name}
    if "external_id" in form:
        fixed["external_id"] = form["external_id"]
    job = import_job(
        exchange.now,
        exchange.service.behaviour.import_seconds,
        fixed=fixed,
        rows=rows,
        connection=connection,
        upsert=form.get("upsert") == "true",
        tell_owners=form.get("send_completion_email", "true") == "true",
    )
    return answer_json(exchange.service.jobs.start(job).document(), HTTPStatus.ACCEPTED)


def get_job(exchange: Exchange) -> Answer:
    """GET /jobs/{id}: each look at a completed export gives a fresh link."""
    job = exchange.service.jobs.get(exchange.id)
    document = job.document()
    left = max(0, round(job.ready_at - exchange.now))
    if not job.completed:
        return answer_json(document | {"percentage_done": 0, "time_left_seconds": left})
    document |= {"percentage_done": 100, "time_left_seconds": 0}
    if job.kind == EXPORT:
        document["location"] = _location(exchange, job)
    if job.summary is not None:
        document["summary"] = job.summary
    return answer_json(document)


def get_job_errors(exchange: Exchange) -> Answer:
    """GET /jobs/{id}/errors: the rows that failed, or 204."""
    job = exchange.service.jobs.get(exchange.id)
    return answer_json(job.row_errors) if job.row_errors else answer_nothing()


def send_verification(exchange: Exchange) -> Answer:
    """POST /jobs/verification-email: 201."""
    account = addressee(exchange, exchange.body["user_id"], missing=HTTPStatus.BAD_REQUEST)
    exchange.tenant.mails.append({"kind": "verification", "to": account["email"], "user_id": account["user_id"]})
    job = {"type": "verification_email", "status": "pending", "id": new_id("job_")}
    return answer_json(job | {"created_at": timestamp(exchange.now)}, HTTPStatus.CREATED)


def download_export(exchange: Exchange) -> Answer:
    """The file of an export: no bearer token wanted, and only while the signed link is good."""
    if exchange.authorization is not None:
        message = "Only one auth mechanism allowed; the signature in the query string is one already."
        return _refusal("InvalidArgument", message, HTTPStatus.BAD_REQUEST)
    name = exchange.parameters["name"]
    expires = exchange.query.get("Expires", "0")
    signature = _signature(exchange, name, expires)
    if not secrets.compare_digest(exchange.query.get("Signature", "").encode(), signature.encode()):
        return _refusal("AccessDenied", "The signature does not match.", HTTPStatus.FORBIDDEN)
    if exchange.now > float(expires):
        return _refusal("AccessDenied", "Request has expired", HTTPStatus.FORBIDDEN)
    job = exchange.service.jobs.get(name.partition("-")[0])
    return Answer(HTTPStatus.OK, job.content, "application/octet-stream")


def _refusal(code: str, message: str, status: int) -> Answer:
    return answer_text(_ERROR_PAGE.format(code, message), "application/xml", status)


def _location(exchange: Exchange, job: Job) -> str:
    expires = f"{exchange.now + exchange.service.behaviour.export_link_seconds:.3f}"
    signature = _signature(exchange, job.file_name, expires)
    query = f"Expires={expires}&Key-Pair-Id=APKASANDBOX&Signature={signature}"
    return f"{exchange.service.export_url}/exports/{job.file_name}?{query}"


def _signature(exchange: Exchange, name: str, expires: str) -> str:
    signed = f"{exchange.tenant.client_secret}\n{name}\n{expires}"
    return hashlib.sha256(signed.encode()).hexdigest()


def _connection_of(exchange: Exchange, connection_id: str) -> Connection:
    connection = exchange.tenant.connections.get(connection_id)
    if connection is None:
        raise bad_request("The connection does not exist.", "inexistent_connection")
    return connection


def _rows_of(part: object) -> list[Document]:
    if part is None:
        raise bad_request("Must provide 'users' file as multipart part.")
    content = part.content if isinstance(part, Upload) else str(part).encode()
    if not content.strip():
        raise bad_request("Users file must not be empty.")
    try:
        rows: Any = json.loads(content)
    except ValueError:
        rows = None
    if not isinstance(rows, list):
        raise bad_request("Failed to parse users file JSON when importing users. Make sure it is valid JSON.")
    return rows
