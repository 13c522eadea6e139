"""Gives the tests places for journals, and a server and a clock for queues."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.clock import HeldClock
from support.queues import Shop
from support.raw import RawServer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.journal"


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    with RawServer(shop) as server:
        yield server.url
        shop.is_held = False


@pytest.fixture(params=["memory", "journal"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Name where a queue keeps its events: in memory, or in a folder."""
    return tmp_path / "events" if request.param == "journal" else None


@pytest.fixture
def held() -> HeldClock:
    return HeldClock()
