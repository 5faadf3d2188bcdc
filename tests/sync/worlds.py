"""Worlds for hypothesis: rows of a source, a tenant and settings, with everything in them that may go wrong; and the
state that the tenant should end in, said in other words than the product's: by tables of who is meant by what."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, permutations

from hypothesis import strategies as st

from sync.brakes import Brakes
from sync.model import Cause, Kind, Role
from sync.plan import Plan
from tests.sync.builders import CONNECTION, FOREIGN, ROLES, Block, Row, Snapshot, Tenant, User, make_plan
from tests.sync.builders import managed as managed_roles

NAMES = ("ann", "bob", "carl", "dora", "eve", "root")
EVERYBODY = (*NAMES, "josé", "strasse")
PROTECTED = ("ROOT@*",)
KEPT = {Cause.MISSING: "SYNC_ON_MISSING=keep"}
TENANT_ROLES = (
    *ROLES, FOREIGN, Role("Writer", "rol_1"), Role("app_admin", "rol_z"), Role("app_reader", "rol_2"),
    Role("App_writer", "rol_3"),
)  # fmt: skip

_SAID = {  # an e-mail as somebody writes it: whose it is, and how Auth0 would store it
    written: (name, f"{name}@x.io")
    for name in NAMES
    for written in (f"{name}@x.io", f"{name.capitalize()}@X.io", f"{name.upper()}@X.IO", f" {name}@x.io\n")
}
_JOSE = unicodedata.normalize("NFC", "josé@x.io"), unicodedata.normalize("NFD", "josé@x.io"), "JOSÉ@x.io "
_SAID |= dict.fromkeys(_JOSE, ("josé", _JOSE[0]))
_SAID |= dict.fromkeys(["strasse@x.io", "STRASSE@X.IO"], ("strasse", "strasse@x.io"))
_SAID |= {"straße@x.io": ("strasse", "straße@x.io")}
_UNREADABLE: dict[str, set[str]] = {  # whom it may mean
    spelling.format(name): {name}
    for name in (*EVERYBODY, "straße")
    for spelling in ("{}@@x.io", "X <{}@x.io>", "someone@y.io; {}@x.io")
} | {"ann@x.io/bob@x.io": {"ann", "bob"}, "nobody at all": set()}
_UNREADABLE |= {text: {"strasse"} for text in _UNREADABLE if "straße" in text}
_PROTECTING = {  # whom a pattern protects
    "ROOT@*": {"root"}, " ann@x.io ": {"ann"}, "[BC]*@x.io": {"bob", "carl"}, "STRASSE@?.io": {"strasse"},
    unicodedata.normalize("NFD", "jos?@X.io"): {"josé"}, "JOSÉ*": {"josé"}, "*@y.io": set(), "ann": set(),
}  # fmt: skip
_MANAGING = {  # the roles that a pattern names
    "*": {role.name for role in TENANT_ROLES},
    "*ADMIN": {"admin", "app_admin"},
    "?eader": {"reader"},
    "app_*": {"app_admin", "app_reader", "App_writer"},
    "writer": {"writer", "Writer"},
    "nothing*": set(),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator sets."""

    prefix: str = ""
    patterns: tuple[str, ...] = ("*",)
    protected: tuple[str, ...] = ()
    leaving: Kind = Kind.DELETE
    brakes: Brakes = field(default_factory=Brakes)

    def managed(self) -> set[Role]:
        named = {name for pattern in self.patterns for name in _MANAGING[pattern]}
        return {role for role in TENANT_ROLES if role.name in named and role.name.startswith(self.prefix)}

    def meant(self, word: object) -> Role | None:
        """The one role that a word of the source names."""
        text = str(word or "").strip()
        by_name = {role.name: role for role in self.managed()} if text else {}
        alike = [name for name in by_name if name.lower() == (self.prefix + text).lower()]
        exact = [name for name in alike if name == self.prefix + text]
        return by_name[(exact or alike)[0]] if exact or len(alike) == 1 else None

    def protect(self, who: str) -> bool:
        return any(who in _PROTECTING[pattern] for pattern in self.protected)

    def concern(self, who: str) -> bool:
        return not self.brakes.only or f"{who}@x.io" in self.brakes.only

    @property
    def may_go(self) -> bool:
        return not self.brakes.no_delete and not self.brakes.kept


@dataclass(frozen=True, slots=True)
class World:
    """A source, a tenant, and how the sync is set."""

    rows: tuple[Row, ...]
    tenant: Tenant
    settings: Settings = field(default_factory=Settings)

    def plan(self, roles: Sequence[Role] = TENANT_ROLES) -> Plan:
        """What the product makes of it."""
        how = self.settings
        return make_plan(
            self.tenant, *self.rows,
            roles=managed_roles(*roles, prefix=how.prefix, patterns=how.patterns),
            protected=how.protected, leaving=how.leaving, brakes=how.brakes,
        )  # fmt: skip

    def unbraked(self) -> World:
        return replace(self, settings=replace(self.settings, brakes=Brakes()))

    def named(self) -> set[str]:
        """Who is in the source, understood or not."""
        return {whose(email) for email, _ in self.rows if email in _SAID}

    def wanted(self) -> dict[str, tuple[str, frozenset[Role]]]:
        """E-mail and roles of those whom every row about them lets us understand."""
        said: dict[str, list[tuple[str, Role | None]]] = {}
        for email, word in self.rows:
            if email in _SAID:
                who, address = _SAID[str(email)]
                said.setdefault(who, []).append((address, self.settings.meant(word)))
        plain = {who: lines for who, lines in said.items() if len({address for address, _ in lines}) == 1}
        return {
            who: (lines[0][0], frozenset(role for _, role in lines if role))
            for who, lines in plain.items()
            if all(role for _, role in lines) and who not in self._hinted()
        }

    def _hinted(self) -> set[str]:
        return {who for email, _ in self.rows if email in _UNREADABLE for who in _UNREADABLE[str(email)]}

    def accounts(self) -> dict[str, list[str]]:
        """Whose account, and the user ids: those of the connection that have an e-mail."""
        found: dict[str, list[str]] = {}
        for user_id, user in self.tenant.users.items():
            if user.connection == CONNECTION and user.email:
                found.setdefault(whose(user.email), []).append(user_id)
        return found

    def _is_doubtful(self, who: str) -> bool:
        """Whether something about the person or their account is not understood."""
        wanted, user_ids = self.wanted(), self.accounts().get(who, [])
        if (who in self.named() | self._hinted() and who not in wanted) or len(user_ids) > 1:
            return True
        return any(
            user_id in self.tenant.unknown
            or (who in wanted and wanted[who][0] != _SAID[str(self.tenant.users[user_id].email)][1])
            for user_id in user_ids
        )

    def doubtful(self) -> set[str]:
        """Who is in the source but is held, by whatever reason."""
        wanted = self.wanted()
        return {who for who in self.named() if who not in wanted or self._holds_account(who)}

    def _holds_account(self, who: str) -> bool:
        return who in self.accounts() and not self.settings.protect(who) and self._is_doubtful(who)

    def unplaced(self) -> list[str]:
        """What the rows have whose e-mail is missing or unreadable: each row without, each text once."""
        blank = ["" for email, _ in self.rows if email is None or not str(email).strip()]
        return [*blank, *{whose(email) for email, _ in self.rows if email in _UNREADABLE}]

    def held(self) -> list[str]:
        """Everybody who is held: whose they are, or what an unreadable row has in place of an e-mail."""
        by_account = {who for who in self.accounts() if self._holds_account(who)}
        return sorted([*self.unplaced(), *(self.doubtful() | by_account)])

    def end(self) -> Snapshot:
        """The whole tenant as it should be in the end; who is created gets the id `new|<e-mail>`."""
        end, how, wanted, accounts = self.tenant.snapshot(), self.settings, self.wanted(), self.accounts()
        managed = self.settings.managed()
        for who in {*wanted, *accounts}:
            if how.protect(who) or self._is_doubtful(who) or not how.concern(who):
                continue
            address, roles = wanted.get(who, ("", frozenset()))
            if who not in accounts:
                end[f"new|{address}"] = (address, CONNECTION, roles, "")
                continue
            (user_id,) = accounts[who]
            email, connection, has, block = end[user_id]
            if who in wanted:
                kept = has if how.brakes.no_role_removal else has - managed
                end[user_id] = (email, connection, kept | roles, block if block == "by an administrator" else "")
            elif how.may_go and how.leaving is Kind.DELETE:
                del end[user_id]
            elif how.may_go and block not in {"by us", "by an administrator"}:
                end[user_id] = (email, connection, has, "by us")
        return end


def whose(email: object) -> str:
    """The person whom a readable e-mail means; other text in small letters, as `held` has it."""
    return _SAID[str(email)][0] if email in _SAID else str(email).casefold()


def _some(things: Iterable[str], sizes: range) -> list[tuple[str, ...]]:
    return [some for size in sizes for some in permutations(things, size)]


_PLAIN = [f"{name}@x.io" for name in NAMES]
_SHARP = ["straße@x.io", "STRASSE@X.IO"]
_STORED = [*_PLAIN * 5, *_SHARP, *(email for email in _SAID if email == email.strip())]
_EMAILS = st.sampled_from([*_PLAIN * 30, *list(_SAID) * 2, *_SHARP * 12, None, "", "  ", *_UNREADABLE])
_WORDS = st.sampled_from(["admin", "Reader"] * 20 + ["writer", "app_admin"] * 2 + [None, "", "WRITER ", "foreign"])
_ROLES = st.sampled_from([some for size in range(4) for some in combinations(TENANT_ROLES, size)])
_CONNECTIONS = st.sampled_from([CONNECTION] * 10 + ["google-oauth2", CONNECTION.upper()])
_BLOCKED: list[Block] = ["", "", "", "by us", "by us", "by an administrator", "no longer by us"]
_BLOCKS = st.sampled_from(_BLOCKED)
_RARELY = st.sampled_from([False] * 5 + [True])
_SOMETIMES = st.sampled_from([False, False, True])
_KEYS = [f"{who}@x.io" for who in EVERYBODY]
SETTINGS = st.builds(
    Settings,
    st.sampled_from(["", "", "", "app_"]),
    st.sampled_from([("*",)] * 60 + _some(_MANAGING, range(3))),
    st.sampled_from([()] * 40 + _some(_PROTECTING, range(3))),
    st.sampled_from([Kind.DELETE, Kind.BLOCK]),
    st.builds(
        Brakes, _RARELY, _RARELY, _RARELY.map(lambda keep: KEPT if keep else {}),
        st.sampled_from([()] * 1000 + _some(_KEYS, range(1, 4))).map(frozenset),
    ),
)  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Some rows and some accounts of eight people, as anybody left them or as a run did; and then some trouble."""
    least = draw(st.sampled_from([6, 0, 3]))
    rows = draw(st.lists(st.tuples(_EMAILS, _WORDS), min_size=least, max_size=11))
    emails = draw(st.lists(st.sampled_from(_STORED), min_size=least, max_size=8, unique_by=whose))
    users = {
        f"auth0|{number}": User(email, {*draw(_ROLES)}, draw(_CONNECTIONS), draw(_BLOCKS))
        for number, email in enumerate(emails)
    }
    settings = draw(SETTINGS)
    if draw(st.booleans()):
        left = World(tuple(rows), Tenant(users), replace(settings, protected=(), brakes=Brakes())).end()
        users = {one: User(email, {*roles}, where, block) for one, (email, where, roles, block) in left.items()}
        for user_id in draw(st.lists(st.sampled_from(sorted(users)), max_size=4)) if users else ():
            spellings = [email for email in _STORED if whose(email) == whose(users[user_id].email)]
            users[user_id].email, users[user_id].blocked = draw(st.sampled_from(spellings)), draw(_BLOCKS)
        rows = [*rows[draw(st.integers(0, 2)) :], *draw(st.lists(st.tuples(_EMAILS, _WORDS), max_size=1))]
    if draw(_SOMETIMES):
        users["auth0|last"] = User(draw(st.sampled_from([None, "", *_STORED])), {*draw(_ROLES)})
    unknown = [draw(st.sampled_from(sorted(users)))] if draw(_RARELY) and users else []
    return World(tuple(rows), Tenant(users, dict.fromkeys(unknown, "503")), settings)
