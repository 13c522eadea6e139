"""Faults are met on both twins and on both ways of an exchange."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["awaited", "blocking", "traced"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both twins, and both ways of an exchange."""
    return str(request.param)
