"""The queue of both twins, against a real server: accepting, room, delivering, counting."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.clock import HeldClock
from support.queues import Shop, event, events, queue_of, row_of, until
from support.raw import RawServer

from talon_async import RetryPolicy, Timeout
from talon_async.bulk import QueueStatistics
from talon_async.bulk.journal.store import Store
from talon_async.bulk.queue import folder
from talon_async.errors import (
    AuthenticationError,
    InvalidArgumentError,
    JournalError,
    QueueClosedError,
    QueueFullError,
    TalonOneError,
)
from talon_async.models import NewEvent

Make = Callable[..., Any]
PATIENT = Timeout(total=None, attempt=60)
"""Time that a test moves on is no reason to give a call up."""


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    with RawServer(shop) as server:
        yield server.url
        shop.is_held = False


@pytest.fixture(params=["memory", "journal"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Where the events are kept: in memory, or in a folder."""
    return tmp_path / "events" if request.param == "journal" else None


@pytest.fixture
def held() -> HeldClock:
    return HeldClock()


async def filled(queue: Any, rows: int) -> None:
    for row in range(rows):
        await queue.put(event(row))


# -- delivering


async def test_events_of_all_kinds_are_delivered_when_they_are_put(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """V1, V2 and V3, and prepared calls, all in one queue; leaving it waits for them."""
    talon = client(url)
    owner = getattr(talon, "client", talon)
    async with queue_of(talon, journal=journal) as queue:
        for row in range(3):
            await queue.put(event(row, version=row + 1))
        await queue.put(owner.prepare(owner.track_event_v2)(event(3)))
    assert {0, 1, 2, 3} == set(shop.rows)
    assert QueueStatistics(delivered=4) == queue.statistics
    assert [] == queue.undelivered


async def test_a_customers_events_act_in_the_order_in_which_they_are_put(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """Those of others go at the same time."""
    async with queue_of(client(url), journal=journal) as queue:
        for item in events(range(300)):
            await queue.put(item)
    assert list(range(300)) == sorted(shop.rows)
    assert shop.is_in_order()


@pytest.mark.slow
async def test_all_are_delivered_when_there_are_more_than_the_queue_holds(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """Two thousand through a queue of twenty; each has a place before it is accepted."""
    async with queue_of(client(url), journal=journal, size=20) as queue:
        for start in range(0, 2000, 500):
            await asyncio.gather(*(queue.put(item) for item in events(range(start, start + 500))))
            assert queue.statistics.depth <= 20
    assert list(range(2000)) == sorted(shop.rows)


async def test_a_prepared_call_acts_once_when_it_is_put_twice(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """It has its key from the beginning, and keeps it in the queue."""
    talon = client(url)
    owner = getattr(talon, "client", talon)
    call = owner.prepare(owner.track_event_v2)(event(0))
    async with queue_of(talon, journal=journal) as queue:
        await queue.put(call)
        await queue.put(call)
    assert ([0], {call.idempotency_key}) == (shop.rows, shop.keys)


@pytest.mark.parametrize("item", ["text", None, NewEvent(type="", session_id="s", profile_id="p", attributes={1: 2})])  # type: ignore[dict-item]
async def test_what_cannot_be_sent_is_refused_when_it_is_put(client: Make, url: str, shop: Shop, item: Any) -> None:
    """The caller learns it at once, and the queue goes on."""
    async with queue_of(client(url)) as queue:
        with pytest.raises((InvalidArgumentError, TypeError)):
            await queue.put(item)
        await queue.put(event(0))
    assert [0] == shop.rows


# -- a full queue


async def test_put_waits_for_room_when_the_queue_is_full(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """`overflow="wait"` is the default; first come, first served."""
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


async def test_put_raises_when_the_queue_is_full_and_shall_not_wait(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """The event is not accepted; when there is room again the next one is."""
    shop.is_held = True
    async with queue_of(client(url), journal=journal, size=3, overflow="raise") as queue:
        await filled(queue, 3)
        with pytest.raises(QueueFullError, match="3 events are not settled"):
            await queue.put(event(3))
        shop.is_held = False
        await until(lambda: not queue.statistics.depth)
        await queue.put(event(4))
    assert [0, 1, 2, 4] == shop.rows


async def test_the_oldest_give_way_when_the_queue_is_full(client: Make, url: str, shop: Shop) -> None:
    """Those that are under way stay; the others are counted and told of in their order, and the newest are delivered."""
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
    """There is always one that waits and can give way."""
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
    """`put` has accepted its event, so it does not raise; the log tells."""

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
    """What is told of failures can do no harm to those that follow."""

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
    """The place that it waited for goes to the next one."""
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
    """Whoever is cancelled has put nothing or one event, and afterwards all places are free."""
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


async def test_those_who_wait_are_refused_when_the_queue_is_closed_while_it_is_full(
    client: Make, url: str, shop: Shop, journal: Path | None
) -> None:
    """What was accepted before is delivered."""
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
    """Closing twice does nothing."""
    queue = queue_of(client(url))
    async with queue:
        await queue.put(event(0))
        assert [] == await queue.close()
        with pytest.raises(QueueClosedError, match="the queue is closed"):
            await queue.put(event(1))
        assert [] == await queue.close()
    assert [0] == shop.rows


async def test_an_awaited_queue_says_so_when_it_is_not_open(client: Make, url: str, kind: str, shop: Shop) -> None:
    """It can be opened again after it was closed, and not twice at once. The blocking one opens itself."""
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


# -- draining


async def test_what_is_not_delivered_is_handed_back_when_the_time_is_over(
    client: Make, url: str, shop: Shop, held: HeldClock
) -> None:
    """In the order in which it was put; what was on the wire is unknown, and has its key."""
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
    """In the last tenth of the time nothing is begun, so that little is left in doubt."""
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


async def test_the_rest_stays_in_the_journal_when_the_time_is_over(
    client: Make, url: str, shop: Shop, tmp_path: Path
) -> None:
    """The next queue delivers it, before what is put there, and under the same keys."""
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


async def test_what_surely_was_not_sent_is_sent_when_keys_are_too_old_to_protect(
    client: Make, url: str, shop: Shop, tmp_path: Path, held: HeldClock
) -> None:
    """After 23 hours only what was on the wire is unknown, and listed in the journal."""
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
    """With `drain_timeout=0` closing hands back, or leaves in the journal, what is there."""
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
    """An outage costs its time and nothing else: no event fails, and each acts once."""
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
    """No further call can succeed, so the queue stops; what it had not sent is handed back or stays in the journal."""
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


async def test_those_who_wait_are_told_when_the_patience_ends(
    client: Make, url: str, shop: Shop, held: HeldClock
) -> None:
    """Without `patience` the queue waits for the server without a bound; with it, it stops."""
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


async def test_failures_are_told_and_counted_when_events_are_rejected(
    client: Make, url: str, shop: Shop, tmp_path: Path
) -> None:
    """Each with its event, and the queue keeps none of them; the journal does, so its file stays."""
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


async def test_statistics_can_be_asked_for_when_a_failure_is_told(client: Make, url: str, shop: Shop) -> None:
    """Also on the blocking client's own thread, where the queue refuses to be closed: it would wait for itself."""
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
    """It is not safe to repeat, so it is told of and not sent again."""

    async def cut(exchange: Any) -> None:
        exchange.reset()

    failures: list[Any] = []
    with RawServer(cut, shop) as server:
        async with queue_of(client(server.url), on_failure=failures.append) as queue:
            await queue.put(event(0, version=1))
    assert (["unknown"], []) == ([failure.outcome for failure in failures], shop.rows)
    assert 1 == queue.statistics.failed


async def test_the_rest_is_handed_back_when_the_client_is_closed_first(client: Make, url: str, shop: Shop) -> None:
    """Closing the client ends what is under way; the queue says so, and nothing hangs."""
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


# -- options and statistics


async def test_statistics_tell_the_age_and_the_pause_when_the_server_is_away(
    client: Make, url: str, shop: Shop, held: HeldClock
) -> None:
    """The age is that of the oldest event that is not settled; the time of the next trial is a date."""
    shop.status = 503
    queue = queue_of(client(url, clock=held, timeout=PATIENT, retry=RetryPolicy(attempts=3)), drain_timeout=1e6)
    async with queue:
        await queue.put(event(0))
        held.advance(5)
        for item in events(range(1, 20), profiles=20):
            await queue.put(item)
        await until(lambda: queue.statistics.paused_until, held, 0.01)
        statistics = queue.statistics
        assert 20 == statistics.depth
        assert 5 <= statistics.oldest_age <= held.time - 1000
        assert timedelta(0) <= statistics.paused_until - held.now() <= timedelta(seconds=1)
        assert "p1" not in repr(queue)
        shop.status = None
        await until(lambda: not queue.statistics.depth, held)
        assert QueueStatistics(delivered=20) == queue.statistics


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size must be a whole number of 1"),
        ({"size": 1, "overflow": "drop_oldest"}, "size must be a whole number of 2"),
        ({"size": True}, "size"),
        ({"overflow": "block"}, "overflow must be one of wait, raise, drop_oldest"),
        ({"overflow": "drop_oldest", "journal": "events"}, "a journal exists to lose none"),
        ({"journal": 5}, "journal must be the path of a folder"),
        ({"drain_timeout": -1}, "drain_timeout"),
        ({"drain_timeout": float("nan")}, "drain_timeout"),
        ({"on_drop": "print"}, "on_drop must be a function"),
        ({"on_failure": 1}, "on_failure must be a function"),
        ({"concurrency": 0}, "concurrency"),
        ({"rate": 0}, "rate"),
        ({"patience": -1}, "patience"),
    ],
)
async def test_options_are_refused_when_they_make_no_sense(
    client: Make, url: str, options: dict[str, Any], message: str
) -> None:
    """At once when the queue is made, not when it is opened."""
    with pytest.raises(InvalidArgumentError, match=message):
        queue_of(client(url), **options)
    with pytest.raises(TypeError, match="QueueOptions has no option 'sise'; did you mean 'size'"):
        queue_of(client(url), sise=1)


async def test_opening_fails_when_the_folder_cannot_be_made(client: Make, url: str, tmp_path: Path) -> None:
    """The error names the folder."""
    (tmp_path / "file").touch()
    queue = queue_of(client(url), journal=tmp_path / "file")
    with pytest.raises(JournalError, match="file: the folder cannot be made"):
        await queue.__aenter__()


async def test_the_log_tells_when_a_queue_is_closed_with_a_rest(
    client: Make, url: str, shop: Shop, journal: Path | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning where it would be lost otherwise, a note where the journal has it."""
    caplog.set_level(logging.INFO, "talon_async")
    shop.is_held = True
    async with queue_of(client(url), journal=journal, drain_timeout=0) as queue:
        await filled(queue, 3)
    (record,) = [record for record in caplog.records if "3 events" in record.message]
    assert record.levelname == ("INFO" if journal else "WARNING")


@pytest.mark.slow
async def test_a_journals_file_does_not_grow_when_all_is_delivered(
    client: Make, url: str, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashes of items serve sources that are read again; a queue has none, and forgets them by and by."""
    monkeypatch.setattr(folder, "FORGET_EVERY", 1024)
    async with queue_of(client(url), journal=tmp_path) as queue:
        for start in range(0, 6000, 500):
            await asyncio.gather(*(queue.put(item) for item in events(range(start, start + 500), profiles=50)))
        (path,) = tmp_path.glob("*.journal")
        await until(lambda: not queue.statistics.depth)
        store = Store(path, readonly=True)
        blocks = store.value("SELECT count(*) FROM digests")
        assert store.recorded == 6000
        store.close()
    assert blocks <= 2
    assert list(range(6000)) == sorted(shop.rows)
