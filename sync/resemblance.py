"""Newcomers and leavers who seem to be one person with another e-mail: without a key nobody can tell for sure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sync.model import Account, Change, Person
from sync.profile import agree

_MOST_ALIKE = 5  # leavers with the same value; what more of them share tells nothing
_TELLING = (("name",), ("given_name", "family_name"), ("username",), ("phone_number",), ("nickname",), ("picture",))


@dataclass(frozen=True, slots=True)
class PossibleRename:
    """Somebody who goes and somebody who comes, who have something in common."""

    old_email: str
    new_email: str
    shared: tuple[str, ...]
    """The fields in which they are alike."""


def possible_renames(
    newcomers: Iterable[Person], leavers: Iterable[Account], changes: Iterable[Change]
) -> tuple[PossibleRename, ...]:
    """The pairs among those `changes` that create and that block or delete, by e-mail.

    Two who both have a key have different ones, and are not one person.
    """
    coming = {change.email for change in changes if change.user_id is None}
    going = {change.user_id for change in changes if change.cause is not None}
    by_value: dict[tuple[tuple[str, ...], tuple[Any, ...]], list[Account]] = defaultdict(list)
    for account in leavers:
        if account.user_id in going:
            for shared, values in _values(account.profile, account.email):
                by_value[shared, values].append(account)
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for person in newcomers if by_value else ():
        if person.email in coming:
            for shared, values in _values(person.profile, None):
                alike = by_value.get((shared, values), [])
                for account in alike if len(alike) <= _MOST_ALIKE else ():
                    if not (person.source_id and account.marks.source_id):
                        pairs[account.email or "", person.email] += shared
    return tuple(PossibleRename(*pair, tuple(dict.fromkeys(shared))) for pair, shared in sorted(pairs.items()))


def _values(profile: Mapping[str, Any], email: str | None) -> Iterator[tuple[tuple[str, ...], tuple[Any, ...]]]:
    """What is telling about somebody; not what Auth0 has filled in."""
    for fields in _TELLING:
        values = tuple(profile.get(field) for field in fields)
        if all(
            isinstance(value, str) and not agree(field, None, value, email)
            for field, value in zip(fields, values, strict=True)
        ):
            yield fields, tuple(str(value).casefold() for value in values)
