"""The attributes of a person: what the source may say of them, and when an account has just that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from sync.model import Edit
from sync.text import visible

# Auth0, OpenAPI of POST and PATCH /users: the most characters of each.
_LONGEST = {"username": 128, "name": 300, "given_name": 150, "family_name": 150, "nickname": 300}
_PHONE = re.compile(r"\+[0-9]{1,15}")
_PICTURES = ("https://s.gravatar.com/avatar/", "https://secure.gravatar.com/avatar/", "https://cdn.auth0.com/avatars/")
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"0", "false", "f", "no", "n", "off"})


class NotUnderstood(ValueError):
    """A value that nobody can make sense of, or that Auth0 would refuse; says which and why."""


def value(field: str, raw: object) -> Any:
    """What the cell `raw` says of `field`: a value, or None for what is to be cleared.

    `raw` is a string, or any JSON value where the field is metadata; NULL says nothing and does not come here.
    Raises `NotUnderstood`.
    """
    if not isinstance(raw, str):
        return raw
    text = whole(field, raw).strip()
    if field == "email_verified":
        return flag(field, text)
    if not text:
        return None
    if len(text) > _LONGEST.get(field, len(text)):
        raise NotUnderstood(f"the {field} is longer than {_LONGEST[field]} characters")
    if field == "phone_number" and not _PHONE.fullmatch(text):
        raise NotUnderstood(f"the phone number {visible(text, 40)!r} is not of the form +4930123456")
    if field == "picture" and not _is_url(text):
        raise NotUnderstood(f"the picture {visible(text, 80)!r} is no URL")
    return text


def whole(field: str, raw: str) -> str:
    """`raw`, if it is Unicode: halves of surrogate pairs do not come back from Auth0 as they were sent."""
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise NotUnderstood(f"{visible(raw, 40)!r} as {field} is no Unicode text") from None
    return raw


def flag(field: str, raw: str) -> bool:
    """Yes or no. Raises `NotUnderstood` for what is neither."""
    text = raw.strip().casefold()
    if text in _YES or text in _NO:
        return text in _YES
    raise NotUnderstood(f"{visible(raw, 40)!r} as {field} is neither yes nor no")


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and bool(url.hostname) and not re.search(r"\s", text)


def agree(field: str, wanted: Any, has: Any, email: str | None) -> bool:
    """Whether an account that `has` this value (None: no such value) has what is wanted.

    Auth0 fills in some values by itself; an account with those has none as far as the source is concerned.
    """
    if wanted is None:
        return has in (None, "") or _is_default(field, has, email or "")
    if field == "username" and isinstance(has, str):
        return str(wanted).casefold() == has.casefold()
    return isinstance(wanted, bool) == isinstance(has, bool) and bool(wanted == has)


def _is_default(field: str, has: Any, email: str) -> bool:
    if field == "picture":
        return str(has).startswith(_PICTURES)
    return bool(has == {"name": email, "nickname": email.partition("@")[0]}.get(field))


def differences(wanted: Mapping[str, Any], has: Mapping[str, Any], email: str | None) -> Iterator[Edit]:
    """What has to become of an account's attributes so that it has those that are wanted."""
    for field, new in wanted.items():
        old = has.get(field)
        plainly = old == new and isinstance(old, str)  # as nearly all are
        if not plainly and not agree(field, new, old, email):
            yield Edit(field, old, new)


def nested(edits: Iterable[Edit]) -> dict[str, Any]:
    """The new values as Auth0 takes them: metadata as objects, `app_metadata.sync.id` two deep."""
    body: dict[str, Any] = {}
    for edit in edits:
        *above, name = edit.field.split(".")
        place = body
        for step in above:
            place = place.setdefault(step, {})
        place[name] = edit.new
    return body


def found(record: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Those of `fields` that a user record of Auth0 has, by field."""
    values: dict[str, Any] = {}
    for field in fields:
        place: Any = record
        for step in field.split("."):
            place = place.get(step) if isinstance(place, Mapping) else None
        if place is not None:
            values[field] = place
    return values
