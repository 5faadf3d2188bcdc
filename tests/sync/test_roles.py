"""Which role a name means."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.model import NEW_ROLE, Role
from sync.roles import UnknownRole, called
from tests.sync.builders import ADMIN, READER, managed


@pytest.mark.parametrize("text", ["admin", "Admin", "ADMIN", "  admin ", "\tAdMiN\n"])
def test_a_role_is_found_whatever_its_case_and_the_space_around_it(text: str) -> None:
    found = managed().find(text)

    assert found == ADMIN


@pytest.mark.parametrize("name", ["Admin", "ADMIN", " admin ", "admin "])
def test_the_name_that_auth0_has_may_have_any_case_and_space_around_it(name: str) -> None:
    role = Role(name, "rol_1")

    found = managed(role).find("admin")

    assert found == role


def test_an_exact_match_wins_over_one_in_another_case() -> None:
    lower, upper = Role("admin", "rol_1"), Role("Admin", "rol_2")

    found = [managed(lower, upper).find(text) for text in ("admin", "Admin")]

    assert found == [lower, upper]


def test_a_name_that_two_roles_have_but_for_their_case_is_ambiguous() -> None:
    roles = managed(Role("admin", "rol_1"), Role("Admin", "rol_2"))

    found = roles.find("ADMIN")

    assert found == "the role 'ADMIN' is ambiguous: Auth0 has 'Admin', 'admin'"


def test_two_roles_that_differ_in_composition_alone_are_both_managed_and_found_exactly() -> None:
    composed = Role(unicodedata.normalize("NFC", "café"), "rol_1")
    decomposed = Role(unicodedata.normalize("NFD", "café"), "rol_2")
    roles = managed(composed, decomposed)

    found = [roles.find(role.name) for role in (composed, decomposed)]

    assert found == [composed, decomposed]
    assert set(roles) == {composed, decomposed}
    assert "ambiguous" in str(roles.find("CAFÉ"))


def test_composed_and_decomposed_names_are_the_same_role() -> None:
    role = Role(unicodedata.normalize("NFD", "café"), "rol_1")

    found = managed(role).find(unicodedata.normalize("NFC", "Café"))

    assert found == role


def test_a_role_that_is_listed_twice_is_one_role() -> None:
    roles = managed(ADMIN, ADMIN)

    found = roles.find("ADMIN")

    assert found == ADMIN
    assert list(roles) == [ADMIN]


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_a_blank_name_is_no_role(text: str) -> None:
    found = managed().find(text)

    assert found == "the role is empty"


@pytest.mark.parametrize("text", ["admins", "ad min", "ad\u200bmin", "admin\x00", "ad*", "*", "a" * 10_000])
def test_an_unknown_name_is_told_safely_and_briefly(text: str) -> None:
    found = managed().find(text)

    assert isinstance(found, str)
    assert found.endswith("does not exist in Auth0")
    assert found.isprintable()
    assert len(found) < 200


def test_with_a_prefix_a_name_means_the_role_under_the_prefix() -> None:
    prefixed = Role("app_admin", "rol_1")
    roles = managed(prefixed, ADMIN, prefix="app_")

    found = roles.find("Admin")

    assert found == prefixed
    assert list(roles) == [prefixed]


def test_with_a_prefix_no_role_outside_it_can_be_named() -> None:
    roles = managed(Role("app_admin", "rol_1"), READER, prefix="app_")

    found = [roles.find(text) for text in ("reader", "app_admin")]

    assert found == [
        "the role 'app_reader' does not exist in Auth0",
        "the role 'app_app_admin' does not exist in Auth0",
    ]


def test_only_roles_that_match_a_pattern_are_managed_and_another_is_said_to_be_unmanaged() -> None:
    roles = managed(ADMIN, READER, patterns=["ADM*", "other"])

    found = roles.find("admin"), roles.find("Reader")

    assert list(roles) == [ADMIN]
    assert found[0] == ADMIN
    assert found[1] == "the role 'Reader' is not managed (AUTH0_ROLE_PREFIX, AUTH0_MANAGED_ROLES)"


def test_no_pattern_manages_nothing() -> None:
    roles = managed(ADMIN, patterns=[])

    assert list(roles) == []


@given(st.lists(st.text(min_size=1), max_size=5), st.text())
def test_what_is_found_is_always_a_managed_role_or_a_reason(names: list[str], text: str) -> None:
    roles = managed(ADMIN, *(Role(name, f"rol_{number}") for number, name in enumerate(names)))

    found = roles.find(text)

    assert found in set(roles) if isinstance(found, Role) else found


@pytest.mark.parametrize("text", ["HR", " hr ", "Hr"])
def test_a_mapped_name_means_what_auth0_calls_it_prefix_included(text: str) -> None:
    people = Role("app_People", "rol_1")
    roles = managed(people, Role("app_hr", "rol_2"), prefix="app_", names={"HR": "APP_people"})

    assert roles.find(text) == people


def test_a_mapped_name_that_auth0_does_not_have_is_told_as_auth0_would_call_it() -> None:
    assert managed(names={"hr": "people"}).find("HR") == "the role 'people' does not exist in Auth0"


def test_a_role_is_only_to_be_created_if_it_would_be_managed() -> None:
    roles = managed(
        Role("app_admin", "rol_1"), prefix="app_", patterns=("app_*",), create_missing=True, names={"x": "y"}
    )

    assert roles.find("editor") == Role("app_editor", f"{NEW_ROLE}app_editor")
    assert roles.find("x") == "the role 'y' is not managed (AUTH0_ROLE_PREFIX, AUTH0_MANAGED_ROLES)"


def test_roles_are_called_by_globs_without_regard_to_case_and_a_name_that_is_nobodys_is_an_error() -> None:
    odd = Role("a[b]", "rol_o")

    assert called(["ADMIN", "r*", "none*"], [ADMIN, READER, odd], "X") == [ADMIN, READER]
    assert called(["a[b]"], [ADMIN, odd], "X") == [odd]
    with pytest.raises(UnknownRole, match="X names the role 'nobody', which Auth0 does not have"):
        called(["nobody"], [ADMIN], "X")
