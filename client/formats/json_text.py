"""The report as JSON: exactly the document, for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_SUSPICIOUS = re.compile(r"[^ -~\n]")


def render(document: Mapping[str, Any]) -> str:
    """The document, indented; what cannot be seen, or cannot be written as UTF-8, as an escape of JSON."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return _SUSPICIOUS.sub(lambda found: _escaped(found[0]), text) + "\n"


def _escaped(character: str) -> str:
    """Outside of its strings JSON has nothing but ASCII, so an escape is always in the right place."""
    return character if character.isprintable() else json.dumps(character)[1:-1]
