"""What is read of a tenant: the connection, the roles, the accounts. Complete or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from client.auth0.errors import Auth0Error, Denied, Malformed, NotFound
from client.auth0.reader import Connection, Reader
from client.stop import Stopped
from sandbox import DEFAULT_CONNECTION, Fault, Sandbox, Tenant
from sync.model import Account
from tests.client.builders import RawServer, Time, asked, fill, http_json, reader_of, transport_at, transport_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.auth0.errors import Auth0Error as Error

    Serve = Callable[..., Sandbox]

USERS = "/api/v2/users"


def reader(sandbox: Sandbox, passing: Time, **options: Any) -> Reader:
    return reader_of(transport_to(sandbox, passing), passing, **options)


def accounts_of(sandbox: Sandbox, passing: Time, **options: Any) -> list[Account]:
    one = reader(sandbox, passing, **options)
    return one.accounts(one.connection())


def test_the_connection_is_found_by_its_name(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_connection("another")

    found = reader(sandbox, passing).connection()

    wanted = tenant.connection(DEFAULT_CONNECTION)
    assert wanted is not None
    assert found == Connection(wanted.id, DEFAULT_CONNECTION, "auth0")


@pytest.mark.parametrize("name", ["missing", "Username-Password", DEFAULT_CONNECTION.lower()])
def test_a_connection_that_is_not_there_is_an_error_that_says_what_to_check(
    name: str, sandbox: Sandbox, passing: Time
) -> None:
    with pytest.raises(Auth0Error, match=f"there is no connection named '{name}'; check AUTH0_CONNECTION"):
        reader(sandbox, passing, connection=name).connection()


@pytest.mark.parametrize("strategy", ["google-oauth2", "samlp", "waad", "sms"])
def test_a_connection_that_cannot_be_managed_is_an_error(
    strategy: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    tenant.add_connection("other", strategy=strategy)

    with pytest.raises(Auth0Error, match=f"of the kind '{strategy}', .* must be a database or passwordless e-mail"):
        reader(sandbox, passing, connection="other").connection()


def test_a_passwordless_connection_can_be_managed(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    tenant.add_connection("email", strategy="email")

    assert reader(sandbox, passing, connection="email").connection().strategy == "email"


@pytest.mark.parametrize("how_many", [0, 1, 100, 120])
def test_all_pages_of_the_roles_are_read(how_many: int, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    for number in range(how_many):
        tenant.add_role(f"role {number}")

    roles = reader(sandbox, passing).roles()

    assert {role.id: role.name for role in roles} == {id_: role["name"] for id_, role in tenant.roles.items()}


def test_roles_of_an_organization_are_left_out(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    for kind in ("tenant", "organization"):
        tenant.roles[tenant.add_role(kind)]["type"] = kind
    tenant.add_role("plain")

    roles = reader(sandbox, passing).roles()

    assert [role.name for role in roles] == ["tenant", "plain"]
    sandbox.clear_log()  # the description does not mention the type, which Auth0's SDK does


@pytest.mark.parametrize("kind", ["short_page", "empty_page", "html", "garbage"])
def test_roles_that_do_not_come_whole_are_an_error(kind: Any, sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    for number in range(120):
        tenant.add_role(f"role {number}")
    sandbox.faults.add(Fault(kind=kind, path="/api/v2/roles", after=1))

    with pytest.raises(Malformed):
        reader(sandbox, passing).roles()


class Pages:
    """Serves pages of accounts or roles that a test made up; the last one again and again."""

    def __init__(self, *pages: object) -> None:
        self.pages = list(pages)

    def __call__(self, _request: str) -> list[bytes]:
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        return [http_json(page)]


def users(start: int, end: int, total: int) -> dict[str, Any]:
    identities = [{"connection": DEFAULT_CONNECTION, "provider": "auth0", "user_id": "x"}]
    records = [{"user_id": f"auth0|{n}", "email": f"{n}@x.io", "identities": identities} for n in range(start, end)]
    return {"users": records, "total": total}


def accounts_from(pages: Pages, passing: Time, **options: Any) -> list[Account]:
    with RawServer(pages) as server:
        one = reader_of(transport_at(server.url, passing), passing, **options)
        return one.accounts(Connection("con_1", DEFAULT_CONNECTION, "auth0"))


def roles(start: int, end: int, total: int) -> dict[str, Any]:
    return {"roles": [{"id": f"rol_{n}", "name": f"role {n}"} for n in range(start, end)], "total": total}


def test_accounts_that_changed_between_two_pages_are_read_again(passing: Time) -> None:
    # One of the first hundred is deleted, so that one moves from the second page to the first, unseen.
    pages = Pages(users(0, 100, 150), users(101, 150, 149), users(1, 101, 149), users(101, 150, 149))

    found = accounts_from(pages, passing)

    assert {account.user_id for account in found} == {f"auth0|{n}" for n in range(1, 150)}


def test_accounts_that_come_twice_are_read_again(passing: Time) -> None:
    pages = Pages(users(0, 100, 150), users(99, 149, 150), users(0, 100, 150), users(100, 150, 150))

    found = accounts_from(pages, passing)

    assert len({account.user_id for account in found}) == len(found) == 150


def test_accounts_that_keep_changing_are_an_error(passing: Time) -> None:
    pages = Pages(*[users(0, 100, 150), users(100, 149, 149)] * 3)

    with pytest.raises(Malformed, match="the list changed while it was read"):
        accounts_from(pages, passing)

    assert len(pages.pages) == 1


def test_roles_that_changed_between_two_pages_are_read_again(passing: Time) -> None:
    twice = [roles(0, 100, 150), roles(99, 149, 150)]
    pages = Pages(roles(0, 100, 150), roles(101, 150, 149), *twice, roles(0, 100, 150), roles(100, 150, 150))

    with RawServer(pages) as server:
        found = reader_of(transport_at(server.url, passing), passing).roles()

    assert {role.name for role in found} == {f"role {n}" for n in range(150)}


@pytest.mark.parametrize(
    "record",
    [
        {"email": "a@x.io", "identities": [{"connection": "c"}]},
        {"user_id": None, "identities": [{"connection": "c"}]},
        {"user_id": "", "identities": [{"connection": "c"}]},
        {"user_id": "auth0|1"},
        {"user_id": "auth0|1", "identities": []},
        {"user_id": "auth0|1", "identities": "none"},
        {"user_id": "auth0|1", "identities": [None]},
    ],
)
def test_an_account_that_cannot_be_told_is_an_error(record: dict[str, Any], passing: Time) -> None:
    with pytest.raises(Malformed, match=r"no (user_id|identities)"):
        accounts_from(Pages({"users": [record], "total": 1}), passing)


@pytest.mark.parametrize("record", [{"name": "admin"}, {"id": "rol_1"}, {"id": "", "name": "admin"}, {"id": 5}])
def test_a_role_that_cannot_be_told_is_an_error(record: dict[str, Any], passing: Time) -> None:
    with RawServer(Pages({"roles": [record], "total": 1})) as server, pytest.raises(Malformed, match="has no"):
        reader_of(transport_at(server.url, passing), passing).roles()


@pytest.mark.parametrize("answer", [[], ["auth0|1"], {}, 5])
def test_one_account_that_cannot_be_told_is_an_error(answer: object, passing: Time) -> None:
    with RawServer(Pages(answer)) as server, pytest.raises(Malformed, match="has no user_id"):
        reader_of(transport_at(server.url, passing), passing).account("auth0|1")


@pytest.mark.parametrize(("answer", "words"), [({}, "no list of users"), ([5], "has no user_id")])
def test_a_look_up_by_email_that_cannot_be_told_is_an_error(answer: object, words: str, passing: Time) -> None:
    with RawServer(Pages(answer)) as server, pytest.raises(Malformed, match=words):
        reader_of(transport_at(server.url, passing), passing).accounts_by_email("a@x.io")


@pytest.mark.parametrize(
    ("answer", "words"), [({}, "no list of connections"), ([5], "there is no connection"), ([], "there is no")]
)
def test_a_list_of_connections_that_cannot_be_told_is_an_error(answer: object, words: str, passing: Time) -> None:
    with RawServer(Pages(answer)) as server, pytest.raises(Auth0Error, match=words):
        reader_of(transport_at(server.url, passing), passing).connection()


@pytest.mark.parametrize("how_many", [0, 1, 100, 999])
def test_less_than_a_thousand_accounts_are_read_by_pages(
    how_many: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, how_many)

    accounts = accounts_of(sandbox, passing)

    assert {account.user_id: account.email for account in accounts} == {i: u["email"] for i, u in tenant.users.items()}
    assert asked(sandbox, "POST", "/jobs/users-exports") == []
    assert len(asked(sandbox, "GET", "/users")) == max(1, -(-how_many // 100))


@pytest.mark.parametrize("how_many", [1000, 1001, 5000])
@pytest.mark.parametrize("capped", [False, True])
def test_a_thousand_accounts_and_more_are_exported(
    how_many: int,
    capped: bool,  # noqa: FBT001 - parametrized
    serve: Serve,
    tenant: Tenant,
    passing: Time,
) -> None:
    fill(tenant, how_many)
    sandbox = serve(search_total_capped=capped)

    accounts = accounts_of(sandbox, passing)

    assert {account.user_id for account in accounts} == set(tenant.users)
    assert len(accounts) == how_many
    assert len(asked(sandbox, "GET", "/users")) == 1
    body = asked(sandbox, "POST", "/jobs/users-exports")[0].body
    assert body["fields"] == [{"name": name} for name in ("user_id", "email", "identities", "blocked", "app_metadata")]


def test_pages_beyond_a_thousand_say_which_setting_helps(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 1000)

    with pytest.raises(Auth0Error, match=r"has 1000 accounts or more, .* set AUTH0_USER_READ to auto or export"):
        accounts_of(sandbox, passing, user_read="pages")


def test_an_export_can_be_asked_for(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 3)

    accounts = accounts_of(sandbox, passing, user_read="export")

    assert {account.user_id for account in accounts} == set(tenant.users)
    assert len(asked(sandbox, "POST", "/jobs/users-exports")) == 1


@pytest.mark.parametrize("user_read", ["pages", "export"])
def test_every_account_is_told_with_its_own_connection(
    user_read: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    ours = tenant.add_user("ann@example.com")
    tenant.add_user("ann@example.com", connection="google", provider="google-oauth2")
    linked = tenant.add_user("ben@example.com", connection="google", provider="google-oauth2")
    tenant.link(linked, connection=DEFAULT_CONNECTION, provider="auth0")
    owner = tenant.add_user("cy@example.com")
    tenant.link(owner, connection="google", provider="google-oauth2")
    nameless = tenant.add_user(None)
    odd = [tenant.add_user(f"{n}@example.com", user_id=f"auth0|{name}") for n, name in enumerate(["a|b", "a/b", "a#b"])]

    accounts = {account.user_id: account for account in accounts_of(sandbox, passing, user_read=user_read)}

    assert accounts.keys() == {ours, linked, owner, nameless, *odd}
    elsewhere = [user_id for user_id, account in accounts.items() if account.connection != DEFAULT_CONNECTION]
    assert elsewhere == [linked]
    assert accounts[linked].connection == "google"
    assert accounts[nameless].email is None


def test_the_primary_identity_is_found_wherever_it_stands(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    identities = [
        {"connection": "google", "provider": "google-oauth2", "user_id": 12, "isSocial": True},
        {"connection": DEFAULT_CONNECTION, "provider": "auth0", "user_id": "a", "isSocial": False},
    ]
    user_id = tenant.add_user("ann@example.com", user_id="auth0|a", identities=identities)

    assert reader(sandbox, passing).account(user_id)[0].connection == DEFAULT_CONNECTION


def test_a_connection_whose_name_has_quotes_is_searched_for(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    name = 'a-"quoted"-name'
    tenant.add_connection(name)
    tenant.add_user("ann@example.com", connection=name)
    tenant.add_user("ben@example.com")

    accounts = accounts_of(sandbox, passing, connection=name)

    assert [account.email for account in accounts] == ["ann@example.com"]


@pytest.mark.parametrize("kind", ["short_page", "empty_page", "html", "garbage"])
@pytest.mark.parametrize("after", [0, 1])
def test_accounts_that_do_not_come_whole_are_an_error(
    kind: Any, after: int, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, 150)
    sandbox.faults.add(Fault(kind=kind, path=USERS, after=after, times=None))

    with pytest.raises(Malformed):
        accounts_of(sandbox, passing)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(kind="status", path=USERS, status=503, times=None), Auth0Error, "503"),
        (Fault(kind="status", path=USERS, status=403, times=None), Denied, "403"),
        (Fault(kind="truncate", path=USERS, times=None), Auth0Error, "cut off"),
    ],
)
def test_accounts_that_cannot_be_read_are_an_error(
    fault: Fault, error: type[Error], words: str, sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    fill(tenant, 3)
    sandbox.faults.add(fault)

    with pytest.raises(error, match=words):
        accounts_of(sandbox, passing)


def test_one_account_is_read_as_it_is_now(serve: Serve, tenant: Tenant, passing: Time) -> None:
    sandbox = serve(search_lag_seconds=60)
    user_id = tenant.add_user("ann@example.com")

    account, _ = reader(sandbox, passing).account(user_id)

    assert account == Account(user_id, "ann@example.com", DEFAULT_CONNECTION)


def test_one_account_that_is_gone_is_not_found(sandbox: Sandbox, passing: Time) -> None:
    with pytest.raises(NotFound):
        reader(sandbox, passing).account("auth0|gone")


def test_a_look_up_by_email_gives_the_accounts_of_our_connection_alone(
    sandbox: Sandbox, tenant: Tenant, passing: Time
) -> None:
    ours = tenant.add_user("ann+1@example.com")
    tenant.add_user("ann+1@example.com", connection="google", provider="google-oauth2")

    found = reader(sandbox, passing).accounts_by_email("ann+1@example.com")

    assert [account.user_id for account in found] == [ours]
    assert reader(sandbox, passing).accounts_by_email("nobody@example.com") == []


def test_keys_that_no_document_mentions_do_no_harm(serve: Serve, tenant: Tenant, passing: Time) -> None:
    tenant.add_role("admin")
    fill(tenant, 2, roles=["admin"])
    sandbox = serve(unknown_keys=True)
    one = reader(sandbox, passing, role_read="members")

    accounts = one.accounts(one.connection())
    memberships = one.memberships(accounts, one.roles())

    assert set(memberships.roles) == set(tenant.users)
    sandbox.clear_log()  # these answers are outside the description on purpose


def test_a_stop_ends_a_long_export(sandbox: Sandbox, tenant: Tenant, passing: Time) -> None:
    fill(tenant, 3)
    stopped: list[bool] = []

    def check() -> None:
        if stopped:
            raise Stopped("SIGTERM")

    one = reader(sandbox, passing, user_read="export", check=check)
    connection = one.connection()
    stopped.append(True)

    with pytest.raises(Stopped):
        one.accounts(connection)
