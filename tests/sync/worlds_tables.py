"""Tables for the worlds with keys and profiles: what is written in a source or a setting, and what it means.

Values are JSON texts, as they go over the wire: `7`, `"7"` and `true` are three.
"""

from __future__ import annotations

from typing import Any, NamedTuple

SILENT, CLEAR, FAULT = "says nothing", "clears", "is not understood"


class Cell(NamedTuple):
    """What is written, and its meaning: a JSON text, or one of the three above."""

    raw: Any
    meaning: str


NULL = Cell(None, SILENT)
SEATS = ("ann", "bob", "carl", "dora", "eve", "strasse")
"""Who an e-mail is of; an account or a person has one seat at a time."""
KEYS = dict(zip(SEATS, ("1", "01", "1 ", "9007199254740993", "1e3", "x|y"), strict=True))
"""The key of whom a seat usually is."""
_STORED = {  # an e-mail as Auth0 would store it: whose it is
    "ann@x.io": "ann", "bob@x.io": "bob", "carl@x.io": "carl", "dora@y.io": "dora", "eve@y.io": "eve",
    "strasse@x.io": "strasse", "straße@x.io": "strasse",
}  # fmt: skip
EMAILS = {  # an e-mail as somebody writes it: whose it is, and how Auth0 would store it
    written: (seat, stored)
    for stored, seat in _STORED.items()
    for written in (stored, f" {stored}\n", stored if "ß" in stored else stored.upper())
}
ADDRESS = {seat: stored for stored, seat in reversed(_STORED.items())}
UNREADABLE = {"ann@@x.io": {"ann"}, "X <bob@x.io>": {"bob"}, "strasse@x,io": {"strasse"}, "nobody at all": set()}
"""Whom it may mean."""
WORDS = {  # the names in a cell of roles where `;` parts them
    "admin": ["admin"], " Reader ": ["reader"], "writer": ["writer"], "foreign": ["foreign"], "chef": ["chef"],
    "Pilot": ["pilot"], "PILOT": ["pilot"], "admin;reader": ["admin", "reader"], "; reader;": ["reader"],
    "pilot;Admin": ["pilot", "admin"], "admin;": ["admin"], ";": [], "": [], None: [],
}  # fmt: skip
TENANT_ROLES = ("admin", "reader", "writer", "foreign")
MANAGING = {  # which roles a setting of patterns names
    ("*",): {*TENANT_ROLES, "chef", "pilot"},
    ("[!F]*",): {*TENANT_ROLES, "chef", "pilot"} - {"foreign"},
    ("ADMIN", "reader", "chef"): {"admin", "reader", "chef"},
}
MAPPED = {"Chef ": "admin"}
PROTECTING: dict[str, set[str]] = {  # whose seat an entry protects; of user ids, none
    "y.io": {"dora", "eve"}, "@Y.IO": {"dora", "eve"}, " CARL@*": {"carl"}, "STRASSE@?.io": {"strasse"},
    "auth0|2": set(), "auth0|[34]": set(), "auth0|": set(), "x.i": set(),
}  # fmt: skip
PROTECTED_IDS = {"auth0|2": {"auth0|2"}, "auth0|[34]": {"auth0|3", "auth0|4"}}


def _texts(**meanings: str) -> list[Cell]:
    return [Cell(written, meaning) for written, meaning in meanings.items()]


_NAMES = [Cell("Ann A", '"Ann A"'), Cell(" Ann A ", '"Ann A"'), Cell("ann a", '"ann a"'), Cell("Bob", '"Bob"')]
_CLEARS = [Cell("", CLEAR), Cell("  ", CLEAR)]
CELLS: dict[str, list[Cell]] = {
    "active": [*_texts(**{"1": "true", " Yes": "true", "0": "false", "OFF": "false"}), NULL],
    "username": [Cell("ann", '"ann"'), Cell("ANN", '"ANN"'), Cell("bob", '"bob"'), NULL],
    "name": [*_NAMES, *_CLEARS, Cell("ann@x.io", '"ann@x.io"'), NULL],
    "given_name": [*_NAMES, *_CLEARS, NULL],
    "family_name": [Cell("A", '"A"'), Cell("B", '"B"'), *_CLEARS, NULL],
    "nickname": [Cell("ann", '"ann"'), *_CLEARS, NULL],
    "picture": [Cell("https://a.io/1.png", '"https://a.io/1.png"'), *_CLEARS, NULL],
    "phone_number": [Cell("+49301", '"+49301"'), *_CLEARS, NULL],
    "email_verified": [*_texts(**{"1": "true", "No": "false"}), NULL],
    "app_metadata.team": [
        Cell("a", '"a"'), Cell(7, "7"), Cell("7", '"7"'), Cell(1, "1"), Cell(True, "true"),  # noqa: FBT003 - a value
        Cell(0, "0"), Cell(False, "false"), Cell("", CLEAR), NULL,  # noqa: FBT003
    ],
    "user_metadata.lang": [Cell("de", '"de"'), Cell("en", '"en"'), Cell(" ", CLEAR), NULL],
}  # fmt: skip
"""By column, what may be in its cells."""
FAULTY = {
    "id": [Cell("", FAULT), Cell(" ", FAULT)],
    "active": [Cell("perhaps", FAULT), Cell("", FAULT)],
    "name": [Cell("x" * 301, FAULT)],
    "username": [Cell("x" * 129, FAULT)],
    "picture": [Cell("ftp://a.io/1.png", FAULT), Cell("a.png", FAULT)],
    "phone_number": [Cell("49301", FAULT), Cell("+1234567890123456", FAULT)],
    "email_verified": [Cell("", FAULT), Cell("2", FAULT)],
}
DEFAULTS = ("name", "nickname", "picture")
"""What Auth0 fills in by itself."""


def default(field: str, email: str) -> str:
    """What Auth0 fills in for an account with this e-mail, as JSON."""
    local = email.partition("@")[0]
    return {"name": f'"{email}"', "nickname": f'"{local}"'}.get(field, '"https://s.gravatar.com/avatar/0"')


def seat_of(email: object) -> str:
    """Whose a readable e-mail is; nothing for others."""
    return EMAILS[str(email)][0] if email in EMAILS else ""
