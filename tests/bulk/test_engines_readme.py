"""The examples of the README for Kafka and Dask, as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest
from support.effects import EffectServer
from support.raw import RawServer

from talon_async import TalonOne, TalonOneSync, from_json
from talon_async.models import CustomerProfileIntegrationRequestV2, IntegrationEventV2Request

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def example(word: str) -> str:
    """Return the block of Python that holds a word."""
    return next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if word in block)


async def test_the_example_for_kafka_delivers_when_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends good messages, and writes poison to the dead-letter topic with its headers."""
    aiokafka = pytest.importorskip("aiokafka", reason="aiokafka is not installed")
    from support.consumer import FakeConsumer, Record

    consumer = FakeConsumer(Record(0, b'{"profileId": "p", "type": "paid", "attributes": {}}'), Record(1, b"no JSON"))
    written: list[dict[str, Any]] = []
    stop = asyncio.Event()

    class Producer:
        async def send_and_wait(self, topic: str, value: bytes, **options: Any) -> None:
            written.append({"topic": topic, "value": value, **options})
            stop.set()

    monkeypatch.setattr(aiokafka, "AIOKafkaConsumer", lambda *_, **__: consumer)
    with RawServer() as server:
        monkeypatch.setenv("TALON_ONE_BASE_URL", server.url)
        monkeypatch.setenv("TALON_ONE_API_KEY", "key")
        names: dict[str, Any] = {
            "asyncio": asyncio,
            "TalonOne": TalonOne,
            "from_json": from_json,
            "IntegrationEventV2Request": IntegrationEventV2Request,
        }
        exec(example("bulk.kafka"), names)  # noqa: S102  # the README is ours
        await asyncio.wait_for(names["run"](stop, Producer()), 10)
    assert 1 == len(server.received)
    assert [("purchases-dead", b"no JSON")] == [(each["topic"], each["value"]) for each in written]
    assert ("talon-origin", b"events-0-1") in written[0]["headers"]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_the_example_for_dask_sends_when_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends every row from the workers, whose environment says where to."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    from support.dask_trial import cluster

    with EffectServer(latency=0.001) as server:
        monkeypatch.setenv("TALON_ONE_BASE_URL", server.url)
        monkeypatch.setenv("TALON_ONE_API_KEY", "key")
        with cluster(1) as local, distributed.Client(local) as client:
            client.run(os.environ.update, dict(os.environ))
            monkeypatch.setattr(distributed, "Client", lambda _: client)
            names: dict[str, Any] = {
                "rows": [{"id": f"p{n}", "attributes": {"n": n}} for n in range(20)],
                "TalonOneSync": TalonOneSync,
                "CustomerProfileIntegrationRequestV2": CustomerProfileIntegrationRequestV2,
            }
            exec(example("bulk.dask"), names)  # noqa: S102  # the README is ours
            names["talon"].close()
    assert (20, 20) == (names["report"].succeeded, server.counts.effects)
