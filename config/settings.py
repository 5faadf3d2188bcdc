"""The settings: what an operator can say, with types, defaults and bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.columns import Column, columns_of
from config.mapping import Namespace, RoleMap, RoleMinimum
from config.people import PeopleSettings
from config.values import LOWER, UPPER, Count, Names, Percent, RootUrl, WatchUrl
from sync.guard import Limits


class Settings(PeopleSettings):
    """Everything that an operator can set. The order is that of the README; descriptions end up there."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    auth0_url: RootUrl = Field(
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
    auth0_email_verified: Annotated[Literal["column", "true", "false"], LOWER] = Field(
        "column", description="what new accounts get: as the query's column says (`column`), or always so"
    )
    auth0_invite: Annotated[Literal["none", "email", "ticket"], LOWER] = Field(
        "none",
        description="new people get a link to set a password: `email` (Auth0 mails it), `ticket` (it is made, and not "
        "mailed) or `none`",
    )
    auth0_invite_client_id: str | None = Field(
        None,
        description="the application that the mail or link is for; default `AUTH0_CLIENT_ID` in mails, none in links",
    )
    auth0_role_prefix: str = Field(
        "", description="manage only roles that begin so; `admin` in the database then means `<prefix>admin`"
    )
    auth0_managed_roles: Names = Field(
        ("*",), description="roles that may be given and taken, comma separated, globs allowed"
    )
    auth0_role_map: RoleMap = Field(
        {},
        description='roles that Auth0 calls otherwise: `{"Database name": "Auth0 name"}`, or the path of a file that '
        "holds such JSON",
    )
    auth0_create_missing_roles: bool = Field(
        default=False, description="create a role that the database names and Auth0 does not have"
    )

    client_ignore_users: Names = Field(
        (),
        description="protected accounts, never created, changed or deleted; comma separated: e-mails (globs allowed), "
        "domains (`x.io` or `@x.io`), user ids (`auth0|...`)",
    )
    client_ignore_roles: Names = Field(
        (),
        description="who has one of these roles is protected; as Auth0 calls them, comma separated, globs allowed",
    )
    sync_role_minimum: RoleMinimum = Field(
        {},
        description="refuse a plan that leaves a role to fewer accounts than this, such as `admin:2,superset_admin:1`",
    )

    sync_on_missing: Annotated[Literal["delete", "block", "keep"], LOWER] = Field(
        "delete",
        description="what becomes of an account that nobody in the source has: `delete`, `block` or `keep`",
    )
    sync_on_inactive: Annotated[Literal["block", "delete", "keep"], LOWER] = Field(
        "block", description="what becomes of an account that the source calls inactive: `block`, `delete` or `keep`"
    )
    sync_delete_after_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="delete whom a run has blocked so many days ago, if they are still gone or inactive; 0 = never",
    )
    sync_revoke_sessions: bool = Field(
        default=False,
        description="also end the sessions and refresh tokens of whom a run blocks; needs the scopes "
        "`delete:sessions` and `delete:refresh_tokens`",
    )
    sync_profile: Annotated[Literal["always", "on-create", "never"], LOWER] = Field(
        "always", description="when names, metadata and the like are written: `always`, `on-create` or `never`"
    )
    sync_namespace: Namespace = Field(
        "sync",
        description="the key of app_metadata under which the job keeps its own notes: the source key, the owner, "
        "the block mark",
    )
    sync_manage: Annotated[Literal["connection", "marked"], LOWER] = Field(
        "connection",
        description="`connection`: every account of the connection is managed; `marked`: only those that bear the mark "
        "of this job (`SYNC_OWNER`) are deleted, blocked or stripped, so that several jobs can share one",
    )
    sync_owner: str = Field("sync", min_length=1, description="the name of this job in that mark")

    sync_max_deletes: Count = Field(500, description="refuse to delete or block more accounts than this")
    sync_max_delete_percent: Percent = Field(
        10, description="the same as a share of the accounts in scope; the lower holds"
    )
    sync_max_role_removals: Count = Field(1000, description="refuse to take roles from more accounts than this")
    sync_max_role_removal_percent: Percent = Field(
        20, description="the same as a share of the accounts in scope; the lower holds"
    )
    sync_max_renames: Count = Field(500, description="refuse to change the e-mail of more accounts than this")
    sync_max_rename_percent: Percent = Field(
        10, description="the same as a share of the accounts in scope; the lower holds"
    )
    sync_max_possible_renames: Count = Field(
        10, description="refuse more pairs of a newcomer and a leaver who seem to be one person"
    )
    sync_max_new_roles: Count = Field(20, description="refuse to create more roles than this")
    sync_max_held_percent: Percent = Field(10, description="refuse when more of the people than this are held")
    sync_limit_floor: Count = Field(
        5,
        description="so many deletes, removals, new e-mails, new roles or held people are always allowed, so that "
        "small tenants can work",
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
    sync_metrics_file: Path | None = Field(
        None, description="where a sync writes its metrics, for node_exporter's textfile collector; it ends in `.prom`"
    )
    sync_ping_url: WatchUrl | None = Field(
        None,
        description="what a sync pings: `/start` is added when it begins, `/<exit code>` when it ends (Healthchecks)",
    )
    sync_notify_url: WatchUrl | None = Field(
        None, description='a webhook that is told how a sync ended: one POST of `{"text": ...}` (Slack, Teams, any)'
    )
    sync_notify_on: Annotated[Literal["problem", "change", "always"], LOWER] = Field(
        "problem",
        description="when: `problem` (refused, failed, or somebody is held), `change` (also when something was "
        "changed) or `always`",
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], UPPER] = Field(
        "INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`"
    )
    log_format: Annotated[Literal["text", "json"], LOWER] = Field(
        "text", description="`text` for people, `json` for machines"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _trimmed(cls, value: object, info: ValidationInfo) -> object:
        """Space around a value means nothing, but a quoted password may begin or end with it."""
        return value.strip() if isinstance(value, str) and info.field_name != "mssql_password" else value

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns to look for in what the query returns, in the order in which they are read."""
        return tuple(columns_of(self))

    @property
    def audience(self) -> str:
        """What the token is asked for."""
        return self.auth0_audience or f"{self.auth0_url}/api/v2/"

    @property
    def journal_dir(self) -> Path:
        """Where the journals are."""
        return self.sync_state_dir / "journal"

    @property
    def invitations_dir(self) -> Path:
        """Where the links for invitations are."""
        return self.sync_state_dir / "invitations"

    @property
    def invites_for(self) -> str:
        """The application that a mail or a link is for. Mails need one."""
        return self.auth0_invite_client_id or (self.auth0_client_id if self.auth0_invite == "email" else "")

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
            renames=self.sync_max_renames,
            rename_percent=self.sync_max_rename_percent,
            possible_renames=self.sync_max_possible_renames,
            new_roles=self.sync_max_new_roles,
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
