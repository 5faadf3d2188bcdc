"""What a row says of a person besides e-mail and role, and what several rows say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sync.profile import NotUnderstood, flag, value, whole

NO_ATTRIBUTES = ("id", "active")

Facts = Mapping[str, Any]
"""Field to value: `id`, `active` and the attributes. NULL says nothing: such a field is missing."""


def read(fields: Sequence[str], cells: Sequence[object]) -> tuple[dict[str, Any], list[str]]:
    """What the cells of one row say, and why some of them cannot be understood."""
    facts: dict[str, Any] = {}
    faults: list[str] = []
    for field, cell in zip(fields, cells, strict=True):
        if cell is not None and cell == cell:  # noqa: PLR0124 - NaN, as pandas has NULL, is the one that is not
            try:
                facts[field] = _read(field, cell)
            except NotUnderstood as error:
                faults.append(str(error))
    return facts, faults


def _read(field: str, cell: object) -> Any:
    if field == "active":
        return flag(field, str(cell))
    if field != "id":
        return value(field, cell)
    if not str(cell).strip():
        raise NotUnderstood("the key is empty")
    return whole(field, str(cell))


def merged(some: Facts, more: Facts) -> tuple[dict[str, Any], list[str]]:
    """What two rows say together, and what they disagree about."""
    disagreed = [field for field, said in more.items() if field in some and not _is_same(some[field], said)]
    return {**some, **more}, [f"its rows disagree about {field}" for field in disagreed]


def is_known(said: Facts, before: Facts) -> bool:
    """Whether a row says nothing new."""
    return all(field in before and _is_same(before[field], one) for field, one in said.items())


def _is_same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
