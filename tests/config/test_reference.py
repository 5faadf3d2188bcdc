"""The settings for people: what the sample and the table say is what the settings are."""

from __future__ import annotations

from pathlib import Path

from config import reference
from config.loading import load
from config.settings import Settings
from tests.config.builders import NOWHERE, REQUIRED, env_file


def test_the_sample_with_its_gaps_filled_in_is_a_working_env_file(tmp_path: Path) -> None:
    file = env_file(tmp_path, reference.sample())
    gaps = ("MSSQL_PASSWORD", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET")

    loaded = load({name: REQUIRED[name] for name in gaps}, file, secrets_dir=NOWHERE)

    assert loaded.users_db_query == "SELECT email, role FROM dbo.app_users"


def test_what_the_sample_comments_out_is_the_default(tmp_path: Path) -> None:
    uncommented = reference.sample().replace("\n#", "\n")
    settings_only = "\n".join(line for line in uncommented.splitlines() if line.partition("=")[0].isupper())
    environ = {**REQUIRED, "AUTH0_CONNECTION": "Username-Password-Authentication"}

    explicit = load(environ, env_file(tmp_path, settings_only), secrets_dir=NOWHERE)
    implicit = load(environ, secrets_dir=NOWHERE)

    assert settings_only.count("\n") + 1 == len(Settings.model_fields)
    assert explicit == implicit


def test_the_page_has_one_row_for_each_setting_in_their_order() -> None:
    named = [row.split("`")[1] for row in _rows()]

    assert named == [name.upper() for name in Settings.model_fields]


def test_a_bar_in_a_description_does_not_begin_a_cell_of_the_table() -> None:
    with_bars = [row for row in _rows() if "\\|" in row]

    assert {row.replace("\\|", "").count("|") for row in _rows()} == {4}
    assert [row.split("`")[1] for row in with_bars] == ["CLIENT_IGNORE_USERS"]
    assert "(`auth0|...`)" in reference.sample()


def test_mappings_and_lists_that_are_empty_show_nothing() -> None:
    sample = reference.sample().splitlines()

    assert {"#AUTH0_ROLE_MAP=", "#SYNC_ROLE_MINIMUM=", "#DB_COLUMNS_APP_METADATA=", "#CLIENT_IGNORE_ROLES="} <= {
        *sample
    }
    assert "| `AUTH0_ROLE_MAP` | none |" in reference.page()


def _rows() -> list[str]:
    return [line for line in reference.page().splitlines() if line.startswith("| `")]
