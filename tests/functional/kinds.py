"""Every kind of request that the job makes, every way in which one can fail, and the exit code that is promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import Fault

FAULTS: dict[str, dict[str, Any]] = {
    "400": {"kind": "status", "status": 400},
    "401": {"kind": "status", "status": 401},
    "403": {"kind": "status", "status": 403},
    "404": {"kind": "status", "status": 404},
    "409": {"kind": "status", "status": 409},
    "429": {"kind": "rate_limit", "retry_after": 0.05, "reset": "past"},
    "429 without headers": {"kind": "rate_limit", "reset": "absent"},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "dropped before": {"kind": "drop_before"},
    "dropped after": {"kind": "drop_after"},
    "500 after": {"kind": "status_after", "status": 500},
    "hang": {"kind": "hang"},
    "garbage": {"kind": "garbage"},
    "html": {"kind": "html"},
    "truncated": {"kind": "truncate"},
}
INCOMPLETE: dict[str, dict[str, Any]] = {
    "short page": {"kind": "short_page"},
    "empty page": {"kind": "empty_page"},
    "cut file": {"kind": "truncated_export"},
    "empty file": {"kind": "empty_export"},
    "failed job": {"kind": "job_failed"},
}
"""Good answers that do not hold what they should; each makes sense for a few requests only."""
REFUSALS = frozenset({"400", "403", "404", "409"})
"""Not tried again: the request itself is not wanted."""
UNREADABLE = frozenset({"garbage", "html", *INCOMPLETE})
"""An answer that is none. Of a read it is not tried again."""
AFTER = frozenset({"dropped after", "500 after"})
"""Something was written, although the answer does not say so."""
LOGIN = "401"
"""The token is renewed, once."""

_SAMPLE = frozenset({LOGIN, "429 without headers", "503", "dropped before", "truncated"})
A_FEW = ("400", LOGIN, "429", "500", "dropped before", "hang", "html")
"""One of each sort, where starting a pool of processes each time would cost more than the others are worth."""
_API = "/api/v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of request, on a day on which the job makes it."""

    name: str
    method: str
    path: str
    day: str = "members"
    where: str | None = None
    """Whom it is about, if only that one is to fail: an e-mail (its user id, if the account is there) or a role."""
    code: int
    """How the run ends when it never succeeds: 1 a read without which there is no plan, 3 a change, 0 a shortcut."""
    once: Mapping[str, int] = field(default_factory=dict)
    """By fault, where the run ends otherwise than `promised` has it although it goes well the next time."""
    always: Mapping[str, int] = field(default_factory=dict)
    """The same where it never goes well."""
    held: str | None = None
    """Whose failed read holds that person alone."""
    some: tuple[str, ...] = tuple(FAULTS)
    """The faults that are tried,"""
    also: tuple[str, ...] = ()
    """and those of `INCOMPLETE` that make sense."""
    after: int = 0
    """So many of these requests go well first."""

    def cases(self) -> Iterator[tuple[str, bool]]:
        """Fault, and whether it befalls all requests of this kind or only one.

        Left out is what would be the same again. Of a request that only reads nobody can tell whether it was carried
        out before the trouble or not, and one way of being tried again is like the other. What is not tried again
        ends in the same way, whether the next try would have gone well or not.
        """
        for name in (*self.some, *self.also):
            reads = self.method == "GET"
            if reads and name in AFTER:
                continue
            yield name, True
            final = name in REFUSALS | UNREADABLE
            same = self.promised(name, always=True) == self.promised(name, always=False)
            if not (same if final else reads and name not in _SAMPLE):
                yield name, False

    @property
    def is_creation(self) -> bool:
        """Whether it is about somebody who has no user id yet."""
        return (self.method, self.path) == ("POST", f"{_API}/users")

    def fault(self, name: str, *, always: bool, where: str | None, echo: str) -> Fault:
        """`echo`: what an answer that refuses the request repeats, as servers do."""
        what = dict((FAULTS | INCOMPLETE)[name])
        if "status" in what:
            what["body"] = {"statusCode": what["status"], "error": "Trouble", "message": f"what does {echo} mean?"}
        times = None if always else 1
        return Fault(method=self.method, path=self.path, times=times, after=self.after, where=where, **what)

    def promised(self, name: str, *, always: bool) -> int:
        """The exit code that a run ends with.

        What may go well the next time is tried again; a refusal, or an answer that is none, is not. A login that is
        lost for good ends the run, whatever it was about.
        """
        if name in (exceptions := self.always if always else self.once):
            return exceptions[name]
        if name == LOGIN:
            return 1 if always else 0
        return self.code if always or name in REFUSALS | UNREADABLE else 0


def _all(names: frozenset[str], code: int) -> dict[str, int]:
    return dict.fromkeys(names, code)


# What is only looked for again if it must not be done twice is sent again after an answer that is none.
_SENT_AGAIN = _all(UNREADABLE, 0)
# A creation that was carried out is found, however its answer was lost.
_FOUND = {"dropped after": 0, "500 after": 0, "truncated": 0}
# 204 has no body that could be cut off.
_BODILESS = {"truncated": 0}
# Somebody who is gone is as good as deleted.
_GONE = {"404": 0}
# A link that is refused is asked for anew; but what has begun to arrive is the file, and must be whole.
_BROKEN = {"truncated": 1}

_PAGES = ("short page", "empty page")
_JOB, _ONE, _BY_EMAIL = f"{_API}/jobs/{{id}}", f"{_API}/users/{{id}}", f"{_API}/users-by-email"
_ROLES_OF_ONE, _MEMBERS = f"{_API}/users/{{id}}/roles", f"{_API}/roles/{{id}}/users"

KINDS = (
    Kind(name="token", method="POST", path="/oauth/token", code=1, once={"401": 1}),
    Kind(name="connections", method="GET", path=f"{_API}/connections", code=1, also=_PAGES),
    Kind(name="roles", method="GET", path=f"{_API}/roles", code=1, also=_PAGES),
    Kind(name="search", method="GET", path=f"{_API}/users", code=1, also=_PAGES),
    Kind(name="members of a role", method="GET", path=_MEMBERS, code=1),
    Kind(name="roles of one", method="GET", path=_ROLES_OF_ONE, day="pool", where="swap0@x.io", held="swap0@x.io",
         code=3, always={"401": 3}, some=A_FEW, also=("empty page",)),
    Kind(name="start of an export", method="POST", path=f"{_API}/jobs/users-exports", day="export", code=1,
         once=_SENT_AGAIN),
    Kind(name="export job", method="GET", path=_JOB, day="export", code=1, also=("failed job",)),
    Kind(name="export file", method="GET", path="/exports/{name}", day="export", code=1,
         once=_all(REFUSALS, 0) | _BROKEN, also=("cut file", "empty file")),
    Kind(name="creation", method="POST", path=f"{_API}/users", where="come0@x.io", code=3, once=_SENT_AGAIN,
         always=_FOUND),
    Kind(name="look for one that exists", method="GET", path=_BY_EMAIL, day="late", where="come0", code=3),
    Kind(name="look for a lost creation", method="GET", path=_BY_EMAIL, day="lost", where="come0", code=3,
         once={"409": 0}),  # a conflict means that there is such an account, so it is looked for again
    Kind(name="start of an import", method="POST", path=f"{_API}/jobs/users-imports", day="import", code=0),
    Kind(name="import job", method="GET", path=_JOB, day="import", code=0, always={"401": 0}, also=("failed job",)),
    Kind(name="errors of an import", method="GET", path=f"{_JOB}/errors", day="import", code=0, always={"401": 0}),
    Kind(name="proof of an import", method="GET", path=_ONE, day="import", code=0, always={"401": 0}),
    Kind(name="look for one that an import met", method="GET", path=_BY_EMAIL, day="import", where="come0", code=3),
    Kind(name="giving of a role", method="POST", path=_MEMBERS, where="editor", code=3,
         once=_all(REFUSALS | UNREADABLE, 0)),  # the halves of the batch go well
    Kind(name="taking of roles", method="DELETE", path=_ROLES_OF_ONE, where="swap0@x.io", code=3, always=_BODILESS),
    Kind(name="look before taking roles", method="GET", path=_ONE, where="swap0@x.io", code=3),
    Kind(name="roles before taking some", method="GET", path=_ROLES_OF_ONE, where="swap0@x.io", code=3,
         also=_PAGES),
    Kind(name="look before a deletion", method="GET", path=_ONE, where="go0@x.io", code=3, once=_GONE, always=_GONE),
    Kind(name="roles before a deletion", method="GET", path=_ROLES_OF_ONE, where="go0@x.io", code=3,
         also=_PAGES),
    Kind(name="deletion", method="DELETE", path=_ONE, where="go0@x.io", code=3, once=_GONE, always=_GONE | _BODILESS),
    Kind(name="look before a block", method="GET", path=_ONE, day="block", where="go0@x.io", code=3, once=_GONE,
         always=_GONE),
    Kind(name="block", method="PATCH", path=_ONE, day="block", where="go0@x.io", code=3),
    Kind(name="look before lifting a block", method="GET", path=_ONE, day="block", where="back0@x.io", code=3),
    Kind(name="lifting of a block", method="PATCH", path=_ONE, day="block", where="back0@x.io", code=3),
)  # fmt: skip

_ROLES, _REVOKE = f"{_API}/roles", f"{_API}/users/{{id}}/revoke-access"
_MAIL, _TICKET = "/dbconnections/change_password", f"{_API}/tickets/password-change"
SAMPLED = ("400", LOGIN, "404", "429", "500", "500 after", "dropped before", "html")
"""One of each sort, where the request differs from one that meets them all in nothing but what it is for."""
USER = _ONE
# Who says so is no login of ours that could be renewed.
_NO_LOGIN = {"401": 1}

MAPPED_KINDS = (
    Kind(name="new role", method="POST", path=_ROLES, code=3, once=_SENT_AGAIN, always=_FOUND),
    Kind(name="profile", method="PATCH", path=_ONE, where="profile@x.io", code=3, some=SAMPLED),
    Kind(name="look before a rename", method="GET", path=_ONE, where="old@x.io", code=3, some=SAMPLED),
    Kind(name="rename", method="PATCH", path=_ONE, where="old@x.io", code=3),
    Kind(name="link of a chain", method="PATCH", path=_ONE, where="link2@x.io", code=3, some=SAMPLED),
    Kind(name="first of a pair", method="PATCH", path=_ONE, where="both@x.io", code=3, some=SAMPLED),
    Kind(name="second of a pair", method="PATCH", path=_ONE, where="both@x.io", code=3, some=SAMPLED, after=1),
    Kind(name="key", method="PATCH", path=_ONE, where="keyless@x.io", code=3, some=SAMPLED),
    Kind(name="look before an adoption", method="GET", path=_ONE, where="adopt@x.io", code=3, some=SAMPLED),
    Kind(name="adoption", method="PATCH", path=_ONE, where="adopt@x.io", code=3, some=SAMPLED),
    Kind(name="look before an invitation", method="GET", path=_ONE, where="pending@x.io", code=3, some=SAMPLED),
    Kind(name="mail", method="POST", path=_MAIL, where="come@x.io", code=3, once=_NO_LOGIN),
    Kind(name="ticket", method="POST", path=_TICKET, day="ticket", code=3),
    Kind(name="mark of an invitation", method="PATCH", path=_ONE, where="pending@x.io", code=3, some=SAMPLED),
    Kind(name="look before a revocation", method="GET", path=_ONE, where="off@x.io", code=3, some=SAMPLED,
         once=_GONE, always=_GONE),
    Kind(name="block before a revocation", method="PATCH", path=_ONE, where="off@x.io", code=3, some=SAMPLED),
    Kind(name="revocation", method="POST", path=_REVOKE, where="off@x.io", code=3, always=_BODILESS),
    Kind(name="mark of a revocation", method="PATCH", path=_ONE, where="off@x.io", code=3, some=SAMPLED, after=1),
)  # fmt: skip
"""Those of a mapped day."""
