"""What a token must hold for which call."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.errors import insufficient_scope

SAFE_GRANT = frozenset(
    {
        "read:users",
        "create:users",
        "update:users",
        "delete:users",
        "read:roles",
        "create:roles",
        "update:roles",
        "read:role_members",
        "create:role_members",
        "delete:role_members",
        "read:connections",
        "create:user_tickets",
    }
)
"""What the job should be granted: everything it may do, and nothing else."""


@dataclass(frozen=True, slots=True)
class Need:
    """Scopes of which one, or every one, must be held."""

    names: tuple[str, ...]
    every: bool = False

    def check(self, held: frozenset[str]) -> None:
        """Raise Auth0's 403 when `held` does not do."""
        enough = held.issuperset(self.names) if self.every else any(name in held for name in self.names)
        if not enough:
            raise insufficient_scope(self.names, every=self.every)


def any_of(*names: str) -> Need:
    """One of these."""
    return Need(names)


def all_of(*names: str) -> Need:
    """Each of these."""
    return Need(names, every=True)
