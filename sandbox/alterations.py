"""Faults that spoil a genuine answer, as opposed to those that replace it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sandbox.exchange import Answer, answer_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.faults import Fault

_EMPTY_GZIP = bytes.fromhex("1f8b08000000000000ff03000000000000000000")
_STRANGER = "a_key_nobody_mentioned"


def altered(answer: Answer, fault: Fault, lists: str | None, query: Mapping[str, str]) -> Answer:
    """The answer as the fault would have it; the answer itself when the fault is of another sort."""
    if fault.kind == "truncated_export" and answer.payload is not None:
        return replace(answer, payload=answer.payload[: len(answer.payload) // 2])
    if fault.kind == "empty_export":
        return replace(answer, payload=_EMPTY_GZIP)
    document = answer.document
    if fault.kind in {"short_page", "empty_page", "repeat_next"}:
        document = _spoiled_list(document, fault.kind, lists or "", query)
    elif fault.kind == "job_failed":
        document = _without_result(document) | {"status": "failed", "status_details": "Something went wrong."}
    elif fault.kind == "job_pending":
        document = _without_result(document) | {"status": "pending"}
    return answer if document is answer.document else answer_json(document, answer.status)


def with_strangers(document: object) -> object:
    """A copy in which every object has a key that no document mentions."""
    if isinstance(document, dict):
        return {name: with_strangers(value) for name, value in document.items()} | {_STRANGER: {"new": True}}
    if isinstance(document, list):
        return [with_strangers(item) for item in document]
    return document


def _spoiled_list(document: Any, kind: str, key: str, query: Mapping[str, str]) -> Any:
    """The list answer with records missing; whatever it says about totals stays as it is."""
    records = document if isinstance(document, list) else document.get(key, [])
    kept = records[: len(records) // 2] if kind == "short_page" else []
    if isinstance(document, list):
        return kept
    spoiled = document | {key: kept}
    if kind == "repeat_next":
        following = query.get("from", document.get("next"))
        return spoiled | {"next": following} if following else spoiled
    return spoiled


def _without_result(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in {"location", "summary"}}
