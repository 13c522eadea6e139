"""Time and chance, so that tests can bring their own."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """The real clock, the real wait, real chance."""

    monotonic: staticmethod[[], float] = staticmethod(time.monotonic)
    """Returns seconds that only grow."""

    def now(self) -> datetime:
        """Return the date and time."""
        return datetime.now(UTC)

    def uniform(self, low: float, high: float) -> float:
        """Return a random number between two."""
        return random.uniform(low, high)  # noqa: S311  # spreads waits, keeps no secret

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
