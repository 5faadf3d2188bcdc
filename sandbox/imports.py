"""What an import job does with each row of its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.checks import shape_violation
from sandbox.connection import identity
from sandbox.errors import MISSING_USERNAME
from sandbox.handles import clash, owners_of, with_stored_handles
from sandbox.identifiers import DATABASE, new_local_user_id
from sandbox.log import without_secrets
from sandbox.schemas import IMPORT_ROW

if TYPE_CHECKING:
    from sandbox.behaviour import Behaviour
    from sandbox.connection import Connection
    from sandbox.tenant import Document, Tenant

_UPSERTED = frozenset(
    {"app_metadata", "user_metadata", "email_verified", "family_name", "given_name", "name", "nickname"} | {"picture"}
)
_NOT_STORED = frozenset({"password_hash", "custom_password_hash", "mfa_factors", "user_id"})
# The missing s is Auth0's.
_DUPLICATE = {"code": "DUPLICATED_USER", "message": "The user already exist and upsert parameter is false"}
_CONFLICT = {"code": "CONFLICT", "message": "The user_id, username or phone number is taken"}


@dataclass(slots=True)
class ImportResult:
    """What became of the rows."""

    inserted: int = 0
    updated: int = 0
    errors: list[Document] = field(default_factory=list)

    @property
    def summary(self) -> Document:
        """The job's `summary`."""
        total = self.inserted + self.updated + len(self.errors)
        return {
            "failed": len(self.errors),
            "updated": self.updated,
            "inserted": self.inserted,
            "total": total,
        }


def import_rows(
    tenant: Tenant, connection: Connection, rows: list[Any], behaviour: Behaviour, *, upsert: bool
) -> ImportResult:
    """Insert or update every row that can be; the others are told in `errors`."""
    result = ImportResult()
    seen: set[str] = set()
    for row in rows:
        error = _row_error(row, connection, seen)
        if error is None:
            stored = with_stored_handles(row, connection, behaviour)
            error = _import_row(tenant, connection, stored, behaviour, result, upsert=upsert)
        if error is not None:
            told = without_secrets(row) if isinstance(row, dict) else {}
            result.errors.append({"user": told, "errors": [error]})
    return result


def _row_error(row: object, connection: Connection, seen: set[str]) -> Document | None:
    if not isinstance(row, dict):
        return {"code": "OBJECT_REQUIRED", "message": "The user must be an object", "path": ""}
    fault = shape_violation(row, IMPORT_ROW)
    if fault is not None:
        code = "FORMAT" if fault.code == "OBJECT_ADDITIONAL_PROPERTIES" else fault.code
        return {"code": code, "message": fault.why, "path": fault.path}
    if connection.requires_username and "username" not in row:
        return {"code": "OBJECT_REQUIRED", "message": MISSING_USERNAME.format(connection.name), "path": "username"}
    if "password_hash" in row and "custom_password_hash" in row:
        return {"code": "NOT_PASSED", "message": "Only one password hash is allowed", "path": "password_hash"}
    email = row["email"].lower()
    if email in seen:
        return {
            "code": "CONFLICT_EMAIL",
            "message": "The email is more than once in the file",
            "path": "email",
        }
    seen.add(email)
    return None


def _import_row(
    tenant: Tenant, connection: Connection, row: Document, behaviour: Behaviour, result: ImportResult, *, upsert: bool
) -> Document | None:
    known = owners_of(tenant, connection, "email", row["email"])
    if known and upsert:
        changes = {name: value for name, value in row.items() if name in _UPSERTED}
        # Not given is not verified; and metadata is replaced, not merged as PATCH does.
        tenant.update_user(known[0]["user_id"], **({"email_verified": False} | changes))
        result.updated += 1
        return None
    user_id = f"{DATABASE}|{row.get('user_id') or new_local_user_id()}"
    if user_id in tenant.users or clash(tenant, connection, row, behaviour, importing=True) is not None:
        return _CONFLICT if upsert else _DUPLICATE
    document = {name: value for name, value in row.items() if name not in _NOT_STORED}
    document.setdefault("email_verified", False)
    document["identities"] = [identity(connection.name, DATABASE, user_id)]
    tenant.store(user_id, document)
    result.inserted += 1
    return None
