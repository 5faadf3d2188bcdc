"""Worlds for hypothesis: rows of a source and a tenant, with everything in them that may go wrong; and the
state that the tenant should end in, said in other words than the product's."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.sync.builders import ADMIN, CONNECTION, FOREIGN, READER, WRITER, Row, Tenant, User

NAMES = ("ann", "bob", "carl", "dora", "eve", "root")
PROTECTED = ("ROOT@*",)
_BY_NAME = {role.name: role for role in (ADMIN, READER, WRITER)}
_GOOD_EMAILS = st.builds(
    lambda name, spelling: spelling.format(name, name.capitalize()),
    st.sampled_from(NAMES),
    st.sampled_from(["{0}@x.io", " {1}@X.io "]),
)
_BAD_EMAILS = st.one_of(
    st.sampled_from([None, "", "nobody at all"]),
    st.builds(
        lambda name, spelling: spelling.format(name),
        st.sampled_from(NAMES),
        st.sampled_from(["{0}@@x.io", "X <{0}@x.io>", "someone@y.io; {0}@x.io"]),
    ),
)
_GOOD_ROLES = st.sampled_from(["admin", "reader", "WRITER "])
_BAD_ROLES = st.sampled_from([None, "", "unknown", "foreign"])


def _mostly(good: st.SearchStrategy[str], bad: st.SearchStrategy[str | None]) -> st.SearchStrategy[str | None]:
    return st.integers(0, 9).flatmap(lambda dice: bad if dice == 0 else good)


@dataclass(frozen=True, slots=True)
class World:
    """A source and a tenant."""

    rows: tuple[Row, ...]
    tenant: Tenant

    def wanted(self) -> dict[str, set[str]] | None:
        """Name to role names of those whom every row about them lets us understand."""
        people: dict[str, set[str]] = {}
        for email, role in self.rows:
            if _readable(email):
                people.setdefault(_name(email), set()).add(str(role or "").strip().casefold())
        held = {name for name, roles in people.items() if not roles <= set(_BY_NAME)}
        return {name: roles for name, roles in people.items() if name not in held | self.hinted()}

    def hinted(self) -> set[str]:
        """Names inside unreadable e-mails."""
        texts = [str(email) for email, _ in self.rows if email and not _readable(email)]
        return {name for name in NAMES for text in texts if f"{name}@" in text}

    def untouchable(self) -> set[str]:
        """User ids that no plan may name."""
        users = {user_id: user for user_id, user in self.tenant.users.items() if user.connection == CONNECTION}
        names = {user_id: _name(user.email) for user_id, user in users.items() if user.email}
        named = {_name(email) for email, _ in self.rows if _readable(email)}
        not_understood = (named | self.hinted()) - set(self.wanted() or {})
        shared = {name for name in names.values() if list(names.values()).count(name) > 1}
        left_alone = not_understood | shared | {"root"}
        touchable = {
            user_id for user_id, name in names.items() if name not in left_alone and user_id not in self.tenant.unknown
        }
        return set(self.tenant.users) - touchable

    def goal(self) -> dict[str, frozenset[str]]:
        """Name to managed role names of the accounts that the sync may touch, at the end."""
        frozen = {
            _name(user.email)
            for user_id, user in self.tenant.users.items()
            if user_id in self.untouchable() and user.email and user.connection == CONNECTION
        }
        wanted = self.wanted() or {}
        return {name: frozenset(roles) for name, roles in wanted.items() if name not in frozen | {"root"}}


def reached(tenant: Tenant, untouchable: set[str]) -> dict[str, frozenset[str]]:
    """What `World.goal` says, as it is in the tenant."""
    return {
        _name(user.email): frozenset(role.name for role in user.roles if role.name in _BY_NAME)
        for user_id, user in tenant.users.items()
        if user_id not in untouchable
    }


def _readable(email: object) -> bool:
    return isinstance(email, str) and _name(email) in NAMES and email.strip().casefold() == f"{_name(email)}@x.io"


def _name(email: object) -> str:
    return str(email).strip().casefold().partition("@")[0]


_ROLE_SETS = st.sets(st.sampled_from([ADMIN, READER, WRITER, FOREIGN]))
_USERS = st.builds(
    User,
    st.one_of(st.sampled_from([f"{name}@x.io" for name in NAMES]), st.sampled_from(["Ann@x.io", "BOB@X.IO", None])),
    _ROLE_SETS,
    st.sampled_from([CONNECTION] * 5 + ["google-oauth2"]),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Some rows and some accounts of six people."""
    emails, roles = _mostly(_GOOD_EMAILS, _BAD_EMAILS), _mostly(_GOOD_ROLES, _BAD_ROLES)
    rows = draw(st.lists(st.tuples(emails, roles), max_size=10))
    users = {f"auth0|{number}": user for number, user in enumerate(draw(st.lists(_USERS, max_size=8)))}
    unknown = draw(st.sets(st.sampled_from(sorted(users)), max_size=1)) if users else set()
    return World(tuple(rows), Tenant(users, dict.fromkeys(unknown, "503")))
