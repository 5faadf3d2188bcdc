"""What rows say besides e-mail and role: NULL says nothing, rows add up or disagree, keys stay to the letter."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from sync.model import NEW_ROLE
from tests.sync.builders import ADMIN, READER, managed, reasons
from tests.sync.mapped import understood

ANN = {"email": "ann@x.io"}


def test_null_says_nothing_and_an_empty_string_clears() -> None:
    state = understood({**ANN, "name": None, "nickname": "", "app_metadata.team": float("nan"), "user_metadata.n": 0})

    assert state.people["ann@x.io"].profile == {"nickname": None, "user_metadata.n": 0}


@pytest.mark.parametrize("key", ["101", "007", "101.0", " 7 ", "1e3", "A" * 3000])
def test_a_key_is_what_the_source_has_to_the_letter(key: str) -> None:
    state = understood({**ANN, "id": key}, {"email": "bob@x.io", "id": None})

    assert [person.source_id for person in state.people.values()] == [key, ""]


@pytest.mark.parametrize(
    ("cell", "active"), [("1", True), ("False", False), (" Yes ", True), ("OFF", False), (None, None)]
)
def test_a_flag_is_yes_no_or_not_said(cell: object, active: bool | None) -> None:  # noqa: FBT001
    state = understood({**ANN, "active": cell})

    assert state.people["ann@x.io"].active is active


def test_without_a_flag_everybody_is_active() -> None:
    assert understood({**ANN, "id": "1"}).people["ann@x.io"].active is True


def test_rows_of_one_person_add_up() -> None:
    state = understood(
        {**ANN, "role": "admin", "id": "1", "name": None, "active": "1"},
        {**ANN, "role": "reader", "id": None, "name": "Ann", "active": None},
        {**ANN, "role": "reader", "id": "1", "name": " Ann ", "active": "yes"},
    )

    person = state.people["ann@x.io"]
    assert (person.source_id, person.active, person.profile) == ("1", True, {"name": "Ann"})
    assert person.roles == {ADMIN.id, READER.id}
    assert (state.duplicates, state.identical) == (2, 1)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [("name", "Ann", "Anna"), ("name", "Ann", ""), ("id", "1", "2"), ("id", "7", "07"), ("active", "1", "0"),
     ("app_metadata.n", 1, True), ("app_metadata.n", 1, "1")],
)  # fmt: skip
def test_rows_that_disagree_hold_their_person(field: str, one: Any, other: Any) -> None:
    state = understood({**ANN, field: one}, {**ANN, field: other}, {"email": "bob@x.io"})

    assert reasons(state) == {"ann@x.io": f"its rows disagree about {field}"}
    assert list(state.people) == ["bob@x.io"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"name": "x" * 301}, "the name is longer than 300 characters"),
        ({"active": "perhaps"}, "'perhaps' as active is neither yes nor no"),
        ({"active": ""}, "'' as active is neither yes nor no"),
        ({"id": "  "}, "the key is empty"),
        ({"phone_number": "1", "picture": "x"},
         "the phone number '1' is not of the form +4930123456; the picture 'x' is no URL"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_holds_its_person(cells: dict[str, Any], reason: str) -> None:
    state = understood({**ANN, **cells}, {"email": "bob@x.io"})

    assert reasons(state) == {"ann@x.io": reason}
    assert list(state.people) == ["bob@x.io"]


def test_one_key_on_two_e_mails_holds_both_in_any_order() -> None:
    some: list[dict[str, Any]] = [{**ANN, "id": "1"}, {"email": "bob@x.io", "id": "1"}, {"email": "cy@x.io", "id": "2"}]

    for order in permutations(some):
        state = understood(*order)

        assert reasons(state) == dict.fromkeys(["ann@x.io", "bob@x.io"], "several e-mails have the key '1'")
        assert state.held_ids == {"1": "several e-mails have the key '1'"}
        assert list(state.people) == ["cy@x.io"]


@pytest.mark.parametrize("email", [None, "", "no address"])
def test_a_row_without_a_readable_e_mail_holds_who_has_its_key(email: str | None) -> None:
    alone = understood({"email": email, "id": "1"})
    rows: list[dict[str, Any]] = [{"email": email, "id": "1"}, {**ANN, "id": "1"}]
    with_another = [understood(*order) for order in permutations(rows)]

    assert list(alone.held_ids) == ["1"]
    for state in with_another:
        assert state.people == {}
        assert list(state.held_ids) == ["1"]
        assert state.rows == len(state.held) + len(state.unplaced)


@pytest.mark.parametrize("role", [None, "", "unknown"])
def test_of_somebody_who_is_not_active_nothing_else_matters(role: str | None) -> None:
    state = understood({**ANN, "role": role, "active": "0", "name": "x" * 999})

    assert reasons(state) == {}
    assert state.people["ann@x.io"].active is False


@pytest.mark.parametrize(
    ("cell", "roles"),
    [("admin;reader", {ADMIN, READER}), (" admin ;; Reader; ", {ADMIN, READER}), ("admin", {ADMIN})],
)
def test_a_cell_may_name_several_roles(cell: str, roles: set[Any]) -> None:
    state = understood({**ANN, "role": cell}, separator=";")

    assert state.people["ann@x.io"].roles == {role.id for role in roles}


@pytest.mark.parametrize(
    ("cell", "reason"), [(" ; ", "the role is empty"), ("admin;nope", "the role 'nope' does not exist in Auth0")]
)
def test_a_cell_of_which_one_name_is_unknown_holds_its_person(cell: str, reason: str) -> None:
    assert reasons(understood({**ANN, "role": cell}, separator=";")) == {"ann@x.io": reason}


def test_a_missing_role_is_found_as_one_that_is_yet_to_be_created() -> None:
    roles = managed(ADMIN, create_missing=True)

    state = understood({**ANN, "role": "Editor"}, {"email": "bob@x.io", "role": "EDITOR"}, roles=roles)

    assert [person.roles for person in state.people.values()] == [{f"{NEW_ROLE}editor"}] * 2
    assert [role.name for role in roles] == ["admin", "EDITOR"]  # of the spellings, the first in the alphabet
