"""The part of Auth0's search syntax (search_engine=v3) that a sync has a use for.

query  = term { ("AND" | "OR") term }       AND binds tighter
term   = "NOT" term | "(" query ")" | field ":" value
field  = identities.connection | email | user_id | blocked | app_metadata.KEY... | user_metadata.KEY...
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from sandbox.errors import bad_request

_METADATA: Final = ("app_metadata.", "user_metadata.")
Predicate = Callable[[dict[str, Any]], bool]
_TOKEN: Final = re.compile(
    r'\s*(?:(?P<mark>[()])|(?P<field>[A-Za-z_][\w.-]*):(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s()"*?]+))'
    r"|(?P<word>AND|OR|NOT)\b)"
)
_ESCAPED: Final = re.compile(r"\\(.)")
_REFUSAL: Final = "The query string is not valid. See https://auth0.com/docs/users/search/v3/query-syntax"


@lru_cache(maxsize=256)
def compile_query(text: str) -> Predicate:
    """What `q=text` accepts.

    Raises:
        ApiError: 400 invalid_query_string, for anything that is not understood.
    """
    parser = _Parser(_tokens(text))
    predicate = parser.either()
    parser.finish()
    return predicate


def _refused() -> Exception:
    return bad_request(_REFUSAL, "invalid_query_string")


def _tokens(text: str) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise _refused()
        tokens.append(match)
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self._tokens = tokens
        self._next = 0
        self._operators = any(token["word"] for token in tokens)

    def either(self) -> Predicate:
        options = [self.both()]
        while self._accept("OR"):
            options.append(self.both())
        return options[0] if len(options) == 1 else lambda account: any(option(account) for option in options)

    def both(self) -> Predicate:
        terms = [self.term()]
        while self._accept("AND"):
            terms.append(self.term())
        return terms[0] if len(terms) == 1 else lambda account: all(term(account) for term in terms)

    def term(self) -> Predicate:
        if self._accept("NOT"):
            inner = self.term()
            return lambda account: not inner(account)
        if self._accept("("):
            group = self.either()
            if not self._accept(")"):
                raise _refused()
            return group
        if self._next == len(self._tokens):
            raise _refused()
        token = self._tokens[self._next]
        self._next += 1
        quoted = token["quoted"]
        value = token["bare"] if quoted is None else _ESCAPED.sub(r"\1", quoted)
        name = token["field"] or ""
        if self._operators and name.startswith(_METADATA) and name.count(".") > 1:
            return lambda _account: (
                False
            )  # operators are documented for root fields of metadata; nobody says what else is
        return _comparison(name, value, is_text=quoted is not None)

    def finish(self) -> None:
        if self._next != len(self._tokens):
            raise _refused()

    def _accept(self, word: str) -> bool:
        found = self._next < len(self._tokens) and word in self._tokens[self._next].group("mark", "word")
        self._next += found
        return found


def _comparison(name: str, value: str, *, is_text: bool) -> Predicate:
    if name == "identities.connection":
        # Any identity counts, also a secondary one: the trap that a sync has to know of.
        return lambda account: any(entry["connection"] == value for entry in account["identities"])
    if name == "email":
        wanted = value.lower()
        return lambda account: str(account.get("email", "")).lower() == wanted
    if name == "user_id":
        return lambda account: bool(account["user_id"] == value)
    if name == "blocked" and value in {"true", "false"}:
        # An account that was never blocked lacks the key, and matches neither.
        return lambda account: account.get("blocked") is (value == "true")
    if name.startswith(_METADATA):
        keys, sought = name.split("."), value if is_text else _scalar(value)
        return lambda account: sought != "" and _at(account, keys) == sought
    raise _refused()


def _scalar(value: str) -> object:
    """What a value without quotes is: a number, or a text without spaces."""
    return int(value) if value.isdecimal() else value


def _at(account: dict[str, Any], keys: list[str]) -> object:
    """What is at the end of the path. Numbers are no texts there."""
    found: object = account
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
