"""Runs whose source, server, journal or end is unusual."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.clock import FakeClock
from support.transport import Immediate, inner
from unit.test_bulk_journal import MemoryJournal, Server, run, v1, v2

from talon_async import TalonOneSync
from talon_async._messages import Answer, Request
from talon_async.bulk.callers import CallersRun
from talon_async.bulk.journal import Journal
from talon_async.bulk.sources import SLOW, iterables, pushed
from talon_async.errors import BulkInterruptedError, ClientClosedError, JournalError


def refusing(server: Server, status: int, after: int) -> Callable[[Request], Any]:
    """Answer as the server does, but with a status from the given request on."""
    count = 0

    async def answer(request: Request) -> Answer:
        nonlocal count
        count += 1
        return Answer(status, {}, b"{}") if count > after else await server(request)

    return answer


# -- what a refused key leaves


@pytest.mark.parametrize("make", [v1, v2])
async def test_calls_are_left_to_the_next_run_when_the_api_key_is_refused(make: Callable[[int], Any]) -> None:
    """Calls that meet 401 are unsent and not failed.

    They stay in the journal without a mark, and the next run sends them.
    """
    server, journal = Server(), MemoryJournal()
    async with inner(Immediate(refusing(server, 401, 30)), clock=FakeClock()) as talon:
        report = await talon.track_events(map(make, range(100)), journal=journal, concurrency=8)
    assert (30, 0, 0) == (report.succeeded, report.rejected, report.unknown)
    assert report.unsent == report.taken - 30 > 0
    assert not journal.failures
    again = await run(server, journal, map(make, range(100)))
    assert (0, 0, set(range(100))) == (again.rejected, again.unknown, set(server.numbers))


# -- sources that end strangely


async def track(source: Any, **options: Any) -> Any:
    async with inner(Immediate(), clock=FakeClock()) as talon, asyncio.timeout(20):
        return await talon.track_events(source, **options)


async def test_the_run_ends_when_an_asynchronous_source_was_cancelled() -> None:
    """An asynchronous source that cancels itself, as a task group may, ends the run. What it gave before is sent."""

    async def source() -> AsyncIterator[Any]:
        yield v2(0)
        raise asyncio.CancelledError

    with pytest.raises(BulkInterruptedError, match="the source raised RuntimeError") as caught:
        await track(source())
    assert "the source was cancelled" == str(caught.value.__cause__)
    assert 1 == caught.value.report.succeeded


async def test_the_run_ends_when_an_asynchronous_source_does_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run waits a bounded time for an asynchronous source that does not stop, and its report is complete."""
    monkeypatch.setattr(iterables, "PATIENCE", 0.01)
    stubborn, forever = asyncio.Event(), asyncio.Event()

    async def source() -> AsyncIterator[Any]:
        yield v2(0)
        while not forever.is_set():
            try:
                stubborn.set()
                await forever.wait()
            except asyncio.CancelledError:
                continue

    async with inner(Immediate(), clock=FakeClock()) as talon, asyncio.timeout(20):
        run = asyncio.ensure_future(talon.track_events(source()))
        await stubborn.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await run
        forever.set()
    assert 0 == caught.value.__dict__["report"].pending


async def test_an_item_is_counted_when_its_source_gives_it_instead_of_stopping() -> None:
    """An item that a source gives in place of stopping is counted, and the source is read no further."""
    waits = asyncio.Event()

    async def source() -> AsyncIterator[Any]:
        yield v2(0)
        try:
            waits.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield v2(1)

    async with inner(Immediate(), clock=FakeClock()) as talon, asyncio.timeout(4):
        run = asyncio.ensure_future(talon.track_events(source()))
        await waits.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await run
    report = caught.value.__dict__["report"]
    assert (2, 0) == (report.taken, report.pending)


@pytest.mark.parametrize("kind", ["generator", "asynchronous", "slow"])
async def test_the_account_is_complete_when_closing_the_source_exits(kind: str) -> None:
    """An exit that closing the source raises is raised again once every item is counted in its report."""
    clock = FakeClock()

    def ordinary() -> Iterator[Any]:
        try:
            for n in range(1000):
                clock.time += 0.02 * (kind == "slow")
                yield v2(7 * n)
        finally:
            raise SystemExit(3)

    async def asynchronous() -> AsyncIterator[Any]:
        try:
            for n in range(1000):
                yield v2(7 * n)
        finally:
            raise SystemExit(3)

    async with inner(Immediate(refusing(Server(), 401, 3)), clock=clock) as talon, asyncio.timeout(20):
        with pytest.raises(SystemExit) as caught:
            await talon.track_events(asynchronous() if kind == "asynchronous" else ordinary(), concurrency=2)
    report = caught.value.__dict__["report"]
    assert (3, report.taken, 0) == (report.succeeded, report.done, report.pending)


# -- the pace


@pytest.mark.parametrize("journal", [None, MemoryJournal()], ids=["plain", "journal"])
async def test_the_end_of_the_source_is_seen_when_the_next_call_would_wait_for_its_pace(
    journal: MemoryJournal | None,
) -> None:
    """The end of the source ends a run at once, without waiting for the pace of a next call."""
    clock = FakeClock()
    async with inner(Immediate(), clock=clock) as talon, asyncio.timeout(20):
        report = await talon.track_events(map(v2, range(3)), rate=0.01, journal=journal)
    assert 3 == report.succeeded
    assert 1200 == pytest.approx(clock.time, abs=1)


# -- keys that are held


@pytest.mark.parametrize("make", [v1, v2])
async def test_a_key_is_still_held_when_a_run_with_a_journal_is_started_again(
    tmp_path: Path, make: Callable[[int], Any]
) -> None:
    """A key that a failed call holds stays held in the next run.

    Once the failed call is requeued, the calls of its key are sent in their order.
    """
    sent, bad = list[int](), {0}

    async def shop(request: Request) -> Answer:
        number = orjson.loads(request.body or b"")["attributes"]["n"]
        if number in bad:
            return Answer(400, {}, b"{}")
        sent.append(number)
        return Answer(200, {}, b"{}")

    path = tmp_path / "journal"
    async with inner(Immediate(shop), clock=FakeClock()) as talon, asyncio.timeout(20):
        for counts in [(30 - 5, 1, 4), (0, 0, 4)]:
            report = await talon.track_events(map(make, range(30)), journal=path, after_failure="hold")
            assert counts == (report.succeeded, report.rejected, report.unsent)
            assert "profile:p0" in report.held_keys
        bad.clear()
        assert 1 == Journal(path).requeue()
        report = await talon.track_events(map(make, range(30)), journal=path, after_failure="hold")
    assert (5, 0, 0) == (report.succeeded, report.unsent, report.unknown)
    assert [0, 7, 14, 21, 28] == [n for n in sent if n % 7 == 0]


# -- items that come too late


def blocking(behave: Any) -> TalonOneSync:
    """Make a blocking client with a transport of the test's in place of the network."""
    talon = TalonOneSync("http://127.0.0.1:9", "k3y")
    talon._client._core._make_transport = Immediate(behave)  # type: ignore[assignment]
    return talon


class Late:
    """Gives its second item only when the run has ended because the first was refused."""

    def __init__(self) -> None:
        self.is_over, self.is_read_again = threading.Event(), threading.Event()
        self.given = 0

    def __iter__(self) -> Iterator[Any]:
        for n in range(100):
            if n:
                self.is_read_again.set()
                assert self.is_over.wait(20)
            self.given += 1
            yield v2(n)


@pytest.mark.parametrize("form", ["report", "stream"])
def test_an_item_is_unsent_when_it_is_read_as_the_run_ends(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An item that a blocking source gives as the run ends is unsent and among the failures."""
    source, results = Late(), list[Any]()
    finished = CallersRun._finished

    def noting(run: CallersRun) -> None:
        finished(run)
        source.is_over.set()

    async def refuse(_: Request) -> Answer:
        await asyncio.to_thread(source.is_read_again.wait, 20)
        return Answer(401, {}, b"{}")

    monkeypatch.setattr(CallersRun, "_finished", noting)
    with blocking(refuse) as talon:
        if form == "report":
            report = talon.track_events(iter(source))
        else:
            with pytest.raises(BulkInterruptedError) as caught:
                results.extend(talon.stream_events(iter(source)))
            report = caught.value.report
            assert [0, 1] == [result.index for result in results]
    assert (2, 2, 2, 0) == (source.given, report.taken, report.unsent, report.pending)
    assert [0, 1] == [failure.index for failure in report.failures]


class Slow:
    """Gives its first item slowly, so that it is read in a thread, and its third one only when the test allows it."""

    def __init__(self) -> None:
        self.may_go_on, self.is_read_again = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[Any]:
        time.sleep(2 * SLOW)
        yield v2(0)
        yield v2(1)
        self.is_read_again.set()
        assert self.may_go_on.wait(20)
        yield v2(2)
        yield v2(3)


@pytest.mark.parametrize("end", ["refused", "cancelled"])
async def test_an_item_is_in_the_report_when_a_thread_reads_it_after_the_end(
    end: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A run does not wait for a source that blocks in a thread.

    The item that the source gives later is in `late_items`.
    """
    monkeypatch.setattr(pushed, "LINGER", 0.01)
    source = Slow()

    async def behave(_: Request) -> Answer:
        await asyncio.to_thread(source.is_read_again.wait, 20)
        if end == "cancelled":
            task.cancel()
            await asyncio.sleep(20)
        return Answer(401, {}, b"{}")

    async with inner(Immediate(behave)) as talon, asyncio.timeout(20):
        task = asyncio.ensure_future(talon.track_events(iter(source)))
        if end == "cancelled":
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            report = caught.value.__dict__["report"]
        else:
            report = await task
        assert (2, 2, []) == (report.taken, report.done, report.late_items)
        source.may_go_on.set()
        while not report.late_items:
            await asyncio.sleep(0.001)
    assert [2] == [event.attributes["n"] for event in report.late_items]
    assert "is in `late_items` of the report" in caplog.text


async def test_an_item_is_in_the_report_when_a_source_does_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run does not wait for an asynchronous source that ignores its cancellation.

    The item that the source gives later is in `late_items`.
    """
    monkeypatch.setattr(iterables, "PATIENCE", 0.01)
    may_go_on = asyncio.Event()

    class Stubborn:
        given = -1

        def __aiter__(self) -> Stubborn:
            return self

        async def __anext__(self) -> Any:
            self.given += 1
            while self.given and not may_go_on.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await may_go_on.wait()
            return v2(self.given)

    async def refuse(_: Request) -> Answer:
        return Answer(401, {}, b"{}")

    async with inner(Immediate(refuse)) as talon, asyncio.timeout(20):
        report = await talon.track_events(Stubborn())
        may_go_on.set()
        while not report.late_items:
            await asyncio.sleep(0.001)
    assert (1, 1, [1]) == (report.taken, report.done, [event.attributes["n"] for event in report.late_items])


def test_nothing_is_left_when_the_blocking_client_is_closed() -> None:
    """A run of a closed blocking client raises `ClientClosedError` and leaves no coroutine that was never awaited."""
    with blocking(Server()) as talon:
        assert 1 == talon.track_events([v2(0)]).succeeded
    with pytest.raises(ClientClosedError):
        talon.track_events([v2(0)])
    gc.collect()


# -- what is told


async def test_item_id_is_named_when_it_raises() -> None:
    """An error that `item_id` raises ends the run and names `item_id`, and nothing is sent that was not stored."""
    for items in (range(3), range(3, 6)):
        with pytest.raises(BulkInterruptedError, match="^`item_id` raised ZeroDivisionError") as caught:
            async with inner(Immediate(), clock=FakeClock()) as talon, asyncio.timeout(20):
                await talon.track_events(map(v2, items), journal=MemoryJournal(), item_id=lambda _: 1 // 0)
        assert (0, 0) == (caught.value.report.succeeded, caught.value.report.pending)


async def test_the_journal_is_named_when_its_source_became_shorter(tmp_path: Path) -> None:
    """A source with fewer items than the journal has recorded raises a `JournalError` that names the journal's path."""
    path = tmp_path / "journal"
    async with inner(Immediate(), clock=FakeClock()) as talon, asyncio.timeout(20):
        await talon.track_events(map(v2, range(5)), journal=path)
        with pytest.raises(JournalError, match=f"{path}: .* more than the 2 items of this source"):
            await talon.track_events(map(v2, range(2)), journal=path)


@pytest.mark.parametrize("status", [429, 503])
async def test_both_times_are_reported_when_the_server_asks_for_more_patience_than_there_is(status: int) -> None:
    """The error gives the wait that the server asks for and the `patience`, whether the gate was closed or not."""

    async def later(_: Request) -> Answer:
        return Answer(status, {"Retry-After": "3600"}, b"{}")

    async with inner(Immediate(later), clock=FakeClock()) as talon, asyncio.timeout(20):
        report = await talon.track_events(map(v2, range(5)), concurrency=4)
    assert "the server asks to wait 3,600 s, more than patience=300" in str(report.stopped_by)
    assert (report.taken, 0) == (report.done, report.succeeded)
