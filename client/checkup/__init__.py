"""`check`: try everything that a run needs, change nothing, and say what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from client.checkup import machine, people, source, tenant
from client.checkup.findings import Finding, bad, good
from client.stop import Stop
from config.loading import SettingsError
from config.settings import Settings

__all__ = ["Finding", "check"]

_OF_SOURCE, _OF_TENANT = ("USERS_DB", "MSSQL_", "DB_"), ("AUTH0_",)  # how the names of their settings begin


def check(settings: Settings, stop: Stop, fault: SettingsError | None = None) -> Iterator[Finding]:
    """One finding after the other, as they come. What does not need what has failed is tried all the same.

    `fault`: what is wrong with the settings, if anything is. Raises `Stopped`.
    """
    for sentence in fault.faults if fault else ():
        yield bad("settings", sentence, is_setting=True)
    if fault is None:
        yield good("settings", f"{len(settings.model_fields_set)} are set, and all of them can be used")
    if fault and any(name.startswith(_OF_SOURCE) for name in fault.names):
        frame = None
        yield bad("database", "not tried, as its settings are at fault")
    else:
        frame = yield from source.findings(settings, stop)
    if fault and any(name.startswith(_OF_TENANT) for name in fault.names):
        there = None
        yield bad("Auth0", "not tried, as its settings are at fault")
    else:
        there = yield from tenant.findings(settings, stop, frame)
    if frame is not None and there is not None:
        yield from people.findings(settings, frame, there)
    yield from machine.findings(settings)
