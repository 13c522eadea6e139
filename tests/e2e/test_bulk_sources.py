"""Sources of many calls, and how a run of them ends; awaited and blocking."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.clock import FakeClock
from support.raw import Exchange, RawServer, answer, hang
from support.transport import Immediate, inner
from support.twins import KEY

from talon_async import Snapshot, TalonOne, TalonOneSync
from talon_async.errors import (
    AuthenticationError,
    ClientClosedError,
)
from talon_async.models import (
    NewEvent,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
from support.recorder import Recorder, event


async def test_the_source_may_be_asynchronous_when_the_client_is() -> None:
    """The awaited client takes events from an asynchronous source, such as a queue, a stream or a database cursor."""

    async def source() -> AsyncIterator[NewEvent]:
        for n in range(20):
            await asyncio.sleep(0)
            yield event(n)

    recorder = Recorder()
    with RawServer(recorder) as server:
        async with TalonOne(server.url, KEY) as talon:
            await talon.track_events(source())
    assert list(range(20)) == recorder.numbers["p"]


async def test_the_source_is_read_no_further_than_needed_when_it_is_endless() -> None:
    """An endless source is read only as far as calls are under way or in the buffer."""
    taken = 0

    def endless() -> Iterator[NewEvent]:
        nonlocal taken
        while True:
            taken += 1
            yield event(taken)

    async def hang(_: Exchange) -> None:
        await asyncio.sleep(60)

    with RawServer(hang) as server:
        async with TalonOne(server.url, KEY) as talon:
            run = asyncio.ensure_future(talon.track_events(endless(), concurrency=8))
            while not server.received:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
    assert taken <= 8 + 4 * 8


async def test_nothing_is_lost_when_a_run_is_cancelled() -> None:
    """The last snapshot of a cancelled run counts calls under way as unknown and waiting ones as unsent.

    The exception has both.
    """
    last: list[Snapshot] = []

    async def one_then_hang(exchange: Exchange) -> None:
        await (exchange.send(answer({})) if len(server.received) == 1 else asyncio.sleep(60))

    with RawServer(one_then_hang) as server:
        async with TalonOne(server.url, KEY) as talon:
            call = talon.track_events([event(n) for n in range(5)], concurrency=2, progress=last.append)
            run = asyncio.ensure_future(call)
            while len(server.received) < 2:
                await asyncio.sleep(0.01)
            run.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await run
    assert (5, 1, 1, 3, 0) == (
        last[-1].taken, last[-1].succeeded, last[-1].unknown, last[-1].unsent, last[-1].pending,
    )  # fmt: skip
    report = caught.value.__dict__["report"]
    assert ["unknown", "unsent", "unsent", "unsent"] == [failure.outcome for failure in report.failures]


def test_the_run_is_over_when_the_caller_of_a_blocking_one_is_interrupted() -> None:
    """Ctrl-C in a blocking run is raised once nothing runs any more, and has the report."""

    def source() -> Iterator[NewEvent]:
        for n in range(10):
            yield event(n, f"p{n}")
        while len(server.received) < 4:
            threading.Event().wait(0.01)
        raise KeyboardInterrupt

    with RawServer(hang) as server, TalonOneSync(server.url, KEY) as talon:
        with pytest.raises(KeyboardInterrupt) as caught:
            talon.track_events(source(), concurrency=4)
        report = caught.value.__dict__["report"]
        before = (report.taken, report.unknown, report.unsent)
        assert (report.taken, 4, 0) == (report.done, report.unknown, report.pending)
        assert before == (report.taken, report.unknown, report.unsent)
        assert len(server.received) == 4


def test_the_source_is_read_on_the_callers_thread_when_the_call_is_blocking() -> None:
    """A blocking run reads its source on the caller's thread, because database cursors belong to their thread."""
    threads = set()

    def source() -> Iterator[NewEvent]:
        for n in range(600):
            threads.add(threading.get_ident())
            yield event(n, f"p{n % 5}")

    recorder = Recorder()
    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        report = talon.track_events(source())
    assert ({threading.get_ident()}, 600, 600) == (threads, report.succeeded, recorder.count)
    assert all(numbers == sorted(numbers) for numbers in recorder.numbers.values())


def test_an_event_is_sent_at_once_when_its_source_is_slow() -> None:
    """An event of a slow source is sent at once, without waiting for more events."""
    seen = threading.Event()
    recorder = Recorder(lambda _: seen.set())

    def source() -> Iterator[NewEvent]:
        yield event(1)
        threading.Event().wait(0.1)
        yield event(2)
        assert seen.wait(10)
        yield event(3)

    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        assert talon.track_events(source()).succeeded == 3


async def test_refusals_are_repeated_inside_a_run_when_the_server_is_busy(client: Any) -> None:
    """A call that the server refuses for now is repeated inside a run as it is outside."""
    busy = answer({"message": "Too many requests are updating this profile at the same time"}, status=409)
    with RawServer(busy, busy, answer({})) as server:
        report = await client(server.url, clock=FakeClock()).track_events([event(1)])
    assert (1, 3) == (report.succeeded, len(server.received))


async def test_memory_does_not_grow_when_a_run_is_ten_times_as_long() -> None:
    """The memory of a run does not grow with its length, because only failures are kept.

    The smallest of three peaks counts, because everything in the process is measured.
    """
    import tracemalloc

    talon = inner(Immediate())

    async def peak(count: int) -> int:
        tracemalloc.start()
        report = await talon.track_events((event(n, f"p{n % 300}") for n in range(count)), concurrency=16)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.succeeded == count
        return size

    async with talon:
        await peak(100)
        short, long = await peak(1_500), min([await peak(15_000) for _ in range(3)])
    assert long < short + 50_000


async def test_the_report_comes_at_once_when_the_run_stops_and_the_source_is_idle() -> None:
    """A run that stops returns its report at once, even if its source is waiting for its next item."""

    async def source() -> AsyncIterator[NewEvent]:
        yield event(1)
        await asyncio.sleep(60)

    with RawServer(answer({}, status=401)) as server:
        async with TalonOne(server.url, KEY) as talon, asyncio.timeout(20):
            report = await talon.track_events(source())
    assert (1, 1, AuthenticationError) == (report.taken, report.unsent, type(report.stopped_by))


def test_the_report_is_kept_when_the_client_is_closed_meanwhile() -> None:
    """Closing the client ends a run.

    Everything that was taken is recorded or among the failures, and no more is taken.
    """
    recorder = Recorder()

    def source() -> Iterator[NewEvent]:
        for n in range(100_000):
            if n == 300:
                threading.Thread(target=talon.close).start()
            yield event(n, f"p{n % 50}")

    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        report = talon.track_events(source())
    assert isinstance(report.stopped_by, ClientClosedError)
    assert report.taken == report.done < 100_000
    assert report.succeeded <= recorder.count
    assert recorder.count - report.succeeded <= report.unknown


def test_an_event_is_sent_at_once_when_the_source_waits_before_the_next() -> None:
    """An event is sent while a source that blocks waits for its next one."""
    seen = threading.Event()
    recorder = Recorder(lambda _: seen.set())

    def source() -> Iterator[NewEvent]:
        yield event(1)
        assert seen.wait(20)

    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        assert talon.track_events(source()).succeeded == 1
