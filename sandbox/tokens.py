"""Access tokens: handing them out, and telling good ones from others."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sandbox.errors import OAuthError, bad_request, unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.tenant import Tenant

_BEARER = re.compile(r"[Bb]earer ([A-Za-z0-9._~+/=-]+)")
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")
_GRANT_HINT = (
    'Client is not authorized to access "{audience}". You need to create a "client-grant" associated to '
    "this API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that was handed out."""

    expires: float
    scopes: frozenset[str]
    opaque: bool = False


def issue(tenant: Tenant, request: Mapping[str, Any], audience: str, now: float) -> dict[str, Any]:
    """The answer of /oauth/token to a client_credentials request.

    Raises:
        OAuthError: in the OAuth style, 400, 401 or 403.
    """
    _check_client(tenant, request, audience)
    asked = request.get("audience")
    if asked not in (None, "", audience):
        description = f"Service not enabled within domain: {asked}"
        raise OAuthError(HTTPStatus.FORBIDDEN, "access_denied", description)
    opaque = not asked
    scopes = frozenset() if opaque else frozenset(tenant.scopes)
    token = secrets.token_urlsafe(24) if opaque else _jwt(tenant, audience, scopes, now)
    tenant.tokens[token] = Token(now + tenant.token_lifetime, scopes, opaque)
    answer: dict[str, Any] = {"access_token": token}
    if scopes:
        answer["scope"] = " ".join(sorted(scopes))
    return answer | {"expires_in": int(tenant.token_lifetime), "token_type": "Bearer"}


def scopes_of(tenant: Tenant, authorization: str | None, now: float) -> frozenset[str]:
    """The scopes that an Authorization header carries.

    Raises:
        ApiError: 401, or 400 for a header that is no bearer token at all.
    """
    if not authorization:
        raise unauthorized("Missing authentication")
    match = _BEARER.fullmatch(authorization)
    if match is None:
        raise bad_request("Bad HTTP authentication header format")
    token = tenant.tokens.get(match[1])
    if token is None and _JWT.fullmatch(match[1]):
        raise unauthorized("Invalid signature received for JSON Web Token validation")
    if token is None or token.opaque:
        raise unauthorized("Invalid token")
    if now >= token.expires:
        raise unauthorized("Expired token received for JSON Web Token validation")
    return token.scopes


def _check_client(tenant: Tenant, request: Mapping[str, Any], audience: str) -> None:
    grant = request.get("grant_type")
    if grant != "client_credentials":
        description = f"Grant type '{grant}' not allowed for the client."
        raise OAuthError(HTTPStatus.FORBIDDEN, "unauthorized_client", description)
    known = secrets.compare_digest(str(request.get("client_id", "")).encode(), tenant.client_id.encode())
    told = str(request.get("client_secret", "")).encode()
    if not known or not secrets.compare_digest(told, tenant.client_secret.encode()):
        raise OAuthError(HTTPStatus.UNAUTHORIZED, "access_denied", "Unauthorized")
    if tenant.client_status == HTTPStatus.FORBIDDEN:
        raise OAuthError(HTTPStatus.FORBIDDEN, "access_denied", _GRANT_HINT.format(audience=audience))
    if tenant.client_status is not None:
        raise OAuthError(tenant.client_status, "access_denied", "Unauthorized")


def _jwt(tenant: Tenant, audience: str, scopes: frozenset[str], now: float) -> str:
    """A token that looks like Auth0's; the signature is random, as only this tenant checks it."""
    claims = {
        "iss": audience.removesuffix("api/v2/"),
        "sub": f"{tenant.client_id}@clients",
        "aud": audience,
        "iat": int(now),
        "exp": int(now + tenant.token_lifetime),
        "scope": " ".join(sorted(scopes)),
        "gty": "client-credentials",
    }
    parts = [_base64({"alg": "RS256", "typ": "JWT"}), _base64(claims), secrets.token_urlsafe(64)]
    return ".".join(parts)


def _base64(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
