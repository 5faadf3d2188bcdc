"""What request bodies and query strings must look like."""

from __future__ import annotations

from sandbox.checks import Rule, Shape

_RESERVED = frozenset(
    {"__tenant", "_id", "blocked", "clientID", "created_at", "email", "email_verified", "globalClientID"}
    | {"global_client_id", "identities", "lastIP", "lastLogin", "loginsCount", "metadata", "multifactor"}
    | {"multifactor_last_modified", "updated_at", "user_id"}
)
_NO_RESERVED = frozenset({"$"})
"""user_metadata has no reserved names, but the same two characters are barred from its keys."""
_CONNECTION_ID = r"^con_[A-Za-z0-9]{16}$"
_PHONE = r"^\+[0-9]{1,15}$"

TEXT = Rule(type="string")
FLAG = Rule(type="boolean")
APP_METADATA = Rule(type="object", forbidden=_RESERVED, about="User metadata with read-only access.")
USER_METADATA = Rule(type="object", forbidden=_NO_RESERVED, about="User metadata with read/write access.")


def _profile(*, nullable: bool) -> dict[str, Rule]:
    def text(longest: int, about: str) -> Rule:
        return Rule(type="string", nullable=nullable, shortest=1, longest=longest, about=about)

    return {
        "email": Rule(type="string", nullable=nullable, format="email", about="The user's email."),
        "phone_number": Rule(type="string", nullable=nullable, pattern=_PHONE, about="Phone number (E.164)."),
        "given_name": text(150, "The user's given name(s)."),
        "family_name": text(150, "The user's family name(s)."),
        "name": text(300, "The user's full name."),
        "nickname": text(300, "The user's nickname."),
        "picture": Rule(type="string", nullable=nullable, format="strict-uri", about="URL to picture."),
        "username": text(128, "The user's username."),
        "blocked": FLAG,
        "email_verified": FLAG,
        "phone_verified": FLAG,
        "user_metadata": USER_METADATA,
        "app_metadata": APP_METADATA,
    }


_PASSWORD = Rule(type="string", shortest=1, about="Password. Only valid for auth0 connection strategy.")
_NAME = Rule(type="string", shortest=1)

CREATE_USER = Shape(
    properties={
        **_profile(nullable=False),
        "connection": Rule(type="string", shortest=1, about="Name of the connection."),
        "user_id": Rule(type="string", longest=255, pattern=r"^\S*$", about="The external user's id."),
        "password": _PASSWORD,
        "verify_email": FLAG,
    },
    required=("connection",),
)
UPDATE_USER = Shape(
    properties={
        **_profile(nullable=True),
        "password": _PASSWORD,
        "verify_email": FLAG,
        "verify_phone_number": FLAG,
        "connection": _NAME,
        "client_id": _NAME,
    }
)
CREATE_ROLE = Shape(properties={"name": _NAME, "description": TEXT}, required=("name",))
UPDATE_ROLE = Shape(properties={"name": _NAME, "description": TEXT})
ROLE_IDS = Shape(
    properties={
        "roles": Rule(
            type="array",
            shortest=1,
            items=Rule(type="string", format="role-id", about="List of role IDs."),
            about="List of role IDs.",
        )
    },
    required=("roles",),
)
USER_IDS = Shape(
    properties={"users": Rule(type="array", items=Rule(type="string", format="user-id"))}, required=("users",)
)
EXPORT = Shape(
    properties={
        "connection_id": Rule(type="string", pattern=_CONNECTION_ID),
        "format": Rule(type="string", choices=("json", "csv")),
        "limit": Rule(type="integer", lowest=1),
        "fields": Rule(
            type="array",
            items=Rule(
                type="object",
                shape=Shape(
                    properties={
                        "name": Rule(type="string", longest=100),
                        "export_as": Rule(type="string", longest=100),
                    },
                    required=("name",),
                ),
            ),
        ),
    }
)
IMPORT_FORM = Shape(
    properties={"connection_id": Rule(type="string", pattern=_CONNECTION_ID), "external_id": TEXT}, open=True
)
IMPORT_ROW = Shape(
    properties={
        **_profile(nullable=False),
        "user_id": Rule(type="string", longest=255, pattern=r"^\S*$"),
        "password_hash": Rule(type="string", pattern=r"^\$2[ab]\$10\$.{53}$"),
        "custom_password_hash": Rule(type="object"),
        "mfa_factors": Rule(type="array", shortest=1),
    },
    required=("email",),
)
_IDENTITY = Rule(
    type="object",
    shape=Shape(
        properties={"user_id": TEXT, "provider": TEXT, "connection_id": TEXT},
        required=("user_id", "provider"),
    ),
)
_USER_ID = Rule(type="string", format="user-id")
VERIFICATION = Shape(
    properties={"user_id": _USER_ID, "client_id": TEXT, "identity": _IDENTITY, "organization_id": TEXT},
    required=("user_id",),
)
_TICKET = {
    "result_url": Rule(type="string", format="strict-uri"),
    "user_id": _USER_ID,
    "client_id": _NAME,
    "organization_id": TEXT,
    "ttl_sec": Rule(type="integer", lowest=0),
    "includeEmailInRedirect": FLAG,
    "identity": _IDENTITY,
}
EMAIL_TICKET = Shape(properties=_TICKET, required=("user_id",))
PASSWORD_TICKET = Shape(
    properties={
        **_TICKET,
        "connection_id": Rule(type="string", pattern=_CONNECTION_ID),
        "email": Rule(type="string", format="email"),
        "mark_email_as_verified": FLAG,
    }
)
REVOKE_ACCESS = Shape(properties={"session_id": Rule(type="string", longest=50), "preserve_refresh_tokens": FLAG})

_PAGE = Rule(type="integer", lowest=0, about="Page index of the results to return. First page is 0.")
_PER_PAGE_ABOUT = "Number of results per page. Defaults to 50."
_PER_PAGE = Rule(type="integer", lowest=1, highest=100, about=_PER_PAGE_ABOUT)
_TAKE = Rule(type="integer", lowest=1, highest=100, about=_PER_PAGE_ABOUT)
_FIELDS = {"fields": TEXT, "include_fields": FLAG}
_CHECKPOINT = {"from": TEXT, "take": _TAKE}

OFFSET_QUERY = {"page": _PAGE, "per_page": _PER_PAGE, "include_totals": FLAG}
FIELDS_QUERY = _FIELDS
USERS_QUERY = {
    "page": _PAGE,
    "per_page": Rule(type="integer", lowest=0, highest=100, about=_PER_PAGE_ABOUT),
    "include_totals": FLAG,
    "sort": Rule(type="string", pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:-?1$", about="Field to sort by."),
    "q": TEXT,
    "search_engine": Rule(type="string", choices=("v1", "v2", "v3")),
    "primary_order": FLAG,
    **_FIELDS,
}
ROLES_QUERY = {**OFFSET_QUERY, "name_filter": TEXT}
MEMBERS_QUERY = {**OFFSET_QUERY, **_CHECKPOINT}
CONNECTIONS_QUERY = {**OFFSET_QUERY, **_CHECKPOINT, **_FIELDS, "strategy": TEXT, "name": TEXT}
BLOCKS_QUERY = {"consider_brute_force_enablement": FLAG}
CLIENTS_QUERY = {"from": TEXT, "take": Rule(type="integer", lowest=1, highest=1000)}
