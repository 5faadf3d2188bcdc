"""The two ways Auth0 pages a list: by offset, up to 1000 records, and by checkpoint."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.errors import PAGING_CAP, bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.exchange import Exchange

MOST_RECORDS = 1000
USUAL_SIZE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """An offset page."""

    number: int
    size: int

    @property
    def start(self) -> int:
        """Index of the first record."""
        return self.number * self.size

    @property
    def end(self) -> int:
        """Index after the last record."""
        return self.start + self.size


def page_of(arguments: Mapping[str, Any], usual_size: int = USUAL_SIZE) -> Page:
    """The offset page that was asked for."""
    return Page(arguments.get("page", 0), arguments.get("per_page", usual_size))


def check_search_cap(exchange: Exchange, page: Page) -> None:
    """Raise 400 invalid_paging for a search page that ends past 1000, however few there are."""
    if exchange.service.behaviour.paging_cap and page.end > MOST_RECORDS:
        raise bad_request(PAGING_CAP, "invalid_paging")


def check_listing_cap(exchange: Exchange, page: Page) -> None:
    """Raise 400 invalid_paging for a page of role members that ends past 1000."""
    if exchange.service.behaviour.paging_cap and page.end > MOST_RECORDS:
        message = (
            f"Requesting page {page.number} exceeds the allowed maximum of 1000 records. "
            "To fetch results beyond 1000, use the checkpoint pagination method."
        )
        raise bad_request(message, "invalid_paging")


def offset_list(
    key: str, records: Sequence[dict[str, Any]], page: Page, total: int, arguments: Mapping[str, Any]
) -> dict[str, Any] | list[dict[str, Any]]:
    """`records` as a bare array, or in an object with `start`, `limit` and `total` if that was asked."""
    if not arguments.get("include_totals", False):
        return list(records)
    return {key: list(records), "start": page.start, "limit": page.size, "total": total}


def cursor(*parts: object) -> str:
    """An opaque `next`."""
    return base64.b64encode(",".join(str(part) for part in parts).encode()).decode()


def read_cursor(text: str) -> tuple[str, str]:
    """The two halves of a `from` that was given out as a `next`.

    Raises:
        ApiError: 400, it was never given out.
    """
    try:
        first, comma, second = base64.b64decode(text, validate=True).decode().partition(",")
    except (binascii.Error, UnicodeDecodeError):
        comma = ""
    if not comma:
        raise bad_request("Invalid 'from' parameter.", "invalid_query_string")
    return first, second
