"""Carry out a plan: in the order that fails safe, each change its own try, with its own outcome."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import attrgetter

from client.breaker import DONE, Tried
from client.creating import Creator
from client.giving import RoleGiver
from client.inviting import Inviter
from client.phases import Phases
from client.taking import JOURNALED, Taker
from client.trying import Ends, Tries
from sync.model import NEW_ROLE, Change, Kind, Outcome, Role, Status
from sync.plan import PHASES, Plan
from sync.report import Run

logger = logging.getLogger(__name__)

_OTHERS = "it is no longer the account that was planned"
_WITHOUT_ACCOUNT = "the account was not created"


@dataclass(slots=True)
class Applier:
    """Applies one plan. `outcomes` has an entry for each change, in the plan's order, however it ended."""

    plan: Plan
    creator: Creator
    taker: Taker
    inviter: Inviter
    tries: Tries
    batch_size: int = 50
    """Accounts in one request that gives a role."""
    phases: Phases = field(default_factory=Phases)
    _outcomes: dict[Change, Outcome] = field(default_factory=dict)
    _roles: dict[str, Role] = field(default_factory=dict)  # created by this run, by the id that the plan has
    _lacking: set[str] = field(default_factory=set)  # e-mails of people who did not get their new roles
    _estranged: set[str | None] = field(default_factory=set)  # ids of accounts that are no longer those of the plan

    def apply(self, into: Run) -> None:
        """Carry out all changes; a kind begins when the one before it is done.

        What became of them is in `into`, however this ends. Raises the last `Auth0Error` when Auth0 is dead, and
        `Unwritable` when something is to be changed and the journal cannot be written.
        """
        journal, links = self.taker.journal.lines, self.inviter.links
        try:
            if self.plan.by_kind(*JOURNALED):
                journal.check_place()
            if self.plan.by_kind(Kind.INVITE) and self.inviter.makes_links:
                links.check_place()
            for kinds in PHASES:
                self._apply_all(kinds[0], self.plan.by_kind(*kinds))
        finally:
            into.outcomes = self.outcomes
            into.journal = str(journal.path) if journal.begun else into.journal
            into.invitations = str(links.path) if links.begun else ""
            journal.close()
            links.close()
        if self.tries.breaker.broken is not None:
            raise self.tries.breaker.broken

    def _apply_all(self, kind: Kind, changes: Sequence[Change]) -> None:
        if not changes:
            return
        step, name, unit = _STEPS[kind]
        with self.phases.phase(name, unit, len(changes)) as progress:
            for change, tried in step(self, changes):
                self._outcomes[change] = Outcome(change, tried.status, tried.why)
                _tell(change, tried)
                if tried.status is not Status.NOT_TRIED:
                    progress.advance()

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of each change."""
        return [self._outcomes.get(change) or Outcome(change, Status.NOT_TRIED) for change in self.plan.changes]

    def _create_roles(self, changes: Sequence[Change]) -> Ends:
        return self.tries.each(self._create_role, changes)

    def _create_role(self, change: Change) -> Tried:
        (role,) = change.roles
        self._roles[role.id] = replace(role, id=self.creator.writer.create_role(role.name))
        return DONE

    def _create(self, changes: Sequence[Change]) -> Ends:
        return self.creator.create(changes)

    def _update(self, changes: Sequence[Change]) -> Ends:
        """An e-mail that somebody gives up can be taken afterwards."""
        for _, turn in groupby(changes, key=attrgetter("turn")):
            for change, tried in self.tries.each(self.taker.update, list(turn)):
                if tried.status is Status.SKIPPED:
                    self._estranged.add(change.user_id)
                yield change, tried

    def _give_roles(self, changes: Sequence[Change]) -> Ends:
        user_ids = {change: change.user_id or self.creator.user_ids.get(change.email) for change in changes}
        wanted: dict[str, list[Role]] = {}
        concerned: dict[str, list[Change]] = {}
        for change, user_id in user_ids.items():
            if user_id is not None and user_id not in self._estranged:
                wanted.setdefault(user_id, []).extend(self._existing(change.roles))
                concerned.setdefault(user_id, []).append(change)
        giver = RoleGiver(self.creator.writer, self.tries.breaker, self.tries.workers, self.batch_size)
        for user_id, tried in giver.give(wanted):
            for change in concerned[user_id]:
                yield change, self._given(change, tried)
        for change, other in user_ids.items():
            if other not in wanted:
                why = _OTHERS if other in self._estranged else _WITHOUT_ACCOUNT
                yield change, self._given(change, self.tries.breaker.attempt(partial(Tried, Status.SKIPPED, why)))

    def _given(self, change: Change, tried: Tried) -> Tried:
        """How it ended for one change, in the light of the roles that could not be created."""
        missing = [role.name for role in change.roles if role.id.startswith(NEW_ROLE) and role.id not in self._roles]
        if tried.status is Status.DONE and missing:
            tried = Tried(Status.SKIPPED, f"not created: {', '.join(missing)}")
        if tried.status is not Status.DONE:
            self._lacking.add(change.email)
        return tried

    def _existing(self, roles: Sequence[Role]) -> list[Role]:
        """Those that there are, by the ids that Auth0 knows."""
        there = (self._roles.get(role.id, role) for role in roles)
        return [role for role in there if not role.id.startswith(NEW_ROLE)]

    def _invite(self, changes: Sequence[Change]) -> Ends:
        return self.tries.each(self._invite_one, changes)

    def _invite_one(self, change: Change) -> Tried:
        if change.user_id in self._estranged:
            return Tried(Status.SKIPPED, _OTHERS)
        return self.inviter.invite(change, self.creator)

    def _remove_roles(self, changes: Sequence[Change]) -> Ends:
        return self.tries.each(self._remove_roles_of_one, changes)

    def _remove_roles_of_one(self, change: Change) -> Tried:
        """Somebody who did not get their new roles keeps the old ones: better one too many than locked out."""
        if change.email in self._lacking:
            return Tried(Status.SKIPPED, "the new roles could not be given first")
        return self.taker.remove_roles(change)

    def _unblock(self, changes: Sequence[Change]) -> Ends:
        return self.tries.each(self.taker.unblock, changes)

    def _block(self, changes: Sequence[Change]) -> Ends:
        return self.tries.each(self.taker.block, changes)

    def _delete(self, changes: Sequence[Change]) -> Ends:
        return self.tries.each(self.taker.delete, changes)


_STEPS: dict[Kind, tuple[Callable[[Applier, Sequence[Change]], Ends], str, str]] = {
    Kind.CREATE_ROLE: (Applier._create_roles, "create roles", "roles"),  # noqa: SLF001 - the class's own steps
    Kind.CREATE: (Applier._create, "create", "accounts"),  # noqa: SLF001
    Kind.ADOPT: (Applier._update, "update", "accounts"),  # noqa: SLF001
    Kind.UNBLOCK: (Applier._unblock, "unblock", "accounts"),  # noqa: SLF001
    Kind.ADD_ROLES: (Applier._give_roles, "give roles", "accounts"),  # noqa: SLF001
    Kind.INVITE: (Applier._invite, "invite", "people"),  # noqa: SLF001
    Kind.REMOVE_ROLES: (Applier._remove_roles, "take roles", "accounts"),  # noqa: SLF001
    Kind.BLOCK: (Applier._block, "block", "accounts"),  # noqa: SLF001
    Kind.DELETE: (Applier._delete, "delete", "accounts"),  # noqa: SLF001
}
"""Each kind's step, the name of its phase, and what it counts."""
_DONE = {
    Kind.CREATE_ROLE: "created the role",
    Kind.CREATE: "added",
    Kind.ADOPT: "adopted",
    Kind.UPDATE: "updated",
    Kind.UNBLOCK: "unblocked",
    Kind.ADD_ROLES: "gave",
    Kind.INVITE: "invited",
    Kind.REMOVE_ROLES: "took from",
    Kind.BLOCK: "blocked",
    Kind.DELETE: "deleted",
}
_NOT_DONE = {
    Kind.CREATE_ROLE: "could not create the role",
    Kind.CREATE: "could not add",
    Kind.ADOPT: "could not adopt",
    Kind.UPDATE: "could not update",
    Kind.UNBLOCK: "could not unblock",
    Kind.ADD_ROLES: "could not give roles to",
    Kind.INVITE: "could not invite",
    Kind.REMOVE_ROLES: "could not take roles from",
    Kind.BLOCK: "could not block",
    Kind.DELETE: "could not delete",
}


def _tell(change: Change, tried: Tried) -> None:
    names = [role.name for role in change.roles]
    facts = {"kind": change.kind.value, "email": change.email or None, "user_id": change.user_id, "roles": names}
    roles = ", ".join(names)
    who = change.email or roles
    if tried.status is Status.DONE:
        what = roles if change.email else ""
        if change.kind in {Kind.ADOPT, Kind.UPDATE}:
            what = ", ".join(edit.field for edit in change.edits)  # values are in the plan, and not for every log
        details = (f": {what}" if what else "") + (f" ({tried.why})" if tried.why else "")
        logger.info("%s %s%s", _DONE[change.kind], who, details, extra={"event": "change_done", **facts})
    elif tried.status is not Status.NOT_TRIED:
        extra = {"event": "change_not_done", **facts, "outcome": tried.status.value}
        logger.warning("%s %s: %s", _NOT_DONE[change.kind], who, tried.why, extra=extra)
