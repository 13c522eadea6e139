"""The options of the queue of both twins, its statistics and its log."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.clock import HeldClock
from support.queues import PATIENT, Make, Shop, event, events, filled, queue_of, until

from talon_async import RetryPolicy
from talon_async.bulk import QueueStatistics
from talon_async.bulk.journal.store import Store
from talon_async.bulk.queue import folder
from talon_async.errors import (
    InvalidArgumentError,
    JournalError,
)

# -- options and statistics


async def test_statistics_tell_the_age_and_the_pause_when_the_server_is_away(
    client: Make, url: str, shop: Shop, held: HeldClock
) -> None:
    """The statistics give the age of the oldest event that is not settled. The time of the next attempt is a date."""
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
        ({"overflow": "drop_oldest", "journal": "events"}, "cannot be combined with a journal"),
        ({"journal": 5}, "journal must be the path of a folder"),
        ({"journal": ""}, "journal must be the path of a folder, not an empty text"),
        ({"drain_timeout": -1}, "drain_timeout"),
        ({"drain_timeout": float("nan")}, "drain_timeout"),
        ({"on_drop": "print"}, "on_drop must be a function"),
        ({"on_failure": 1}, "on_failure must be a function"),
        ({"on_drop": asyncio.sleep}, "on_drop must be a function that is not a coroutine function"),
        ({"on_failure": asyncio.sleep}, "on_failure must be a function that is not a coroutine function"),
        ({"size": 10**30}, "size must be 1,000,000,000,000 or less"),
        ({"drain_timeout": 10**400}, "drain_timeout must be 1,000,000,000 or less"),
        ({"patience": 10**400}, "patience must be 1,000,000,000 or less"),
        ({"concurrency": 0}, "concurrency"),
        ({"rate": 0}, "rate"),
        ({"patience": -1}, "patience"),
    ],
)
async def test_options_are_refused_when_they_make_no_sense(
    client: Make, url: str, options: dict[str, Any], message: str
) -> None:
    """An option that makes no sense is refused when the queue is made, not when it is opened."""
    with pytest.raises(InvalidArgumentError, match=message):
        queue_of(client(url), **options)
    with pytest.raises(TypeError, match="QueueOptions has no option 'sise'; did you mean 'size'"):
        queue_of(client(url), sise=1)


async def test_opening_fails_when_the_folder_cannot_be_made(client: Make, url: str, tmp_path: Path) -> None:
    """A queue whose folder cannot be made does not open, and the error names the folder."""
    (tmp_path / "file").touch()
    queue = queue_of(client(url), journal=tmp_path / "file")
    with pytest.raises(JournalError, match="file: the journal of a queue must be a folder, not a file"):
        await queue.__aenter__()


async def test_the_log_tells_when_a_queue_is_closed_with_a_rest(
    client: Make, url: str, shop: Shop, journal: Path | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing a queue with undelivered events logs a warning. If the journal has the events, it logs a note instead."""
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
    """The journal of a queue does not grow with the events that are delivered, because it keeps no hashes of items."""
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
