"""How the job logs in: what Entra ID needs, and what does not go with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.loading import SettingsError, load
from config.login import is_freetds
from tests.config.builders import environment, faults, settings

ENTRA = {"MSSQL_AD_LOGIN": "true", "MSSQL_USERNAME": None, "MSSQL_PASSWORD": None}


@pytest.mark.parametrize("yes", ["true", "1", "yes", "ON", ' "true" '])
def test_with_entra_id_neither_user_nor_password_is_required(yes: str) -> None:
    loaded = settings(**{**ENTRA, "MSSQL_AD_LOGIN": yes})

    assert loaded.mssql_ad_login
    assert loaded.mssql_username is None


@pytest.mark.parametrize("no", [None, "false", "0", "off"])
def test_without_it_both_are(no: str | None) -> None:
    told = faults(**{**ENTRA, "MSSQL_AD_LOGIN": no})

    assert [fault.partition(":")[0] for fault in told] == ["MSSQL_USERNAME", "MSSQL_PASSWORD"]


def test_what_is_neither_yes_nor_no_is_told_by_name() -> None:
    told = faults(MSSQL_AD_LOGIN="perhaps")

    assert [fault.partition(":")[0] for fault in told] == ["MSSQL_AD_LOGIN"]


def test_server_and_database_are_required_all_the_same() -> None:
    told = faults(**ENTRA, MSSQL_SERVER=None, MSSQL_DATABASE=None)

    assert [fault.partition(":")[0] for fault in told] == ["MSSQL_SERVER", "MSSQL_DATABASE"]


def test_a_password_does_not_go_with_it_wherever_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "mssql_password").write_text("hunter2")
    fault = "MSSQL_PASSWORD: does not go with MSSQL_AD_LOGIN, which logs in with a token; take one of them away"

    told = faults(MSSQL_AD_LOGIN="true")
    with pytest.raises(SettingsError) as caught:
        load(environment(**ENTRA), secrets_dir=tmp_path)

    assert told == caught.value.faults == (fault,)


def test_a_database_url_does_not_go_with_it() -> None:
    told = faults(MSSQL_AD_LOGIN="true", MSSQL_SERVER=None, USERS_DB_URL="mssql+pyodbc://h/d?driver=x")

    assert told == ("MSSQL_AD_LOGIN: does not go with USERS_DB_URL; set MSSQL_SERVER and MSSQL_DATABASE instead",)


@pytest.mark.parametrize("driver", ["FreeTDS", "/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so"])
def test_freetds_takes_no_token(driver: str) -> None:
    told = faults(**ENTRA, MSSQL_DRIVER=driver)

    assert told == ("MSSQL_AD_LOGIN: FreeTDS takes no token; set MSSQL_DRIVER to Microsoft's ODBC driver",)


@pytest.mark.parametrize(
    ("driver", "expected"),
    [
        ("ODBC Driver 18 for SQL Server", False),
        ("/opt/tds/libmsodbcsql-18.6.so", False),
        ("FreeTDS", True),
        ("/usr/lib/libtdsodbc.so", True),
    ],
)
def test_freetds_is_known_by_its_name_or_the_name_of_its_file(driver: str, *, expected: bool) -> None:
    assert is_freetds(driver) is expected
