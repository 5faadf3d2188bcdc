"""What a run may and may not have done to a tenant, judged by the tenant alone.

It knows nothing of plans: it compares what is there with what was there and with what the source wants. So it holds
at any moment, also in the middle of a run that was killed, or after one that failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sandbox import DEFAULT_CONNECTION, Tenant

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """A tenant at one moment: its accounts as they are stored and the names of their roles, by user id."""

    accounts: Mapping[str, Document]
    roles: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, tenant: Tenant) -> Picture:
        with tenant.lock:
            accounts = deepcopy(tenant.users)
            return cls(accounts, {user_id: frozenset(tenant.roles_of(user_id)) for user_id in accounts})


@dataclass(frozen=True, slots=True)
class Oracle:
    """Judges what became of the accounts that `before` shows."""

    before: Picture
    wanted: Mapping[str, frozenset[str]]
    """People of the source by e-mail, and the managed roles that they are to have."""
    managed: frozenset[str]
    """The roles that may be given and taken."""
    hands_off: frozenset[str] = frozenset()
    """E-mails in the connection that are nobody's business: protected or held."""
    blocks: bool = False
    """Whether who is not wanted is to be blocked and not deleted."""

    def in_plan(self, account: Document) -> bool:
        """Whether the job may touch an account at all."""
        ours = account["identities"][0]["connection"] == DEFAULT_CONNECTION
        return ours and "email" in account and account["email"] not in self.hands_off

    def wrongs(self, tenant: Tenant) -> list[str]:
        """Everything that must not have happened, whether a run was finished or not."""
        now = Picture.of(tenant)
        found = [*self._of_strangers(now), *self._of_ours(now), *self._of_new_ones(now)]
        emails = Counter(account.get("email") for account in now.accounts.values() if self.in_plan(account))
        found += [f"{count} accounts of {email}" for email, count in emails.items() if count > 1]
        return found + [f"a mail was sent: {mail}" for mail in tenant.mails]

    def lacks(self, tenant: Tenant) -> list[str]:
        """What is still to do until tenant and source agree."""
        now = Picture.of(tenant)
        there = {account["email"]: user_id for user_id, account in now.accounts.items() if self.in_plan(account)}
        found = [f"{email} has no account" for email in self.wanted if email not in there]
        for email, user_id in there.items():
            if email not in self.wanted:
                done = self.blocks and now.accounts[user_id].get("blocked")
                found += [] if done else [f"{email} is not {'blocked' if self.blocks else 'deleted'}"]
            elif now.accounts[user_id].get("blocked") and _mark_of(now.accounts[user_id]):
                found.append(f"{email} is still blocked")
        for email, roles in self.wanted.items():
            has = now.roles[there[email]] & self.managed if email in there else roles
            found += [f"{email} has {sorted(has)} instead of {sorted(roles)}"] if has != roles else []
        return found

    def _of_strangers(self, now: Picture) -> Iterator[str]:
        """Accounts outside the plan are what they were, byte for byte."""
        for user_id, account in self.before.accounts.items():
            if self.in_plan(account):
                continue
            if now.accounts.get(user_id) != account:
                yield f"{user_id} is outside the plan and was changed: {now.accounts.get(user_id)}"
            elif now.roles[user_id] != self.before.roles[user_id]:
                yield f"{user_id} is outside the plan and has other roles: {sorted(now.roles[user_id])}"

    def _of_ours(self, now: Picture) -> Iterator[str]:
        for user_id, account in self.before.accounts.items():
            if not self.in_plan(account):
                continue
            email, had = account["email"], self.before.roles[user_id]
            wanted = self.wanted.get(email)
            if user_id not in now.accounts:
                if wanted is not None or self.blocks:
                    yield f"{email} should {'be in' if wanted is not None else 'stay'} and was deleted"
                continue
            if not self._may_be(now.accounts[user_id], account):
                yield f"the account of {email} was changed: {now.accounts[user_id]}"
            has = now.roles[user_id]
            may_go = had & self.managed - wanted if wanted is not None else frozenset()
            yield from (f"{email} lost {role}" for role in sorted(had - has - may_go))
            if wanted is not None and had - has and wanted - has:
                yield f"{email} lost {sorted(had - has)} before they had {sorted(wanted - has)}"
            yield from (f"{email} was given {role}" for role in sorted(has - had - (wanted or frozenset())))

    def _may_be(self, now: Document, was: Document) -> bool:
        """Whether an account is as it was or, if it is to be blocked or unblocked, just that and nothing else."""
        if now == was:
            return True
        here = was["email"] in self.wanted
        if _bare(now) != _bare(was) or not (_mark_of(was) if here else self.blocks):
            return False
        return bool(now.get("blocked")) == bool(_mark_of(now)) == (not here)

    def _of_new_ones(self, now: Picture) -> Iterator[str]:
        for user_id in now.accounts.keys() - self.before.accounts.keys():
            account = now.accounts[user_id]
            wanted = self.wanted.get(str(account.get("email")))
            if not self.in_plan(account) or wanted is None:
                yield f"an account was made that nobody wants: {account}"
            elif more := now.roles[user_id] - wanted:
                yield f"{account['email']} was given {sorted(more)}"


def _mark_of(account: Document) -> object:
    """What tells a block of ours from somebody else's."""
    return account.get("app_metadata", {}).get("sync", {}).get("blocked_at")


def _bare(account: Document) -> Document:
    """An account without what a block of ours is made of."""
    bare = {name: value for name, value in account.items() if name not in {"blocked", "app_metadata", "updated_at"}}
    return bare | {"others": {name: value for name, value in account.get("app_metadata", {}).items() if name != "sync"}}
