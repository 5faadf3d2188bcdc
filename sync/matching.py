"""Whose account it is where the keys of the source say otherwise than the e-mails: renames, chains, and doubts.

An account that a run has made or met bears the key of its person. When both agree about who is who, which is nearly
always, there is nothing to match: plans go by e-mail then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sync import address
from sync.model import Account, Person
from sync.text import visible


@dataclass(slots=True)
class Matching:
    """What the keys say against the e-mails. An account or a person in doubt is left alone."""

    moved: dict[str, str] = field(default_factory=dict)
    """User id to the address key of the person whose account it is, who has another e-mail now."""
    turns: dict[str, int] = field(default_factory=dict)
    """User id to the turn in which its e-mail can be changed: after that of the account that has it still."""
    accounts: dict[str, str] = field(default_factory=dict)
    """User id to why it is in doubt."""
    people: dict[str, str] = field(default_factory=dict)
    """Address key to why the person is in doubt."""
    alone: set[str] = field(default_factory=set)
    """The user ids of accounts in doubt for which no person is in doubt."""


def match(
    people: Mapping[str, Person],
    held_ids: Mapping[str, str],
    accounts: Iterable[Account],
    by_key: Mapping[str, Account],
    *,
    renames: bool,
    hindrance: Callable[[Account, str], str],
    stays: Callable[[Account, Person], bool],
) -> Matching:
    """Match by the keys of the source.

    `people`: address key to person. `held_ids`: keys of held people, with the reason. `accounts`: those whose keys
    count. `by_key`: address key to account, of all in scope. `renames`: whether e-mails can be changed at all;
    `hindrance`: why an account cannot be changed, or why a person (by the address key) cannot have their e-mail;
    `stays`: whether an account keeps its e-mail although its person has another.
    """
    matcher = _Matcher(people, by_key, renames=renames, hindrance=hindrance, stays=stays)
    if matcher.claimed or held_ids:
        matcher.take(held_ids, accounts)
    return matcher.result


class _Matcher:
    def __init__(
        self,
        people: Mapping[str, Person],
        by_key: Mapping[str, Account],
        *,
        renames: bool,
        hindrance: Callable[[Account, str], str],
        stays: Callable[[Account, Person], bool],
    ) -> None:
        self._people, self._by_key, self._renames = people, by_key, renames
        self._hindrance, self._stays = hindrance, stays
        self._bearers: dict[str, Account] = {}
        self._several: dict[str, list[Account]] = {}  # only of the keys that more than one bears
        self.claimed = {person.source_id for person in people.values() if person.source_id}
        self.result = Matching()

    def take(self, held_ids: Mapping[str, str], accounts: Iterable[Account]) -> None:
        result = self.result
        for account in accounts:
            if source_id := account.marks.source_id:
                first = self._bearers.setdefault(source_id, account)
                if first is not account:
                    self._several.setdefault(source_id, [first]).append(account)
                if source_id in held_ids:
                    result.accounts[account.user_id] = held_ids[source_id]
        if not self._bearers:
            return
        for key, person in self._people.items():
            holder = self._by_key.get(key)
            is_theirs = holder is not None and self._bearers.get(person.source_id) is holder
            if not is_theirs or self._several or person.email != (holder and holder.email):
                self._place(key, person, holder)  # for hardly anybody
        for user_id in sorted(result.moved):
            self._order(user_id)
        for user_id in result.accounts.keys() & result.moved.keys():
            result.people[result.moved.pop(user_id)] = result.accounts[user_id]

    def _place(self, key: str, person: Person, holder: Account | None) -> None:
        bearer = self._bearers.get(person.source_id)
        if several := self._several.get(person.source_id):
            names = ", ".join(sorted(one.user_id for one in several))
            reason = f"{len(several)} accounts bear the key {visible(person.source_id, 40)!r}: {names}"
            self._doubt(key, reason, *several)
        elif bearer is None:
            if holder is not None and holder.marks.source_id:
                self._rival(key, holder)
        elif bearer is not holder or person.email != address.address(holder.email or ""):
            self.result.moved[bearer.user_id] = key
            if reason := self._hindrance(bearer, key if person.active is not False else ""):
                self._doubt(key, reason, bearer)
            elif not self._renames and person.active is not False:
                reason = f"{bearer.user_id} would need another e-mail, which Auth0 allows in databases only"
                self._doubt(key, reason, bearer)

    def _rival(self, key: str, holder: Account) -> None:
        """Somebody has the e-mail of an account that is somebody else's by its key, and moves away."""
        other = holder.marks.source_id
        counts = self._bearers.get(other) is holder or holder in self._several.get(other, ())
        if counts and other in self.claimed:  # the keys of another job, or of nobody, say nothing
            self.result.people[key] = f"{holder.user_id} has this e-mail, but the key of somebody else"

    def _doubt(self, key: str, reason: str, *accounts: Account) -> None:
        self.result.people[key] = reason
        self.result.accounts |= dict.fromkeys((one.user_id for one in accounts), reason)

    def _let_go(self, user_id: str) -> None:
        """Who is not active needs no e-mail. Another account that has it is nobody else's all the same."""
        self.result.turns[user_id] = 0
        holder = self._by_key.get(self.result.moved[user_id])
        if holder is not None and holder.user_id not in self.result.moved:
            self.result.accounts[holder.user_id] = f"it has the e-mail of the person whose account is {user_id}"
            self.result.alone.add(holder.user_id)

    def _keeps(self, holder: Account) -> bool:
        """Whether the account that has a wanted e-mail is not about to give it up."""
        key = self.result.moved.get(holder.user_id)
        return key is None or self._stays(holder, self._people[key])

    def _order(self, user_id: str) -> None:
        """Follow those who have to give up an e-mail first, down to one who can have what they want."""
        doubts, turns, path = self.result.accounts, self.result.turns, [user_id]
        if self._people[self.result.moved[user_id]].active is False:
            self._let_go(user_id)
            return
        while path[-1] not in turns and path[-1] not in doubts:
            holder = self._by_key.get(self.result.moved[path[-1]])
            if holder is None or holder.user_id == path[-1]:
                turns[path[-1]] = 0
            elif self._keeps(holder):
                reason = f"{holder.user_id} has the new e-mail of {path[-1]}; look which account is the person's"
                others = () if holder.user_id in self.result.moved else (holder.user_id,)
                doubts |= dict.fromkeys((*path, *others), reason)
            elif holder.user_id in path:
                circle = " and ".join(sorted(path[path.index(holder.user_id) :]))
                doubts |= dict.fromkeys(path, f"{circle} would have to change their e-mails in a circle")
            else:
                path.append(holder.user_id)
        for before, one in zip(path[:0:-1], path[-2::-1], strict=True):
            if before in doubts:
                doubts[one] = doubts[before]
            else:
                turns[one] = turns[before] + 1
