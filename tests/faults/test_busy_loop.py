"""The event loop stands still while something arrives: the answer, its end, or bytes that belong to no request."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.raw import Exchange, RawServer, answer
from support.twins import end_attempts_in

from talon_async import RetryPolicy
from talon_async._transport.session import _idle
from talon_async.models import NewEvent

EVENT = NewEvent(type="t", session_id="s", profile_id="p", attributes={})
ONCE = RetryPolicy.off()
pytestmark = pytest.mark.parametrize("kind", ["awaited", "awaited-direct"])


def stand_still(seconds: float) -> None:
    """Keep the loop from running, which is what these tests are about."""
    time.sleep(seconds)


def stand_still_until_something_came(talon: Any) -> None:
    """Keep the loop from running until the idle connection, if it is still open, has something to read."""
    transport = talon._core.state().transport
    session = getattr(transport, "_session", None)
    for idle in transport._idle if session is None else _idle(session.connector):
        assert idle.is_readable(30_000)


async def happened(has: Callable[[], bool]) -> None:
    """Wait in the server for what the test does while its loop stands still."""
    while not has():
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("size", [10, 100_000])
async def test_an_answer_is_delivered_when_it_came_before_a_late_deadline(client: Any, size: int) -> None:
    """An answer that arrived before its deadline is delivered, although the loop runs the late timer first."""
    arrived, stands, sent = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def tell(exchange: Exchange) -> None:
        loop.call_soon_threadsafe(arrived.set)
        await happened(stands.is_set)
        await exchange.send(answer({"event": {"type": "x" * size}}))
        sent.set()

    with RawServer(tell) as server:
        talon = client(server.url, retry=ONCE)
        for _ in range(5):
            for event in (arrived, stands, sent):
                event.clear()
            call = asyncio.ensure_future(talon.track_event(EVENT))
            await arrived.wait()
            end_attempts_in(talon, 0.05)
            stands.set()
            assert sent.wait(30)
            stand_still(0.1)
            state = await call
            assert size == len(state.event.type)


async def test_an_answer_is_its_own_when_another_came_unasked(client: Any) -> None:
    """A stray answer on an idle connection is not given to the next call, even if the loop has not seen it yet."""
    read = threading.Semaphore(0)

    async def twice(exchange: Exchange) -> None:
        await exchange.send(answer({"event": {"type": "own"}}))
        await happened(functools.partial(read.acquire, blocking=False))
        await exchange.send(answer({"event": {"type": "stray"}}))

    with RawServer(twice) as server:
        talon = client(server.url, retry=ONCE)
        for _ in range(10):
            assert "own" == (await talon.track_event(EVENT)).event.type
            read.release()
            stand_still_until_something_came(talon)
    assert (10, 10) == (len(server.received), server.connections)


async def test_an_event_is_sent_on_another_connection_when_the_idle_one_has_ended(client: Any) -> None:
    """An event goes to a new connection when the idle one has ended, even if the loop has not seen the end yet.

    On the old one it would be lost.
    """

    async def then_end(exchange: Exchange) -> None:
        await exchange.send(answer({}))
        exchange.close()

    with RawServer(then_end) as server:
        talon = client(server.url, retry=ONCE)
        for _ in range(10):
            await talon.track_event(EVENT)
            stand_still_until_something_came(talon)
    assert 10 == len(server.received)


async def test_a_call_ends_at_its_deadline_when_no_answer_comes_after_a_standstill(client: Any) -> None:
    """A call without an answer ends at its deadline, even after a standstill of the loop."""
    received = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def silent(_: Exchange) -> None:
        loop.call_soon_threadsafe(received.set)
        await asyncio.sleep(60)

    with RawServer(silent) as server:
        talon = client(server.url, retry=ONCE)
        call = asyncio.ensure_future(talon.track_event(EVENT))
        await received.wait()
        end_attempts_in(talon, 0.05)
        stand_still(0.2)
        async with asyncio.timeout(3):
            with pytest.raises(TimeoutError) as caught:
                await call
    assert "unknown" == getattr(caught.value, "outcome", None)
