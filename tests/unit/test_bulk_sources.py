"""Sources of calls: slow, in threads, asynchronous; read no further than there is room."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from support.clock import FakeClock
from support.transport import Immediate, inner

from talon_async import Success, TalonOneSync
from talon_async.errors import BulkInterruptedError
from talon_async.models import IntegrationEventV2Request


def event(n: int) -> IntegrationEventV2Request:
    return IntegrationEventV2Request(type=str(n), profile_id=f"p{n}")


async def test_a_generator_is_read_in_a_thread_when_it_turns_out_slow() -> None:
    """A slow generator is read in a thread. The loop goes on, and each item is sent while the next one is awaited."""
    clock, threads = FakeClock(), list[int]()
    sent = threading.Semaphore(0)

    async def noting(_: Any) -> Any:
        sent.release()
        return await Immediate().send(_, None)

    def slow() -> Iterator[Any]:
        for n in range(20):
            threads.append(threading.get_ident())
            clock.time += 0.02
            yield event(n)
            if n:
                assert sent.acquire(timeout=20)

    async with inner(Immediate(noting), clock=clock) as talon:
        report = await talon.track_events(slow())
    assert 20 == report.succeeded
    assert threading.get_ident() == threads[0]
    assert threading.get_ident() not in threads[1:]
    assert 1 == len(set(threads[1:]))


async def test_a_generator_is_read_in_the_loop_when_it_is_quick() -> None:
    """A quick generator is read in the loop, without a thread."""
    threads = set[int]()

    def quick() -> Iterator[Any]:
        for n in range(50):
            threads.add(threading.get_ident())
            yield event(n)

    async with inner(Immediate(), clock=FakeClock()) as talon:
        await talon.track_events(quick())
    assert {threading.get_ident()} == threads


async def test_the_error_of_a_slow_generator_is_raised_when_its_thread_meets_it() -> None:
    """The error of a slow generator is raised after everything that it gave is sent."""
    clock = FakeClock()

    def slow() -> Iterator[Any]:
        for n in range(5):
            clock.time += 0.02
            yield event(n)
        raise KeyError("the file is broken")

    async with inner(Immediate(), clock=clock) as talon:
        with pytest.raises(BulkInterruptedError, match="the source raised KeyError") as caught:
            await talon.track_events(slow())
    assert 5 == caught.value.report.succeeded


async def test_no_more_is_taken_than_results_are_read_when_calls_are_streamed() -> None:
    """A slow reader of results holds up the source.

    When it leaves, the calls under way are given up and the source is closed.
    """
    taken, closed = list[int](), list[str]()

    async def source() -> AsyncIterator[Any]:
        try:
            for n in range(10_000):
                taken.append(n)
                yield event(n)
        finally:
            closed.append("yes")

    async with inner(Immediate(), clock=FakeClock()) as talon:
        async with contextlib.aclosing(talon.stream_events(source(), concurrency=4, buffer=6)) as results:
            async for result in results:
                assert isinstance(result, Success)
                for _ in range(50):
                    await asyncio.sleep(0)
                break
    assert len(taken) <= 4 + 6 + 1
    assert ["yes"] == closed


def test_results_are_an_iterator_when_the_client_is_blocking() -> None:
    """The results of a blocking client are an iterator that reads the source in between.

    A source may wait for a result before it goes on.
    """
    talon = TalonOneSync("http://127.0.0.1:9", "k3y")
    talon._client._core._make_transport = Immediate()  # type: ignore[assignment]
    threads, seen = set[int](), list[int]()

    def source() -> Iterator[Any]:
        for n in range(1000):
            threads.add(threading.get_ident())
            yield event(n)

    with talon:
        seen.extend(result.index for result in talon.stream_events(source(), concurrency=8, ordered=True))
        assert list(range(1000)) == seen
        assert {threading.get_ident()} == threads
        stream = talon.stream_events(source(), concurrency=8)
        next(stream)
        stream.close()
        assert 5 == talon.track_events(map(event, range(5))).succeeded
