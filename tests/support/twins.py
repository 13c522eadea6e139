"""One face for both twins, so that a test written once runs awaited and blocking."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any, Self

import aiohttp
import pytest

from talon_async import TalonOne, TalonOneSync
from talon_async._endpoint import endpoints_of
from talon_async._transport import exchange

KEY = "k3y-of-the-tests"


class Blocking:
    """A `TalonOneSync` whose calls are awaited: each runs on a thread, as ordinary code would."""

    def __init__(self, client: TalonOneSync) -> None:
        self.client = client

    async def __aenter__(self) -> Self:
        self.client.__enter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.client.close)

    async def aclose(self) -> None:
        await asyncio.to_thread(self.client.close)

    def with_options(self, **options: Any) -> Blocking:
        return Blocking(self.client.with_options(**options))

    def raw(self, method: Any) -> Any:
        return self._awaited(self.client.raw(method.__wrapped__))

    @staticmethod
    def _awaited(method: Any) -> Any:
        async def call(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(method, *args, **kwargs)

        call.__wrapped__ = method  # type: ignore[attr-defined]
        return call

    def __getattr__(self, name: str) -> Any:
        return self._awaited(getattr(self.client, name))


tried = pytest.mark.skipif(
    not aiohttp.__version__.startswith(exchange._TRIED),
    reason=f"aiohttp {aiohttp.__version__} is newer than what was tried: calls go through its session",
)


def traced(request: Any) -> Any:
    """Wrap a method as tracers do."""

    @functools.wraps(request)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await request(*args, **kwargs)

    return wrapper


def twin(kind: str, base_url: str, key: Any = KEY, **options: Any) -> Any:
    """Return a client of either kind."""
    if kind in ("awaited", "traced"):
        return TalonOne(base_url, key, **options)
    return Blocking(TalonOneSync(base_url, key, **options))


OPERATIONS = endpoints_of(TalonOne)
assert all(inspect.iscoroutinefunction(getattr(TalonOne, name)) for name in OPERATIONS)
