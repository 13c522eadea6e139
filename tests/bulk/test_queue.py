"""The queue of both twins, against a real server: accepting, room, closing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.queues import Make, Shop, event, events, filled, queue_of, row_of, until

from talon_async.bulk import QueueStatistics
from talon_async.errors import (
    InvalidArgumentError,
    QueueClosedError,
    QueueFullError,
)
from talon_async.models import NewEvent

# -- delivering


async def test_events_of_all_kinds_are_delivered_when_they_are_put(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """A queue delivers V1, V2 and V3 events and prepared calls, and leaving its block waits for all of them."""
    talon = client(url)
    owner = getattr(talon, "client", talon)
    async with queue_of(talon, journal=journal) as queue:
        for row in range(3):
            await queue.put(event(row, version=row + 1))
        await queue.put(owner.prepare(owner.track_event_v2)(event(3)))
    assert {0, 1, 2, 3} == set(shop.rows)
    assert QueueStatistics(delivered=4) == queue.statistics
    assert [] == queue.undelivered


async def test_a_customers_events_act_in_their_order_when_they_are_put(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """A customer's events act in the order in which they are put. Other customers' events are sent at the same time."""
    async with queue_of(client(url), journal=journal) as queue:
        for item in events(range(300)):
            await queue.put(item)
    assert list(range(300)) == sorted(shop.rows)
    assert shop.is_in_order()


@pytest.mark.slow
async def test_all_are_delivered_when_there_are_more_than_the_queue_holds(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """Two thousand events go through a queue of twenty, because `put` waits until the queue has room."""
    async with queue_of(client(url), journal=journal, size=20) as queue:
        for start in range(0, 2000, 500):
            await asyncio.gather(*(queue.put(item) for item in events(range(start, start + 500))))
            assert queue.statistics.depth <= 20
    assert list(range(2000)) == sorted(shop.rows)


async def test_a_prepared_call_acts_once_when_it_is_put_twice(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """A prepared call that is put twice acts once, because it keeps its key in the queue."""
    talon = client(url)
    owner = getattr(talon, "client", talon)
    call = owner.prepare(owner.track_event_v2)(event(0))
    async with queue_of(talon, journal=journal) as queue:
        await queue.put(call)
        await queue.put(call)
    assert ([0], {call.idempotency_key}) == (shop.rows, shop.keys)


@pytest.mark.parametrize("item", ["text", None, NewEvent(type="", session_id="s", profile_id="p", attributes={1: 2})])  # type: ignore[dict-item]
async def test_what_cannot_be_sent_is_refused_when_it_is_put(client: Make, url: str, shop: Shop, item: Any) -> None:
    """An event that cannot be encoded raises an error in `put`, and the queue goes on."""
    async with queue_of(client(url)) as queue:
        with pytest.raises((InvalidArgumentError, TypeError)):
            await queue.put(item)
        await queue.put(event(0))
    assert [0] == shop.rows


# -- a full queue


async def test_put_waits_for_room_when_the_queue_is_full(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """`put` waits by default for room in a full queue, in the order of the calls."""
    shop.is_held = True
    async with queue_of(client(url), journal=journal, size=3) as queue:
        await filled(queue, 3)
        late = [asyncio.ensure_future(queue.put(event(row))) for row in (3, 4)]
        done, _ = await asyncio.wait(late, timeout=0.05)
        assert set() == done
        assert 3 == queue.statistics.depth
        shop.is_held = False
        await asyncio.gather(*late)
    assert list(range(5)) == sorted(shop.rows)


async def test_put_raises_when_the_queue_is_full_and_overflow_is_raise(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """With `overflow="raise"` a full queue refuses an event, and accepts the next one as soon as there is room."""
    shop.is_held = True
    async with queue_of(client(url), journal=journal, size=3, overflow="raise") as queue:
        await filled(queue, 3)
        with pytest.raises(QueueFullError, match="3 events that are not settled"):
            await queue.put(event(3))
        shop.is_held = False
        await until(lambda: not queue.statistics.depth)
        await queue.put(event(4))
    assert [0, 1, 2, 4] == shop.rows


async def test_the_oldest_events_are_dropped_when_the_queue_is_full(client: Make, url: str, shop: Shop) -> None:
    """With `overflow="drop_oldest"` the oldest waiting events are dropped, counted and reported in their order.

    Events under way stay, and the newest are delivered.
    """
    shop.is_held = True
    dropped: list[Any] = []
    options = {"size": 8, "overflow": "drop_oldest", "on_drop": dropped.append}
    async with queue_of(client(url), **options) as queue:
        await filled(queue, 4)
        await until(lambda: shop.requests)  # the run holds four: one on the wire, the others behind it
        for row in range(4, 20):
            await queue.put(event(row))
        assert (8, 12) == (queue.statistics.depth, queue.statistics.dropped)
        shop.is_held = False
    assert list(range(4, 16)) == [row_of(item) for item in dropped]
    assert [0, 1, 2, 3, 16, 17, 18, 19] == shop.rows


@pytest.mark.parametrize("size", [2, 3, 5])
async def test_the_newest_is_never_dropped_when_the_queue_is_tiny(
    client: Make, url: str, shop: Shop, size: int
) -> None:
    """A tiny queue always has a waiting event to drop, so the newest event is delivered."""
    shop.is_held = True
    async with queue_of(client(url), size=size, overflow="drop_oldest") as queue:
        for item in events(range(30)):
            await queue.put(item)
            assert queue.statistics.depth <= size
        shop.is_held = False
    assert 29 in shop.rows
    assert 30 == queue.statistics.delivered + queue.statistics.dropped == len(shop.rows) + queue.statistics.dropped


@pytest.mark.parametrize("problem", [ValueError("no"), SystemExit(3)])
async def test_the_queue_goes_on_when_on_drop_raises(
    client: Make, url: str, shop: Shop, problem: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that `on_drop` raises is logged, and `put` does not raise it, because the event was accepted."""

    def on_drop(_: object) -> None:
        raise problem

    shop.is_held = True
    async with queue_of(client(url), size=2, overflow="drop_oldest", on_drop=on_drop) as queue:
        await filled(queue, 10)
        shop.is_held = False
    assert 9 in shop.rows
    logged = [record for record in caplog.records if "on_drop of a queue raised" in record.message]
    assert queue.statistics.dropped == len(logged) > 0


async def test_the_queue_goes_on_when_on_failure_raises(
    client: Make, url: str, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that `on_failure` raises does not affect the events that follow."""

    def on_failure(_: object) -> None:
        raise ValueError

    shop.status = 400
    async with queue_of(client(url), on_failure=on_failure) as queue:
        await queue.put(event(0))
        await until(lambda: queue.statistics.failed)
        shop.status = None
        await queue.put(event(1))
    assert [1] == shop.rows
    assert any("on_failure of a queue raised" in record.message for record in caplog.records)


# -- cancelling and closing


async def test_nothing_is_put_when_waiting_for_room_is_cancelled(
    url: str, shop: Shop, client: Make, kind: str, journal: Path | None
) -> None:
    """A `put` that is cancelled while it waits puts nothing, and its place goes to the next one."""
    if kind == "blocking":
        pytest.skip("threads are interrupted, not cancelled: see test_queue_processes")
    shop.is_held = True
    async with queue_of(client(url), journal=journal, size=2) as queue:
        await filled(queue, 2)
        first, second = (asyncio.ensure_future(queue.put(event(row))) for row in (2, 3))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        shop.is_held = False
        await second
        with pytest.raises(asyncio.CancelledError):
            await first
    assert [0, 1, 3] == shop.rows
    assert 0 == queue.statistics.depth


async def test_places_are_kept_when_many_puts_are_cancelled_at_any_moment(
    url: str, shop: Shop, client: Make, kind: str, journal: Path | None
) -> None:
    """A `put` that is cancelled at any moment has put one event or none, and afterwards all places are free."""
    if kind == "blocking":
        pytest.skip("threads are interrupted, not cancelled: see test_queue_processes")
    async with queue_of(client(url), journal=journal, size=4) as queue:
        for ticks in range(60):
            puts = [asyncio.ensure_future(queue.put(event(100 * ticks + n, f"p{n}"))) for n in range(8)]
            for _ in range(ticks % 20):
                await asyncio.sleep(0)
            for put in puts[::2]:
                put.cancel()
            done = await asyncio.gather(*puts, return_exceptions=True)
            assert [None] * 4 == done[1::2]
        await until(lambda: not queue.statistics.depth)
        assert 0 == queue._opened._line._places.active
    kept = {100 * ticks + n for ticks in range(60) for n in (1, 3, 5, 7)}
    assert kept <= set(shop.rows)
    assert [] == shop.doubled


async def test_a_waiting_put_is_refused_when_the_queue_is_closed_while_it_is_full(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """A `put` that waits for room raises an error when the queue is closed.

    Events that were accepted before are delivered.
    """
    shop.is_held = True
    queue = queue_of(client(url), journal=journal, size=2)
    async with queue:
        await filled(queue, 2)
        late = [asyncio.ensure_future(queue.put(event(row))) for row in (2, 3)]
        done, _ = await asyncio.wait(late, timeout=0.05)
        assert set() == done
        closing = asyncio.ensure_future(queue.close())
        refused = await asyncio.gather(*late, return_exceptions=True)
        shop.is_held = False
        assert [] == await closing
    assert [QueueClosedError] * 2 == [type(error) for error in refused]
    assert [0, 1] == shop.rows


async def test_put_is_refused_when_the_queue_is_closed(client: Make, url: str, shop: Shop) -> None:
    """A closed queue refuses `put`, and closing it twice does nothing."""
    queue = queue_of(client(url))
    async with queue:
        await queue.put(event(0))
        assert [] == await queue.close()
        with pytest.raises(QueueClosedError, match="the queue is closed"):
            await queue.put(event(1))
        assert [] == await queue.close()
    assert [0] == shop.rows


async def test_an_awaited_queue_says_so_when_it_is_not_open(client: Make, url: str, kind: str, shop: Shop) -> None:
    """An awaited queue must be open for `put`, and cannot be opened twice at once.

    It can be opened again after it was closed. The blocking queue opens itself.
    """
    queue = queue_of(client(url))
    assert QueueStatistics() == queue.statistics
    if kind == "blocking":
        await queue.put(event(0))
        await queue.close()
    else:
        assert [] == await queue.close()
        with pytest.raises(QueueClosedError, match="use `async with`"):
            await queue.put(event(0))
        for row in range(2):
            async with queue:
                await queue.put(event(row))
                with pytest.raises(QueueClosedError, match="open already"):
                    await queue.__aenter__()
    assert shop.rows in ([0], [0, 1])
