"""Which columns a run looks for, and which of them must be there."""

from __future__ import annotations

import pytest

from config.columns import Column
from tests.config.builders import settings

ATTRIBUTES = (
    "username",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "picture",
    "phone_number",
    "email_verified",
)


def optional(field: str) -> Column:
    return Column(field, field, f"DB_COLUMN_{field.upper()}", required=False)


def test_with_no_more_than_the_defaults_only_e_mail_and_role_must_be_there() -> None:
    columns = settings().columns

    assert columns == (
        Column("email", "email", "DB_COLUMN_EMAIL", required=True),
        Column("role", "role", "DB_COLUMN_ROLE", required=True),
        *map(optional, ("id", "active", *ATTRIBUTES)),
    )


@pytest.mark.parametrize("field", ["id", "active", *ATTRIBUTES])
@pytest.mark.parametrize("name", ["Other Name", "same"])
def test_a_column_that_is_named_must_be_there_also_by_its_own_name(field: str, name: str) -> None:
    name = field if name == "same" else name

    columns = settings(**{f"DB_COLUMN_{field.upper()}": name}).columns

    assert [column for column in columns if column.required][2:] == [
        Column(field, name, f"DB_COLUMN_{field.upper()}", required=True)
    ]
    assert [column.field for column in columns] == ["email", "role", "id", "active", *ATTRIBUTES]


def test_metadata_comes_last_in_the_order_in_which_it_is_named_and_must_be_there() -> None:
    columns = settings(DB_COLUMNS_USER_METADATA="colour", DB_COLUMNS_APP_METADATA="z:b,a,z:c").columns

    assert columns[-4:] == (
        Column("app_metadata.b", "z", "DB_COLUMNS_APP_METADATA", required=True),
        Column("app_metadata.a", "a", "DB_COLUMNS_APP_METADATA", required=True),
        Column("app_metadata.c", "z", "DB_COLUMNS_APP_METADATA", required=True),
        Column("user_metadata.colour", "colour", "DB_COLUMNS_USER_METADATA", required=True),
    )
    assert len(columns) == 12 + 4
    assert [column.is_metadata for column in columns] == [False] * 12 + [True] * 4


def test_where_no_profile_is_written_only_who_and_whether_is_read() -> None:
    columns = settings(
        SYNC_PROFILE="never", DB_COLUMN_NAME="full_name", DB_COLUMNS_APP_METADATA="a", DB_COLUMNS_USER_METADATA="b"
    ).columns

    assert [column.field for column in columns] == ["email", "role", "id", "active"]


@pytest.mark.parametrize("profile", ["always", "on-create"])
@pytest.mark.parametrize(("verified", "read"), [("column", True), ("true", False), ("false", False)])
def test_what_is_verified_is_read_only_where_the_column_decides(*, profile: str, verified: str, read: bool) -> None:
    columns = settings(SYNC_PROFILE=profile, AUTH0_EMAIL_VERIFIED=verified, DB_COLUMN_EMAIL_VERIFIED="checked").columns

    assert ("email_verified" in [column.field for column in columns]) is read
    assert [column.field for column in columns][4:11] == list(ATTRIBUTES[:-1])
