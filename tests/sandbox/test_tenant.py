"""The tenant as tests use it, without HTTP."""

from __future__ import annotations

import re

import pytest

from sandbox import DEFAULT_CONNECTION, Tenant


def test_ids_look_like_auth0s(tenant: Tenant) -> None:
    assert re.fullmatch(r"rol_[A-Za-z0-9]{16}", tenant.add_role("admin"))
    assert re.fullmatch(r"con_[A-Za-z0-9]{16}", tenant.add_connection("Other"))
    assert re.fullmatch(r"auth0\|[0-9a-f]{24}", tenant.add_user("ann@example.com"))


def test_the_database_stores_emails_in_lower_case_and_others_as_they_come(tenant: Tenant) -> None:
    ann = tenant.add_user("Ann@Example.com")
    bob = tenant.add_user("Bob@Example.com", connection="github", provider="github")

    assert tenant.users[ann]["email"] == "ann@example.com"
    assert tenant.users[bob]["email"] == "Bob@Example.com"
    assert tenant.users[bob]["identities"][0]["isSocial"] is True
    assert [found.strategy for found in tenant.connections.values()] == ["auth0", "github"]


def test_an_account_can_be_without_email_and_with_any_identities(tenant: Tenant) -> None:
    identities = [{"connection": "acme", "user_id": "1", "provider": "waad", "isSocial": False}]

    user_id = tenant.add_user(None, identities=identities, blocked=True)

    assert "email" not in tenant.users[user_id]
    assert tenant.users[user_id]["identities"] == identities
    assert tenant.users[user_id]["blocked"] is True
    assert tenant.snapshot("acme") == {}


def test_a_snapshot_is_of_one_connection(tenant: Tenant) -> None:
    for name in ("viewer", "admin"):
        tenant.add_role(name)
    ann = tenant.add_user("ann@example.com", roles=["viewer", "admin"])
    tenant.add_user("bob@example.com", connection="github", provider="github")
    tenant.link(ann, connection="google-oauth2", provider="google-oauth2", user_id="google-oauth2|5")

    assert tenant.snapshot() == {"ann@example.com": ["admin", "viewer"]}
    assert tenant.snapshot("google-oauth2") == {}
    assert tenant.users[ann]["identities"][1]["user_id"] == "5"


def test_two_accounts_with_one_email_make_no_snapshot(tenant: Tenant) -> None:
    tenant.add_user("ann@example.com")
    tenant.add_user("ann@example.com")

    with pytest.raises(ValueError, match="Two accounts"):
        tenant.snapshot()


def test_roles_are_given_and_taken_any_number_of_times(tenant: Tenant) -> None:
    tenant.add_role("admin")
    ann = tenant.add_user("ann@example.com")

    tenant.assign(ann, "admin")
    tenant.assign(ann, "admin")
    given = tenant.roles_of(ann)
    tenant.unassign(ann, "admin")
    tenant.unassign(ann, "admin")

    assert given == {"admin"}
    assert tenant.roles_of(ann) == set()


def test_a_role_that_does_not_exist_is_an_error_of_the_test(tenant: Tenant) -> None:
    with pytest.raises(LookupError, match="add_role"):
        tenant.add_user("ann@example.com", roles=["admin"])


def test_an_account_can_be_changed_and_removed_behind_the_servers_back(tenant: Tenant) -> None:
    ann = tenant.add_user("ann@example.com", given_name="Ann")

    tenant.update_user(ann, email="anna@example.com", given_name=None)
    changed = dict(tenant.users[ann])
    tenant.remove_user(ann)
    tenant.remove_user(ann)

    assert "given_name" not in changed
    assert tenant.with_email("ann@example.com") == []
    assert tenant.with_email("anna@example.com") == []
    assert DEFAULT_CONNECTION in changed["identities"][0].values()
