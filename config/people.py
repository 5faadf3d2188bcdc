"""The settings of the source: the query, what its columns hold, and the SQL Server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from config.mapping import AppMetadata, UserMetadata
from config.values import LOWER, Seconds


def _with(what: str, name: str) -> str:
    """The description of a column that may be missing."""
    return f"the query's column with {what}; if not set, a column called `{name}` is taken if the query has one"


class PeopleSettings(BaseSettings):
    """What an operator can say about the people and where they are read."""

    users_db_query: str | None = Field(
        None,
        description="SQL that returns a row per person, or per person and role. This or the next is required",
    )
    users_db_query_file: Path | None = Field(None, description="a file that holds the query")
    users_db_url: SecretStr | None = Field(
        None,
        description="any SQLAlchemy URL instead of `MSSQL_*`, such as `mssql+pymssql://...` or `sqlite:///people.db`",
    )

    db_column_email: str = Field("email", description="the query's column with the e-mail; case does not matter")
    db_column_role: str = Field("role", description="the query's column with the role; case does not matter")
    db_role_separator: str | None = Field(
        None, description="what parts the roles where several are in one cell, such as `;`"
    )
    db_column_id: str | None = Field(None, description=_with("a key that stays when the e-mail changes", "id"))
    db_column_active: str | None = Field(None, description=_with("the word whether somebody is active", "active"))
    db_column_username: str | None = Field(None, description=_with("the username", "username"))
    db_column_name: str | None = Field(None, description=_with("the full name", "name"))
    db_column_given_name: str | None = Field(None, description=_with("the given name", "given_name"))
    db_column_family_name: str | None = Field(None, description=_with("the family name", "family_name"))
    db_column_nickname: str | None = Field(None, description=_with("the nickname", "nickname"))
    db_column_picture: str | None = Field(None, description=_with("the URL of a picture", "picture"))
    db_column_phone_number: str | None = Field(None, description=_with("the phone number", "phone_number"))
    db_column_email_verified: str | None = Field(
        None, description=_with("the word whether the e-mail is verified", "email_verified")
    )
    db_columns_app_metadata: AppMetadata = Field(
        {}, description="the query's columns for app_metadata, comma separated: `column` or `column:key`"
    )
    db_columns_user_metadata: UserMetadata = Field(
        {}, description="the query's columns for user_metadata, comma separated: `column` or `column:key`"
    )

    mssql_server: str | None = Field(None, description="host name of the SQL Server, or `host\\instance`")
    mssql_port: int = Field(1433, ge=1, le=65_535, description="its port (not used with a named instance)")
    mssql_database: str | None = Field(None, description="the database")
    mssql_username: str | None = Field(None, description="a login that may read, and need not do more")
    mssql_password: SecretStr | None = Field(None, description="its password")
    mssql_driver: str = Field(
        "ODBC Driver 18 for SQL Server",
        description="the ODBC driver's registered name, or the path of its library",
    )
    mssql_encrypt: Annotated[Literal["yes", "no", "strict"], LOWER] = Field(
        "yes", description="`yes`, `no` or `strict`"
    )
    mssql_trust_server_certificate: bool = Field(
        default=False, description="accept a certificate that cannot be verified"
    )
    mssql_ad_login: bool = Field(
        default=False,
        description="log in with Entra ID (Azure AD) instead of a password: a managed identity, a service principal, "
        "or `az login`; `MSSQL_USERNAME`, if set, is the client id of a user-assigned managed identity; needs "
        "requirements-entra.txt",
    )
    mssql_login_timeout: Seconds = Field(15, description="seconds to wait for the database to let us in")
    mssql_query_timeout: Seconds = Field(300, description="seconds to wait for the query's next rows")
