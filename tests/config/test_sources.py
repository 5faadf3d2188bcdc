"""Where settings come from, what wins, and how quotes and files are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.loading import SettingsError, load
from config.sources import without_quotes
from tests.config.builders import NOWHERE, REQUIRED, env_file, environment, settings


def password(text: str | bytes, folder: Path) -> str:
    """The password that an env file's text sets."""
    environ = environment(MSSQL_PASSWORD=None)
    loaded = load(environ, env_file(folder, text), secrets_dir=NOWHERE)
    assert loaded.mssql_password is not None
    return loaded.mssql_password.get_secret_value()


@pytest.mark.parametrize(
    ("kept", "meant"),
    [
        ("plain", "plain"),
        ('"double"', "double"),
        ("'single'", "single"),
        ('  "spaced"  ', "spaced"),
        ('" inside "', " inside "),
        ("carriage\r", "carriage"),
        ('"carriage"\r', "carriage"),
        ("\"mismatched'", "\"mismatched'"),
        ("'mismatched\"", "'mismatched\""),
        ('"half', '"half'),
        ("half'", "half'"),
        ('in"side', 'in"side'),
        ('"it\'s"', "it's"),
        ('"a"b"', 'a"b'),
        ('""twice""', '"twice"'),
        ('"', '"'),
        ("p;w}d@{x=y z", "p;w}d@{x=y z"),
        ("${HOME}", "${HOME}"),
        ("a\\nb", "a\\nb"),
        ("#no comment", "#no comment"),
    ],
)
def test_quotes_that_docker_keeps_are_taken_off_once_and_only_if_they_match(kept: str, meant: str) -> None:
    loaded = settings(MSSQL_PASSWORD=kept)

    assert loaded.mssql_password is not None
    assert loaded.mssql_password.get_secret_value() == meant


@given(st.text(), st.sampled_from("\"'"))
def test_whatever_stands_between_matching_quotes_is_the_value(text: str, quote: str) -> None:
    value = without_quotes(f"{quote}{text}{quote}")

    assert value == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("MSSQL_PASSWORD=plain", "plain"),
        ('MSSQL_PASSWORD="double"', "double"),
        ("MSSQL_PASSWORD='single'", "single"),
        ("export MSSQL_PASSWORD=exported", "exported"),
        ("MSSQL_PASSWORD = spaced", "spaced"),
        ("# a comment\n\nMSSQL_PASSWORD=after  # another", "after"),
        ("MSSQL_PASSWORD=a#b", "a#b"),
        ('MSSQL_PASSWORD="a # b"', "a # b"),
        ("MSSQL_PASSWORD=crlf\r\nLOG_LEVEL=INFO\r\n", "crlf"),
        (b"\xef\xbb\xbfMSSQL_PASSWORD=mark", "mark"),
        ("MSSQL_PASSWORD=${HOME}", "${HOME}"),
        ('MSSQL_PASSWORD="${HOME}$x"', "${HOME}$x"),
        ("mssql_password=small", "small"),
        ("MSSQL_PASSWORD='p;w}d@{x=y z'", "p;w}d@{x=y z"),
        ("MSSQL_PASSWORD='it\"s'", 'it"s'),
        ('MSSQL_PASSWORD="it\'s"', "it's"),
        ("MSSQL_PASSWORD=first\nMSSQL_PASSWORD=last", "last"),
        ("MSSQL_PASSWORD='jö'", "jö"),
        ("MSSQL_PASSWORD=' edge '", " edge "),
    ],
)
def test_an_env_file_is_read_as_dotenv_reads_it_but_without_expansion(
    tmp_path: Path, text: str | bytes, meant: str
) -> None:
    value = password(text, tmp_path)

    assert value == meant


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("LOG_LEVEL", 1),
        ("this is nothing", 1),
        ("LOG_LEVEL=INFO\nthis is nothing\nLOG_FORMAT=text", 2),
        ("LOG_LEVEL=INFO\n\n\nthis is nothing", 4),
        ("\n\n  \nLOG_LEVEL", 4),
        ("# one\r\n\r\nLOG_LEVEL='hunter2", 3),
        ('A=1\nLOG_LEVEL="hunter2\nB=2', 2),
        ('A="1\n2\n3"\nhunter2 hunter2', 4),
    ],
)
def test_a_line_that_means_nothing_is_told_by_its_number_and_not_shown(tmp_path: Path, text: str, line: int) -> None:
    file = env_file(tmp_path, text)

    with pytest.raises(SettingsError) as caught:
        load(environment(), file, secrets_dir=NOWHERE)

    assert caught.value.faults == (f"{file}: line {line} is not of the form NAME=value",)


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file or directory"), (b"A=\xff", "it is not UTF-8"), ("folder", "Is a directory")],
)
def test_an_env_file_that_cannot_be_read_is_a_fault(tmp_path: Path, content: bytes | str | None, why: str) -> None:
    file = tmp_path / "named.env"
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)

    with pytest.raises(SettingsError) as caught:
        load(environment(), file, secrets_dir=NOWHERE)

    assert caught.value.faults == (f"{file}: cannot be read ({why})",)


def test_without_a_named_file_the_env_file_of_the_folder_is_read_if_it_is_there() -> None:
    without = settings()
    Path(".env").write_text("SYNC_MAX_DELETES=7\n")

    with_file = settings()

    assert (without.sync_max_deletes, with_file.sync_max_deletes) == (500, 7)


def test_a_named_file_is_read_instead_of_the_env_file_of_the_folder(tmp_path: Path) -> None:
    Path(".env").write_text("SYNC_MAX_DELETES=7\nSYNC_LIMIT_FLOOR=7\n")
    file = env_file(tmp_path, "SYNC_MAX_DELETES=8")

    loaded = load(environment(), file, secrets_dir=NOWHERE)

    assert (loaded.sync_max_deletes, loaded.sync_limit_floor) == (8, 5)


def test_the_environment_wins_over_the_file_and_the_file_over_the_secrets(tmp_path: Path) -> None:
    for name, value in {"SYNC_MAX_DELETES": "1", "sync_max_role_removals": "1", "SYNC_LIMIT_FLOOR": "1\n"}.items():
        (tmp_path / name).write_text(value)
    file = env_file(tmp_path, "SYNC_MAX_DELETES=2\nSYNC_MAX_ROLE_REMOVALS=2\n")

    loaded = load(environment(SYNC_MAX_DELETES="3"), file, secrets_dir=tmp_path)

    assert (loaded.sync_max_deletes, loaded.sync_max_role_removals, loaded.sync_limit_floor) == (3, 2, 1)


@pytest.mark.parametrize("empty", ["", " ", '""', "''", '" "'])
def test_an_empty_value_is_not_set_so_that_the_next_source_is_asked(tmp_path: Path, empty: str) -> None:
    (tmp_path / "SYNC_LIMIT_FLOOR").write_text("9")
    file = env_file(tmp_path, f"SYNC_MAX_DELETES=2\nSYNC_LIMIT_FLOOR={empty}\n")

    loaded = load(environment(SYNC_MAX_DELETES=empty, LOG_LEVEL=empty), file, secrets_dir=tmp_path)

    assert (loaded.sync_max_deletes, loaded.sync_limit_floor, loaded.log_level) == (2, 9, "INFO")


def test_everything_may_come_from_secrets_and_other_files_there_are_not_read(tmp_path: Path) -> None:
    for name, value in REQUIRED.items():
        (tmp_path / name.lower()).write_text(f"{value}\n")
    (tmp_path / "certificate.p12").write_bytes(b"\xff\xfe")
    (tmp_path / "LOG_LEVEL").write_text("\n")
    (tmp_path / "log_format").mkdir()

    loaded = load({}, secrets_dir=tmp_path)

    assert loaded.auth0_client_secret.get_secret_value() == REQUIRED["AUTH0_CLIENT_SECRET"]
    assert (loaded.log_level, loaded.log_format) == ("INFO", "text")


def test_a_secret_that_cannot_be_read_is_a_fault_by_name(tmp_path: Path) -> None:
    (tmp_path / "mssql_password").write_bytes(b"hunter2\xff")

    with pytest.raises(SettingsError) as caught:
        load(environment(), secrets_dir=tmp_path)

    assert caught.value.faults == (f"MSSQL_PASSWORD: {tmp_path / 'mssql_password'} cannot be read (it is not UTF-8)",)


def test_a_misspelt_limit_in_a_file_is_a_fault_too(tmp_path: Path) -> None:
    file = env_file(tmp_path, "SYNC_MAX_DELET=1")

    with pytest.raises(SettingsError, match="SYNC_MAX_DELET: there is no such setting"):
        load(environment(), file, secrets_dir=NOWHERE)
