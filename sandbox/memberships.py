"""Who has which role, readable from both sides without a scan."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import NamedTuple


class Member(NamedTuple):
    """An assignment; the order of these is the order of a checkpoint listing."""

    assigned_at: float
    user_id: str


class Memberships:
    """Role assignments. Adding one that is there, or removing one that is not, changes nothing."""

    def __init__(self) -> None:
        self._members: dict[str, list[Member]] = {}
        self._roles: dict[str, dict[str, float]] = {}

    def add(self, role_id: str, user_id: str, now: float) -> None:
        """Give a role to an account."""
        held = self._roles.setdefault(user_id, {})
        if role_id not in held:
            held[role_id] = now
            insort(self._members.setdefault(role_id, []), Member(now, user_id))

    def remove(self, role_id: str, user_id: str) -> None:
        """Take a role from an account."""
        assigned_at = self._roles.get(user_id, {}).pop(role_id, None)
        if assigned_at is not None:
            members = self._members[role_id]
            del members[bisect_left(members, Member(assigned_at, user_id))]

    def roles_of(self, user_id: str) -> list[str]:
        """The ids of an account's roles, oldest assignment first."""
        return list(self._roles.get(user_id, ()))

    def assignments_of(self, user_id: str) -> dict[str, float]:
        """The ids of an account's roles and when each was given. A copy."""
        return dict(self._roles.get(user_id, {}))

    def members_of(self, role_id: str) -> list[Member]:
        """The members of a role, oldest assignment first. Not a copy: look, do not touch."""
        return self._members.get(role_id, [])

    def forget_user(self, user_id: str) -> None:
        """Take every role from an account that is going."""
        for role_id in self.roles_of(user_id):
            self.remove(role_id, user_id)
        self._roles.pop(user_id, None)

    def forget_role(self, role_id: str) -> list[str]:
        """Take a role that is going from everybody; the ids of those who had it."""
        had_it = [member.user_id for member in self._members.pop(role_id, [])]
        for user_id in had_it:
            del self._roles[user_id][role_id]
        return had_it
