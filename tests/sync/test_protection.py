"""Protection: by e-mail, domain, user id and role, each with the operator's own words as the reason."""

from __future__ import annotations

import pytest

from sync.protection import Protection
from tests.sync.builders import ADMIN, READER


@pytest.mark.parametrize(
    ("entry", "protected", "others"),
    [
        ("ann@x.io", ["ann@x.io"], ["ann@y.io", "joann@x.io"]),
        ("Ann@X.io", ["ann@x.io"], []),
        ("*@x.io", ["ann@x.io"], ["ann@sub.x.io"]),
        ("x.io", ["ann@x.io", "bob@x.io"], ["ann@sub.x.io", "ann@yx.io", "x.io@y.io"]),
        ("@x.io", ["ann@x.io"], ["ann@sub.x.io", "ann@yx.io"]),
        ("*x.io", ["ann@x.io", "ann@sub.x.io"], ["ann@x.io.de"]),
        ("auth0|1", [], ["auth0|1@x.io"]),
        ("  ", [], ["ann@x.io"]),
    ],
)
def test_an_entry_protects_just_those_whom_it_names(entry: str, protected: list[str], others: list[str]) -> None:
    protection = Protection([entry])

    assert [protection.of_person(key) for key in protected] == [f"CLIENT_IGNORE_USERS: {entry}"] * len(protected)
    assert [protection.of_person(key) for key in others] == [""] * len(others)


@pytest.mark.parametrize(
    ("entry", "hit"), [("auth0|12", True), ("auth0|1*", True), ("auth0|1", False), ("AUTH0|12", False)]
)
def test_a_user_id_protects_that_account_whatever_its_e_mail_is(entry: str, hit: bool) -> None:  # noqa: FBT001
    reason = Protection([entry]).of_account("ann@x.io", "auth0|12", frozenset())

    assert reason == (f"CLIENT_IGNORE_USERS: {entry}" if hit else "")


def test_whoever_has_a_protecting_role_is_protected_by_its_name() -> None:
    protection = Protection(roles=[ADMIN])

    assert (
        protection.of_account("ann@x.io", "auth0|1", frozenset({ADMIN.id, READER.id})) == "CLIENT_IGNORE_ROLES: admin"
    )
    assert protection.of_account("ann@x.io", "auth0|1", frozenset({READER.id})) == ""
    assert protection.of_person("ann@x.io") == ""


def test_nothing_named_is_nobody_protected() -> None:
    assert not Protection()
    assert not Protection(["", " "])
    assert Protection(["x.io"])
    assert Protection(roles=[ADMIN])
