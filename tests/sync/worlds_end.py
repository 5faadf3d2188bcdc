"""The tenant as it should be in the end, and the balance: what becomes of each account and of each person."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from sync.model import Cause, Kind
from tests.sync.worlds_keyed import KeyedWorld
from tests.sync.worlds_source import Human
from tests.sync.worlds_tables import CLEAR, DEFAULTS, default, seat_of
from tests.sync.worlds_tenant import TODAY, Directory, Entry
from tests.sync.worlds_verdicts import Verdicts


@dataclass(slots=True)
class End:
    """Carries out the promises on a copy of the world's tenant."""

    world: KeyedWorld
    verdicts: Verdicts = field(init=False)
    tenant: Directory = field(init=False)
    left_alone: set[str] = field(default_factory=set)
    """The accounts in scope that are protected or held."""
    gone: set[str] = field(default_factory=set)
    """Those that go because nobody in the source is meant by them."""

    def __post_init__(self) -> None:
        self.verdicts, self.tenant = Verdicts(self.world.later()), self.world.tenant.copy()
        verdicts = self.verdicts
        for one in sorted(verdicts.scope):
            human = verdicts.theirs.get(one)
            if verdicts.is_protected(one) or one in verdicts.stuck:
                self.left_alone.add(one)
            elif human is None:
                self._leave(one, Cause.MISSING)
            elif human.active != "false":
                self._agree(one, human)
            elif verdicts.is_ours(one):
                self._leave(one, Cause.INACTIVE)
        for human in self.newcomers:
            if self.world.terms.concern(human.email):
                self._create(human)

    @property
    def newcomers(self) -> list[Human]:
        """Who gets an account."""
        verdicts, terms = self.verdicts, self.world.terms
        placed = {human.seat for human in verdicts.theirs.values()} | verdicts.puzzled
        return [
            human
            for human in verdicts.people
            if human.seat not in placed and human.active != "false" and not terms.protects_seat(human.seat)
        ]

    def _create(self, human: Human) -> None:
        terms = self.world.terms
        entry = Entry(human.email, values={name: default(name, human.email) for name in DEFAULTS})
        entry.values |= {"email_verified": "false"}
        entry.values |= {name: value for name, value in human.values.items() if value != CLEAR}
        if terms.verified is not None:
            entry.values["email_verified"] = json.dumps(terms.verified)
        entry.marks = {name: text for name, text in (("id", human.key), ("owner", terms.owner)) if text}
        entry.roles = {*human.roles}
        self._make(human.roles)
        self.tenant.entries[f"new|{human.email}"] = entry

    def _make(self, roles: frozenset[str]) -> None:
        self.tenant.roles |= roles

    def _agree(self, user_id: str, human: Human) -> None:
        """The account gets all that its person has."""
        terms, entry = self.world.terms, self.tenant.entries[user_id]
        if not terms.concern(human.email, str(entry.email).strip().lower()):
            return
        if terms.updates:
            for name, value in human.values.items():
                _write(entry, name, value, human.email)
        if seat_of(entry.email) != human.seat or self.verdicts.is_moving(user_id):
            entry.email = human.email
            said = human.values.get("email_verified", "false")
            entry.values["email_verified"] = said if terms.verified is None else json.dumps(terms.verified)
        if human.key:
            entry.marks["id"] = human.key
        if terms.owner:
            entry.marks["owner"] = terms.owner
        if human.active and ("blocked_at" in entry.marks or not entry.blocked):
            entry.blocked = False
            entry.marks = {mark: text for mark, text in entry.marks.items() if mark not in {"blocked_at", "revoke"}}
        if terms.invites and not entry.blocked:
            entry.marks.pop("invite", None)
        if not terms.brakes.no_role_removal:
            entry.roles = {name for name in entry.roles if name in human.roles or not terms.manages(name)}
        self._make(human.roles - entry.roles)
        entry.roles |= human.roles

    def _leave(self, user_id: str, cause: Cause) -> None:
        """The account is deleted or blocked, or stays blocked."""
        terms, entry = self.world.terms, self.tenant.entries[user_id]
        kind = terms.missing if cause is Cause.MISSING else terms.inactive
        over = kind is Kind.BLOCK and entry.blocked and terms.is_over(entry.marks.get("blocked_at", ""))
        if not terms.lets_go(Cause.EXPIRED if over else cause) or not terms.concern(str(entry.email).strip().lower()):
            return
        if (
            cause is Cause.MISSING
            and not over
            and (kind is Kind.DELETE or not entry.blocked or {"blocked_at", "revoke"} <= entry.marks.keys())
        ):
            self.gone.add(user_id)
        if over or kind is Kind.DELETE:
            del self.tenant.entries[user_id]
        elif not entry.blocked or {"blocked_at", "revoke"} <= entry.marks.keys():
            day = entry.marks["blocked_at"] if entry.blocked else TODAY
            entry.marks = {**{name: text for name, text in entry.marks.items() if name != "revoke"}, "blocked_at": day}
            entry.blocked = True

    @property
    def held(self) -> set[str]:
        """The seats of the people whom the product has to tell as held: who is protected is not."""
        verdicts, terms = self.verdicts, self.world.terms
        sheltered = {human.seat for one, human in verdicts.theirs.items() if one not in verdicts.stuck}
        leaving = {one for one in verdicts.theirs if verdicts.is_moving(one)} - verdicts.stuck
        return {
            seat
            for seat in verdicts.puzzled
            if not terms.protects_seat(seat)
            and not any(verdicts.is_protected(one) for one in verdicts.at[seat] if one not in leaving)
            and seat not in sheltered
        }


def _write(entry: Entry, name: str, value: str, email: str) -> None:
    """One field, if it is not so already; what Auth0 has filled in is as good as nothing."""
    has = entry.values.get(name)
    if value == CLEAR:
        if name not in DEFAULTS or has != default(name, email):
            entry.values.pop(name, None)
    elif name != "username" or has is None or has.casefold() != value.casefold():
        entry.values[name] = value
