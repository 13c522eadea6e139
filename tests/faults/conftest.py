"""Faults are met on both twins and on both transports."""

from __future__ import annotations

import pytest
from support.twins import KINDS


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Name both twins on both transports."""
    return str(request.param)
