"""Settings of Hypothesis: the same examples every time, no deadline, and nothing left on the disk."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "talon",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine makes examples slow
)
settings.load_profile("talon")
