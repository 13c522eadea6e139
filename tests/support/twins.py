"""Clients of both twins with one interface, so that a test that is written once runs awaited and blocking."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from talon_async import TalonOne, TalonOneSync
from talon_async._endpoint import endpoints_of

KEY = "k3y-of-the-tests"
KINDS = ["awaited", "blocking", "awaited-direct", "blocking-direct"]
"""Both twins on both transports."""


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

    def prepare(self, method: Any) -> Any:
        return self.client.prepare(method.__wrapped__)

    def stream_events(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        return self._each(self.client.stream_events(*args, **options))

    @staticmethod
    async def _each(results: Iterator[Any]) -> AsyncIterator[Any]:
        while (result := await asyncio.to_thread(next, results, None)) is not None:
            yield result

    def __getattr__(self, name: str) -> Any:
        return self._awaited(getattr(self.client, name))


def twin(kind: str, base_url: str, key: Any = KEY, **options: Any) -> Any:
    """Return a client of either twin, `awaited` or `blocking`; `-direct` behind it names the other transport."""
    twin_name, _, transport = kind.partition("-")
    if transport:
        options["transport"] = transport
    if twin_name == "awaited":
        return TalonOne(base_url, key, **options)
    return Blocking(TalonOneSync(base_url, key, **options))


OPERATIONS = endpoints_of(TalonOne)
assert all(inspect.iscoroutinefunction(getattr(TalonOne, name)) for name in OPERATIONS)


def end_attempts_in(talon: TalonOne, seconds: float) -> None:
    """Move the deadlines of all attempts under way, so that a test does not wait for them."""
    state = talon._core.state()
    assert state is not None
    for attempt in state.deadlines.by_task.values():
        attempt.deadline = state.loop.time() + seconds
        state.deadlines._set_timer(attempt.deadline)
