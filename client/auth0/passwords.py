"""Random passwords that nobody has seen: a new account's owner sets their own."""

from __future__ import annotations

import itertools
import secrets
import string

_LENGTH = 48  # of the 72 bytes that Auth0 takes
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!#$%&*+-./:;<=>?@^_~")
_ALPHABET = "".join(_CLASSES)


def random_password() -> str:
    """48 printable ASCII characters of all four classes, none twice in a row and no two in sequence.

    That passes every password policy that Auth0 offers.
    """
    while True:
        password = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        neighbours = itertools.pairwise(password)
        if all(set(password) & set(characters) for characters in _CLASSES) and all(
            abs(ord(one) - ord(other)) > 1 for one, other in neighbours
        ):
            return password
