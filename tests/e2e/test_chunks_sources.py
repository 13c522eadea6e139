"""Sources of large requests, which are slow, endless or broken off: nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.chunks import Recorder, add, assert_whole, profile, profiles
from support.clock import FakeClock, Hurried
from support.raw import EMPTY, Exchange, RawServer, answer, hang
from support.transport import Immediate, inner
from support.twins import KEY

from talon_async import Snapshot, TalonOne, TalonOneSync
from talon_async.errors import (
    AuthenticationError,
    BulkInterruptedError,
    ClientClosedError,
    InvalidArgumentError,
    TalonOneError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator


# -- progress


async def test_progress_is_reported_in_items_when_it_is_asked_for(client: Any, clock: FakeClock) -> None:
    """`progress` counts items, not requests. Each request takes a tenth of a second by the clock."""
    seen: list[int] = []
    recorder = Recorder()

    async def slowly(exchange: Exchange) -> None:
        clock.time += 0.2
        await recorder(exchange)

    with RawServer(slowly) as server:
        await client(server.url, clock=clock).update_customer_profiles_in_chunks(
            profiles(2500), concurrency=1, progress=lambda snapshot: seen.append(snapshot.done)
        )
    assert [1000, 2000, 2500] == list(dict.fromkeys(seen))


async def test_everything_taken_is_reported_when_progress_raises(client: Any) -> None:
    """An error that `progress` raises ends the run.

    Its report counts all items that were taken, also those that waited to be sent.
    """
    source = list(profiles(20_000))
    given = 0

    def reading() -> Iterator[Any]:
        nonlocal given
        for item in source:
            given += 1
            yield item

    def progress(_: Snapshot) -> None:
        raise KeyError("the bar is gone")

    with RawServer(Recorder()) as server, pytest.raises(BulkInterruptedError, match="raised KeyError") as caught:
        await client(server.url, clock=Hurried()).update_customer_profiles_in_chunks(
            reading(), concurrency=2, progress=progress
        )
    report = caught.value.report
    assert given == report.taken < 20_000
    assert_whole(report, source)
    assert {(TalonOneError, "not_sent")} >= {(type(f.error), f.error.outcome) for f in report.failures}


# -- sources


async def test_the_source_may_be_asynchronous_when_the_client_is() -> None:
    """The awaited client takes items from an asynchronous source, and closes it when the run ends."""
    closed: list[str] = []

    async def source() -> AsyncIterator[Any]:
        try:
            for n in range(1500):
                if n % 100 == 0:
                    await asyncio.sleep(0)
                yield profile(n)
        finally:
            closed.append("yes")

    recorder = Recorder()
    with RawServer(recorder) as server:
        async with TalonOne(server.url, KEY) as talon:
            report = await talon.update_customer_profiles_in_chunks(source())
    assert (1500, [500, 1000], ["yes"]) == (report.succeeded, sorted(recorder.sizes), closed)


def test_an_asynchronous_source_is_refused_when_the_client_is_blocking() -> None:
    """The blocking client refuses an asynchronous source, because the caller has no event loop to read it."""

    async def source() -> AsyncIterator[Any]:
        yield profile(1)

    with TalonOneSync("http://127.0.0.1:9", KEY) as talon:
        with pytest.raises(InvalidArgumentError, match="profiles must be an iterable, not async_generator"):
            talon.update_customer_profiles_in_chunks(source())  # type: ignore[arg-type]


async def test_the_source_is_read_no_further_than_needed_when_it_is_endless() -> None:
    """An endless source is read up to one chunk for each request under way, and one more."""
    taken = 0

    def endless() -> Iterator[Any]:
        nonlocal taken
        while True:
            taken += 1
            yield profile(taken)

    with RawServer(hang) as server:
        async with TalonOne(server.url, KEY) as talon:
            run = asyncio.ensure_future(talon.update_customer_profiles_in_chunks(endless(), concurrency=3))
            while len(server.received) < 3:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
    assert taken <= 4 * 1000 + 1


async def test_nothing_is_lost_when_a_run_is_cancelled() -> None:
    """Items of a cancelled run have an unknown outcome if they were under way, and are unsent if they waited."""
    last: list[Snapshot] = []
    source = [*profiles(1000), *profiles(1000), profile(0), profile(0), profile(1)]

    async def one_then_hang(exchange: Exchange) -> None:
        await (exchange.send(EMPTY) if len(server.received) == 1 else hang(exchange))

    with RawServer(one_then_hang) as server:
        async with TalonOne(server.url, KEY) as talon:
            call = talon.update_customer_profiles_in_chunks(source, concurrency=4, progress=last.append)
            run = asyncio.ensure_future(call)
            while len(server.received) < 2:
                await asyncio.sleep(0.01)
            run.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await run
    snapshot = last[-1]
    assert (1000, 1000, 0) == (snapshot.succeeded, snapshot.unknown, snapshot.pending)
    assert snapshot.taken - 2000 == snapshot.unsent >= 2
    assert_whole(caught.value.__dict__["report"], source)


async def test_the_report_comes_at_once_when_the_run_stops_and_the_source_is_idle() -> None:
    """A run that stops returns its report at once. What the silent source gave before is reported as not sent."""

    async def source() -> AsyncIterator[Any]:
        for item in [add("a"), add("a"), add("b")]:
            yield item
        await asyncio.sleep(60)

    with RawServer(answer({}, status=401)) as server:
        async with TalonOne(server.url, KEY) as talon, asyncio.timeout(20):
            report = await talon.sync_catalog_in_chunks(7, source(), concurrency=2)
    assert (3, 3, AuthenticationError) == (report.taken, len(report.failures), type(report.stopped_by))


def test_the_source_is_read_on_the_callers_thread_when_the_call_is_blocking() -> None:
    """A blocking run reads its source on the caller's thread, because database cursors belong to their thread."""
    threads = set()

    def source() -> Iterator[Any]:
        for item in profiles(2500):
            threads.add(threading.get_ident())
            yield item

    with RawServer(Recorder()) as server, TalonOneSync(server.url, KEY) as talon:
        report = talon.update_customer_profiles_in_chunks(source())
    assert ({threading.get_ident()}, 2500) == (threads, report.succeeded)


def test_a_chunk_goes_out_when_the_source_blocks_after_it() -> None:
    """A full chunk is sent while the source blocks, so a source may wait for the effect of its last chunk."""
    seen = threading.Event()

    def source() -> Iterator[Any]:
        yield from profiles(1001)
        assert seen.wait(20)

    with RawServer(Recorder(lambda _: seen.set())) as server, TalonOneSync(server.url, KEY) as talon:
        assert 1001 == talon.update_customer_profiles_in_chunks(source()).succeeded


def test_the_run_is_cancelled_when_the_caller_is_interrupted_while_reading() -> None:
    """Ctrl-C in the source ends the run without sending the unfinished chunk. The client can be used on."""

    def source() -> Iterator[Any]:
        yield from profiles(5)
        raise KeyboardInterrupt

    recorder = Recorder()
    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        for _ in range(20):
            with pytest.raises(KeyboardInterrupt):
                talon.update_customer_profiles_in_chunks(source())
        assert 1 == talon.update_customer_profiles_in_chunks([profile(7)]).succeeded
    assert [[7]] == recorder.numbers


def test_runs_of_several_threads_do_not_mix_when_they_share_a_client() -> None:
    """Runs of several threads that share a client have separate reports."""
    reports: list[Any] = []
    recorder = Recorder()

    def work(first: int) -> None:
        source = (profile(n) for n in range(first, first + 1500))
        reports.append(talon.update_customer_profiles_in_chunks(source))

    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        threads = [threading.Thread(target=work, args=(10_000 * n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [1500] * 6 == [report.succeeded for report in reports]
    assert all(len({n // 10_000 for n in chunk}) == 1 for chunk in recorder.numbers)


# -- closing


def test_the_report_is_kept_when_the_client_is_closed_meanwhile() -> None:
    """Closing the client ends the run. Every item that the source gave was sent or is among the failures."""
    given = 0

    def source() -> Iterator[Any]:
        nonlocal given
        for item in profiles(100_000):
            given += 1
            if given == 5300:
                closing.start()
            yield item

    recorder = Recorder()
    with RawServer(recorder) as server, TalonOneSync(server.url, KEY) as talon:
        closing = threading.Thread(target=talon.close)
        report = talon.update_customer_profiles_in_chunks(source(), concurrency=2)
        closing.join()
    assert isinstance(report.stopped_by, ClientClosedError)
    assert given == report.taken < 100_000
    assert_whole(report)
    assert report.succeeded <= sum(recorder.sizes)


async def test_the_report_is_kept_when_the_client_is_closed_during_a_request() -> None:
    """Closing the client during a request makes its items unknown. Items that were not sent are reported as such."""
    with RawServer(hang) as server:
        talon = TalonOne(server.url, KEY)
        run = asyncio.ensure_future(talon.update_customer_profiles_in_chunks(profiles(5000), concurrency=2))
        while len(server.received) < 2:
            await asyncio.sleep(0.01)
        await talon.aclose()
        report = await run
    assert isinstance(report.stopped_by, ClientClosedError)
    assert 2000 == [failure.error.outcome for failure in report.failures].count("unknown")
    assert_whole(report)


async def test_nothing_is_sent_when_the_client_was_closed_before() -> None:
    """A run of a closed client sends nothing, and its error reports what was taken. A blocking client takes nothing."""
    talon = TalonOne("http://127.0.0.1:9", KEY)
    await talon.aclose()
    report = await talon.update_customer_profiles_in_chunks(profiles(10))
    assert (ClientClosedError, 10) == (type(report.stopped_by), len(report.failures))
    assert_whole(report)


def test_nothing_is_taken_when_a_blocking_client_was_closed_before() -> None:
    """A run of a closed blocking client raises, as any call of it does, and takes nothing."""
    talon, source = TalonOneSync("http://127.0.0.1:9", KEY), profiles(10)
    talon.close()
    with pytest.raises(ClientClosedError):
        talon.update_customer_profiles_in_chunks(source)
    assert 10 == len(list(source))


@pytest.mark.slow
async def test_memory_does_not_grow_when_a_run_is_ten_times_as_long() -> None:
    """The memory of a run does not grow with its length: profiles are made one by one and never held together."""
    import tracemalloc

    talon = inner(Immediate())

    async def peak(source: Iterable[Any], count: int) -> int:
        tracemalloc.start()
        report = await talon.update_customer_profiles_in_chunks(source, concurrency=2)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == report.succeeded
        return size

    async with talon:
        await peak(profiles(2000), 2000)
        short, long = await peak(profiles(8000), 8000), await peak(profiles(80_000), 80_000)
    assert long < 1.5 * short
