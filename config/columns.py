"""The columns that the query may have, and what each holds: the query's aliases are the mapping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.settings import Settings

APP_METADATA, USER_METADATA = "app_metadata.", "user_metadata."
_OF_THE_SOURCE = ("id", "active")
_ATTRIBUTES = (
    "username",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "phone_number",
    "email_verified",
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the query, and what it holds."""

    field: str
    """`email`, `role`, `id`, `active`, `username`, ..., `app_metadata.<key>` or `user_metadata.<key>`."""
    name: str
    """What the query calls it; case does not matter."""
    setting: str
    """The setting that names it."""
    required: bool
    """False: it is taken if the query has such a column."""

    @property
    def is_metadata(self) -> bool:
        """Whether its values keep their types."""
        return self.field.startswith((APP_METADATA, USER_METADATA))


def columns_of(settings: Settings) -> Iterator[Column]:
    """The columns to look for: those that a run with these settings makes use of."""
    yield Column("email", settings.db_column_email, "DB_COLUMN_EMAIL", required=True)
    yield Column("role", settings.db_column_role, "DB_COLUMN_ROLE", required=True)
    for field in _OF_THE_SOURCE:
        yield _optional(settings, field)
    if settings.sync_profile == "never":
        return
    for field in _ATTRIBUTES:
        if field != "email_verified" or settings.auth0_email_verified == "column":
            yield _optional(settings, field)
    for key, name in settings.db_columns_app_metadata.items():
        yield Column(f"{APP_METADATA}{key}", name, "DB_COLUMNS_APP_METADATA", required=True)
    for key, name in settings.db_columns_user_metadata.items():
        yield Column(f"{USER_METADATA}{key}", name, "DB_COLUMNS_USER_METADATA", required=True)


def _optional(settings: Settings, field: str) -> Column:
    """Who names a column wants it; a name that is nobody's wish may be missing."""
    name: str | None = getattr(settings, f"db_column_{field}")
    return Column(field, name or field, f"DB_COLUMN_{field.upper()}", required=name is not None)
