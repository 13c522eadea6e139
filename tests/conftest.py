"""Fixtures for all tests."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aiohttp
import aioresponses.core
import pytest
from support.clock import FakeClock
from support.twins import twin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
    # aioresponses 0.7.9 makes answers without the argument that aiohttp 3.14 asks for
    class _Answer(aiohttp.ClientResponse):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.setdefault("stream_writer", Mock(output_size=0))
            super().__init__(*args, **kwargs)

    aioresponses.core.ClientResponse = _Answer


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock whose time passes only in waits."""
    return FakeClock()


@pytest.fixture(params=["awaited", "blocking"])
def kind(request: pytest.FixtureRequest) -> str:
    """Name the twin and, where the wire matters, the transport."""
    return str(request.param)


@pytest.fixture
async def client(kind: str) -> AsyncIterator[Callable[..., Any]]:
    """Make clients of either twin, which are closed at the end: `client(url, **options)`."""
    async with contextlib.AsyncExitStack() as stack:
        made: list[Any] = []

        def make(base_url: str, *args: Any, **options: Any) -> Any:
            made.append(twin(kind, base_url, *args, **options))
            stack.push_async_callback(made[-1].aclose)
            return made[-1]

        yield make
