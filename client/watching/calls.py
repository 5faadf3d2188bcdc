"""Calls to whoever is told of a run: one POST each, to a URL that nobody gets to see."""

from __future__ import annotations

import json
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url

from client import __version__
from client.auth0.http import Bearer, brief
from client.watching.errands import Failed

_CONNECTING = 5.0  # seconds, for each address of the host


def ping(url: str, word: str, text: str, *, timeout: float) -> None:
    """Tell a monitor: POST to `<url>/<word>`, with a query string staying behind the path. Raises `Failed`."""
    parts = urlsplit(url)
    place = urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{word}"))
    _post(place, text.encode(errors="replace"), "text/plain; charset=utf-8", timeout)


def notify(url: str, text: str, *, timeout: float) -> None:
    """Tell a webhook: POST of `{"text": ...}`. Raises `Failed`."""
    _post(url, json.dumps({"text": text}).encode(), "application/json", timeout)


def _post(url: str, content: bytes, kind: str, timeout: float) -> None:
    """`timeout`: seconds to wait for the answer, and between two bytes of its head; its body is not read.

    A redirect is not followed: what is told, and the secret in the URL, go where the operator said and nowhere else.
    """
    headers = {"Content-Type": kind, "User-Agent": f"auth0-sql-sync/{__version__}"}
    try:
        given = get_auth_from_url(url)
        own = HTTPBasicAuth(*given) if any(given) else Bearer("")  # and nothing of a ~/.netrc
        with requests.post(
            url,
            data=content,
            headers=headers,
            auth=own,
            timeout=(min(_CONNECTING, timeout), timeout),
            allow_redirects=False,
            stream=True,
        ) as response:
            status = response.status_code
    except (requests.exceptions.InvalidURL, ValueError):
        raise Failed("this is no URL that can be called") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Failed(brief(error)) from None
    if 300 <= status < 400:  # noqa: PLR2004
        raise Failed(f"it answers {status}, a redirect, which is not followed; set the URL that it leads to")
    if not 200 <= status < 300:  # noqa: PLR2004
        raise Failed(f"it answers {status}")
