"""Why one person is treated so: from the rows of the source to the decision, as sections to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from client.auth0.errors import Auth0Error
from client.listing import VERBS, shown
from client.reading import State
from sync import address
from sync.model import Account, Cause, Change, Held, Kind, Person, Protected
from sync.plan import Plan

_SETTINGS = {
    Cause.MISSING: "SYNC_ON_MISSING",
    Cause.INACTIVE: "SYNC_ON_INACTIVE",
    Cause.EXPIRED: "SYNC_DELETE_AFTER_DAYS",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the explanation."""

    title: str
    lines: Sequence[str]


def explain(
    state: State, plan: Plan, refused: Sequence[str], email: str, lockouts: Callable[[str], list[str]]
) -> list[Section]:
    """Source rows, person, match, account, scope, protection, decision.

    `plan` is that of `state`, without the brakes of one run; `refused`: why no run would carry it out, whoever it is
    about. `lockouts`: from where a user id is kept out by Auth0's brute-force protection.
    """
    case = _Case.of(state, plan, refused, email)
    return [
        Section("source", list(case.rows())),
        Section("person", list(case.persons())),
        Section("match", list(case.matches())),
        Section("account", list(case.accounts(lockouts))),
        Section("scope", list(case.scope())),
        Section("protection", list(case.protections())),
        Section("decision", list(case.decisions())),
    ]


@dataclass(frozen=True, slots=True)
class _Case:
    state: State
    plan: Plan
    refused: Sequence[str]
    key: str
    """The address key that was asked for."""
    person: Person | None
    bearer: Account | None
    """The account that bears the person's key."""
    holder: Account | None
    """The account that has the e-mail: the person's, or the one that was asked for."""

    @classmethod
    def of(cls, state: State, plan: Plan, refused: Sequence[str], email: str) -> _Case:
        key = address.key(email)
        ours = [account for account in state.accounts if account.connection == state.connection.name]
        asked = next((account for account in ours if address.key(account.email or "") == key), None)
        counting = [account for account in ours if account.marks.source_id and state.policy.is_ours(account)]
        theirs = asked.marks.source_id if asked is not None and asked in counting else ""
        person = state.people.people.get(key) or state.people.by_id().get(theirs)
        wanted_key = address.key(person.email) if person else key
        holder = next((account for account in ours if address.key(account.email or "") == wanted_key), None)
        wanted = person.source_id if person else ""
        bearer = next((account for account in counting if account.marks.source_id == wanted), None)
        return cls(state, plan, refused, key, person, bearer, holder or asked)

    @property
    def account(self) -> Account | None:
        return self.bearer or self.holder

    @property
    def keys(self) -> set[str]:
        """The address keys of all that this is about."""
        emails = [one.email for one in (self.person, self.bearer, self.holder) if one is not None and one.email]
        return {self.key, *map(address.key, emails)}

    @property
    def own_key(self) -> str:
        """The address key under which a plan speaks of the person and of their account, and of no neighbour."""
        email = (self.account and self.account.email) or (self.person and self.person.email)
        return address.key(email) if email else self.key

    def rows(self) -> Iterator[str]:
        frame, wanted = self.state.frame, set(self._row_numbers())
        yield f"{len(wanted)} of the {self.plan.counts.source_rows:,} rows of the query"
        for number in sorted(wanted):
            cells = frame.iloc[number - 1]
            row = (f"{name} {'NULL' if _is_null(cells[name]) else shown(cells[name])}" for name in frame.columns)
            yield f"  row {number}: {', '.join(row)}"

    def _row_numbers(self) -> Iterator[int]:
        """Those with one of the e-mails, with the person's key, or with an e-mail that may be meant for one."""
        frame, keys = self.state.frame, self.keys
        ids = {self.person.source_id} if self.person else set[str]()
        ids |= {one.marks.source_id for one in (self.bearer, self.holder) if one is not None}
        unreadable = {text for key in keys if (text := self.state.people.lookalikes.behind(key))}
        for number, email in enumerate(frame["email"].tolist(), start=1):
            if isinstance(email, str) and (address.key(email) in keys or email.strip() in unreadable):
                yield number
        if "id" in frame.columns and ids - {""}:
            yield from (number for number, one in enumerate(frame["id"].tolist(), start=1) if one and one in ids)

    def persons(self) -> Iterator[str]:
        person = self.person
        if person is None:
            held = [one.reason for one in self.plan.held if one.in_source and self._is_about(one.email)]
            yield f"held: {held[0]}" if held else "nobody in the source has this e-mail"
            return
        yield person.email + (f", key {person.source_id!r}" if person.source_id else "")
        if person.active is False:
            yield "not active"
        elif person.active is None:
            yield "whether they are active is NULL: neither blocked nor let in"
        names = sorted(role.name for role in self.state.roles if role.id in person.roles)
        yield f"roles: {', '.join(names) or 'none'}"
        for field, value in sorted(person.profile.items()):
            yield f"{field}: {shown(value)}"

    def _is_about(self, email: str) -> bool:
        return address.key(email) == self.own_key or self.state.people.lookalikes.behind(self.own_key) == email

    def matches(self) -> Iterator[str]:
        person, bearer, holder = self.person, self.bearer, self.holder
        if person and bearer:
            yield f"{bearer.user_id}: it bears the key {person.source_id!r}"
        if holder is not None and holder is not bearer:
            key = holder.marks.source_id
            yield f"{holder.user_id}: it has this e-mail" + (f", and the key {key!r}" if key else "")
        if self.account is None:
            yield f"no account of {self.state.connection.name} has this e-mail" + (
                f" or bears the key {person.source_id!r}" if person and person.source_id else ""
            )

    def accounts(self, lockouts: Callable[[str], list[str]]) -> Iterator[str]:
        account = self.account
        if account is None:
            yield "none"
            return
        yield f"{account.email}; {self._block(account)}"
        try:
            if kept_out := lockouts(account.user_id):
                yield (
                    f"kept out by Auth0's brute-force protection, from {', '.join(kept_out)}; "
                    "an administrator can lift that under User Management"
                )
        except Auth0Error as error:
            yield f"whether Auth0's brute-force protection keeps them out cannot be told: {error}"
        yield f"roles: {', '.join(self._role_names(account)) or 'none'}"

    def _role_names(self, account: Account) -> list[str]:
        managed = {role.id for role in self.state.roles}
        if account.user_id not in self.state.has:  # then the others were not asked for
            has = self.state.memberships.roles.get(account.user_id, frozenset())
            return [role.name for role in sorted(self.state.roles) if role.id in has]
        of_all = self.state.has[account.user_id]
        return [role.name if role.id in managed else f"{role.name} (not managed)" for role in of_all]

    def _block(self, account: Account) -> str:
        if not account.blocked:
            return "not blocked"
        if account.blocked_by_us:
            return f"blocked by a run on {account.marks.blocked_at[:10]}"
        return "blocked, but by no run: whoever did it has to unblock it"

    def scope(self) -> Iterator[str]:
        connection, policy, account = self.state.connection.name, self.state.policy, self.account
        for one in self.state.accounts:
            if one.connection != connection:
                yield f"{one.user_id} is out of scope: its primary identity is in {one.connection}"
        if account is None:
            yield f"nothing of theirs is in {connection}"
        elif policy.is_ours(account):
            mark = f", and it bears the mark of {policy.owner!r} (SYNC_OWNER)" if policy.owner else ""
            yield f"in scope: its primary identity is in {connection}{mark}"
        else:
            bears = f"that of {account.marks.owner!r}" if account.marks.owner else "no mark"
            yield f"not this job's: it bears {bears}, not that of {policy.owner!r} (SYNC_MANAGE=marked)"

    def protections(self) -> Iterator[str]:
        reasons = self._reasons(self.plan.protected)
        yield from (f"protected by {reason}" for reason in reasons)
        if not reasons:
            yield "none of CLIENT_IGNORE_USERS and CLIENT_IGNORE_ROLES is about them"

    def _reasons(self, left_alone: Iterable[Held | Protected]) -> list[str]:
        about = [one for one in left_alone if self._is_about(one.email)]
        about.sort(key=lambda one: address.key(one.email) != self.own_key)  # what may only be meant comes last
        return [one.reason for one in about]

    def decisions(self) -> Iterator[str]:
        """What becomes of them, and why; old and new values."""
        for sentence in self.refused:
            yield f"a run for everybody would be refused: {sentence}; else:"
        changes = [change for change in self.plan.changes if self._is_theirs(change)]
        kept_back = [outcome for outcome in self.plan.kept_back if self._is_theirs(outcome.change)]
        if reasons := self._reasons(self.plan.protected):
            yield f"left alone: protected by {reasons[0]}"
        elif reasons := self._reasons(self.plan.held):
            yield f"left alone: held, because {reasons[0]}"
        elif not changes and not kept_back:
            yield f"nothing to do: {self._rest()}"
        for change in changes:
            yield from self._change(change)
        for outcome in kept_back:
            yield f"kept back by {outcome.why}:"
            yield from (f"  {line}" for line in self._change(outcome.change))
        if self.bearer is not None and self.holder is not None and self.holder is not self.bearer:
            yield from self._neighbour(self.holder)

    def _neighbour(self, account: Account) -> Iterator[str]:
        """Why the other account, which has the e-mail, is left alone."""
        key = address.key(account.email or "")
        left_alone: list[Held | Protected] = [*self.plan.protected, *self.plan.held]
        reasons = [one.reason for one in left_alone if address.key(one.email) == key]
        yield from (f"{account.user_id}, which has this e-mail, is left alone: {reason}" for reason in reasons)

    def _is_theirs(self, change: Change) -> bool:
        if change.user_id:
            return self.account is not None and change.user_id == self.account.user_id
        if change.kind is Kind.CREATE_ROLE:
            return any(role.id in self.person.roles for role in change.roles) if self.person else False
        return address.key(change.email) in self.keys

    def _change(self, change: Change) -> Iterator[str]:
        setting = f" ({_SETTINGS[change.cause]})" if change.cause else ""
        yield VERBS[change.kind][0] + (f": {change.cause}{setting}" if change.cause else "")
        why = "the source does not name it" if change.kind is Kind.REMOVE_ROLES else "the source names it"
        sign = "-" if change.kind is Kind.REMOVE_ROLES else "+"
        yield from (f"  {sign} {role.name}: {why}" for role in change.roles)
        yield from (f"  {edit.field}: {shown(edit.old)} → {shown(edit.new)}" for edit in change.edits)
        if change.turn:
            yield "  after another account has given up this e-mail, in the same run"

    def _rest(self) -> str:
        person, account = self.person, self.account
        if account is None:
            return "they are not active, and have no account" if person else "neither source nor connection knows them"
        if not self.state.policy.is_ours(account) and not (person and person.active):
            return "the account is not this job's"
        if account.blocked and not (person and person.active):
            return "the account is blocked already"
        return "the account is just what the source says"


def _is_null(cell: object) -> bool:
    return cell is None or cell != cell  # noqa: PLR0124 - NaN, as pandas has NULL, is the one that is not
