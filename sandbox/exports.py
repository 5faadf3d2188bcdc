"""The file that an export job makes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.tenant import Document

PREDEFINED = ("user_id", "email", "name", "nickname", "given_name", "family_name", "email_verified")
"""What is exported when `fields` is left out. Auth0 calls it predefined and does not say what it is."""
_STEP = re.compile(r"[^.\[\]]+")
_FAST = 1


def export_file(
    accounts: Iterable[Document], fields: Sequence[Mapping[str, str]], style: str, *, compressed: bool
) -> bytes:
    """The accounts as NDJSON or CSV, gzipped as Auth0 does."""
    columns = [(field["name"], field.get("export_as", field["name"])) for field in fields]
    columns = columns or [(name, name) for name in PREDEFINED]
    lines = _csv(accounts, columns) if style == "csv" else _ndjson(accounts, columns)
    content = lines.encode()
    return gzip.compress(content, compresslevel=_FAST) if compressed else content


def _ndjson(accounts: Iterable[Document], columns: Sequence[tuple[str, str]]) -> str:
    lines = []
    for account in accounts:
        record = {label: _value(account, name) for name, label in columns}
        present = {label: value for label, value in record.items() if value is not None}
        lines.append(json.dumps(present, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(lines)


def _csv(accounts: Iterable[Document], columns: Sequence[tuple[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([label for _, label in columns])
    for account in accounts:
        values = [_value(account, name) for name, _ in columns]
        # The quote keeps a spreadsheet from taking text for a formula.
        writer.writerow([f"'{value}" if isinstance(value, str) else value for value in values])
    return out.getvalue()


def _value(account: Document, name: str) -> Any:
    """The attribute at a path such as `identities[0].connection`; None when there is none."""
    value: Any = account
    for step in _STEP.findall(name):
        if isinstance(value, list):
            index = int(step) if step.isdigit() else len(value)
            value = value[index] if index < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value
