"""Settings of the whole suite."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A busy machine is no failure; a run that looks longer: pytest --hypothesis-profile=thorough
settings.register_profile("quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=2000)
settings.load_profile("quick")
