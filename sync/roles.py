"""Which role a name in the database means, and which roles this sync may give and take."""

from __future__ import annotations

import fnmatch
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from sync.model import Role
from sync.text import visible


class ManagedRoles:
    """The managed roles of the tenant, found by the names that the database uses."""

    def __init__(self, roles: Iterable[Role], *, prefix: str = "", patterns: Iterable[str] = ("*",)) -> None:
        """`prefix` limits what is managed and maps `admin` to `<prefix>admin`; `patterns` are globs over
        the names that Auth0 has, matched without regard to case."""
        self._prefix = prefix
        self._patterns = [_folded(pattern) for pattern in patterns]
        self._exact: dict[str, Role] = {}
        self._folded: dict[str, list[Role]] = defaultdict(list)
        self._unmanaged: set[str] = set()
        self._answers: dict[str, Role | str] = {}
        for role in dict.fromkeys(roles):
            self._enter(role)

    def _enter(self, role: Role) -> None:
        name = _folded(role.name)
        if role.name.startswith(self._prefix) and any(fnmatch.fnmatchcase(name, p) for p in self._patterns):
            self._exact[role.name] = role
            self._folded[name].append(role)
        else:
            self._unmanaged.add(name)

    @property
    def are_all(self) -> bool:
        """Whether every role of the tenant is managed."""
        return not self._unmanaged

    def __iter__(self) -> Iterator[Role]:
        return iter(self._exact.values())

    def find(self, text: str) -> Role | str:
        """The role that `text` names, or the reason why there is none. An exact match wins."""
        if text not in self._answers:
            self._answers[text] = self._find(text.strip())
        return self._answers[text]

    def _find(self, text: str) -> Role | str:
        if not text:
            return "the role is empty"
        wanted = self._prefix + text
        if role := self._exact.get(wanted):
            return role
        alike = self._folded.get(_folded(wanted), [])
        if len(alike) == 1:
            return alike[0]
        if alike:
            names = ", ".join(repr(role.name) for role in sorted(alike))
            return f"the role {visible(wanted, 80)!r} is ambiguous: Auth0 has {names}"
        if _folded(wanted) in self._unmanaged:
            return f"the role {visible(wanted, 80)!r} is not managed (AUTH0_ROLE_PREFIX, AUTH0_MANAGED_ROLES)"
        return f"the role {visible(wanted, 80)!r} does not exist in Auth0"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())
