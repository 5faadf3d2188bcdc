"""What roles are called in Auth0, and how many accounts must be left with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.config.builders import faults, settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"Administrator": "admin"}', {"Administrator": "admin"}),
        ('  {" Administrator ": "\\tadmin "}\n', {"Administrator": "admin"}),
        ('{"A": "x", "a": "x", " A": "x"}', {"A": "x", "a": "x"}),
        ('{"B\\u00fcro": "office", "A:B": "c,d"}', {"Büro": "office", "A:B": "c,d"}),
        ("{}", {}),
    ],
)
def test_a_role_map_is_json_in_the_setting_itself_or_in_a_file(
    tmp_path: Path, text: str, expected: dict[str, str]
) -> None:
    file = tmp_path / "roles.json"
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())

    inline = settings(AUTH0_ROLE_MAP=text)
    from_file = settings(AUTH0_ROLE_MAP=f" {file} ")

    assert inline.auth0_role_map == from_file.auth0_role_map == expected


def test_a_role_map_may_be_in_quotes_and_its_path_may_begin_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "roles.json").write_text('{"A": "b"}')

    quoted = settings(AUTH0_ROLE_MAP='\'{"A": "b"}\'')
    at_home = settings(AUTH0_ROLE_MAP="~/roles.json")

    assert quoted.auth0_role_map == at_home.auth0_role_map == {"A": "b"}


def test_without_a_role_map_no_role_is_called_otherwise() -> None:
    loaded = settings(AUTH0_ROLE_MAP="")

    assert loaded.auth0_role_map == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes in line 1, column 2"),
        ('{"A": "b"} x', "is not JSON: Extra data in line 1, column 12"),
        ('{"A":\n b}', "is not JSON: Expecting value in line 2, column 2"),
        ('{"A": ' + "[" * 100_000, "is not JSON that can be read"),
        ('{"A": ' + "1" * 5_000 + "}", "is not JSON that can be read"),
        ('{"A": "b", "A": "b"}', "the name 'A' comes twice"),
        ('{"A": "b", "a": "c"}', "the name 'a' has two meanings: case and outer spaces make no difference"),
        ('{"A": "b", "A ": "c"}', "the name 'A ' has two meanings: case and outer spaces make no difference"),
        ('{"A": "b", " A": "B"}', "the name ' A' has two meanings: case and outer spaces make no difference"),
        ('{"A": ""}', "the entry 'A' must be two names, neither of them empty"),
        ('{"A": " "}', "the entry 'A' must be two names, neither of them empty"),
        ('{" ": "b"}', "the entry ' ' must be two names, neither of them empty"),
        ('{"A": 7}', "the entry 'A' must be two names, neither of them empty"),
        ('{"A": null}', "the entry 'A' must be two names, neither of them empty"),
        ('{"A": ["b"]}', "the entry 'A' must be two names, neither of them empty"),
        ('{"A": {"b": "c"}}', "the entry 'A' must be two names, neither of them empty"),
        (
            '{"": "b", "A": "b", "A": "b"}',
            "the entry '' must be two names, neither of them empty; the name 'A' comes twice",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_role_map_that_is_not_understood_is_a_fault_in_the_setting_and_in_a_file(
    tmp_path: Path, text: str, fault: str
) -> None:
    file = tmp_path / "roles.json"
    file.write_text(text)

    inline = faults(AUTH0_ROLE_MAP=text)
    from_file = faults(AUTH0_ROLE_MAP=str(file))

    assert inline == from_file
    assert [line.casefold() for line in inline] == [f"AUTH0_ROLE_MAP: {fault}".casefold()]


@pytest.mark.parametrize("content", [[], [["A", "b"]], "A", 7, None])
def test_a_file_of_json_that_is_no_object_is_a_fault(tmp_path: Path, content: object) -> None:
    file = tmp_path / "roles.json"
    file.write_text(json.dumps(content))

    told = faults(AUTH0_ROLE_MAP=str(file))

    assert told == ('AUTH0_ROLE_MAP: must be a JSON object such as {"Database name": "Auth0 name"}',)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        (b'{"A": "\xff"}', "it is not UTF-8"),
        ("folder", "Is a directory"),
    ],
)
def test_a_file_of_roles_that_cannot_be_read_is_a_fault_with_its_name(
    tmp_path: Path, content: bytes | str | None, why: str
) -> None:
    file = tmp_path / "roles.json"
    if content == "folder":
        file.mkdir()
    elif isinstance(content, bytes):
        file.write_bytes(content)

    told = faults(AUTH0_ROLE_MAP=str(file), LOG_LEVEL="loud")

    assert told[0] == (
        f"AUTH0_ROLE_MAP: {file} cannot be read ({why}); set a JSON object, or the path of a file that holds one"
    )
    assert [fault.partition(":")[0] for fault in told[1:]] == ["LOG_LEVEL"]


@pytest.mark.parametrize("path", ["~there-is-no-such-user/roles.json", "a\0b", "a" * 10_000])
def test_what_is_neither_json_nor_a_possible_path_is_a_fault_of_one_line(path: str) -> None:
    told = faults(AUTH0_ROLE_MAP=path)

    assert len(told) == 1
    assert told[0].startswith("AUTH0_ROLE_MAP: ")
    assert " cannot be read (" in told[0]
    assert told[0].isprintable()
    assert len(told[0]) < 400


def test_an_empty_file_of_roles_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "roles.json"
    file.write_text(" \n")

    told = faults(AUTH0_ROLE_MAP=str(file))

    assert len(told) == 1
    assert told[0].startswith("AUTH0_ROLE_MAP: is not JSON")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("admin:2,superset_admin:1", {"admin": 2, "superset_admin": 1}),
        (" admin : 2 , b c:010", {"admin": 2, "b c": 10}),
        ("app:admin:3", {"app:admin": 3}),
        ("a:1:2", {"a:1": 2}),
        ("admin:999999999", {"admin": 999_999_999}),
    ],
)
def test_a_minimum_is_a_role_and_a_count_after_the_last_colon(text: str, expected: dict[str, int]) -> None:
    loaded = settings(SYNC_ROLE_MINIMUM=text)

    assert loaded.sync_role_minimum == expected


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("admin", 1),
        ("admin:", 1),
        ("admin:0", 1),
        ("admin:-1", 1),
        ("admin:+1", 1),
        ("admin:1_0", 1),
        ("admin:1.5", 1),
        ("admin:many", 1),
        ("admin:\u0661", 1),
        ("admin:12345678901", 1),
        (":2", 1),
        (" : 2", 1),
        ("2", 1),
        ("admin:2,", 2),
        ("admin:2,,b:1", 2),
        ("admin:2:", 1),
    ],
)
def test_a_minimum_that_is_not_understood_is_a_fault_and_not_no_protection(text: str, part: int) -> None:
    told = faults(SYNC_ROLE_MINIMUM=text)

    assert told == (f"SYNC_ROLE_MINIMUM: part {part} is not of the form role:count, with a count of at least 1",)


@pytest.mark.parametrize("again", ["admin:2", "ADMIN:3", " Admin :1", "B\u00fcro:1", "Bu\u0308RO:1"])
def test_a_role_has_one_minimum_whatever_its_case(again: str) -> None:
    told = faults(SYNC_ROLE_MINIMUM=f"admin:2,b\u00fcro:1,{again}")

    assert told == (f"SYNC_ROLE_MINIMUM: the role {again.rpartition(':')[0].strip()!r} comes twice",)


def test_all_that_is_wrong_with_the_minimums_is_told_at_once() -> None:
    told = faults(SYNC_ROLE_MINIMUM="admin,b:1,B:2,:3")

    form = "is not of the form role:count, with a count of at least 1"
    assert told == (f"SYNC_ROLE_MINIMUM: part 1 {form}; the role 'B' comes twice; part 4 {form}",)


def test_without_minimums_there_are_none() -> None:
    loaded = settings()

    assert loaded.sync_role_minimum == {}
