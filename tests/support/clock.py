"""Time that passes only when somebody waits, and chance that always says the most."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from talon_async._clock import Clock


class FakeClock(Clock):
    """Waits take no time; `waits` keeps how long they would have been."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=self.time - 1000)

    def uniform(self, low: float, high: float) -> float:
        return max(low, high)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


class Hurried(Clock):
    """A clock by which a tenth of a second has passed whenever it is asked."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        self.time += 0.1
        return self.time
