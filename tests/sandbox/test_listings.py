"""Lists that end early, roles that surprise: what a client of Auth0 does not expect of listings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox import DEFAULT_CONNECTION
from tests.sandbox.caller import emails, user_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.caller import Caller, emails

    Serve = Callable[..., Caller]


def test_paging_ends_at_a_thousand_however_few_there_are(caller: Caller) -> None:
    last = caller("GET", "/users?page=9&per_page=100")
    beyond = caller("GET", "/users?page=20")

    assert last.status_code == 200
    assert beyond.json() == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "You can only page through the first 1000 records. "
        "See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
        "errorCode": "invalid_paging",
    }


def test_the_cap_can_be_lifted_for_benchmarks(serve: Serve) -> None:
    caller = serve(paging_cap=False)

    assert caller("GET", "/users?page=20").status_code == 200


def test_total_may_be_more_than_can_be_paged_through_or_not(serve: Serve) -> None:
    honest, capped = serve(), serve(search_total_capped=True)
    for number in range(1001):
        honest.tenant.add_user(f"p{number}@example.com")

    totals = [one("GET", "/users?include_totals=true&per_page=1").json()["total"] for one in (honest, capped)]

    assert totals == [1001, 1000]


def test_connection_is_ignored_and_a_search_finds_secondary_identities(caller: Caller) -> None:
    ann = caller.tenant.add_user("ann@example.com")
    caller.tenant.add_user("bob@example.com", connection="github", provider="github")
    caller.tenant.link(ann, connection="github", provider="github", user_id="github|99")

    ignored = caller("GET", f"/users?connection={DEFAULT_CONNECTION}")
    searched = caller("GET", '/users?q=identities.connection:"github"')

    assert emails(ignored) == ["ann@example.com", "bob@example.com"]
    assert emails(searched) == ["ann@example.com", "bob@example.com"]
    assert searched.json()[0]["identities"][1]["user_id"] == "99"


def test_deleting_takes_all_and_says_204_every_time(caller: Caller) -> None:
    role_id = caller.tenant.add_role("admin")
    ann = caller.tenant.add_user("ann@example.com", roles=["admin"])

    statuses = [caller("DELETE", user_path(ann)).status_code for _ in range(2)]

    assert statuses == [204, 204]
    assert caller("GET", f"/roles/{role_id}/users").json() == []
    assert caller.tenant.snapshot() == {}


def test_members_are_read_by_checkpoint_and_the_last_page_may_be_empty(caller: Caller) -> None:
    role_id = caller.tenant.add_role("admin")
    for number in range(4):
        caller.tenant.add_user(f"p{number}@example.com", roles=["admin"])

    first = caller("GET", f"/roles/{role_id}/users?take=2&include_totals=true&per_page=50").json()
    second = caller("GET", f"/roles/{role_id}/users", params={"take": 2, "from": first["next"]}).json()
    third = caller("GET", f"/roles/{role_id}/users", params={"take": 2, "from": second["next"]}).json()

    assert first.keys() == {"users", "next"}
    assert len({user["user_id"] for user in first["users"] + second["users"]}) == 4
    assert third == {"users": []}
    assert first["users"][0].keys() == {"user_id", "email", "picture", "name"}


def test_or_it_is_the_last_full_page_that_ends_it(serve: Serve) -> None:
    caller = serve(next_on_full_last_page=False)
    role_id = caller.tenant.add_role("admin")
    caller.tenant.add_user("ann@example.com", roles=["admin"])

    assert "next" not in caller("GET", f"/roles/{role_id}/users?take=1").json()


def test_members_by_offset_end_at_a_thousand_with_another_message(caller: Caller) -> None:
    role_id = caller.tenant.add_role("admin")

    answer = caller("GET", f"/roles/{role_id}/users?page=10&per_page=100")

    assert answer.json() == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Requesting page 10 exceeds the allowed maximum of 1000 records. "
        "To fetch results beyond 1000, use the checkpoint pagination method.",
        "errorCode": "invalid_paging",
    }


def test_connections_are_read_by_checkpoint_too(caller: Caller) -> None:
    caller.tenant.add_connection("Other")

    first = caller("GET", "/connections?take=1&fields=name").json()
    second = caller("GET", "/connections", params={"take": 50, "from": first["next"]}).json()

    assert first["connections"] == [{"name": DEFAULT_CONNECTION, "is_domain_connection": False}]
    assert [entry["name"] for entry in second["connections"]] == ["Other"]
    assert "next" not in second


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ("fields=options", {"options", "is_domain_connection"}),
        ("fields=name,options&include_fields=true", {"name", "options", "is_domain_connection"}),
        ("fields=options&include_fields=false", {"id", "name", "strategy", "realms", "is_domain_connection"}),
    ],
)
def test_a_connection_tells_whether_it_wants_usernames(fields: str, keys: set[str], caller: Caller) -> None:
    connection_id = caller.tenant.add_connection("Named", requires_username=True)

    listed = caller("GET", f"/connections?{fields}").json()
    alone = caller("GET", f"/connections/{connection_id}?{fields}").json()

    assert alone == listed[1]
    assert [entry.keys() for entry in listed] == [keys, keys]
    wanted = [entry["options"]["requires_username"] for entry in listed if "options" in entry]
    assert wanted in ([False, True], [])


@pytest.mark.parametrize(("sensitive", "created", "changed"), [(True, 200, 200), (False, 409, 400)])
def test_role_names_differ_by_case_or_do_not(
    sensitive: bool,  # noqa: FBT001  (parametrized)
    created: int,
    changed: int,
    serve: Serve,
) -> None:
    caller = serve(role_names_case_sensitive=sensitive)
    caller.tenant.add_role("admin")
    editor = caller.tenant.add_role("editor")

    exact = caller("POST", "/roles", {"name": "admin"})
    other_case = caller("POST", "/roles", {"name": "Admin"})
    renamed = caller("PATCH", f"/roles/{editor}", {"name": "ADMIN"})
    itself = caller("PATCH", f"/roles/{caller.tenant.role_id('admin')}", {"name": "admin", "description": "All"})

    assert (exact.status_code, itself.status_code) == (409, 200)
    assert (other_case.status_code, renamed.status_code) == (created, changed)


@pytest.mark.parametrize("status", [400, 409])
def test_an_account_has_at_most_fifty_roles(status: int, serve: Serve) -> None:
    caller = serve(role_limit_status=status)
    role_ids = [caller.tenant.add_role(f"role {number}") for number in range(51)]
    ann = caller.tenant.add_user("ann@example.com")

    fifty = caller("POST", user_path(ann, "/roles"), {"roles": role_ids[:50]})
    one_more = caller("POST", user_path(ann, "/roles"), {"roles": role_ids[50:]})

    assert (fifty.status_code, one_more.status_code) == (204, status)
    assert len(caller.tenant.roles_of(ann)) == 50


def test_an_unknown_role_may_also_be_a_bad_request(serve: Serve) -> None:
    caller = serve(unknown_role_status=400)
    ann = caller.tenant.add_user("ann@example.com")

    assert caller("POST", user_path(ann, "/roles"), {"roles": ["rol_0000000000000000"]}).status_code == 400


def test_one_missing_account_fails_the_whole_batch(caller: Caller) -> None:
    role_id = caller.tenant.add_role("admin")
    ann = caller.tenant.add_user("ann@example.com")

    answer = caller("POST", f"/roles/{role_id}/users", {"users": [ann, "auth0|nobody"]})

    assert answer.json()["message"] == "One or more of the users do not exist."
    assert caller.tenant.roles_of(ann) == set()


def test_a_role_that_goes_is_taken_from_everybody(caller: Caller) -> None:
    caller.tenant.scopes.add("delete:roles")
    caller.log_in()
    role_id = caller.tenant.add_role("admin")
    ann = caller.tenant.add_user("ann@example.com", roles=["admin"])

    answer = caller("DELETE", f"/roles/{role_id}")

    assert (answer.status_code, answer.json()) == (200, {})
    assert caller.tenant.roles_of(ann) == set()


def test_keys_that_no_document_mentions_may_appear(serve: Serve) -> None:
    caller = serve(unknown_keys=True)
    caller.off_spec = True
    caller.tenant.add_user("ann@example.com")

    account = caller("GET", "/users").json()[0]

    assert "a_key_nobody_mentioned" in account
    assert "a_key_nobody_mentioned" in account["identities"][0]
