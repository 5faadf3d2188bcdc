"""Protection: the accounts that an operator has named, and that are never created, changed, blocked or deleted."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable

from sync import address
from sync.model import Role

_USER_ID = re.compile(r"[\w-]+\|")
_WILD = re.compile(r"[*?\[]")


class Protection:
    """Who is protected, and by which of the operator's words."""

    def __init__(self, entries: Iterable[str] = (), roles: Iterable[Role] = ()) -> None:
        """`entries`: globs over e-mails (`*@x.io`), domains (`x.io`, `@x.io`) and user ids (`auth0|5f...`, globs
        too). `roles`: whoever has one of them is protected."""
        texts = [entry.strip() for entry in entries if entry.strip()]
        self._ids = [text for text in texts if _USER_ID.match(text)]
        self._emails = [text for text in texts if not _USER_ID.match(text)]
        self._is_named = address.matcher(map(_glob, self._emails))
        self.roles = frozenset(roles)
        self._roles = {role.id: role.name for role in self.roles}

    def __bool__(self) -> bool:
        return bool(self._ids or self._emails or self._roles)

    def of_person(self, address_key: str) -> str:
        """Why whoever has this e-mail is protected, or nothing."""
        return f"CLIENT_IGNORE_USERS: {self._entry(address_key)}" if self._is_named(address_key) else ""

    def of_account(self, address_key: str, user_id: str, role_ids: frozenset[str]) -> str:
        """Why this account is protected, or nothing."""
        for pattern in self._ids:
            if fnmatch.fnmatchcase(user_id, pattern) or user_id == pattern:
                return f"CLIENT_IGNORE_USERS: {pattern}"
        if self._roles and (named := sorted(self._roles[one] for one in role_ids & self._roles.keys())):
            return f"CLIENT_IGNORE_ROLES: {', '.join(named)}"
        return self.of_person(address_key)

    def _entry(self, address_key: str) -> str:
        return next(text for text in self._emails if _matches(text)(address_key))


def _matches(text: str) -> Callable[[str], bool]:
    return address.matcher([_glob(text)])


def _glob(text: str) -> str:
    """A domain is short for everybody in it; what has an @ inside, or wildcards, is a glob over whole e-mails."""
    if text.startswith("@"):
        return f"*{text}"
    return f"*@{text}" if "." in text and "@" not in text and not _WILD.search(text) else text
