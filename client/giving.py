"""Roles given in batches: one role to many accounts in a request, over the whole plan."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from client.auth0.errors import Auth0Error
from client.auth0.writer import Writer
from client.breaker import DONE, Breaker, Tried
from client.side_by_side import side_by_side
from sync.model import Role, Status

logger = logging.getLogger(__name__)

Wanted = Mapping[str, Sequence[Role]]
"""User id to the roles that the account is to get."""


@dataclass(frozen=True, slots=True)
class _Batch:
    role: Role
    user_ids: Sequence[str]
    before: Tried | None = None
    """How the batch ended of which this is a half."""

    def halves(self, tried: Tried) -> tuple[_Batch, _Batch]:
        middle = len(self.user_ids) // 2
        return _Batch(self.role, self.user_ids[:middle], tried), _Batch(self.role, self.user_ids[middle:], tried)


@dataclass(frozen=True, slots=True)
class RoleGiver:
    """Gives roles. `size`: accounts in a request at most; `workers`: requests in flight."""

    writer: Writer
    breaker: Breaker
    workers: int
    size: int

    def give(self, wanted: Wanted) -> Iterator[tuple[str, Tried]]:
        """How it ended for each account, as soon as that is known."""
        yield from ((user_id, DONE) for user_id, roles in wanted.items() if not roles)
        left = {user_id: len(roles) for user_id, roles in wanted.items()}
        failures: dict[str, dict[Role, Tried]] = defaultdict(dict)
        for batch, tried in self._settled(wanted):
            for user_id in batch.user_ids:
                left[user_id] -= 1
                if tried.status is not Status.DONE:
                    failures[user_id][batch.role] = tried
                if not left[user_id]:
                    yield user_id, _summed(wanted[user_id], failures.pop(user_id, {}))

    def _settled(self, wanted: Wanted) -> Iterator[tuple[_Batch, Tried]]:
        """The batches, each with its end.

        One that is not accepted is halved until the culprit stands alone. The halves come after all others: when
        Auth0 is dead, that shows before anything is halved.
        """
        batches = list(self._batches(wanted))
        while batches:
            halves: list[_Batch] = []
            for batch, tried in side_by_side(self._give, batches, self.workers):
                if tried.error is not None and len(batch.user_ids) > 1 and _is_divisible(tried.error):
                    extra = {"event": "batch_halved", "role": batch.role.name, "accounts": len(batch.user_ids)}
                    logger.info("%s; trying its %s accounts in halves", tried.error, len(batch.user_ids), extra=extra)
                    halves += batch.halves(tried)
                else:
                    # Who was in a larger batch has been tried, whatever became of the half.
                    yield batch, batch.before if tried.status is Status.NOT_TRIED and batch.before else tried
            batches = halves

    def _batches(self, wanted: Wanted) -> Iterator[_Batch]:
        by_role: dict[Role, list[str]] = defaultdict(list)
        for user_id, roles in wanted.items():
            for role in roles:
                by_role[role].append(user_id)
        for role, user_ids in sorted(by_role.items()):
            for start in range(0, len(user_ids), self.size):
                yield _Batch(role, user_ids[start : start + self.size])

    def _give(self, batch: _Batch) -> Tried:
        def step() -> Tried:
            self.writer.give_role(batch.role, batch.user_ids)
            return DONE

        return self.breaker.attempt(step, len(batch.user_ids))


def _is_divisible(error: Auth0Error) -> bool:
    """Whether a part of the batch may do better: not if the role is gone, or if nobody may be given any."""
    lacking = error.where is not None and error.where.error_code == "insufficient_scope"
    return not lacking and "role does not exist" not in error.message


def _summed(roles: Iterable[Role], failures: Mapping[Role, Tried]) -> Tried:
    """One account's end from those of its roles: not tried only if not one was."""
    if not failures:
        return DONE
    given = [role.name for role in roles if role not in failures]
    why = "; ".join(dict.fromkeys(f"{role.name}: {tried.why}" for role, tried in failures.items()))
    if not given and all(tried.status is Status.NOT_TRIED for tried in failures.values()):
        return next(iter(failures.values()))
    return Tried(Status.FAILED, f"{why} (given: {', '.join(given)})" if given else why)
