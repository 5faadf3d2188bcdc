"""`fields` and `include_fields`, wherever an endpoint takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.tenant import Document


def selected(document: Document, arguments: Mapping[str, Any], always: tuple[str, ...] = ()) -> Document:
    """`document` with only, or without, the attributes that `fields` names."""
    if not arguments.get("fields"):
        return document
    names = {name.strip().partition(".")[0] for name in arguments["fields"].split(",")}
    keep = arguments.get("include_fields", True)
    return {name: value for name, value in document.items() if (name in names) is keep or name in always}
