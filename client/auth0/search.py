"""Searches for users, by an index that lags behind what was written."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from client.auth0.paging import ListChanged, numbered
from client.auth0.records import Records, asked
from client.auth0.transport import Transport
from sync.model import Account

logger = logging.getLogger(__name__)

_LIST_TRIES = 3  # for a list that changes while it is read
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")

Read = TypeVar("Read")


class Search:
    """Searches the users of one tenant for those of one connection."""

    def __init__(self, transport: Transport, records: Records) -> None:
        self._transport, self.records = transport, records

    @property
    def everybody(self) -> str:
        """The query for all with an identity in the connection."""
        return f'identities.connection:"{_escaped(self.records.connection)}"'

    def pages(self, query: str, fields: Sequence[str] = ()) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """The records of each page, with what is needed for `fields`, and the total that it states."""
        params = {"q": query, "search_engine": "v3", "sort": "created_at:1"}
        params |= {"fields": ",".join(asked(fields)), "include_fields": "true"}
        return numbered(self._transport.get, "/users", "users", **params)

    def spelt(self, emails: Iterable[str], fields: Sequence[str] = ()) -> list[Account]:
        """The accounts with an identity in the connection that have one of these e-mails, in whatever case; as the
        search index, which lags behind, has them."""
        terms = " OR ".join(f'email:"{_escaped(email)}"' for email in emails)
        return self._found_by(f"{self.everybody} AND ({terms})", fields)

    def bearing(self, source_id: str, fields: Sequence[str] = ()) -> list[Account]:
        """The accounts with an identity in the connection that bear this key of the source; as the search index has
        them.

        A question of its own: operators work on root fields of metadata (Auth0, "User Search Query Syntax").
        """
        field = f"app_metadata.{self.records.namespace}.id"
        found = self._found_by(f'{field}:"{_escaped(source_id)}"', fields)
        if not found and _NUMBER.fullmatch(source_id):  # as somebody may have written it by hand
            found = self._found_by(f"{field}:{source_id}", fields)
        return [account for account in found if account.connection == self.records.connection or account.linked]

    def _found_by(self, query: str, fields: Sequence[str]) -> list[Account]:
        def read() -> list[Account]:
            pages = self.pages(query, fields)
            return [self.records.account(record, fields) for page, _ in pages for record in page]

        return steady(read)


def _escaped(text: str) -> str:
    """`text` as it stands between quotes in a search."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def steady(read: Callable[[], Read]) -> Read:
    """What `read` returns, read again if the list changed meanwhile; a list that never rests is an error."""
    for attempt in range(1, _LIST_TRIES):
        try:
            return read()
        except ListChanged as error:
            extra = {"event": "list_read_again", "attempt": attempt}
            logger.info("%s; reading it again (%s)", error, attempt, extra=extra)
    return read()
