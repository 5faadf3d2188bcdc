"""What a real SQL Server returns arrives as it is there, by `MSSQL_*` and by a URL."""

from __future__ import annotations

import pandas as pd
import pytest

from database.users import Users
from tests.config.builders import settings
from tests.database.test_users import rows
from tests.integration import population
from tests.integration.server import Server

METADATA = ",".join(population.METADATA)


def test_ten_thousand_people_arrive_as_they_were_inserted_and_alike_by_both_ways(
    server: Server, everybody: str
) -> None:
    asked = {"USERS_DB_QUERY": population.query(everybody), "DB_COLUMNS_APP_METADATA": METADATA}

    by_settings = Users(settings(**server.as_settings(), **asked)).read()
    by_url = Users(settings(**server.as_url(), **asked)).read()

    population.assert_shows(by_settings, population.people())
    pd.testing.assert_frame_equal(by_settings, by_url)


def test_ten_thousand_people_arrive_without_any_order_too(server: Server, everybody: str) -> None:
    frame = Users(server.asking(population.query(everybody, ordered=False))).read()

    emails = [row["email"] for row in population.people()]
    assert sorted(frame["email"].fillna("").tolist()) == sorted(email or "" for email in emails)


def test_a_login_that_may_only_read_reads_the_same(reader: Server, everybody: str) -> None:
    frame = Users(reader.asking(population.query(everybody), DB_COLUMNS_APP_METADATA=METADATA)).read()

    population.assert_shows(frame, population.people())


def test_unicode_nulls_and_trailing_spaces_come_as_they_are(server: Server, table: str) -> None:
    frame = Users(server.asking(f"SELECT email, role FROM {table} ORDER BY id;")).read()  # noqa: S608

    assert rows(frame) == [("jö@x.io", "admin     "), ("李@x.io", None), (None, "reader    ")]


def test_numbers_among_nulls_stay_whole(server: Server, table: str) -> None:
    query = f"SELECT email, code AS role FROM {table} WHERE role LIKE '%' OR 1 = 1 ORDER BY id"  # noqa: S608

    frame = Users(server.asking(query)).read()

    assert [role for _, role in rows(frame)] == ["101", None, "102"]


def test_keys_flags_and_metadata_of_every_type_come_as_the_database_has_them(server: Server) -> None:
    query = """
        SELECT CAST(101 AS int) AS id, N'ann@x.io' AS email, N'admin' AS role, CAST(1 AS bit) AS active,
               CAST('Ann  ' AS char(5)) AS name, CAST(10.50 AS decimal(9, 2)) AS cost, CAST(7 AS bigint) AS number,
               CAST('2026-01-02T03:04:05' AS datetime2(0)) AS since, CAST(0 AS bit) AS premium
        UNION ALL
        SELECT NULL, N'bob@x.io', N'admin', NULL, NULL, NULL, NULL, NULL, NULL
        ORDER BY email
    """

    frame = Users(server.asking(query, DB_COLUMNS_APP_METADATA="cost,number,since,premium")).read()

    assert [value if isinstance(value, str) else None for value in frame["id"]] == ["101", None]
    assert [value if isinstance(value, str) else None for value in frame["active"]] == ["True", None]
    assert frame["name"][0] == "Ann  "
    metadata = {name: [*frame[f"app_metadata.{name}"]] for name in ("cost", "number", "since", "premium")}
    assert metadata == {
        "cost": [10.5, None],
        "number": [7, None],
        "since": ["2026-01-02T03:04:05", None],
        "premium": [False, None],
    }


def test_a_key_that_is_a_uniqueidentifier_is_text(server: Server) -> None:
    query = (
        "SELECT CAST('6f9619ff-8b86-d011-b42d-00c04fc964ff' AS uniqueidentifier) AS id, N'ann@x.io' AS email, "
        "N'admin' AS role"
    )

    frame = Users(server.asking(query)).read()

    assert frame["id"][0].lower() == "6f9619ff-8b86-d011-b42d-00c04fc964ff"


def test_no_row_at_all_is_an_empty_frame_of_the_same_columns(server: Server, everybody: str) -> None:
    query = f"SELECT email, role FROM {everybody} WHERE 1 = 0"  # noqa: S608 - a test's own text

    frame = Users(server.asking(query)).read()

    assert (list(frame.columns), len(frame)) == (["email", "role"], 0)


BATCH = """
    DECLARE @chosen TABLE (email nvarchar(100), role nvarchar(40));
    INSERT INTO @chosen VALUES (N'ann@x.io', N'admin');
    SELECT email, role FROM @chosen;
"""


def test_a_batch_that_does_more_than_select_is_read_after_set_nocount_on(server: Server) -> None:
    frame = Users(server.asking(f"SET NOCOUNT ON; {BATCH}")).read()

    assert rows(frame) == [("ann@x.io", "admin")]


def test_without_set_nocount_on_the_way_out_is_told(server: Server) -> None:
    if not server.by_pyodbc:
        pytest.skip("NOT TESTED: pymssql goes on to the first result that has rows")

    told = server.failure(BATCH)

    assert told == "USERS_DB_QUERY returns no result: it must be a SELECT, after SET NOCOUNT ON if it does more"
