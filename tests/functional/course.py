"""What a run may and may not have done to what accounts are like: judged field by field, by the tenant alone.

As the oracle, it knows nothing of plans, and it holds at any moment: a field is what it was or what it is to be.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import DEFAULT_CONNECTION, Tenant
from tests.functional.oracle import Document, Picture

BLOCKED_AT, INVITE, REVOKE = (f"app_metadata.sync.{name}" for name in ("blocked_at", "invite", "revoke"))
A_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_OF_THE_MOMENT = ("created_at", "updated_at")
_BY_ITSELF = frozenset({"user_id", "identities", "nickname", "picture"})
"""What Auth0 puts into a new account."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What becomes of an account."""

    roles: frozenset[str]
    """All that it is to have."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Field (`name`, `app_metadata.team`) to value; None: no such value; a pattern: any text that it matches."""
    between: Mapping[str, Any] = field(default_factory=dict)
    """What a field may be on the way there."""
    invited: bool = False
    revoked: bool = False
    """Whether its sessions are to be ended."""


@dataclass(frozen=True, slots=True)
class Course:
    """Judges what became of the accounts that `before` shows, and of those who come."""

    before: Picture
    goals: Mapping[str, Goal]
    """By user id; an account without a goal is nobody's business."""
    comers: Mapping[str, Goal]
    """By the e-mails of those who have no account yet."""

    def wrongs(self, tenant: Tenant) -> list[str]:
        """Everything that must not have happened, whether a run was finished or not."""
        now = Picture.of(tenant)
        found = [*self._of_those_there(now), *self._of_new_ones(now), *self._of_messages(tenant, now)]
        ours = (account for account in now.accounts.values() if _is_ours(account))
        emails = Counter(account["email"] for account in ours)
        roles = Counter(role["name"].casefold() for role in tenant.roles.values())
        return found + [f"{name} is there {count} times" for name, count in (emails + roles).items() if count > 1]

    def lacks(self, tenant: Tenant) -> list[str]:
        """What is still to do until all is as it should be."""
        now = Picture.of(tenant)
        ids = {account["email"]: user_id for user_id, account in now.accounts.items() if _is_ours(account)}
        found = [f"{email} has no account" for email in self.comers if email not in ids]
        goals = {**self.goals, **{ids[email]: goal for email, goal in self.comers.items() if email in ids}}
        for user_id, goal in goals.items():
            has = flat(now.accounts.get(user_id, {}))
            found += [f"{user_id}: {name} is {has.get(name)!r}" for name in goal.fields if not _is(has, goal, name)]
            roles = now.roles.get(user_id, frozenset())
            found += [f"{user_id} has the roles {sorted(roles)}"] if roles != goal.roles else []
        return found

    def _of_those_there(self, now: Picture) -> Iterator[str]:
        for user_id, was in self.before.accounts.items():
            goal = self.goals.get(user_id)
            if user_id not in now.accounts:
                yield f"{user_id} was deleted"
            elif goal is not None:
                yield from _astray(user_id, flat(was), flat(now.accounts[user_id]), goal)
                yield from _of_roles(user_id, self.before.roles[user_id], now.roles[user_id], goal)
            elif (was, self.before.roles[user_id]) != (now.accounts[user_id], now.roles[user_id]):
                yield f"{user_id} is nobody's business and was changed: {now.accounts[user_id]}"

    def _of_new_ones(self, now: Picture) -> Iterator[str]:
        for user_id in now.accounts.keys() - self.before.accounts.keys():
            account = now.accounts[user_id]
            goal = self.comers.get(str(account.get("email")))
            if goal is None or not _is_ours(account):
                yield f"an account was made that nobody wants: {account}"
                continue
            has = flat(account)
            for name in (has.keys() | goal.fields.keys()) - _BY_ITSELF:
                if not _is(has, goal, name) and not _is_between(has, goal, name):
                    yield f"the new account of {account['email']} has {name} {has.get(name)!r}"
            yield from (f"{account['email']} was given {role}" for role in now.roles[user_id] - goal.roles)

    def _of_messages(self, tenant: Tenant, now: Picture) -> Iterator[str]:
        """Who is to be invited is told so at least once, and nobody else ever; the same with sessions."""
        told = [one["user_id"] for one in (*tenant.mails, *tenant.tickets)]
        yield from (f"a mail was sent: {mail}" for mail in tenant.mails if mail["kind"] != "change_password")
        for user_id, account in now.accounts.items():
            goal = self.goals.get(user_id) or self.comers.get(str(account.get("email"))) or Goal(frozenset())
            has = flat(account)
            if user_id in told and not goal.invited:
                yield f"{user_id} was invited"
            elif goal.invited and INVITE not in has and user_id not in told:
                yield f"{user_id} will never be invited"
            if user_id in tenant.revoked_access and not goal.revoked:
                yield f"{user_id} lost their sessions"
            elif goal.revoked and has.get("blocked") and REVOKE not in has and user_id not in tenant.revoked_access:
                yield f"{user_id} will never lose their sessions"


def flat(document: Document) -> dict[str, Any]:
    """A record by field, metadata as deep as it goes. What is null or empty is not there, nor a block that is none."""
    fields: dict[str, Any] = {}
    for name, value in document.items():
        if name.partition(".")[0].endswith("_metadata") and isinstance(value, dict):
            fields |= flat({f"{name}.{key}": below for key, below in value.items()})
        elif name not in _OF_THE_MOMENT and value is not None and (name, value) != ("blocked", False):
            fields[name] = value
    return fields


def _is(has: Mapping[str, Any], goal: Goal, name: str) -> bool:
    wanted = goal.fields.get(name)
    if isinstance(wanted, re.Pattern):
        return wanted.fullmatch(str(has.get(name))) is not None
    return bool(has.get(name) == wanted) and type(has.get(name)) is type(wanted)


def _is_between(has: Mapping[str, Any], goal: Goal, name: str) -> bool:
    return name in goal.between and has.get(name) == goal.between[name]


def _astray(user_id: str, was: Mapping[str, Any], has: Mapping[str, Any], goal: Goal) -> Iterator[str]:
    for name in was.keys() | has.keys() | goal.fields.keys():
        there = name in goal.fields and (_is(has, goal, name) or _is_between(has, goal, name))
        if has.get(name) != was.get(name) and not there:
            yield f"{user_id}: {name} was {was.get(name)!r} and is {has.get(name)!r}"
    if bool(has.get("blocked")) != bool(has.get(BLOCKED_AT)) and has.get("blocked") != was.get("blocked"):
        yield f"{user_id} is blocked without our mark, or the other way round"
    if has.get("email") != was.get("email") and not _is(has, goal, "email_verified"):
        yield f"{user_id} has another e-mail, and email_verified is {has.get('email_verified')}"


def _of_roles(user_id: str, had: frozenset[str], has: frozenset[str], goal: Goal) -> Iterator[str]:
    yield from (f"{user_id} was given {role}" for role in sorted(has - had - goal.roles))
    yield from (f"{user_id} lost {role}" for role in sorted((had & goal.roles) - has))
    if had - has and goal.roles - has:
        yield f"{user_id} lost {sorted(had - has)} before they had {sorted(goal.roles - has)}"


def _is_ours(account: Document) -> bool:
    return account["identities"][0]["connection"] == DEFAULT_CONNECTION and "email" in account
