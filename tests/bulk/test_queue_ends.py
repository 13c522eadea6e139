"""How the queue of both twins ends, and what it does in trouble."""

from __future__ import annotations

import asyncio
import gc
import itertools
from pathlib import Path
from typing import Any

import pytest
from support.clock import HeldClock
from support.queues import PATIENT, Make, Shop, event, events, filled, queue_of, row_of, until
from support.raw import RawServer

from talon_async import TalonOne
from talon_async.bulk import QueueStatistics
from talon_async.errors import (
    AuthenticationError,
    QueueClosedError,
    TalonOneError,
)

# -- draining


async def test_undelivered_events_are_handed_back_when_the_time_is_over(
    client: Make, url: str, shop: Shop, held: HeldClock
) -> None:
    """`close` hands back the events that were not delivered, in the order in which they were put.

    The outcome of those on the wire is unknown, and they have their keys.
    """
    shop.is_held = True
    queue = queue_of(client(url, clock=held, timeout=PATIENT), drain_timeout=30, concurrency=2)
    await queue.__aenter__()
    for item in events(range(20), profiles=20):
        await queue.put(item)
    await until(lambda: shop.requests == 2)
    began = held.time
    closing = asyncio.ensure_future(queue.close())
    await until(closing.done, held)
    left = await closing
    assert 30 <= held.time - began <= 31.5
    assert left is queue.undelivered or left == queue.undelivered
    assert list(range(20)) == [row_of(failure.item) for failure in left]
    assert ["unknown"] * 2 + ["unsent"] * 18 == [failure.outcome for failure in left]
    assert all(failure.idempotency_key for failure in left)
    assert (20, 0, 0) == (queue.statistics.depth, queue.statistics.delivered, queue.statistics.failed)
    shop.is_held = False


async def test_answers_are_still_waited_for_when_no_more_is_sent(
    client: Make, url: str, shop: Shop, held: HeldClock
) -> None:
    """No call begins in the last tenth of `drain_timeout`, which is left for the answers to earlier calls."""
    shop.is_held = True
    queue = queue_of(client(url, clock=held, timeout=PATIENT), drain_timeout=30, concurrency=2)
    await queue.__aenter__()
    for item in events(range(20), profiles=20):
        await queue.put(item)
    await until(lambda: shop.requests == 2)
    closing = asyncio.ensure_future(queue.close())
    await until(lambda: any(due == 1027 for due, *_ in list(held._sleepers)))  # nine tenths of the time
    held.advance(27.5)
    await until(lambda: any(1030 < due < 1031 for due, *_ in list(held._sleepers)))  # the last tenth
    shop.is_held = False
    left = await closing
    assert 2 == len(shop.rows) == queue.statistics.delivered
    assert ["unsent"] * 18 == [failure.outcome for failure in left]


async def test_undelivered_events_stay_in_the_journal_when_the_time_is_over(
    client: Make, url: str, shop: Shop, tmp_path: Path
) -> None:
    """Events that are left stay in the journal.

    The next queue delivers them under the same keys, before the events that are put there.
    """
    talon = client(url)
    shop.is_held = True
    queue = queue_of(talon, journal=tmp_path, drain_timeout=0.05, concurrency=2)
    async with queue:
        await filled(queue, 20)
    assert ([], 20) == (queue.undelivered, queue.statistics.depth)
    assert 1 == len(list(tmp_path.glob("*.journal")))
    shop.is_held = False
    async with queue_of(talon, journal=tmp_path) as following:
        await following.put(event(20))
    assert list(range(21)) == shop.rows
    assert 21 == following.statistics.delivered
    assert [] == list(tmp_path.iterdir())


async def test_events_that_were_not_sent_are_sent_when_keys_are_too_old_to_protect(
    client: Make, url: str, shop: Shop, tmp_path: Path, held: HeldClock
) -> None:
    """After 23 hours only the events that were on the wire are unknown and listed in the journal.

    All others are sent.
    """
    talon = client(url, clock=held, timeout=PATIENT)
    shop.is_held = True
    queue = queue_of(talon, journal=tmp_path, concurrency=1, drain_timeout=0)
    await queue.__aenter__()
    for item in events(range(20), profiles=20):
        await queue.put(item)
    await until(lambda: shop.requests)
    closing = asyncio.ensure_future(queue.close())
    await until(closing.done, held)
    shop.is_held = False
    await until(lambda: shop.rows)
    held.advance(100 * 3600)
    following = queue_of(talon, journal=tmp_path, drain_timeout=1e6)
    async with following:
        await until(lambda: following.statistics.delivered + following.statistics.failed == 20)
    assert (19, 1) == (following.statistics.delivered, following.statistics.failed)
    assert (list(range(20)), []) == (sorted(shop.rows), shop.doubled)


async def test_nothing_is_waited_for_when_there_is_no_time(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """With `drain_timeout=0` closing hands back what is left at once, or leaves it in the journal."""
    shop.is_held = True
    queue = queue_of(client(url), journal=journal, drain_timeout=0)
    async with queue:
        await filled(queue, 5)
    assert 5 == queue.statistics.depth
    assert (0 if journal else 5) == len(queue.undelivered)


# -- trouble


async def test_the_queue_fills_and_then_drains_when_the_server_is_away_for_a_while(
    client: Make, url: str, shop: Shop, journal: Path | None, held: HeldClock
) -> None:
    """An outage only delays the events: none fails, and each acts once."""
    shop.status = 503
    queue = queue_of(client(url, clock=held, timeout=PATIENT), journal=journal, size=200, drain_timeout=1e6)
    async with queue:
        for item in events(range(200)):
            await queue.put(item)
        late = asyncio.ensure_future(queue.put(event(200)))
        await until(lambda: queue.statistics.paused_until, held)
        for _ in range(600):
            held.advance(1)
            await asyncio.sleep(0)
        statistics = queue.statistics
        assert (200, 0, 0) == (statistics.depth, statistics.delivered, statistics.failed)
        assert statistics.oldest_age >= 600
        assert not late.done()
        shop.status = None
        await until(late.done, held)
        await until(lambda: not queue.statistics.depth, held)
        assert queue.statistics.paused_until is None
    assert list(range(201)) == sorted(shop.rows)
    assert shop.is_in_order()
    assert (201, 0) == (queue.statistics.delivered, queue.statistics.failed)


async def test_put_tells_why_when_the_server_refuses_the_key(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """A queue whose API key is refused stops and `put` says why.

    The events that it had not sent are handed back or stay in the journal.
    """
    shop.is_held = True
    queue = queue_of(client(url), journal=journal, concurrency=1)
    async with queue:
        await filled(queue, 5)
        await until(lambda: shop.requests)
        shop.status, shop.is_held = 401, False
        with pytest.raises(QueueClosedError, match="the queue has stopped.*401") as caught:
            for row in itertools.count(5):
                await queue.put(event(row))
                await asyncio.sleep(0.001)
        assert isinstance(caught.value.__cause__, AuthenticationError)
    assert (5 <= queue.statistics.depth, 0) == (True, queue.statistics.failed)
    assert (0 if journal else queue.statistics.depth) == len(queue.undelivered)
    assert {"unsent"} >= {failure.outcome for failure in queue.undelivered}
    if journal is not None:
        shop.status = None
        async with queue_of(client(url), journal=journal):
            await until(lambda: set(range(5)) <= set(shop.rows))


async def test_a_waiting_put_raises_when_the_patience_ends(client: Make, url: str, shop: Shop, held: HeldClock) -> None:
    """A queue without `patience` waits for the server without a bound.

    With it, the queue stops, and each waiting `put` raises an error.
    """
    shop.status = 503
    queue = queue_of(client(url, clock=held, timeout=PATIENT), size=10, patience=60)
    async with queue:
        for item in events(range(10), profiles=10):
            await queue.put(item)
        late = asyncio.ensure_future(queue.put(event(10)))
        await until(late.done, held)
        with pytest.raises(QueueClosedError, match="patience"):
            await late
    assert 10 == len(queue.undelivered)


async def test_failures_are_reported_and_counted_when_events_are_rejected(
    client: Make, url: str, shop: Shop, tmp_path: Path
) -> None:
    """Each rejected event is counted and given to `on_failure`.

    The queue keeps none of them, and a journal does, so its file stays.
    """
    failures: list[Any] = []
    shop.status = 400
    async with queue_of(client(url), journal=tmp_path, on_failure=failures.append) as queue:
        await filled(queue, 3)
    assert [(row, "rejected", 400) for row in range(3)] == [
        (row_of(failure.item), failure.outcome, failure.error.status) for failure in failures
    ]
    assert (0, 3) == (queue.statistics.depth, queue.statistics.failed)
    (file,) = tmp_path.glob("*.journal")
    assert file.stat().st_mode & 0o777 == 0o600


async def test_statistics_can_be_read_when_a_failure_is_reported(client: Make, url: str, shop: Shop) -> None:
    """`on_failure` can read the statistics, also on the blocking client's own thread.

    There `close` is refused, because it would wait for itself.
    """
    seen: list[Any] = []
    talon = client(url)

    def on_failure(_: object) -> None:
        inner = getattr(queue, "queue", queue)
        seen.append(inner.statistics)
        if inner is not queue:
            with pytest.raises(RuntimeError, match="cannot wait for itself"):
                inner.close()

    shop.status = 400
    queue = queue_of(talon, on_failure=on_failure)
    await queue.__aenter__()
    await queue.put(event(0))
    await until(lambda: seen)
    await queue.close()
    assert [QueueStatistics(failed=1)] == seen


async def test_an_event_of_v1_is_unknown_when_its_connection_is_lost(client: Make, shop: Shop) -> None:
    """An event of V1 whose connection is lost is reported as unknown and not sent again."""

    async def cut(exchange: Any) -> None:
        exchange.reset()

    failures: list[Any] = []
    with RawServer(cut, shop) as server:
        async with queue_of(client(server.url), on_failure=failures.append) as queue:
            await queue.put(event(0, version=1))
    assert (["unknown"], []) == ([failure.outcome for failure in failures], shop.rows)
    assert 1 == queue.statistics.failed


async def test_the_rest_is_handed_back_when_the_client_is_closed_first(client: Make, url: str, shop: Shop) -> None:
    """Closing the client before the queue ends the calls under way.

    The queue hands back the rest, and nothing hangs.
    """
    shop.is_held = True
    talon = client(url)
    queue = queue_of(talon, concurrency=1)
    await queue.__aenter__()
    await filled(queue, 5)
    await until(lambda: shop.requests)
    await talon.aclose()
    left = await queue.close()
    assert 4 <= len(left)
    with pytest.raises(TalonOneError, match="closed"):
        await queue.put(event(5))


@pytest.mark.parametrize("stored", [False, True])
async def test_nothing_is_left_open_when_the_opening_of_a_queue_is_cancelled(
    url: str, tmp_path: Path, *, stored: bool
) -> None:
    """No task runs on, at whatever moment the cancellation comes, and the next queue can use the same folder."""
    async with TalonOne(url, "key") as talon:
        before = asyncio.all_tasks()
        for moment in itertools.count(step=9 if stored else 1):
            queue = talon.queue(journal=tmp_path) if stored else talon.queue()
            opening = asyncio.ensure_future(queue.__aenter__())
            for _ in range(moment):
                await asyncio.sleep(0)
            if opening.done():
                await queue.close()
                break
            opening.cancel()
            await asyncio.wait([opening])
            await until(lambda: asyncio.all_tasks() == before)
        assert moment > 1
    assert [] == list(tmp_path.iterdir())


async def test_a_queue_sends_on_when_the_program_keeps_no_reference_to_it(url: str, shop: Shop) -> None:
    """What was put is delivered, and the garbage collector destroys no running task."""
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    async with TalonOne(url, "key") as talon:
        queue = talon.queue()
        await queue.__aenter__()
        await queue.put(event(1))
        await until(lambda: shop.rows == [1])
        put = queue.put(event(2))
        del queue
        gc.collect()
        await put
        await until(lambda: shop.rows == [1, 2])
        gc.collect()
    assert [] == problems
