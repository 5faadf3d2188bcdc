"""Talks: to Auth0 and to the operator."""

from __future__ import annotations

__version__ = "0.1.0"
