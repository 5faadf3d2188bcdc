"""Strict checks of bodies, query strings and import rows, in the words of Auth0's validator.

Written by hand on purpose: a validation library would answer with its own sentences, and would be the
slowest part of a server that has to outrun its clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sandbox.errors import invalid_body, invalid_query

_INTEGER = re.compile(r"-?\d+")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST_EMAIL = 254
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "object": (dict,),
    "array": (list,),
}
_FORMATS = {
    "strict-uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]+"),
    "user-id": re.compile(r"[^|]+\|.+", re.DOTALL),
    "role-id": re.compile(r"rol_[A-Za-z0-9]{16}"),
}


class Violation(NamedTuple):
    """What is wrong with a value: a code as import jobs use it, a sentence, and where."""

    code: str
    why: str
    path: str
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a value must be. `about` is Auth0's description of the property, which it quotes in errors."""

    type: str
    nullable: bool = False
    shortest: int | None = None
    longest: int | None = None
    lowest: int | None = None
    highest: int | None = None
    pattern: str | None = None
    format: str | None = None
    choices: tuple[str, ...] = ()
    items: Rule | None = None
    shape: Shape | None = None
    forbidden: frozenset[str] = frozenset()
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The properties of an object; unless `open`, no others are allowed."""

    properties: Mapping[str, Rule]
    required: tuple[str, ...] = ()
    open: bool = False


def check_body(body: object, shape: Shape) -> dict[str, Any]:
    """`body` itself when it fits `shape`.

    Raises:
        ApiError: 400 invalid_body.
    """
    if not isinstance(body, dict):
        raise invalid_body(f"'Expected type object but found type {_type_name(body)}'")
    fault = shape_violation(body, shape)
    if fault is not None:
        raise invalid_body(_sentence(fault))
    return body


def check_query(query: Mapping[str, str], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """The named parameters of `query`, converted; others are left out, as Auth0 ignores them.

    Raises:
        ApiError: 400 invalid_query_string.
    """
    arguments: dict[str, Any] = {}
    for name, rule in rules.items():
        if name not in query:
            continue
        value = _converted(query[name], rule.type)
        fault = violation(value, rule, name)
        if fault is not None:
            raise invalid_query(_sentence(fault))
        arguments[name] = value
    return arguments


def shape_violation(body: Mapping[str, Any], shape: Shape, path: str = "") -> Violation | None:
    """The first thing about `body` that does not fit, or None."""
    if not shape.open:
        strangers = [name for name in body if name not in shape.properties]
        if strangers:
            why = f"Additional properties not allowed: {','.join(strangers)}"
            return Violation("OBJECT_ADDITIONAL_PROPERTIES", why, path)
    for name in shape.required:
        if name not in body:
            return Violation("OBJECT_REQUIRED", f"Missing required property: {name}", path)
    for name, value in body.items():
        rule = shape.properties.get(name)
        if rule is not None:
            fault = violation(value, rule, f"{path}.{name}" if path else name)
            if fault is not None:
                return fault
    return None


def violation(value: object, rule: Rule, path: str) -> Violation | None:
    """The first thing about `value` that breaks `rule`, or None."""
    if value is None and rule.nullable:
        return None
    if not isinstance(value, _TYPES[rule.type]) or (isinstance(value, bool) and rule.type == "integer"):
        why = f"Expected type {rule.type} but found type {_type_name(value)}"
        return Violation("INVALID_TYPE", why, path, rule.about)
    found: Violation | None = None
    if isinstance(value, str):
        found = _text_violation(value, rule, path)
    elif isinstance(value, int):
        found = _number_violation(value, rule, path)
    elif isinstance(value, list):
        found = _list_violation(value, rule, path)
    elif isinstance(value, dict):
        found = _object_violation(value, rule, path)
    return found


def is_email(text: str) -> bool:
    """Whether Auth0 takes `text` for an e-mail address."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def has_format(text: str, name: str) -> bool:
    """Whether `text` is of one of Auth0's named formats."""
    return is_email(text) if name == "email" else _FORMATS[name].fullmatch(text) is not None


def _text_violation(value: str, rule: Rule, path: str) -> Violation | None:
    if rule.shortest is not None and len(value) < rule.shortest:
        why = f"String is too short ({len(value)} chars), minimum {rule.shortest}"
        return Violation("MIN_LENGTH", why, path, rule.about)
    if rule.longest is not None and len(value) > rule.longest:
        why = f"String is too long ({len(value)} chars), maximum {rule.longest}"
        return Violation("MAX_LENGTH", why, path, rule.about)
    if rule.pattern is not None and re.search(rule.pattern, value) is None:
        why = f"String does not match pattern {rule.pattern}"
        return Violation("PATTERN", why, path, rule.about)
    if rule.format is not None and not has_format(value, rule.format):
        why = f"Object didn't pass validation for format {rule.format}: {value}"
        return Violation("FORMAT", why, path, rule.about)
    if rule.choices and value not in rule.choices:
        return Violation("ENUM_MISMATCH", f"No enum match for: {value}", path, rule.about)
    return None


def _number_violation(value: int, rule: Rule, path: str) -> Violation | None:
    if rule.lowest is not None and value < rule.lowest:
        why = f"Value {value} is less than minimum {rule.lowest}"
        return Violation("MINIMUM", why, path, rule.about)
    if rule.highest is not None and value > rule.highest:
        why = f"Value {value} is greater than maximum {rule.highest}"
        return Violation("MAXIMUM", why, path, rule.about)
    return None


def _list_violation(value: list[Any], rule: Rule, path: str) -> Violation | None:
    if rule.shortest is not None and len(value) < rule.shortest:
        why = f"Array is too short ({len(value)}), minimum {rule.shortest}"
        return Violation("ARRAY_LENGTH_SHORT", why, path, rule.about)
    if rule.items is not None:
        for index, item in enumerate(value):
            fault = violation(item, rule.items, f"{path}[{index}]")
            if fault is not None:
                return fault
    return None


def _object_violation(value: dict[str, Any], rule: Rule, path: str) -> Violation | None:
    barred = [name for name in value if name in rule.forbidden or "." in name or "$" in name]
    if rule.forbidden and barred:
        why = f"Additional properties not allowed: {','.join(barred)}"
        return Violation("OBJECT_ADDITIONAL_PROPERTIES", why, path, rule.about)
    return shape_violation(value, rule.shape, path) if rule.shape is not None else None


def _converted(text: str, kind: str) -> object:
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def _sentence(fault: Violation) -> str:
    where = f" on property {fault.path}" if fault.path else ""
    about = f" ({fault.about})" if fault.about else ""
    return f"'{fault.why}'{where}{about}"


def _type_name(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
