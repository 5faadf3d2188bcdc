"""The endpoints, one module per part of Auth0's API."""

from __future__ import annotations
