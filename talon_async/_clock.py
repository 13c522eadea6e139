"""Time, waiting and random numbers, in one class that tests can replace."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """Tells the time, waits and draws random numbers. Tests pass a clock of their own."""

    monotonic: staticmethod[[], float] = staticmethod(time.monotonic)
    """Returns the seconds of a clock that never goes back."""

    def now(self) -> datetime:
        """Return the current date and time, in UTC."""
        return datetime.now(UTC)

    def uniform(self, low: float, high: float) -> float:
        """Return a random number between `low` and `high`."""
        return random.uniform(low, high)  # noqa: S311  # spreads waits, keeps no secret

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""
        await asyncio.sleep(seconds)
