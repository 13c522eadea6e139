"""Runs with a journal that read more calls than they hold at a time, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from talon_async import TalonOne
from talon_async.bulk.sources import ThreadSource
from talon_async.models import IntegrationEventV2Request
from tools.counting_server import CountingServer

COUNT = 3000


def events(count: int = COUNT) -> Iterator[IntegrationEventV2Request]:
    for n in range(count):
        yield IntegrationEventV2Request(profile_id=f"p{n % 100}", type="t", attributes={"n": n})


async def slowly(count: int = COUNT) -> AsyncIterator[IntegrationEventV2Request]:
    for n, event in enumerate(events(count)):
        yield event
        if n % 500 == 0:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("source", [events, slowly, lambda: ThreadSource(events())], ids=["loop", "async", "thread"])
async def test_a_run_reads_on_when_calls_have_made_room(tmp_path: Path, source: Any) -> None:
    """A run holds at most 1,088 calls at a time, and reads on from any source as calls are settled."""
    with CountingServer(delay=0.002) as server:
        async with asyncio.timeout(30), TalonOne(server.url, "key") as talon:
            report = await talon.track_events(source(), journal=tmp_path / "journal")
            assert (COUNT, COUNT) == (report.succeeded, len(server.counts.recorded))
            again = await talon.track_events(source(), journal=tmp_path / "journal")
            assert (0, COUNT) == (again.taken, again.skipped)  # it ends although there is nothing to send
