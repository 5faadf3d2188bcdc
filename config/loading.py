"""Reading the settings: from the environment, then the env file, then /run/secrets; every fault at once, by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from config.login import login_faults
from config.mapping import clashes, is_json_object
from config.settings import Settings
from config.sources import EnvFileError, Strings, brief, read_env_file, read_secrets
from sync.text import visible

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DEFAULT_ENV_FILE = Path(".env")
SECRETS_DIR = Path("/run/secrets")
_OURS = ("SYNC_", "DB_COLUMN", "DB_ROLE", "CLIENT_IGNORE_")  # nothing else is called so
_STAND_INS = {  # of what is required
    "auth0_url": "http://localhost", "auth0_client_id": "?", "auth0_client_secret": "?", "auth0_connection": "?",
}  # fmt: skip
_UNREADABLE = (OSError, RuntimeError, ValueError)  # ~ of a user who is not there; no UTF-8, no path at all


class SettingsError(Exception):
    """The settings cannot be used. `faults`: every one, each a sentence that begins with its setting."""

    @property
    def names(self) -> frozenset[str]:
        """The settings at fault, in upper case, and whatever else a fault begins with."""
        return frozenset(fault.partition(":")[0].upper() for fault in self.faults)

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def load(environ: Mapping[str, str], env_file: Path | None = None, *, secrets_dir: Path = SECRETS_DIR) -> Settings:
    """Read and check all settings.

    `env_file`: a file that must exist; None means `.env`, if there is one. Raises `SettingsError`.
    """
    values, faults = _gathered(environ, env_file, secrets_dir)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        faults += [_sentence(fault) for fault in error.errors(include_input=False, include_url=False)]
    if faults:
        raise SettingsError(faults)
    return settings


def load_the_rest(
    environ: Mapping[str, str], env_file: Path | None, fault: SettingsError, *, secrets_dir: Path = SECRETS_DIR
) -> Settings:
    """What `load` would return, were the settings of its `fault` not set; what is required then has a stand-in."""
    values, _ = _gathered(environ, env_file, secrets_dir)
    usable = {name: value for name, value in values.items() if name.upper() not in fault.names}
    return Settings(**{**_STAND_INS, **usable})


def _gathered(environ: Mapping[str, str], env_file: Path | None, secrets_dir: Path) -> tuple[dict[str, Any], list[str]]:
    """The values as they are given, and what is wrong with them that the types do not tell."""
    faults: list[str] = []
    from_file = _env_file(env_file, faults)
    secrets, unreadable = read_secrets(secrets_dir, Settings.model_fields)
    faults += unreadable
    values: dict[str, Any] = {
        **Strings(Settings, secrets)(),
        **Strings(Settings, from_file)(),
        **Strings(Settings, environ, unquote=True)(),
    }
    faults += _misspelt({**from_file, **environ})
    faults += _query(values)
    faults += _database(values)
    faults += _role_map(values)
    faults += _namespace(values)
    return values, faults


def _env_file(path: Path | None, faults: list[str]) -> dict[str, str]:
    if path is None and not DEFAULT_ENV_FILE.exists():
        return {}
    try:
        return read_env_file(path or DEFAULT_ENV_FILE)
    except EnvFileError as error:
        faults.append(str(error))
        return {}


def _misspelt(names: Iterable[str]) -> Iterator[str]:
    """A limit or a protection that is misspelt must not be none."""
    known = [name.upper() for name in Settings.model_fields]
    for name in names:
        if name.upper().startswith(_OURS) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1)
            yield f"{name}: there is no such setting" + (f"; is {near[0]} meant?" if near else "")


def _query(values: dict[str, Any]) -> Iterator[str]:
    """Exactly one of the two ways to give the query; a file is read here, into `users_db_query`."""
    file = values.get("users_db_query_file")
    if bool(file) == bool(values.get("users_db_query")):
        yield "USERS_DB_QUERY: set either this or USERS_DB_QUERY_FILE" + (", not both" if file else "")
    elif file:
        try:
            values["users_db_query"] = _text_of(file)
        except _UNREADABLE as error:
            yield f"USERS_DB_QUERY_FILE: {file} cannot be read ({brief(error)})"
        else:
            if not values["users_db_query"].strip():
                yield f"USERS_DB_QUERY_FILE: {file} is empty"


def _database(values: dict[str, Any]) -> Iterator[str]:
    """Either a URL or the `MSSQL_*` that have no default, as far as the way to log in needs them."""
    yield from login_faults(values)
    server = str(values.get("mssql_server") or "").strip()
    if "," in server:
        yield "MSSQL_SERVER: is a host name alone; put the port into MSSQL_PORT"
    elif re.search(r"[;{}=\s/]", server):
        yield "MSSQL_SERVER: is a host name, or host\\instance"


def _role_map(values: dict[str, Any]) -> Iterator[str]:
    """What is no JSON object names the file that holds it; that is read here, into `auth0_role_map`."""
    given = str(values.get("auth0_role_map") or "").strip()
    if given and not is_json_object(given):
        try:
            values["auth0_role_map"] = _text_of(given)
        except _UNREADABLE as error:
            del values["auth0_role_map"]
            yield (
                f"AUTH0_ROLE_MAP: {visible(given, 200)} cannot be read ({brief(error)}); "
                "set a JSON object, or the path of a file that holds one"
            )


def _namespace(values: dict[str, Any]) -> Iterator[str]:
    """Checked here, as a model's own check would wait until every other fault is gone."""
    namespace = values.get("sync_namespace", Settings.model_fields["sync_namespace"].default)
    return clashes(values.get("db_columns_app_metadata", ""), namespace)


def _text_of(file: str) -> str:
    return Path(file).expanduser().read_text(encoding="utf-8-sig")


def _sentence(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0]).upper() if fault["loc"] else "settings"
    if fault["type"] == "missing":
        return f"{name}: is required"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{name}: {message[:1].lower()}{message[1:]}"
