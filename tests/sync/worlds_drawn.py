"""Worlds with keys for hypothesis: as nobody left them, or as a run did, and then with some trouble."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations

from hypothesis import strategies as st

from sync.brakes import Brakes
from sync.model import Cause, Kind
from tests.sync.builders import CONNECTION
from tests.sync.worlds_end import End
from tests.sync.worlds_keyed import KeyedWorld, Line, Terms
from tests.sync.worlds_tables import (
    ADDRESS,
    CELLS,
    CLEAR,
    DEFAULTS,
    EMAILS,
    FAULTY,
    KEYS,
    NULL,
    PROTECTING,
    SEATS,
    SILENT,
    TENANT_ROLES,
    UNREADABLE,
    WORDS,
    Cell,
    default,
    seat_of,
)  # fmt: skip
from tests.sync.worlds_tenant import Directory, Entry

ATTRIBUTES = [name for name in CELLS if name != "active"]
RARELY: st.SearchStrategy[bool] = st.sampled_from([False] * 11 + [True])
SOMETIMES = st.sampled_from([False, False, True])
KEPT = {Cause.MISSING: "SYNC_ON_MISSING=keep", Cause.INACTIVE: "SYNC_ON_INACTIVE=keep"}
_ROLE_SETS = [frozenset(some) for size in range(4) for some in combinations(TENANT_ROLES, size)]
_SPELLED = {seat: [written for written, (whose, _) in EMAILS.items() if whose == seat] for seat in SEATS}
_LEAVING = st.sampled_from([Kind.DELETE, Kind.BLOCK])
_BLOCKS = [  # whether it is blocked, and since when a run has had it so
    *[(False, "")] * 8, (True, ""), (True, "2026-11-22"), (True, "2026-11-13"), (True, "2026-11-12"),
    (True, "2026-11-12T10:00:00Z"), (True, "long ago"), (False, "2026-11-01"),
]  # fmt: skip
_WORDS = [*["admin", " Reader ", "admin;reader", "Pilot"] * 40, *WORDS]
_MERE = [*["admin", " Reader "] * 100, *WORDS]
_SUBSETS = [list(some) for size in (5, 4, 3, 6, 0, 1) for some in combinations(SEATS, size)]
_MOVES = [dict(zip(SEATS, moved, strict=True)) for moved in permutations(SEATS)]
TERMS = st.builds(
    Terms,
    patterns=st.sampled_from([("*",)] * 4 + [("[!F]*",), ("ADMIN", "reader", "chef")]),
    separator=st.sampled_from(["", ";"]),
    mapped=st.booleans(),
    protected=st.sampled_from([()] * 20 + [(entry,) for entry in PROTECTING]),
    protecting=st.sampled_from([frozenset[str]()] * 15 + [frozenset({"foreign"})]),
    missing=_LEAVING, inactive=_LEAVING,
    delete_after=st.sampled_from([0, 10]),
    updates=st.sampled_from([True, True, False]),
    verified=st.sampled_from([None, None, True, False]),
    owner=st.sampled_from(["", "", "mine"]),
    invites=SOMETIMES,
    renames=st.sampled_from([True] * 7 + [False]),
    brakes=st.builds(Brakes, RARELY, RARELY, RARELY.map(lambda keep: KEPT if keep else {})),
    minimum=st.sampled_from([{}, {}, {"admin": 1}, {"reader": 2, "admin": 3}, {"foreign": 1}]),
)  # fmt: skip


@st.composite
def cells(draw: st.DrawFn, column: str, own: str) -> Cell:
    """What a row has in one column; of keys nearly always its person's own."""
    meant = [*[Cell(own, own)] * 40, Cell(KEYS["ann"], KEYS["ann"]), NULL, NULL, NULL]
    if column != "id":
        meant = [*CELLS[column][:1] * 6, *CELLS[column]]
    is_faulty = column in FAULTY and draw(st.integers(0, 80)) == 80  # the last, so that it shrinks away
    cell: Cell = draw(st.sampled_from(FAULTY[column] if is_faulty else meant))
    return cell


@st.composite
def lines(draw: st.DrawFn, columns: tuple[str, ...], terms: Terms, seats: list[str]) -> tuple[Line, ...]:
    """A row about each of these people."""
    found = []
    for seat in seats:
        spellings = [*[ADDRESS[seat]] * 12, *_SPELLED[seat]] if seat else [None, " ", *UNREADABLE]
        about = {name: draw(cells(name, KEYS.get(seat, KEYS["ann"]))) for name in columns}
        word = draw(st.sampled_from(_WORDS if terms.separator else _MERE))
        found.append(Line(draw(st.sampled_from(spellings)), word, about))
    return tuple(found)


@st.composite
def further(draw: st.DrawFn, before: tuple[Line, ...], columns: tuple[str, ...], terms: Terms) -> tuple[Line, ...]:
    """Another row: about somebody known, in other words or with another role; or about nobody who can be told."""
    if draw(st.booleans()) and before:
        return (replace(draw(st.sampled_from(before)), word=draw(st.sampled_from(_MERE))),)
    return draw(lines(columns, terms, [draw(st.sampled_from([*SEATS, ""]))]))


@st.composite
def entries(draw: st.DrawFn, seat: str, key: str, columns: tuple[str, ...]) -> Entry:
    """An account as anybody may have left it."""
    stored = [text for text in _SPELLED[seat] if text == text.strip()]
    email = draw(st.sampled_from([*[ADDRESS[seat]] * 8, *stored]))
    blocked, since = draw(st.sampled_from(_BLOCKS))
    marks = {"id": key, "blocked_at": since, "owner": draw(st.sampled_from(["mine"] * 10 + ["", "", "theirs"]))}
    marks |= {name: "pending" for name in ("invite", "revoke") if draw(RARELY)}
    said = {name: draw(st.sampled_from(CELLS[name])).meaning for name in columns if name in ATTRIBUTES}
    values = {name: default(name, email) for name in DEFAULTS if draw(st.booleans())}
    values |= {name: value for name, value in said.items() if value not in {SILENT, CLEAR}}
    values.setdefault("email_verified", draw(st.sampled_from(["true", "false"])))
    where = draw(st.sampled_from([CONNECTION] * 20 + ["google-oauth2"]))
    linked = (ADDRESS[draw(st.sampled_from(SEATS))],) if where != CONNECTION else ()
    roles = {*draw(st.sampled_from(_ROLE_SETS))}
    return Entry(email, roles, where, blocked, {name: mark for name, mark in marks.items() if mark}, values, linked)


@st.composite
def tenants(draw: st.DrawFn, columns: tuple[str, ...]) -> Directory:
    """Some accounts; more often than not they have e-mails that others have by now."""
    owners = draw(st.sampled_from(_MOVES)) if draw(st.booleans()) else {}
    found: dict[str, Entry] = {}
    for number, seat in enumerate(draw(st.sampled_from(_SUBSETS))):
        own = KEYS[owners.get(seat, seat)]
        key = draw(st.sampled_from([own] * 40 + ["", "", "", KEYS["ann"], KEYS["bob"], "another"]))
        found[f"auth0|{number}"] = draw(entries(seat, key, columns))
    if draw(RARELY):
        found["auth0|last"] = draw(entries(draw(st.sampled_from(SEATS)), draw(st.sampled_from(["", "1"])), columns))
    if draw(RARELY):
        found["auth0|none"] = Entry(draw(st.sampled_from([None, ""])), {"admin"}, marks={"id": "1"})
    there = {seat_of(entry.email) for entry in found.values() if entry.connection == CONNECTION}
    for entry in found.values():  # Auth0 lets nobody have an e-mail twice in a connection
        entry.linked = tuple(email for email in entry.linked if seat_of(email) not in there)
    unknown = frozenset({draw(st.sampled_from(sorted(found)))} if draw(RARELY) and found else ())
    return Directory(found, {*TENANT_ROLES}, unknown)


@st.composite
def keyed_worlds(draw: st.DrawFn) -> KeyedWorld:
    """A world of six people: as anybody left it, or as a run did and people went on living."""
    columns = (*(["id"] if draw(st.integers(0, 9)) < 9 else []), *(["active"] if draw(SOMETIMES) else []))
    columns += tuple(draw(st.lists(st.sampled_from(ATTRIBUTES), max_size=3, unique=True)))
    terms = draw(TERMS)
    terms = replace(
        terms,
        create_missing=bool(terms.separator) and draw(st.booleans()),
        verified=None if "email_verified" in columns else terms.verified,  # who says it by setting has no such column
    )
    rows = draw(lines(columns, terms, draw(st.sampled_from(_SUBSETS))))
    world = KeyedWorld(columns, rows, draw(tenants(columns)), terms)
    if draw(st.booleans()):
        moves = draw(st.sampled_from(_MOVES))
        world = replace(world, tenant=_left(world), lines=tuple(_moved(line, moves) for line in rows))
    if draw(st.booleans()):
        world = replace(world, lines=(*world.lines, *draw(further(world.lines, columns, terms))))
    return world


def _left(world: KeyedWorld) -> Directory:
    """The tenant as a run leaves it, with ids for those who are new."""
    tenant = End(world).tenant
    entries = {one.replace("new|", "auth0|of "): entry for one, entry in tenant.entries.items()}
    return replace(tenant, entries=entries)


def _moved(line: Line, moves: dict[str, str]) -> Line:
    """The same person with another e-mail."""
    seat = seat_of(line.email)
    return replace(line, email=ADDRESS[moves[seat]]) if seat else line
