"""Which role a name in the database means, and which roles this sync may give and take."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from sync.model import NEW_ROLE, NOTHING, Role
from sync.text import visible


class UnknownRole(Exception):
    """A setting names a role that the tenant does not have. A misspelt protection must not be none."""


class ManagedRoles:
    """The managed roles of the tenant, found by the names that the database uses."""

    def __init__(
        self,
        roles: Iterable[Role],
        *,
        prefix: str = "",
        patterns: Iterable[str] = ("*",),
        names: Mapping[str, str] = NOTHING,
        create_missing: bool = False,
    ) -> None:
        """`prefix` limits what is managed and maps `admin` to `<prefix>admin`; `patterns` are globs over
        the names that Auth0 has, matched without regard to case; `names`: what the database calls a role to
        what Auth0 calls it, where the prefix is no help. `create_missing`: a role that would be managed, but
        does not exist, is found as one that is yet to be created.
        """
        self._prefix, self._create_missing = prefix, create_missing
        self._patterns = [folded(pattern) for pattern in patterns]
        self._names = {folded(ours): theirs.strip() for ours, theirs in names.items()}
        self._new: dict[str, str] = {}  # the names of roles yet to be created, by the folded name
        self._exact: dict[str, Role] = {}
        self._folded: dict[str, list[Role]] = defaultdict(list)
        self._unmanaged: set[str] = set()
        self._answers: dict[str, Role | str] = {}
        for role in dict.fromkeys(roles):
            self._enter(role)

    def _enter(self, role: Role) -> None:
        name = folded(role.name)
        if self._manages(role.name):
            self._exact[role.name] = role
            self._folded[name].append(role)
        else:
            self._unmanaged.add(name)

    def _manages(self, name: str) -> bool:
        return name.startswith(self._prefix) and any(fnmatch.fnmatchcase(folded(name), p) for p in self._patterns)

    @property
    def are_all(self) -> bool:
        """Whether every role of the tenant is managed."""
        return not self._unmanaged

    def __iter__(self) -> Iterator[Role]:
        """Those that exist, and then those that were looked for and are yet to be created."""
        yield from self._exact.values()
        yield from (Role(name, NEW_ROLE + key) for key, name in self._new.items())

    def find(self, text: str) -> Role | str:
        """The role that `text` names, or the reason why there is none. An exact match wins."""
        if text not in self._answers:
            self._answers[text] = self._find(text.strip()) if text.strip() else "the role is empty"
        return self._answers[text]

    def _find(self, text: str) -> Role | str:
        wanted = self._names.get(folded(text)) or self._prefix + text
        if role := self._exact.get(wanted):
            return role
        alike = self._folded.get(folded(wanted), [])
        if len(alike) == 1:
            return alike[0]
        if alike:
            names = ", ".join(repr(role.name) for role in sorted(alike))
            return f"the role {visible(wanted, 80)!r} is ambiguous: Auth0 has {names}"
        if folded(wanted) in self._unmanaged or (self._create_missing and not self._manages(wanted)):
            return f"the role {visible(wanted, 80)!r} is not managed (AUTH0_ROLE_PREFIX, AUTH0_MANAGED_ROLES)"
        if self._create_missing:
            return self._to_create(wanted)
        return f"the role {visible(wanted, 80)!r} does not exist in Auth0"

    def _to_create(self, name: str) -> Role:
        """Of several spellings the first in the alphabet, whatever row comes first."""
        key = folded(name)
        self._new[key] = min(name, self._new.get(key, name))
        return Role(self._new[key], NEW_ROLE + key)


def called(patterns: Iterable[str], roles: Iterable[Role], setting: str) -> list[Role]:
    """The roles whose names match one of these globs, without regard to case.

    Raises `UnknownRole` for a name without wildcards that is no role's.
    """
    known = list(roles)
    found: dict[Role, None] = {}
    for pattern in patterns:
        matching = [role for role in known if fnmatch.fnmatchcase(folded(role.name), folded(pattern))]
        matching += [role for role in known if folded(role.name) == folded(pattern)]  # a name with brackets in it
        if not matching and not re.search(r"[*?\[]", pattern):
            raise UnknownRole(f"{setting} names the role {visible(pattern, 80)!r}, which Auth0 does not have")
        found |= dict.fromkeys(matching)
    return list(found)


def folded(name: str) -> str:
    """What makes two names of roles the same: trimmed, NFC, casefolded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())
