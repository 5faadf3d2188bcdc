"""The two ways in which Auth0 hands out a list: by page number and by checkpoint. Complete or an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from client.auth0.errors import Malformed, Where

PAGE = 100  # records a request, the most that Auth0 gives

Get = Callable[..., Any]


class ListChanged(Malformed):
    """The list changed while it was read: what moved from one page to another may have been missed."""


def numbered(get: Get, template: str, key: str, **params: str) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Each page's records and the total that it states, until that many came.

    Raises `Malformed` when the pages do not add up: a short page is not the end of the list. Raises
    `ListChanged` when they do not agree about the total.
    """
    read, page, before = 0, 0, None
    while True:
        asked = {**params, "page": page, "per_page": PAGE, "include_totals": "true"}
        payload = get(template, params=asked)
        records = _records(payload, key, template)
        total = payload.get("total")
        if not isinstance(total, int):
            raise _malformed(template, "the answer states no total")
        if before not in (None, total):
            raise changed(template)
        before = total
        read += len(records)
        yield records, total
        if read >= total:
            return
        if len(records) < PAGE:
            raise _malformed(template, f"the list ended after {read} of {total} records")
        page += 1


def checkpointed(get: Get, template: str, key: str, **ids: str) -> Iterator[list[dict[str, Any]]]:
    """Each page's records, until there is no `next`.

    The last page may be empty although the one before it had a `next`. Raises `Malformed` when a page has
    the `next` that led to it, or an older one: the list turns in a circle, and its end is never seen.
    """
    params: dict[str, str | int] = {"take": PAGE}
    seen: set[str] = set()
    while True:
        payload = get(template, params=params, **ids)
        records = _records(payload, key, template)
        yield records
        following = payload.get("next")
        if not following:
            return
        if following in seen:
            raise _malformed(template, "the list turns in a circle")
        seen.add(following)
        params["from"] = following


def _records(payload: Any, key: str, template: str) -> list[dict[str, Any]]:
    records = payload.get(key) if isinstance(payload, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise _malformed(template, f"the answer has no list of {key}")
    return records


def changed(template: str) -> ListChanged:
    """The error for a list that changed while it was read."""
    return ListChanged("the list changed while it was read", Where("GET", template, 200))


def _malformed(template: str, why: str) -> Malformed:
    return Malformed(f"{why}; a list that is not complete is not used", Where("GET", template, 200))


def text_of(record: Any, name: str) -> str:
    """The text that a record must have under `name`. Raises `Malformed`."""
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, str) or not value:
        raise Malformed(f"a record of the answer has no {name}")
    return value
