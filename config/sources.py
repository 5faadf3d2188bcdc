"""Where settings come from: the environment as `docker run` makes it, and env files, read strictly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic_settings import BaseSettings, EnvSettingsSource


class EnvFileError(Exception):
    """An env file cannot be read; says which, where and why."""


class Strings(EnvSettingsSource):
    """Settings from a mapping of names to strings. Names match without case; empty means not set."""

    def __init__(self, settings_cls: type[BaseSettings], strings: Mapping[str, str], *, unquote: bool = False) -> None:
        """`unquote` takes off a matching pair of quotes: `docker run --env-file` keeps those of the file."""
        self._strings = {name.lower(): without_quotes(value) if unquote else value for name, value in strings.items()}
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name: value for name, value in self._strings.items() if value.strip()}


def without_quotes(value: str) -> str:
    """`value` without the space around it (a CRLF file's carriage return too), then without one matching pair
    of quotes. Space inside the quotes is meant."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def read_env_file(path: Path) -> dict[str, str]:
    """The names and values of an env file. `${...}` stands for itself: a password may contain it.

    Raises `EnvFileError` for a file that is missing or has a line that means nothing.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise EnvFileError(f"{path}: cannot be read ({brief(error)})") from None
    for binding in bindings:
        if binding.error or (binding.key and binding.value is None):
            text = binding.original.string  # begins with the empty lines before it
            line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            raise EnvFileError(f"{path}: line {line} is not of the form NAME=value")
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value is not None}


def read_secrets(directory: Path, names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The files of `directory` that are called like one of `names`, without regard to case, and a sentence for
    each that cannot be read. Other files there are none of our business."""
    values: dict[str, str] = {}
    faults: list[str] = []
    known = set(names)
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.name.lower() in known and path.is_file():
            try:
                values[path.name] = path.read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"{path.name.upper()}: {path} cannot be read ({brief(error)})")
    return values, faults


def brief(error: Exception) -> str:
    """Why a file cannot be read, without its content."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return getattr(error, "strerror", None) or "there is no such place"
