"""Settings that map one name to another: columns to metadata keys, the database's roles to Auth0's, roles to counts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

from sync.roles import folded
from sync.text import visible

_OF_AUTH0 = frozenset({  # what Auth0 does not take as a key of app_metadata
    "__tenant", "_id", "blocked", "clientID", "created_at", "email_verified", "email", "globalClientID",
    "global_client_id", "identities", "lastIP", "lastLogin", "loginsCount", "metadata", "multifactor_last_modified",
    "multifactor", "updated_at", "user_id",
})  # fmt: skip
_COUNT = re.compile(r"0*[1-9][0-9]{0,8}")  # of ASCII digits; int() would also take 1_0 and +1


def pairs(text: str) -> list[tuple[str, str]]:
    """The parts of a comma list as (column, key). The key follows the first colon; without one it is the column's
    name as written."""
    parts = (part.partition(":") for part in text.split(","))
    return [(column.strip(), (key if colon else column).strip()) for column, colon, key in parts]


def is_json_object(text: str) -> bool:
    """Whether a role map is given in itself; else `text` names the file that holds it."""
    return text.lstrip().startswith("{")


def _app_metadata(value: object) -> object:
    return _columns(value, _OF_AUTH0)


def _user_metadata(value: object) -> object:
    return _columns(value, frozenset())


def _columns(value: object, reserved: frozenset[str]) -> object:
    """Key to column, in the order of the text. Raises ValueError with all that is wrong."""
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    faults: list[str] = []
    for number, (column, key) in enumerate(pairs(value), start=1):
        if not column or not key:
            faults.append(f"part {number} is not of the form column or column:key")
        elif key in found:
            faults.append(f"the key {_shown(key)} comes twice")
        elif why := _key_fault(key, reserved):
            faults.append(f"the key {_shown(key)} {why}; name another with column:key")
        found[key] = column
    _raise(faults)
    return found


def _key_fault(key: str, reserved: frozenset[str]) -> str | None:
    if "." in key or "$" in key:
        return "must not contain . or $"
    return "is a name of Auth0's own" if key in reserved else None


def _namespace(key: str) -> str:
    if not key or any(letter.isspace() for letter in key):
        raise ValueError("must be one word")
    if why := _key_fault(key, _OF_AUTH0):
        raise ValueError(why)
    return key


def _role_map(value: object) -> object:
    """The database's name to Auth0's, from the text of a JSON object. Raises ValueError with all that is wrong."""
    if not isinstance(value, str):
        return value
    found: dict[str, str] = {}
    faults: list[str] = []
    spellings: dict[str, str] = {}  # a name without regard to case, and what it means
    written: set[str] = set()
    for name, meaning in _json_object(value):
        if name in written:
            faults.append(f"the name {_shown(name)} comes twice")
        elif not name.strip() or not isinstance(meaning, str) or not meaning.strip():
            faults.append(f"the entry {_shown(name)} must be two names, neither of them empty")
        elif spellings.setdefault(folded(name), meaning.strip()) != meaning.strip():
            faults.append(f"the name {_shown(name)} has two meanings: case and outer spaces make no difference")
        else:
            found[name.strip()] = meaning.strip()
        written.add(name)
    _raise(faults)
    return found


class _Pairs(list[tuple[str, object]]):
    """A JSON object with the names that come twice."""


def _json_object(text: str) -> _Pairs:
    try:
        parsed = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise ValueError("is not JSON that can be read") from None
    if not isinstance(parsed, _Pairs):
        raise ValueError('must be a JSON object such as {"Database name": "Auth0 name"}')  # noqa: TRY004
    return parsed


def _role_minimum(value: object) -> object:
    """Role to count. Raises ValueError with all that is wrong."""
    if not isinstance(value, str):
        return value
    found: dict[str, int] = {}
    faults: list[str] = []
    known: set[str] = set()
    for number, part in enumerate(value.split(","), start=1):
        role, _, count = (text.strip() for text in part.rpartition(":"))
        if not role or not _COUNT.fullmatch(count):
            faults.append(f"part {number} is not of the form role:count, with a count of at least 1")
        elif folded(role) in known:
            faults.append(f"the role {_shown(role)} comes twice")
        else:
            found[role] = int(count)
            known.add(folded(role))
    _raise(faults)
    return found


def _shown(text: str) -> str:
    return repr(visible(text, 80))


def _raise(faults: list[str]) -> None:
    if faults:
        raise ValueError("; ".join(faults))


def clashes(columns: str, namespace: str) -> Iterator[str]:
    """What is wrong between DB_COLUMNS_APP_METADATA and SYNC_NAMESPACE, both as written."""
    if any(key == namespace.strip() for _, key in pairs(columns)):
        yield (
            f"DB_COLUMNS_APP_METADATA: the key {_shown(namespace.strip())} is SYNC_NAMESPACE, "
            "under which the job keeps its own notes; name another with column:key"
        )


AppMetadata = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_app_metadata)]
UserMetadata = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_user_metadata)]
Namespace = Annotated[str, AfterValidator(_namespace)]
RoleMap = Annotated[Mapping[str, str], NoDecode, BeforeValidator(_role_map)]
RoleMinimum = Annotated[Mapping[str, int], NoDecode, BeforeValidator(_role_minimum)]
