"""Clocks whose time passes only in waits, and whose random numbers are always the largest."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from talon_async._clock import Clock


class FakeClock(Clock):
    """A clock whose waits take no time; `waits` keeps their lengths."""

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


class HeldClock(Clock):
    """A clock that the test moves on, for any number of event loops; a sleep ends when its time has come."""

    def __init__(self) -> None:
        self.time = 1000.0
        self._sleepers: list[tuple[float, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 11, 27, tzinfo=UTC) + timedelta(seconds=self.time - 1000)

    def uniform(self, low: float, high: float) -> float:
        return max(low, high)

    async def sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        sleeper = self.time + seconds, loop, loop.create_future()
        self._sleepers.append(sleeper)
        try:
            if seconds > 0:
                await sleeper[2]
        finally:
            self._sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        """Move time on, from any thread."""
        self.time += seconds
        for due, loop, sleeper in list(self._sleepers):
            if due <= self.time and not loop.is_closed():
                loop.call_soon_threadsafe(lambda sleeper=sleeper: sleeper.done() or sleeper.set_result(None))


class Hurried(Clock):
    """A clock on which a tenth of a second passes each time it is read."""

    def __init__(self) -> None:
        self.time = 0.0

    def monotonic(self) -> float:
        self.time += 0.1
        return self.time
