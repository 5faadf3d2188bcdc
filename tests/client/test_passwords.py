"""The password of a new account passes every policy, and is like no other."""

from __future__ import annotations

import itertools
import string

from client.auth0.passwords import random_password


def test_every_password_passes_the_strictest_policy() -> None:
    for _ in range(400):
        password = random_password()

        assert len(password.encode()) == 48
        assert all(33 <= ord(character) <= 126 for character in password)
        for characters in (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation):
            assert set(password) & set(characters)
        for one, other in itertools.pairwise(password):
            assert abs(ord(one) - ord(other)) > 1


def test_no_two_passwords_are_alike_and_every_character_is_used() -> None:
    passwords = [random_password() for _ in range(400)]

    assert len(set(passwords)) == len(passwords)
    assert len({password[:6] for password in passwords}) == len(passwords)
    assert len(set("".join(passwords))) >= 26 + 26 + 10 + 15


def test_a_password_needs_no_escape_in_json() -> None:
    assert not {'"', "\\", "'"} & set("".join(random_password() for _ in range(100)))
