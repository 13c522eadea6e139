"""Deliveries from a real broker, by real processes: one is killed, one leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.broker import broker
from support.raw import RawServer

from talon_async import TalonOne
from talon_async.models import IntegrationEventV2Request

pytestmark = pytest.mark.slow


@pytest.fixture
def address() -> Iterator[str]:
    with broker() as address:
        yield address


async def test_every_message_acts_once_and_in_order_when_processes_come_and_go(address: str, tmp_path: Path) -> None:
    """Every message acts once and in order when one of three processes is killed and another leaves.

    Both had calls under way. Poison messages are handed over.
    """
    from support.kafka_trial import run_trial

    trial = await run_trial(address, tmp_path, events=1200, profiles=120, poisons=10)
    output = "\n".join([str(trial), *trial.outputs])
    assert (0, 0, 0) == (trial.missing, trial.counts.doubled, trial.counts.reordered), output
    assert trial.poisons == trial.handed_over, output
    assert trial.under_way_at_kill, output
    assert trial.under_way_at_leaving, output


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_nothing_is_delivered_again_when_a_delivery_has_ended_properly(address: str, is_cancelled: bool) -> None:
    """A delivery that is stopped or cancelled commits what it has settled, so that nothing is delivered again."""
    from aiokafka import AIOKafkaConsumer, TopicPartition
    from support.kafka_trial import create_topic, produce

    from talon_async.bulk.kafka import deliver

    await create_topic(address, "events", 2)
    await produce(address, "events", [(f"p{n}", {"n": n}) for n in range(50)])

    group: Any = {"bootstrap_servers": address, "group_id": "g", "enable_auto_commit": False}
    consumer = AIOKafkaConsumer("events", **group, auto_offset_reset="earliest", session_timeout_ms=3000)
    stop = asyncio.Event()
    with RawServer() as server:
        async with TalonOne(server.url, "key") as talon:

            def prepare(record: Any) -> Any:
                body = IntegrationEventV2Request(profile_id=record.key.decode(), type="paid", attributes={})
                return talon.prepare(talon.track_event_v2)(body)

            task = asyncio.ensure_future(deliver(consumer, talon, prepare, stop=stop))
            while len(server.received) < 50:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            if is_cancelled:
                task.cancel()
            stop.set()
            await asyncio.wait([task])
    assert is_cancelled == task.cancelled()
    async with AIOKafkaConsumer(**group) as later:
        committed = [await later.committed(TopicPartition("events", partition)) for partition in (0, 1)]
    assert 50 == sum(committed)
