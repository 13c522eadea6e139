"""A page of use of Kafka and Dask: what both checkers must accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from talon_async import TalonOne, TalonOneSync, from_json
from talon_async.bulk import Failure, PreparedCall, Report
from talon_async.bulk.dask import distribute
from talon_async.bulk.kafka import DeliveryReport, Message, dead_letter_headers, deliver
from talon_async.models import IntegrationEventV2Request, IntegrationEventV2Response

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from distributed import Client


async def kafka(consumer: AIOKafkaConsumer, talon: TalonOne) -> None:
    prepare = talon.prepare(talon.track_event_v2)

    def call(record: Any) -> PreparedCall[IntegrationEventV2Response | None] | None:
        return prepare(from_json(record.value, IntegrationEventV2Request)) if record.value else None

    async def on_poison(failure: Failure[Message]) -> None:
        assert_type(dead_letter_headers(failure), list[tuple[str, bytes]])

    report = await deliver(consumer, talon, call, on_poison=on_poison, concurrency="auto", rate=300)
    assert_type(report, DeliveryReport)
    assert_type(report.poisoned, int)


def dask(cluster: Client, calls: list[PreparedCall[Any]]) -> None:
    report = distribute(cluster, calls, TalonOneSync.from_env, job="import", rate=300, block=500)
    assert_type(report, Report[PreparedCall[Any]])
