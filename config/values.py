"""The kinds of values that a setting may have, and how each is read from its text."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

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


def _watch_url(secret: SecretStr) -> SecretStr:
    """`http(s)://host/...`. It may hold a secret, so nothing of it is ever said."""
    try:
        url = urllib.parse.urlsplit(secret.get_secret_value())
        usable = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be a URL that begins with https:// or http://")
    return secret


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


RootUrl = Annotated[str, AfterValidator(_root_url)]
WatchUrl = Annotated[SecretStr, AfterValidator(_watch_url)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
UPPER, LOWER = BeforeValidator(_upper), BeforeValidator(_lower)
