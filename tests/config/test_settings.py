"""Settings: what is accepted, and that every fault is told at once, by name and without a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.loading import SettingsError, load
from tests.config.builders import NOWHERE, REQUIRED, environment, faults, settings


def test_the_required_settings_are_enough_and_the_rest_has_safe_defaults() -> None:
    loaded = settings()

    assert loaded.limits.deletes == 500
    assert loaded.limits.delete_percent == 10
    assert loaded.limits.role_removals == 1000
    assert loaded.limits.role_removal_percent == 20
    assert loaded.limits.held_percent == 10
    assert loaded.limits.floor == 5
    assert (loaded.mssql_encrypt, loaded.mssql_trust_server_certificate, loaded.mssql_port) == ("yes", False, 1433)
    assert loaded.audience == "https://example.eu.auth0.com/api/v2/"
    assert loaded.auth0_managed_roles == ("*",)
    assert loaded.client_ignore_users == ()
    assert loaded.client_ignore_roles == ()


def test_what_the_job_may_do_besides_is_off_or_mild_until_it_is_asked_for() -> None:
    loaded = settings()

    assert (loaded.sync_profile, loaded.sync_on_inactive, loaded.sync_manage) == ("always", "block", "connection")
    assert (loaded.sync_delete_after_days, loaded.sync_revoke_sessions) == (0, False)
    assert (loaded.auth0_invite, loaded.auth0_create_missing_roles) == ("none", False)
    assert (loaded.auth0_email_verified, loaded.auth0_invite_client_id) == ("column", None)
    assert (loaded.sync_namespace, loaded.sync_owner) == ("sync", "sync")
    assert (loaded.sync_max_renames, loaded.sync_max_rename_percent) == (500, 10)
    assert (loaded.sync_max_possible_renames, loaded.sync_max_new_roles) == (10, 20)
    assert loaded.db_role_separator is None


def test_every_fault_is_told_at_once_by_its_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.env"
    broken.write_text("this is no setting")
    environ = {
        "MSSQL_SERVER": "a,1433",
        "MSSQL_PORT": "x",
        "AUTH0_URL": "http://example.com",
        "AUTH0_TIMEOUT": "nan",
        "SYNC_MAX_DELETE": "1",
        "LOG_LEVEL": "loud",
    }

    with pytest.raises(SettingsError) as caught:
        load(environ, broken, secrets_dir=NOWHERE)

    told = caught.value.faults
    assert {fault.partition(":")[0] for fault in told} == {
        str(broken),
        "SYNC_MAX_DELETE",
        "USERS_DB_QUERY",
        "MSSQL_SERVER",
        "MSSQL_DATABASE",
        "MSSQL_USERNAME",
        "MSSQL_PASSWORD",
        "MSSQL_PORT",
        "AUTH0_URL",
        "AUTH0_CLIENT_ID",
        "AUTH0_CLIENT_SECRET",
        "AUTH0_CONNECTION",
        "AUTH0_TIMEOUT",
        "LOG_LEVEL",
    }
    assert str(caught.value) == "; ".join(told)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  ", '""'])
def test_each_required_setting_is_missed_by_name_also_when_it_is_empty(name: str, value: str | None) -> None:
    told = faults(**{name: value})

    assert len(told) == 1
    assert told[0].startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://example.eu.auth0.com", "https://example.eu.auth0.com"),
        ("https://example.eu.auth0.com/", "https://example.eu.auth0.com"),
        ("HTTPS://Example.com", "https://Example.com"),
        (" https://example.com ", "https://example.com"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("https://example.com:", "https://example.com"),
        ("https://example.com?", "https://example.com"),
        ("https://example.com/#", "https://example.com"),
        ("http://localhost:8400", "http://localhost:8400"),
        ("http://127.0.0.1:8400/", "http://127.0.0.1:8400"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8400", "http://[::1]:8400"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_a_url_of_scheme_and_host_is_accepted(url: str, accepted: str) -> None:
    loaded = settings(AUTH0_URL=url)

    assert loaded.auth0_url == accepted
    assert loaded.audience == f"{accepted}/api/v2/"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://localhost:80@example.com",
        "http://localhost\\@example.com",
        "http://example.com\\@localhost",
        "http://example.com#@localhost",
        "http://example.com?@localhost",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://2130706433",
        "http://[::ffff:10.0.0.1]",
    ],
)
def test_http_is_refused_wherever_it_does_not_end_on_this_machine(url: str) -> None:
    told = faults(AUTH0_URL=url)

    assert len(told) == 1
    assert told[0].startswith("AUTH0_URL: must be")


@pytest.mark.parametrize(
    "url",
    [
        "example.eu.auth0.com",
        "ftp://example.com",
        "https://",
        "https:///path",
        "https://example.com/api/v2",
        "https://example.com?a=b",
        "https://example.com#a",
        "https://user:hunter2@example.com",
        "https://:hunter2@example.com",
        "https://@example.com",
        "https://exa mple.com",
        "https://example.com:0",
        "https://example.com:99999",
        "https://example.com:hunter2",
        "https://a:hunter2\u2100@example.com",
        "https://[::1",
        "https://example.com\\evil",
    ],
)
def test_what_is_no_root_url_is_refused_without_showing_it(url: str) -> None:
    told = faults(AUTH0_URL=url)

    assert len(told) == 1
    assert told[0].startswith("AUTH0_URL: must be")
    assert "hunter2" not in told[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MSSQL_PORT", "0"),
        ("MSSQL_PORT", "65536"),
        ("MSSQL_PORT", "1433.5"),
        ("MSSQL_LOGIN_TIMEOUT", "0"),
        ("MSSQL_QUERY_TIMEOUT", "86401"),
        ("MSSQL_ENCRYPT", "maybe"),
        ("MSSQL_TRUST_SERVER_CERTIFICATE", "perhaps"),
        ("AUTH0_MAX_RETRIES", "-1"),
        ("AUTH0_MAX_RETRIES", "21"),
        ("AUTH0_BACKOFF_FACTOR", "-0.1"),
        ("AUTH0_BACKOFF_FACTOR", "nan"),
        ("AUTH0_TIMEOUT", "0"),
        ("AUTH0_TIMEOUT", "601"),
        ("AUTH0_TIMEOUT", "inf"),
        ("AUTH0_POOL_SIZE", "0"),
        ("AUTH0_POOL_SIZE", "65"),
        ("AUTH0_REQUESTS_PER_SECOND", "-1"),
        ("AUTH0_REQUESTS_PER_SECOND", "inf"),
        ("AUTH0_USER_READ", "all"),
        ("AUTH0_ROLE_READ", "all"),
        ("SYNC_MAX_DELETES", "-1"),
        ("SYNC_MAX_DELETES", "ten"),
        ("SYNC_MAX_DELETES", "1.5"),
        ("SYNC_MAX_DELETE_PERCENT", "101"),
        ("SYNC_MAX_DELETE_PERCENT", "-1"),
        ("SYNC_MAX_DELETE_PERCENT", "nan"),
        ("SYNC_MAX_DELETE_PERCENT", "10%"),
        ("SYNC_MAX_ROLE_REMOVALS", "-1"),
        ("SYNC_MAX_ROLE_REMOVAL_PERCENT", "inf"),
        ("SYNC_MAX_HELD_PERCENT", "nan"),
        ("SYNC_LIMIT_FLOOR", "-5"),
        ("SYNC_MAX_RENAMES", "-1"),
        ("SYNC_MAX_RENAME_PERCENT", "101"),
        ("SYNC_MAX_POSSIBLE_RENAMES", "-1"),
        ("SYNC_MAX_NEW_ROLES", "many"),
        ("SYNC_DELETE_AFTER_DAYS", "-1"),
        ("SYNC_DELETE_AFTER_DAYS", "36501"),
        ("SYNC_PROFILE", "on_create"),
        ("SYNC_ON_INACTIVE", "blocked"),
        ("SYNC_REVOKE_SESSIONS", "perhaps"),
        ("SYNC_MANAGE", "all"),
        ("AUTH0_CREATE_MISSING_ROLES", "perhaps"),
        ("AUTH0_EMAIL_VERIFIED", "yes"),
        ("AUTH0_INVITE", "mail"),
        ("LOG_LEVEL", "CHATTY"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_value_out_of_its_range_is_a_fault(name: str, value: str) -> None:
    told = faults(**{name: value})

    assert len(told) == 1
    assert told[0].startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MSSQL_PORT", " 65535 ", 65535),
        ("MSSQL_ENCRYPT", "STRICT ", "strict"),
        ("MSSQL_TRUST_SERVER_CERTIFICATE", "True ", True),
        ("MSSQL_LOGIN_TIMEOUT", "1", 1),
        ("SYNC_MAX_DELETES", "0", 0),
        ("SYNC_MAX_DELETE_PERCENT", "100", 100),
        ("LOG_LEVEL", "warning", "WARNING"),
        ("LOG_FORMAT", "JSON", "json"),
        ("AUTH0_MANAGED_ROLES", "admin, app_* ,,", ("admin", "app_*")),
        ("CLIENT_IGNORE_USERS", " root@x.io,*@ops.x.io", ("root@x.io", "*@ops.x.io")),
        ("CLIENT_IGNORE_ROLES", "admin, Ops Team ", ("admin", "Ops Team")),
        ("DB_ROLE_SEPARATOR", " ; ", ";"),
        ("DB_COLUMN_NAME", " Full Name ", "Full Name"),
        ("AUTH0_EMAIL_VERIFIED", "True", "true"),
        ("AUTH0_INVITE", "EMAIL", "email"),
        ("AUTH0_INVITE_CLIENT_ID", "abc", "abc"),
        ("AUTH0_CREATE_MISSING_ROLES", "yes", True),
        ("SYNC_PROFILE", "On-Create", "on-create"),
        ("SYNC_ON_INACTIVE", "Delete", "delete"),
        ("SYNC_MANAGE", "MARKED", "marked"),
        ("SYNC_OWNER", " hr job ", "hr job"),
        ("SYNC_NAMESPACE", " notes ", "notes"),
        ("SYNC_DELETE_AFTER_DAYS", "36500", 36_500),
        ("SYNC_REVOKE_SESSIONS", "1", True),
        ("SYNC_MAX_RENAMES", "0", 0),
    ],
)
def test_a_value_in_its_range_is_taken_whatever_its_case_and_the_space_around_it(
    name: str, value: str, expected: object
) -> None:
    loaded = settings(**{name: value})

    assert getattr(loaded, name.lower()) == expected


def test_another_audience_can_be_named_for_a_custom_domain() -> None:
    loaded = settings(AUTH0_AUDIENCE="https://example.eu.auth0.com/api/v2/", AUTH0_URL="https://login.example.com")

    assert loaded.audience == "https://example.eu.auth0.com/api/v2/"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SYNC_MAX_DELETE", "; is SYNC_MAX_DELETES meant?"),
        ("sync_max_delete_percents", "; is SYNC_MAX_DELETE_PERCENT meant?"),
        ("SYNC_MAXDELETES", "; is SYNC_MAX_DELETES meant?"),
        ("SYNC_ZZZZZZZZZZZZZZZZ", ""),
        ("CLIENT_IGNORE_USER", "; is CLIENT_IGNORE_USERS meant?"),
        ("client_ignore_rolls", "; is CLIENT_IGNORE_ROLES meant?"),
        ("DB_COLUMN_EMIAL", "; is DB_COLUMN_EMAIL meant?"),
        ("DB_COLUMN_APP_METADATA", "; is DB_COLUMNS_APP_METADATA meant?"),
        ("DB_COLUMNS_METADATA", "; is DB_COLUMNS_APP_METADATA meant?"),
        ("DB_ROLE_SEPERATOR", "; is DB_ROLE_SEPARATOR meant?"),
        ("DB_ROLES", "; is DB_ROLE_SEPARATOR meant?"),
    ],
)
def test_a_misspelt_limit_column_or_protection_is_a_fault_and_not_none_at_all(name: str, hint: str) -> None:
    told = faults(**{name: "1"})

    assert told == (f"{name}: there is no such setting{hint}",)


@pytest.mark.parametrize("name", ["DB_HOST", "DB_NAME", "CLIENT_ID", "AUTH0_DOMAIN", "XSYNC_MAX", "XDB_COLUMN_ID"])
def test_a_name_that_another_program_may_use_is_no_fault(name: str) -> None:
    loaded = settings(**{name: "any"})

    assert loaded == settings()


def test_a_limit_in_small_letters_is_a_limit() -> None:
    loaded = settings(sync_max_deletes="7")

    assert loaded.limits.deletes == 7


def test_the_query_is_read_from_its_file_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_bytes(b"\xef\xbb\xbfSELECT 'j\xc3\xb6' AS email\r\n")

    loaded = settings(USERS_DB_QUERY=None, USERS_DB_QUERY_FILE=str(file))

    assert loaded.users_db_query is not None
    assert loaded.users_db_query.strip() == "SELECT 'jö' AS email"


def test_a_query_and_a_query_file_are_one_too_many(tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_text("SELECT 1")

    told = faults(USERS_DB_QUERY_FILE=str(file))

    assert told == ("USERS_DB_QUERY: set either this or USERS_DB_QUERY_FILE, not both",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"SELECT '\xff'", "cannot be read (it is not UTF-8)"),
        (b" \r\n", "is empty"),
    ],
)
def test_a_query_file_that_holds_no_query_is_a_fault(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "query.sql"
    if content is not None:
        file.write_bytes(content)

    told = faults(USERS_DB_QUERY=None, USERS_DB_QUERY_FILE=str(file))

    assert told == (f"USERS_DB_QUERY_FILE: {file} {why}",)


def test_a_query_file_in_the_home_of_nobody_is_a_fault() -> None:
    told = faults(USERS_DB_QUERY=None, USERS_DB_QUERY_FILE="~there-is-no-such-user/query.sql")

    assert len(told) == 1
    assert told[0].startswith("USERS_DB_QUERY_FILE: ~there-is-no-such-user/query.sql cannot be read")


def test_a_database_url_stands_instead_of_all_mssql_settings() -> None:
    loaded = settings(
        USERS_DB_URL="sqlite:///people.db",
        MSSQL_SERVER=None,
        MSSQL_DATABASE=None,
        MSSQL_USERNAME=None,
        MSSQL_PASSWORD=None,
    )

    assert loaded.users_db_url is not None
    assert loaded.users_db_url.get_secret_value() == "sqlite:///people.db"


def test_a_database_url_and_a_server_are_one_too_many() -> None:
    told = faults(USERS_DB_URL="sqlite:///people.db")

    assert told == ("USERS_DB_URL: set either this or MSSQL_SERVER, not both",)


@pytest.mark.parametrize("server", ["db.example,1433", "db.example;UID=sa", "tcp://db", "{db}", "a b", "a=b"])
def test_a_server_that_is_more_than_a_host_name_is_a_fault(server: str) -> None:
    told = faults(MSSQL_SERVER=server)

    assert len(told) == 1
    assert told[0].startswith("MSSQL_SERVER: is a host name")


@pytest.mark.parametrize("server", ["db", "db.example", "10.0.0.1", "db\\SQLEXPRESS", " db.example "])
def test_a_host_name_with_or_without_an_instance_is_a_server(server: str) -> None:
    loaded = settings(MSSQL_SERVER=server)

    assert loaded.mssql_server == server.strip()


def test_no_secret_is_in_the_text_of_settings_or_of_their_faults() -> None:
    secrets = {
        "MSSQL_PASSWORD": "hunter2-a",
        "AUTH0_CLIENT_SECRET": "hunter2-b",
        "USERS_DB_URL": "mssql+pymssql://sa:hunter2-c@h/d",
    }

    loaded = settings(**secrets, MSSQL_SERVER=None)
    told = faults(**secrets, AUTH0_URL="https://u:hunter2-d@h", MSSQL_PORT="hunter2-e", AUTH0_TIMEOUT="hunter2-f")

    assert "hunter2" not in f"{loaded!r} {loaded} {loaded.model_dump()}"
    assert len(told) == 4
    assert "hunter2" not in " ".join(told)


def test_the_error_of_faulty_settings_has_no_other_error_behind_it() -> None:
    with pytest.raises(SettingsError) as caught:
        load(environment(MSSQL_PORT="hunter2"), secrets_dir=NOWHERE)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_settings_cannot_be_altered() -> None:
    loaded = settings()

    with pytest.raises(ValidationError):
        loaded.sync_max_deletes = 10**6
