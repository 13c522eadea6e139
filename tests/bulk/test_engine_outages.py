"""Kafka deliveries and Dask jobs while the server is away: nothing is lost, doubled or reordered."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest
from support.broker import broker
from support.effects import EffectServer

from talon_async import TalonOne
from talon_async.models import IntegrationEventV2Request

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # distributed leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

AWAY = 2.0
"""Seconds of each outage."""
POLL_INTERVAL = 1500
"""Milliseconds after which a consumer that is not read leaves its group."""


def be_away(server: EffectServer, events: int, pause: Any = time.sleep) -> None:
    """Refuse connections after a third of the events, and answer 503 after two thirds."""
    for part, begin, end in (
        (1, server.vanish, server.come_back),
        (2, lambda: setattr(server, "status", 503), lambda: setattr(server, "status", None)),
    ):
        deadline = time.monotonic() + 60
        while server.counts.effects < part * events // 3 and time.monotonic() < deadline:
            pause(0.005)
        begin()
        pause(AWAY)
        end()


async def test_a_delivery_stays_in_its_group_and_goes_on_when_the_server_was_away() -> None:
    """A consumer stays in its group through two outages longer than its poll interval, and every message acts once."""
    pytest.importorskip("aiokafka", reason="aiokafka is not installed: pip install talon-async[kafka]")
    from aiokafka import AIOKafkaConsumer
    from support.kafka_trial import create_topic, produce, until

    from talon_async.bulk.kafka import deliver

    events = 3000
    with broker() as address, EffectServer(0.005) as server:
        await create_topic(address, "events", 3)
        await produce(address, "events", [(f"p{n % 60}", {"n": n}) for n in range(events)])
        consumer = AIOKafkaConsumer(
            "events", bootstrap_servers=address, group_id="g", enable_auto_commit=False, auto_offset_reset="earliest",
            session_timeout_ms=2000, heartbeat_interval_ms=200, max_poll_interval_ms=POLL_INTERVAL,
        )  # fmt: skip
        stop = asyncio.Event()
        async with TalonOne(server.url, "key", transport="direct") as talon:

            def prepare(record: Any) -> Any:
                body = IntegrationEventV2Request(
                    profile_id=record.key.decode(), type="paid", attributes=json.loads(record.value)
                )
                return talon.prepare(talon.track_event_v2)(body)

            delivery = asyncio.ensure_future(deliver(consumer, talon, prepare, stop=stop))
            assert await until(lambda: server.counts.effects)
            member = _member(consumer)
            await asyncio.to_thread(be_away, server, events)
            assert await until(lambda: server.counts.effects == events)
            assert member == _member(consumer)
            stop.set()
            report = await delivery
    counts = server.counts
    assert (events, 0, 0) == (counts.effects, counts.doubled, counts.reordered), counts
    assert (events, 0, 0) == (report.succeeded, report.failed, report.returned)
    assert report.poisoned == 0


def _member(consumer: Any) -> tuple[str, int]:
    """Return the consumer's member ID and generation.

    A new generation means that the consumer has left its group or was removed from it.
    """
    coordinator = consumer._coordinator
    return coordinator.member_id, coordinator.generation


def test_a_job_goes_on_when_the_server_was_away() -> None:
    """The workers wait for the server, so no call fails, and Dask sends no block again."""
    pytest.importorskip("distributed", reason="distributed is not installed: pip install talon-async[dask]")
    from distributed import Client
    from support.dask_trial import cluster, connect, prepared

    from talon_async.bulk.dask import distribute

    events = 3000
    with EffectServer(0.02) as server, cluster(2) as local, Client(local) as client:
        outages = threading.Thread(target=be_away, args=(server, events))
        outages.start()
        report = distribute(client, prepared(events, 60), connect(server.url), "outage", block=100)
        outages.join()
    counts = server.counts
    assert (events, 0, 0) == (counts.effects, counts.doubled, counts.reordered), counts
    assert (events, 0, None) == (report.succeeded, report.failed, report.stopped_by)
    assert 2 * AWAY * 0.9 < report.elapsed
