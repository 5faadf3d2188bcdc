"""The report of a run in other forms than text. Pure: a document in, the whole output out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from client.formats import json_text, markdown, spreadsheet

FORM_OF = {".json": "json", ".csv": "csv", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
"""What the ending of a file's name says of its form."""


def render(document: Mapping[str, Any], form: str, recent: Sequence[Mapping[str, Any]] = ()) -> str:
    """`sync.report.document` of a run as `json`, `csv`, `markdown` or `html`; to be written as UTF-8.

    `recent`: lines of the history, the oldest first, for the page's chart. Raises ValueError for any other form.
    """
    if form == "html":
        from client.formats import page  # noqa: PLC0415 - who wants no page need not wait for Jinja2

        return page.render(document, recent)
    forms = {"json": json_text.render, "csv": spreadsheet.render, "markdown": markdown.render}
    if form not in forms:
        raise ValueError(f"there is no form {form!r} of a report")
    return forms[form](document)
