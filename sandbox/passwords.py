"""The password policy of a database connection."""

from __future__ import annotations

import hashlib
import string

from sandbox.errors import bad_request, invalid_body

_SHORTEST = 8
_MOST_BYTES = 72
_CLASSES_NEEDED = 3
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)


def digest_of(password: str) -> str:
    """The SHA-256 of a password that passes the policy; the password itself is kept nowhere.

    Raises:
        ApiError: 400, with no word on which rule was broken, as Auth0 has it.
    """
    if len(password.encode()) > _MOST_BYTES:
        raise invalid_body(f"'Password is longer than {_MOST_BYTES} bytes' on property password")
    classes = sum(any(letter in kind for letter in password) for kind in _CLASSES)
    if len(password) < _SHORTEST or classes < _CLASSES_NEEDED:
        raise bad_request("PasswordStrengthError: Password is too weak")
    return hashlib.sha256(password.encode()).hexdigest()
