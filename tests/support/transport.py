"""Transports without a network: they answer at once, or as a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from support.twins import KEY
from talon_async import TalonOne
from talon_async._messages import Answer, Request


class Immediate:
    """Answers every request in the next iteration of the loop, or as `behave` does."""

    def __init__(self, behave: Callable[[Request], Awaitable[Answer]] | None = None) -> None:
        self._behave = behave

    def __call__(self, *_: object) -> Immediate:
        """Stand for the class of a transport."""
        return self

    async def send(self, request: Request, _: Any) -> Answer:
        if self._behave is not None:
            return await self._behave(request)
        await asyncio.sleep(0)
        return Answer(200, {}, b"{}")

    async def connect(self, _: float) -> None:
        pass

    async def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def inner(transport: Immediate, **options: Any) -> TalonOne:
    """Make a client whose requests go to a transport of the test's."""
    talon = TalonOne("http://127.0.0.1:9", KEY, **options)
    talon._core._make_transport = transport  # type: ignore[assignment]
    return talon
