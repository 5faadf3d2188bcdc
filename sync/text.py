"""Text from databases and servers, made fit to be shown: it can forge neither a line nor a direction."""

from __future__ import annotations


def visible(text: str, limit: int | None = None) -> str:
    """`text` with control and invisible characters written out, cut after `limit` characters."""
    if limit is not None and len(text) > limit:
        return f"{visible(text[:limit])}..."
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
