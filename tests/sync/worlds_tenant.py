"""A tenant as a dictionary, with all that an account may have. It is strict, and refuses what Auth0 refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sync.model import NEW_ROLE, Account, Change, Kind, Marks, Memberships, Prior, Role
from sync.restoring import Present
from tests.sync.builders import CONNECTION
from tests.sync.worlds_tables import DEFAULTS, default, seat_of

NAMESPACE = "hr"
TODAY = "2026-11-22"
_MARK = f"app_metadata.{NAMESPACE}."


@dataclass(slots=True)
class Entry:
    """An account. `values` are JSON texts by field, `marks` are what a run keeps in it."""

    email: str | None
    roles: set[str] = field(default_factory=set)
    connection: str = CONNECTION
    blocked: bool = False
    marks: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    linked: tuple[str, ...] = ()

    def copy(self) -> Entry:
        return replace(self, roles={*self.roles}, marks={**self.marks}, values={**self.values})

    def has(self, name: str) -> Any:
        """The value of a field as Auth0 gives it; None for none."""
        if name == "email":
            return self.email
        if name.startswith(_MARK):
            return self.marks.get(name.removeprefix(_MARK))
        return json.loads(self.values.get(name, "null"))

    def put(self, name: str, value: Any) -> None:
        """Write a field; None takes it away."""
        if name == "email":
            self.email = value
            self.values["email_verified"] = "false"  # Auth0 takes a new e-mail for one that is not
            return
        values, key = (self.marks, name.removeprefix(_MARK)) if name.startswith(_MARK) else (self.values, name)
        values.pop(key, None)
        if value is not None:
            values[key] = value if values is self.marks else json.dumps(value, ensure_ascii=False)


Entries = dict[str, Entry]


@dataclass(slots=True)
class Directory:
    """User id to account, and the names of the roles that there are."""

    entries: Entries = field(default_factory=dict)
    roles: set[str] = field(default_factory=set)
    unknown: frozenset[str] = frozenset()
    """The accounts whose roles cannot be read."""

    def copy(self) -> Directory:
        return Directory(self.snapshot(), {*self.roles}, self.unknown)

    def snapshot(self) -> Entries:
        return {user_id: entry.copy() for user_id, entry in self.entries.items()}

    def accounts(self, fields: Iterable[str]) -> list[Account]:
        """What the product reads, with these fields."""
        return [_account(user_id, entry, [*fields]) for user_id, entry in self.entries.items()]

    @property
    def memberships(self) -> Memberships:
        return Memberships(
            {one: frozenset(map(_id, entry.roles)) for one, entry in self.entries.items()},
            dict.fromkeys(self.unknown, "503"),
        )

    def apply(self, changes: Sequence[Change]) -> None:
        """Carry out changes in their order, strictly: what cannot be done, or does nothing, is an error."""
        for change in changes:
            if change.kind is Kind.CREATE_ROLE:
                (role,) = change.roles
                assert role.id.startswith(NEW_ROLE)
                assert role.name.casefold() not in self.roles
                self.roles.add(role.name.casefold())
            elif change.kind is Kind.CREATE:
                self._create(change)
            else:
                self._change(change, self.entries[change.user_id or self._made(change.email)])

    def _made(self, email: str) -> str:
        (user_id,) = self.rivals(email, "")
        return user_id

    def _create(self, change: Change) -> None:
        user_id = change.user_id or f"new|{change.email}"
        assert user_id not in self.entries
        assert not self.rivals(change.email, user_id)
        entry = Entry(change.email, values={"email_verified": "false"})
        entry.values |= {name: default(name, change.email) for name in DEFAULTS}
        for edit in change.edits:
            entry.put(edit.field, edit.new)
        for name, value in _flat(change.attributes or {}):
            entry.put(name, value)
        entry.blocked = bool((change.attributes or {}).get("blocked"))
        self.entries[user_id] = entry

    def _change(self, change: Change, entry: Entry) -> None:
        names = {role.name.casefold() for role in change.roles}
        if change.kind in {Kind.ADOPT, Kind.UPDATE}:
            self._edit(change, entry)
        elif change.kind is Kind.UNBLOCK:
            assert entry.blocked
            assert entry.marks.pop("blocked_at")
            entry.blocked = False
            entry.marks.pop("revoke", None)
        elif change.kind is Kind.ADD_ROLES:
            assert names <= self.roles
            assert not entry.roles & names
            entry.roles |= names
        elif change.kind is Kind.INVITE:
            assert entry.marks.pop("invite") == "pending"
        elif change.kind is Kind.REMOVE_ROLES:
            assert entry.roles >= names
            entry.roles -= names
        elif change.kind is Kind.BLOCK:
            assert not entry.blocked or "revoke" in entry.marks
            entry.marks["blocked_at"] = entry.marks.get("blocked_at", TODAY) if entry.blocked else TODAY
            entry.marks.pop("revoke", None)
            entry.blocked = True
        else:
            del self.entries[change.user_id or ""]

    def _edit(self, change: Change, entry: Entry) -> None:
        """The new e-mail must be free at that moment, and nobody who bears a key ever gets another one."""
        assert len({edit.field for edit in change.edits}) == len(change.edits) > 0
        for edit in sorted(change.edits, key=lambda one: one.field != "email"):
            has = entry.has(edit.field)
            if edit.field == "email":
                assert not self.rivals(edit.new, change.user_id or ""), f"{edit.new} is taken"
            if edit.field == f"{_MARK}id" and edit.new is not None:
                assert has is None
            if edit.field != "email_verified" or edit.old is not None:
                assert has == edit.old or change.new_email
            assert json.dumps(has) != json.dumps(edit.new) or change.new_email
            entry.put(edit.field, edit.new)

    def rivals(self, email: str, user_id: str) -> tuple[str, ...]:
        """Who else has this e-mail, if only by an identity of theirs."""
        return tuple(
            one
            for one, entry in self.entries.items()
            if one != user_id
            for other in (*entry.linked, *([entry.email] if entry.connection == CONNECTION else []))
            if other and seat_of(other) == seat_of(email)
        )

    def prior(self, change: Change) -> Prior:
        """The line of the journal, just before `change` is carried out."""
        entry = self.entries[change.user_id or ""]
        plain = all(edit.field != "email" and not edit.field.startswith(_MARK) for edit in change.edits)
        if change.edits and plain:
            return Prior(change.kind, change.user_id or "", change.email, (), (), {}, {}, {}, change.edits)
        record = {name: json.loads(text) for name, text in entry.values.items()}
        app = {name.partition(".")[2]: record.pop(name) for name in [*record] if name.startswith("app_metadata.")}
        user = {name.partition(".")[2]: record.pop(name) for name in [*record] if name.startswith("user_metadata.")}
        if entry.marks:
            app[NAMESPACE] = {**entry.marks}
        roles = tuple(Role(name, _id(name)) for name in entry.roles)
        record |= {"blocked": entry.blocked}
        return Prior(
            change.kind, change.user_id or "", entry.email or "", roles, change.roles, record, user, app, change.edits
        )

    def present(self, prior: Prior, fields: Iterable[str]) -> Present:
        """What there is now of an account that a journal names."""
        entry = self.entries.get(prior.user_id)
        if entry is None:
            return Present(None, rivals=self.rivals(prior.email, prior.user_id))
        values = {name: value for name in fields if (value := entry.has(name)) is not None}
        return Present(_account(prior.user_id, entry, []), frozenset(map(_id, entry.roles)), values=values)


def role_of(name: str) -> Role:
    """A role that there is."""
    return Role(name, _id(name))


def _id(name: str) -> str:
    return f"rol_{name}"


def _account(user_id: str, entry: Entry, fields: Sequence[str]) -> Account:
    marks = entry.marks
    return Account(
        user_id, entry.email, entry.connection, entry.blocked,
        Marks(marks.get("id", ""), marks.get("owner", ""), marks.get("blocked_at", ""), "invite" in marks,
              "revoke" in marks),
        {name: value for name in fields if (value := entry.has(name)) is not None}, entry.linked,
    )  # fmt: skip


def _flat(attributes: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in attributes.items():
        if name in {"app_metadata", "user_metadata"}:
            for key, inner in value.items():
                if key == NAMESPACE:
                    yield from ((f"{_MARK}{mark}", text) for mark, text in inner.items())
                else:
                    yield f"{name}.{key}", inner
        elif name != "blocked":
            yield name, value
