"""From settings to the terms of a plan: whose accounts are managed, by which roles, and what becomes of whom."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pandas as pd

from client.auth0.errors import Auth0Error
from client.auth0.reader import Connection, Reader
from client.auth0.tokens import READ_SCOPES, WRITE_SCOPES
from config.settings import Settings
from sync import address
from sync.brakes import Brakes
from sync.desired import NO_ATTRIBUTES
from sync.difference import foreign
from sync.model import Account, Cause, Change, Kind, Role
from sync.policy import Policy
from sync.protection import Protection
from sync.roles import ManagedRoles, UnknownRole, called, folded

logger = logging.getLogger(__name__)


def make_brakes(settings: Settings, brakes: Brakes) -> Brakes:
    """The brakes of the command line and those of the settings."""
    settled = {Cause.MISSING: ("SYNC_ON_MISSING", settings.sync_on_missing)}
    settled[Cause.INACTIVE] = "SYNC_ON_INACTIVE", settings.sync_on_inactive
    return replace(brakes, kept={cause: f"{name}=keep" for cause, (name, value) in settled.items() if value == "keep"})


def make_managed_roles(settings: Settings, roles: Sequence[Role]) -> ManagedRoles:
    """Those of the tenant's roles that may be given and taken."""
    return ManagedRoles(
        roles,
        prefix=settings.auth0_role_prefix,
        patterns=settings.auth0_managed_roles,
        names=settings.auth0_role_map,
        create_missing=settings.auth0_create_missing_roles,
    )


def fitting(frame: pd.DataFrame, settings: Settings, reader: Reader) -> pd.DataFrame:
    """The frame without what the connection cannot have.

    Many tables have a column called username, and few connections have usernames. Raises `Auth0Error` when it was
    asked for by name.
    """
    if "username" not in frame or reader.takes_usernames():
        return frame
    lacking = f"the connection {settings.auth0_connection!r} has no usernames (requires_username)"
    if settings.db_column_username:
        raise Auth0Error(f"{lacking}; unset DB_COLUMN_USERNAME")
    logger.warning("%s: the column username is not used", lacking, extra={"event": "username_not_used"})
    return frame.drop(columns="username")


def make_policy(settings: Settings, connection: Connection, roles: Sequence[Role], today: date) -> Policy:
    """What the settings say about whose accounts are managed, and what becomes of whom.

    Raises `UnknownRole` when they name a role that the tenant does not have, and `Auth0Error` when the connection
    does not go with them.
    """
    if settings.auth0_invite != "none" and connection.strategy != "auth0":
        raise Auth0Error("AUTH0_INVITE needs a database connection: in another, people have no password to set")
    kinds = {"delete": Kind.DELETE, "block": Kind.BLOCK, "keep": Kind.DELETE}  # what is kept is kept by a brake
    verified = {"true": True, "false": False}.get(settings.auth0_email_verified)
    return Policy(
        protection=make_protection(settings, roles),
        missing=kinds[settings.sync_on_missing],
        inactive=kinds[settings.sync_on_inactive],
        delete_after=settings.sync_delete_after_days,
        today=today,
        updates=settings.sync_profile == "always",
        email_verified=verified,
        namespace=settings.sync_namespace,
        owner=settings.sync_owner if settings.sync_manage == "marked" else "",
        invites=settings.auth0_invite != "none",
        renames=connection.strategy == "auth0",
        minimum=_minimum(settings, roles),
    )


def stranger(policy: Policy, reader: Reader, account: Account, change: Change) -> str:
    """Why the account that was there already, unknown to the lists, is not that of whom `change` is to create.

    What the plan would have said, had it known the account. Raises `Auth0Error`.
    """
    wanted = next((str(edit.new) for edit in change.edits if edit.field == policy.mark("id")), "")
    if reason := foreign(account, wanted, policy):
        return reason
    asked = reader.roles_of(account.user_id) if policy.protection.roles else ()
    role_ids = frozenset(role.id for role in asked)
    return policy.protection.of_account(address.key(account.email or ""), account.user_id, role_ids)


def make_protection(settings: Settings, roles: Sequence[Role]) -> Protection:
    """Who is protected. Raises `UnknownRole`."""
    return Protection(settings.client_ignore_users, called(settings.client_ignore_roles, roles, "CLIENT_IGNORE_ROLES"))


def profile_fields(frame: pd.DataFrame, policy: Policy) -> list[str]:
    """What has to be known of an account's profile besides its e-mail."""
    fields = [str(name) for name in frame.columns if name not in NO_ATTRIBUTES]
    return fields if policy.email_verified is None else [*fields, "email_verified"]


def _minimum(settings: Settings, roles: Sequence[Role]) -> dict[Role, int]:
    minimum: dict[Role, int] = {}
    for name, least in settings.sync_role_minimum.items():
        alike = [role for role in roles if folded(role.name) == folded(name)]
        if not alike and not settings.auth0_create_missing_roles:
            raise UnknownRole(f"SYNC_ROLE_MINIMUM names the role {name!r}, which Auth0 does not have")
        minimum |= dict.fromkeys(alike, least)
    return minimum


def needed_scopes(settings: Settings, *, writes: bool) -> tuple[str, ...]:
    """What the application must be granted for a run."""
    if not writes:
        return READ_SCOPES
    further = {
        "create:roles": settings.auth0_create_missing_roles,
        "create:user_tickets": settings.auth0_invite == "ticket",
        "delete:sessions": settings.sync_revoke_sessions,
        "delete:refresh_tokens": settings.sync_revoke_sessions,
    }
    return READ_SCOPES + WRITE_SCOPES + tuple(scope for scope, needed in further.items() if needed)
