"""Clients of both twins with one interface, and a clock on which pauses take no time."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from talon_async import TalonOne, TalonOneSync
from talon_async._clock import Clock

if TYPE_CHECKING:
    from talon_async._core.core import Core, LoopState

KEY = "k3y-of-the-fault-matrix"
TRANSPORTS = ("session", "direct")
TWINS = ("awaited", "blocking")
THREADS = ThreadPoolExecutor(96, thread_name_prefix="caller")
"""The threads of the callers of blocking clients."""


class SkippingClock(Clock):
    """The real time with pauses that are skipped: they count, and take no time."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def monotonic(self) -> float:  # type: ignore[override]
        """Return the real seconds and the skipped ones."""
        return time.monotonic() + self.skipped

    def uniform(self, low: float, high: float) -> float:
        """Return the longest pause."""
        return max(low, high)

    async def sleep(self, seconds: float) -> None:
        """Skip a pause."""
        self.skipped += seconds
        await asyncio.sleep(0)


class Client:
    """A client of either twin, whose calls are awaited."""

    def __init__(self, twin: str, url: str, **options: Any) -> None:
        self._is_blocking = twin == "blocking"
        self._made: Any = TalonOneSync(url, KEY, **options) if self._is_blocking else TalonOne(url, KEY, **options)

    async def call(self, operation: str, *arguments: Any, **options: Any) -> Any:
        """Call an operation; return the whole response. `options` are those of a copy of the client."""
        made = self._made.with_options(**options) if options else self._made
        method = made.raw(getattr(made, operation))
        if not self._is_blocking:
            return await method(*arguments)
        return await asyncio.get_running_loop().run_in_executor(THREADS, method, *arguments)

    @property
    def core(self) -> Core:
        """Return the state of the client that all loops share."""
        core: Core = self._made._client._core if self._is_blocking else self._made._core  # noqa: SLF001  # to look for what is left
        return core

    async def loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop on which the client works."""
        here = asyncio.get_running_loop()
        if not self._is_blocking:
            return here
        portal = self._made._portal  # noqa: SLF001  # its loop has to stand still
        return await here.run_in_executor(THREADS, lambda: portal.thread().loop)

    async def on_loop(self, function: Any, *arguments: Any) -> None:
        """Run a function on the client's loop, right before the next call."""
        if self._is_blocking:
            (await self.loop()).call_soon_threadsafe(function, *arguments)
        else:
            function(*arguments)

    def leftovers(self) -> list[str]:
        """Return what the client holds although no call is under way."""
        return [line for state in self.core.states() for line in held(state)]

    async def close(self) -> None:
        """Close the client."""
        if self._is_blocking:
            await asyncio.get_running_loop().run_in_executor(THREADS, self._made.close)
        else:
            await self._made.aclose()


def held(state: LoopState) -> list[str]:
    """Return what a client holds on one loop, one line for each kind."""
    counts = {"locks": len(state.locks), "places": state.limiter.active, "waiting": state.limiter.waiting}
    counts["deadlines"] = len(state.deadlines)
    return [f"{count} {what}" for what, count in counts.items() if count]
