"""Whose account is whose in a world, and who is left alone, by the promises: held, never merged; nothing lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.sync.builders import CONNECTION
from tests.sync.worlds_keyed import KeyedWorld
from tests.sync.worlds_source import Human, Source
from tests.sync.worlds_tables import EMAILS, seat_of
from tests.sync.worlds_tenant import Entry


@dataclass(slots=True)
class Verdicts:
    """Who is who. What of it cannot be told is in doubt: such accounts are stuck, and such people get none."""

    world: KeyedWorld
    source: Source = field(init=False)
    at: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Seat to user ids: the accounts of the connection that have an e-mail."""
    theirs: dict[str, Human] = field(default_factory=dict)
    """User id to whose account it is."""
    stuck: set[str] = field(default_factory=set)
    """User ids."""
    puzzled: set[str] = field(default_factory=set)
    """The seats of understood people of whom nobody can tell which account is theirs, or who cannot have it."""
    waiting: set[str] = field(default_factory=set)
    """Those of them who only wait for an account to give up their e-mail."""

    def __post_init__(self) -> None:
        self.source = Source(self.world)
        for user_id, entry in self.entries.items():
            if entry.connection == CONNECTION and entry.email:
                self.at[seat_of(entry.email)].append(user_id)
        for human in self.people:
            self._find(human)
        self._doubt_what_is_not_understood()
        self._hold_up()
        for seat in self.puzzled:
            self.stuck |= {one for one in self.at[seat] if one not in self.theirs or self.theirs[one].seat == seat}
        self.puzzled |= {human.seat for one, human in self.theirs.items() if one in self.stuck}

    @property
    def entries(self) -> dict[str, Entry]:
        return self.world.tenant.entries

    @property
    def people(self) -> Iterable[Human]:
        return self.source.people.values()

    @property
    def scope(self) -> set[str]:
        """The accounts that the sync is about."""
        mine = {one for user_ids in self.at.values() for one in user_ids}
        return mine - {one for one in mine if self._is_nobodys_business(one)}

    def _is_nobodys_business(self, user_id: str) -> bool:
        seat = self.seat(user_id)
        if not self.world.terms.owner or seat in {*self.source.murky, *self.source.people} | self.puzzled:
            return False
        if any(one in self.theirs or one in self.stuck - self._troubled for one in self.at[seat]):
            return False
        return not any(self.is_ours(one) for one in self.at[seat])

    def seat(self, user_id: str) -> str:
        return seat_of(self.entries[user_id].email)

    def is_ours(self, user_id: str) -> bool:
        owner = self.world.terms.owner
        return not owner or self.entries[user_id].marks.get("owner") == owner

    def is_anothers(self, user_id: str) -> bool:
        return bool(self.world.terms.owner) and "owner" in self.entries[user_id].marks and not self.is_ours(user_id)

    def bearers(self, key: str) -> list[str]:
        """The accounts that bear a key; those of other jobs, or of none, say nothing by theirs."""
        mine = (one for user_ids in self.at.values() for one in user_ids)
        return [one for one in mine if key and self._key(one) == key and self.is_ours(one)]

    def _key(self, user_id: str) -> str:
        return self.entries[user_id].marks.get("id", "")

    def _find(self, human: Human) -> None:
        """By the key, wherever the account is; else by the e-mail, unless the account is somebody else's."""
        bearers, there = self.bearers(human.key), self.at[human.seat]
        if len(bearers) > 1:
            self.puzzled.add(human.seat)
            self.stuck |= {*bearers}
        elif bearers:
            self.theirs[bearers[0]] = human
        elif any(one in self.bearers(other.key) for one in there for other in self.people):
            self.puzzled.add(human.seat)
            self.waiting.add(human.seat)
        elif human.key and any(self._key(one) not in {"", human.key} for one in there):
            self.puzzled.add(human.seat)
            self.stuck |= {*there}
        else:
            self.theirs |= dict.fromkeys(there, human)

    @property
    def _troubled(self) -> set[str]:
        """The accounts of which something is not understood, whoever they belong to."""
        source, tenant = self.source, self.world.tenant
        return {
            one
            for seat, user_ids in self.at.items()
            for one in user_ids
            if one in tenant.unknown
            or len(user_ids) > 1
            or seat in source.murky
            or (one not in self.theirs and seat in source.hinted)
        }

    def _doubt_what_is_not_understood(self) -> None:
        self.stuck |= self._troubled
        for one in (one for user_ids in self.at.values() for one in user_ids):
            human = self.theirs.get(one)
            if (self._key(one) in self.source.lost_keys and self.is_ours(one)) or (human and self._is_not(one, human)):
                self.stuck.add(one)

    def _is_not(self, user_id: str, human: Human) -> bool:
        """Whether an account cannot be the person's, or cannot get their e-mail."""
        if self.is_anothers(user_id):
            return True
        if self._bears(user_id, human):
            return self.is_moving(user_id) and human.active != "false" and not self.world.terms.renames
        return human.email != self._stored(user_id)

    def _stored(self, user_id: str) -> str:
        return EMAILS[str(self.entries[user_id].email)][1]

    def _bears(self, user_id: str, human: Human) -> bool:
        return user_id in self.bearers(human.key)

    def is_moving(self, user_id: str) -> bool:
        """Whether its person has another e-mail, or has it spelled otherwise."""
        human = self.theirs.get(user_id)
        return human is not None and self._bears(user_id, human) and human.email != self._stored(user_id)

    def _hold_up(self) -> None:
        """Who wants an e-mail that is not given up is held, and so is who sits there; until nobody waits for one."""
        movers = {one for one in self.theirs if self.is_moving(one)}
        free = set[str]()
        while more := {one for one in movers - free if self._is_free(one, free)}:
            free |= more
        self.stuck |= movers - free
        for one in movers:  # when they are deleted, others can have what they had or would have
            goes = {rival for rival in self._rivals(one) if rival in movers and self.theirs[rival].active == "false"}
            if goes or self.theirs[one].active == "false":
                self.waiting.add(self.theirs[one].seat)
        for one in movers:
            self.stuck |= {rival for rival in self._rivals(one) if rival not in movers and rival not in self.theirs}
        linked = {seat_of(email) for entry in self.entries.values() for email in entry.linked}
        occupied = {seat for seat, user_ids in self.at.items() if user_ids}
        placed = {human.seat for human in self.theirs.values()}
        self.puzzled |= {human.seat for human in self.people if human.seat in linked - placed - occupied}

    def _rivals(self, user_id: str) -> tuple[str, ...]:
        return self.world.tenant.rivals(self.theirs[user_id].email, user_id)

    def _is_free(self, user_id: str, free: set[str]) -> bool:
        """Whether nobody will have the e-mail that the account's person has by now."""
        return self.theirs[user_id].active == "false" or all(
            rival in free
            and rival not in self.stuck
            and not self.is_protected(rival)
            and self.theirs[rival].active != "false"
            for rival in self._rivals(user_id)
        )

    def is_protected(self, user_id: str) -> bool:
        """Whether the operator has named the account, its person, or one that shares the e-mail."""
        terms, human = self.world.terms, self.theirs.get(user_id)
        if human and user_id in self.stuck and self.is_moving(user_id):
            human = None
        if terms.protects_seat(self.seat(user_id)) or (human and terms.protects_seat(human.seat)):
            return True
        return any(terms.protects(one, self.entries[one]) for one in self.at[self.seat(user_id)])
