"""The settings: what an operator can say, with types, defaults and bounds."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from sync.guard import Limits

_HOST = re.compile(r"[\w.-]+|[0-9a-f:.]+")  # a name or an address, the latter of either kind


def _root_url(text: str) -> str:
    """`https://host[:port]`, or http where the host is this very machine."""
    try:
        url = urllib.parse.urlsplit(text)
        host, port = url.hostname or "", url.port
    except ValueError:  # its message would show what may be a password
        url, host, port = urllib.parse.SplitResult("", "", "", "", ""), "", None
    if url.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or port == 0:
        raise ValueError("must be a URL such as https://example.eu.auth0.com")
    if "@" in url.netloc or url.path.strip("/") or url.query or url.fragment:
        raise ValueError("must be scheme and host alone, such as https://example.eu.auth0.com")
    if url.scheme == "http" and not _is_loopback(host):
        raise ValueError("must begin with https:// (http is for a loopback address alone)")
    return f"{url.scheme}://{url.netloc}".rstrip(":")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]


class Settings(BaseSettings):
    """Everything that an operator can set. The order is that of the README; descriptions end up there."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

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

    mssql_server: str | None = Field(None, description="host name of the SQL Server, or `host\\instance`")
    mssql_port: int = Field(1433, ge=1, le=65_535, description="its port (not used with a named instance)")
    mssql_database: str | None = Field(None, description="the database")
    mssql_username: str | None = Field(None, description="a login that may read, and need not do more")
    mssql_password: SecretStr | None = Field(None, description="its password")
    mssql_driver: str = Field(
        "ODBC Driver 18 for SQL Server",
        description="the ODBC driver's registered name, or the path of its library",
    )
    mssql_encrypt: Annotated[Literal["yes", "no", "strict"], BeforeValidator(_lower)] = Field(
        "yes", description="`yes`, `no` or `strict`"
    )
    mssql_trust_server_certificate: bool = Field(
        default=False, description="accept a certificate that cannot be verified"
    )
    mssql_login_timeout: Seconds = Field(15, description="seconds to wait for the database to let us in")
    mssql_query_timeout: Seconds = Field(300, description="seconds to wait for the query's next rows")

    auth0_url: Annotated[str, AfterValidator(_root_url)] = Field(
        description="the tenant, such as `https://example.eu.auth0.com`; https, except on loopback"
    )
    auth0_client_id: str = Field(min_length=1, description="of a machine-to-machine application")
    auth0_client_secret: SecretStr = Field(min_length=1, description="its secret")
    auth0_connection: str = Field(min_length=1, description="the name of the connection whose users are managed")
    auth0_audience: str | None = Field(
        None,
        description="the Management API's identifier, if `AUTH0_URL` is a custom domain; else `<AUTH0_URL>/api/v2/`",
    )
    auth0_max_retries: int = Field(5, ge=0, le=20, description="how often a request is tried again")
    auth0_backoff_factor: float = Field(
        1, ge=0, le=60, allow_inf_nan=False, description="seconds before the first retry; doubles each time"
    )
    auth0_timeout: float = Field(30, gt=0, le=600, allow_inf_nan=False, description="seconds to wait for one answer")
    auth0_pool_size: int = Field(4, ge=1, le=64, description="requests in flight, and processes in the pool")
    auth0_requests_per_second: float = Field(
        0, ge=0, allow_inf_nan=False, description="a hard cap; 0 = steer by Auth0's rate-limit headers alone"
    )
    auth0_user_read: Literal["auto", "pages", "export"] = Field(
        "auto", description="`pages` (under 1,000 accounts), `export` (any number) or `auto`"
    )
    auth0_role_read: Literal["auto", "members", "pool"] = Field(
        "auto",
        description="`members` (by role), `pool` (by user, in processes) or `auto`: the fewer requests",
    )
    auth0_create_with: Literal["auto", "requests", "import"] = Field(
        "auto",
        description="`requests` (one each), `import` (jobs of thousands) or `auto`: jobs from 100 new accounts on",
    )
    auth0_role_batch_size: int = Field(
        50, ge=1, le=1000, description="accounts in one request that gives a role; smaller, if Auth0 refuses so many"
    )
    auth0_role_prefix: str = Field(
        "", description="manage only roles that begin so; `admin` in the database then means `<prefix>admin`"
    )
    auth0_managed_roles: Names = Field(
        ("*",), description="roles that may be given and taken, comma separated, globs allowed"
    )
    client_ignore_users: Names = Field(
        (), description="protected e-mails, comma separated, globs allowed: never created, changed or deleted"
    )

    sync_on_missing: Annotated[Literal["delete", "block", "keep"], BeforeValidator(_lower)] = Field(
        "delete",
        description="what becomes of an account that nobody in the source has: `delete`, `block` or `keep`",
    )
    sync_max_deletes: Count = Field(500, description="refuse to delete or block more accounts than this")
    sync_max_delete_percent: Percent = Field(
        10, description="the same as a share of the accounts in scope; the lower holds"
    )
    sync_max_role_removals: Count = Field(1000, description="refuse to take roles from more accounts than this")
    sync_max_role_removal_percent: Percent = Field(
        20, description="the same as a share of the accounts in scope; the lower holds"
    )
    sync_max_held_percent: Percent = Field(10, description="refuse when more of the people than this are held")
    sync_limit_floor: Count = Field(
        5,
        description="so many deletes, removals or held people are always allowed, so that small tenants can work",
    )
    sync_tolerate_held: Count = Field(
        0, description="end with 0 although so many people are held, for a table that always has a few bad rows"
    )
    sync_source_lock: bool = Field(
        default=True, description="also take a lock in the SQL Server, so that two hosts do not run at once"
    )
    sync_state_dir: Path = Field(
        Path(".sync"), description="the folder for the lock, the journals, the last report and the last success"
    )
    sync_journal_days: int = Field(
        90, ge=0, le=36_500, description="delete journals that are older; 0 = never (they hold personal data)"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`"
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = Field(
        "text", description="`text` for people, `json` for machines"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _trimmed(cls, value: object, info: ValidationInfo) -> object:
        """Space around a value means nothing, but a quoted password may begin or end with it."""
        return value.strip() if isinstance(value, str) and info.field_name != "mssql_password" else value

    @property
    def audience(self) -> str:
        """What the token is asked for."""
        return self.auth0_audience or f"{self.auth0_url}/api/v2/"

    @property
    def journal_dir(self) -> Path:
        """Where the journals are."""
        return self.sync_state_dir / "journal"

    @property
    def limits(self) -> Limits:
        """The guard's limits."""
        return Limits(
            deletes=self.sync_max_deletes,
            delete_percent=self.sync_max_delete_percent,
            role_removals=self.sync_max_role_removals,
            role_removal_percent=self.sync_max_role_removal_percent,
            held_percent=self.sync_max_held_percent,
            floor=self.sync_limit_floor,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """`load` has asked the sources already, so that it can tell the faults of all of them at once."""
        return (init_settings,)
