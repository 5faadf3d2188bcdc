"""What needs a real SQL Server, and what these tests are made of."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.integration.population", "tests.integration.runs", "tests.integration.server")
