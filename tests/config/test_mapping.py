"""Which columns become metadata, under which keys, and where the job keeps its own notes."""

from __future__ import annotations

import pytest

from tests.config.builders import faults, settings

LISTS = ("DB_COLUMNS_APP_METADATA", "DB_COLUMNS_USER_METADATA")
OF_AUTH0 = (
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email_verified",
    "email",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor_last_modified",
    "multifactor",
    "updated_at",
    "user_id",
)
FORM = "is not of the form column or column:key"
NO_PATH = "must not contain . or $"
OTHERWISE = "; name another with column:key"


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dept", {"dept": "dept"}),
        ("dept:department", {"department": "dept"}),
        (" dept : department ,\tCost Centre ", {"department": "dept", "Cost Centre": "Cost Centre"}),
        ("dept:a,dept:b,Dept", {"a": "dept", "b": "dept", "Dept": "Dept"}),
        ("dept:a:b", {"a:b": "dept"}),
        ("x.y:a,$z:b", {"a": "x.y", "b": "$z"}),
        ("Email:Email", {"Email": "Email"}),
        ('"dept:department"', {"department": "dept"}),
    ],
)
def test_metadata_is_a_list_of_columns_each_with_its_key_or_its_own_name(
    name: str, text: str, expected: dict[str, str]
) -> None:
    loaded = settings(**{name: text})

    found = getattr(loaded, name.lower())
    assert list(found.items()) == list(expected.items())


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dept,", f"part 2 {FORM}"),
        (",dept", f"part 1 {FORM}"),
        ("a, ,b", f"part 2 {FORM}"),
        ("dept:", f"part 1 {FORM}"),
        (": department", f"part 1 {FORM}"),
        (":", f"part 1 {FORM}"),
        ("dept:a.b", f"the key 'a.b' {NO_PATH}{OTHERWISE}"),
        ("dept.name", f"the key 'dept.name' {NO_PATH}{OTHERWISE}"),
        ("dept:$a", f"the key '$a' {NO_PATH}{OTHERWISE}"),
        ("a:key,b: key", "the key 'key' comes twice"),
        ("dept,DEPT:dept", "the key 'dept' comes twice"),
        ("a:,b:x.y,c,d:c", f"part 1 {FORM}; the key 'x.y' {NO_PATH}{OTHERWISE}; the key 'c' comes twice"),
    ],
)
def test_a_list_of_columns_that_is_not_understood_is_a_fault_with_all_that_is_wrong(
    name: str, text: str, fault: str
) -> None:
    told = faults(**{name: text})

    assert told == (f"{name}: {fault}",)


@pytest.mark.parametrize("key", OF_AUTH0)
def test_a_name_of_auth0s_own_is_no_key_of_app_metadata(key: str) -> None:
    own = faults(DB_COLUMNS_APP_METADATA=key)
    given = faults(DB_COLUMNS_APP_METADATA=f"dept:{key}")

    assert own == given == (f"DB_COLUMNS_APP_METADATA: the key {key!r} is a name of Auth0's own{OTHERWISE}",)


def test_a_name_of_auth0s_own_may_be_a_key_of_user_metadata_or_a_column() -> None:
    loaded = settings(DB_COLUMNS_USER_METADATA="email,blocked", DB_COLUMNS_APP_METADATA="email:mail")

    assert loaded.db_columns_user_metadata == {"email": "email", "blocked": "blocked"}
    assert loaded.db_columns_app_metadata == {"mail": "email"}


@pytest.mark.parametrize(
    ("namespace", "columns"), [(None, "sync"), (None, "a,dept:sync"), ("notes", "notes"), (" notes ", "a: notes")]
)
def test_the_key_of_the_jobs_own_notes_is_no_key_for_a_column(namespace: str | None, columns: str) -> None:
    told = faults(SYNC_NAMESPACE=namespace, DB_COLUMNS_APP_METADATA=columns)

    key = (namespace or "sync").strip()
    why = "is SYNC_NAMESPACE, under which the job keeps its own notes"
    assert told == (f"DB_COLUMNS_APP_METADATA: the key {key!r} {why}{OTHERWISE}",)


def test_the_key_of_the_jobs_own_notes_is_free_where_the_notes_are_not() -> None:
    loaded = settings(
        SYNC_NAMESPACE="notes", DB_COLUMNS_APP_METADATA="sync,Notes,notes:n", DB_COLUMNS_USER_METADATA="notes"
    )

    assert set(loaded.db_columns_app_metadata) == {"sync", "Notes", "n"}
    assert set(loaded.db_columns_user_metadata) == {"notes"}


def test_the_clash_with_the_notes_is_told_together_with_every_other_fault() -> None:
    told = faults(DB_COLUMNS_APP_METADATA="sync,", LOG_LEVEL="loud")

    assert [fault.partition(":")[0] for fault in told] == [
        "DB_COLUMNS_APP_METADATA",
        "DB_COLUMNS_APP_METADATA",
        "LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    ("namespace", "fault"),
    [
        ("a.b", NO_PATH),
        ("$a", NO_PATH),
        ("my notes", "must be one word"),
        ("my\u00a0notes", "must be one word"),
        *((key, "is a name of Auth0's own") for key in OF_AUTH0),
    ],
)
def test_the_notes_need_a_key_that_auth0_takes(namespace: str, fault: str) -> None:
    told = faults(SYNC_NAMESPACE=namespace)

    assert told == (f"SYNC_NAMESPACE: {fault}",)
