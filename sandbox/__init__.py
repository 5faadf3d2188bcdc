"""A local Auth0 tenant over HTTP, as unpleasant as Auth0 is."""

from __future__ import annotations

from sandbox.behaviour import Behaviour
from sandbox.clock import ManualClock
from sandbox.faults import Fault
from sandbox.identifiers import DEFAULT_CONNECTION
from sandbox.log import LoggedRequest
from sandbox.server import Sandbox
from sandbox.tenant import Tenant

__all__ = [
    "DEFAULT_CONNECTION",
    "Behaviour",
    "Fault",
    "LoggedRequest",
    "ManualClock",
    "Sandbox",
    "Tenant",
]
