"""Where settings come from: the environment as `docker run` makes it, and env files, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
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
    """`value` without one matching pair of quotes around it, and without the carriage return of a CRLF file."""
    inner = value.strip()
    if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "\"'":
        return inner[1:-1]
    return value.rstrip("\r\n")


def read_env_file(path: Path) -> dict[str, str]:
    """The names and values of an env file. `${...}` stands for itself: a password may contain it.

    Raises `EnvFileError` for a file that is missing or has a line that means nothing.
    """
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except OSError as error:
        raise EnvFileError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise EnvFileError(f"{path}: is not UTF-8") from None
    for binding in bindings:
        if binding.error or (binding.key and binding.value is None):
            raise EnvFileError(f"{path}: line {binding.original.line} is not of the form NAME=value")
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value is not None}
