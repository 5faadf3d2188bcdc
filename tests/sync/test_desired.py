"""Rows of the query as people, each understood wholly or held with a reason."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.model import Role
from tests.sync.builders import ADMIN, READER, Row, managed, reasons, understand

MISSING = [None, float("nan"), pd.NA, pd.NaT]
EMAILS = st.one_of(
    st.sampled_from(
        [
            "ann@x.io",
            " ANN@x.io",
            "bob@x.io",
            "bob@@x.io",
            "Bob <bob@x.io>",
            "strasse@x.io",
            "straße@x.io",
            "ann@x.io; bob@x.io",
            "",
            " ",
            *MISSING,
        ]
    ),
    st.text(max_size=12),
)
ROLE_NAMES = st.one_of(
    st.sampled_from(["admin", " Admin", "reader", "unknown", "", " ", *MISSING]), st.text(max_size=3)
)
ROWS = st.lists(st.tuples(EMAILS, ROLE_NAMES), max_size=12)


def test_several_rows_are_several_roles_of_one_person() -> None:
    state = understand(("ann@x.io", "admin"), ("ann@x.io", "reader"), ("bob@x.io", "reader"))

    assert {key: person.roles for key, person in state.people.items()} == {
        "ann@x.io": {ADMIN.id, READER.id},
        "bob@x.io": {READER.id},
    }
    assert (state.rows, state.duplicates, state.identical) == (3, 1, 0)


def test_the_same_row_twice_is_one_row_and_counted_as_identical() -> None:
    state = understand(("ann@x.io", "admin"), (" ANN@x.io ", "Admin "), ("ann@x.io", "admin"))

    assert {key: person.roles for key, person in state.people.items()} == {"ann@x.io": {ADMIN.id}}
    assert (state.duplicates, state.identical) == (2, 2)


def test_case_space_and_composition_make_no_second_person() -> None:
    state = understand(("  JOSÉ@x.io", "admin"), ("jose\u0301@X.IO ", "reader"))

    assert list(state.people) == ["josé@x.io"]
    assert state.people["josé@x.io"].email == "josé@x.io"
    assert state.people["josé@x.io"].roles == {ADMIN.id, READER.id}


@pytest.mark.parametrize("missing", MISSING)
def test_a_missing_email_is_null_and_held_by_its_row(missing: object) -> None:
    state = understand(("ann@x.io", "admin"), (missing, "admin"))

    assert reasons(state) == {"row 2": "the e-mail is NULL"}
    assert list(state.people) == ["ann@x.io"]


def test_a_blank_email_is_held_by_its_row_and_not_merged_with_another() -> None:
    state = understand(("", "admin"), ("  ", "reader"))

    assert reasons(state) == {"row 1": "the e-mail is empty", "row 2": "the e-mail is empty"}
    assert state.duplicates == 0


@pytest.mark.parametrize("missing", MISSING)
def test_a_missing_role_is_null_and_holds_the_person(missing: object) -> None:
    state = understand(("Ann@x.io", missing))

    assert reasons(state) == {"ann@x.io": "the role is NULL"}
    assert not state.people


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        (None, "the role is NULL"),
        ("", "the role is empty"),
        (" ", "the role is empty"),
        ("admn", "the role 'admn' does not exist in Auth0"),
        ("READER", "the role 'READER' is ambiguous: Auth0 has 'Reader', 'reader'"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_person_with_one_bad_role_is_held_although_another_role_is_known(
    role: object,
    reason: str,
    first: bool,  # noqa: FBT001
) -> None:
    rows: list[Row] = [("ann@x.io", role), ("ann@x.io", "admin")]
    roles = managed(ADMIN, READER, Role("Reader", "rol_r2"))

    state = understand(*(rows if first else reversed(rows)), roles=roles)

    assert not state.people
    assert reasons(state) == {"ann@x.io": reason}
    assert state.duplicates == 1


def test_a_held_person_stays_held_by_every_reason_with_every_row_in_trouble() -> None:
    state = understand(("ann@x.io", None), ("ann@x.io", "admin"), ("ann@x.io", "nope"), ("ann@x.io", None))

    held = state.held["ann@x.io"]
    assert held.reason == "the role is NULL; the role 'nope' does not exist in Auth0"
    assert held.rows == (1, 3, 4)


@pytest.mark.parametrize("emails", [("strasse@x.io", "straße@x.io"), ("straße@x.io", "strasse@x.io")])
def test_two_addresses_that_fold_to_one_are_held(emails: tuple[str, str]) -> None:
    state = understand((emails[0], "admin"), (emails[1], "admin"))

    assert not state.people
    assert list(reasons(state)) == [emails[0]]
    assert reasons(state)[emails[0]] == f"{emails[1]!r} would count as the same person"


@pytest.mark.parametrize(
    "unreadable", ["alice@@x.io", "Alice <alice@x.io>", "alice@x.io; bob@x.io", "ali\u200bce@x.io", "'alice@x.io'"]
)
@pytest.mark.parametrize("first", [True, False])
def test_an_unreadable_email_holds_itself_and_the_person_it_may_stand_for(
    unreadable: str,
    first: bool,  # noqa: FBT001
) -> None:
    rows: list[Row] = [(unreadable, "admin"), ("alice@x.io", "admin")]

    state = understand(*(rows if first else reversed(rows)), ("carl@x.io", "admin"))

    assert list(state.people) == ["carl@x.io"]
    assert list(state.held) == ["alice@x.io"]
    assert [held.email for held in state.unplaced] == [unreadable]
    assert "another row has the unreadable e-mail" in state.held["alice@x.io"].reason
    assert state.held["alice@x.io"].reason.isprintable()


def test_an_unreadable_email_on_several_rows_is_one_held_person() -> None:
    state = understand(("alice@@x.io", "admin"), ("ALICE@@x.io", "reader"), ("alice@@x.io", None))

    assert [(held.email, held.rows) for held in state.unplaced] == [("alice@@x.io", (1, 3))]
    assert state.duplicates == 2


@pytest.mark.parametrize("email", ["u*@x.io", "a/b?c=d@x.io"])
def test_signs_that_mean_something_elsewhere_are_plain_in_an_address(email: str) -> None:
    state = understand((email, "admin"), ("ux@x.io", "reader"))

    assert {key: person.roles for key, person in state.people.items()} == {email: {ADMIN.id}, "ux@x.io": {READER.id}}


def test_ten_thousand_characters_hold_their_row_and_nobody_else() -> None:
    state = understand(("a" * 10_000 + "@x.io", "admin"), ("ann@x.io", "b" * 10_000), ("bob@x.io", "admin"))

    assert list(state.people) == ["bob@x.io"]
    assert {reason[:40] for reason in reasons(state).values()} == {
        "the e-mail is longer than 254 characters",
        "the role 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    }


def test_no_rows_are_nobody() -> None:
    state = understand()

    assert (state.rows, dict(state.people), dict(state.held), state.unplaced) == (0, {}, {}, ())


@given(ROWS)
def test_every_row_is_a_person_a_held_person_or_a_duplicate(rows: list[Row]) -> None:
    state = understand(*rows)

    assert state.rows == len(rows)
    assert state.rows == len(state.people) + len(state.held) + len(state.unplaced) + state.duplicates
    assert 0 <= state.identical <= state.duplicates
    assert not set(state.people) & set(state.held)


@given(ROWS)
def test_nobody_with_a_row_in_trouble_is_understood(rows: list[Row]) -> None:
    state = understand(*rows)

    understood = {email: person.roles for email, person in state.people.items()}
    for email, role in rows:
        if isinstance(email, str) and (roles := understood.get(email.strip().casefold())):
            assert isinstance(role, str)
            assert roles & {ADMIN.id, READER.id}
            assert role.strip().casefold() in {"admin", "reader", "writer"}


@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_rows_decides_nothing_about_people(orders: tuple[list[Row], list[Row]]) -> None:
    one, other = (understand(*rows) for rows in orders)

    assert one.people == other.people
    assert set(one.held) == set(other.held)
    assert one.duplicates == other.duplicates
