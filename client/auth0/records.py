"""Records of users as Auth0 has them, made into accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from client.auth0 import marks
from client.auth0.errors import Malformed
from client.auth0.paging import text_of
from sync import profile
from sync.model import NOTHING, Account

FIELDS = ("user_id", "email", "identities", "blocked", "app_metadata")
"""What is asked of every user."""


def asked(fields: Iterable[str]) -> tuple[str, ...]:
    """What has to be asked for so that `fields`, such as `app_metadata.team`, are known as well."""
    return tuple(dict.fromkeys((*FIELDS, *(field.partition(".")[0] for field in fields))))


@dataclass(frozen=True, slots=True)
class Records:
    """Understands the records of one connection."""

    connection: str
    """Its name."""
    namespace: str = "sync"
    """The key of app_metadata where our marks are."""

    def account(self, record: dict[str, Any], fields: Sequence[str] = ()) -> Account:
        """Raises `Malformed` for a record whose connection cannot be told: it is on no account ours to change."""
        user_id = text_of(record, "user_id")
        identities = record.get("identities")
        if not isinstance(identities, list) or not identities or not all(isinstance(i, dict) for i in identities):
            raise Malformed(f"the record of {user_id} has no identities")
        primary = next((i for i in identities if f"{i.get('provider')}|{i.get('user_id')}" == user_id), identities[0])
        email, connection = record.get("email"), str(primary.get("connection") or "")
        others = () if connection == self.connection else tuple(_linked(identities, self.connection, email))
        return Account(
            user_id,
            str(email) if email else None,
            connection,
            blocked=record.get("blocked") is True,
            marks=marks.read(record.get("app_metadata"), self.namespace),
            profile=profile.found(record, fields) if fields else NOTHING,
            linked=others,
        )


def _linked(identities: Iterable[dict[str, Any]], connection: str, email: object) -> Iterator[str]:
    """The e-mails of the identities that an account of elsewhere has in the connection."""
    for one in identities:
        if one.get("connection") == connection:
            data = one.get("profileData")
            own = data.get("email") if isinstance(data, dict) else None
            if text := own or email:
                yield str(text)
