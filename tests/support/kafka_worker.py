"""A process that delivers a topic to a server until the trial that started it kills it or tells it to leave."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

from aiokafka import AIOKafkaConsumer

from talon_async import TalonOne
from talon_async.bulk.kafka import deliver
from talon_async.models import IntegrationEventV2Request


def tell(*words: object) -> None:
    """Write a line to the trial."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def main(address: str, topic: str, url: str) -> None:
    """Deliver until SIGTERM, then print the report."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=address,
        group_id="trial",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=2000,
        heartbeat_interval_ms=200,
        rebalance_timeout_ms=8000,
    )
    async with TalonOne(url, "key", transport="direct", headers={"X-Worker": str(os.getpid())}) as talon:
        prepare = talon.prepare(talon.track_event_v2)

        def call(record: Any) -> Any:
            event = json.loads(record.value)
            body = IntegrationEventV2Request(
                profile_id=event["profile"], type=event["type"], attributes={"n": event["n"]}
            )
            return prepare(body, silent=True)

        tell("ready")
        report = await deliver(
            consumer,
            talon,
            call,
            stop=stop,
            drain=3.0,
            commit_every=0.05,
            on_poison=lambda failure: tell("poison", failure.item.place),
        )
    tell("report", report, f"returned {report.returned}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
