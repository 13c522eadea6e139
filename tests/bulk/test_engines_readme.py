"""The examples of the README for Kafka and Dask, as they stand there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import pytest
from support.raw import RawServer
from support.readme import Page

from talon_async.testing import Sandbox


async def test_the_example_for_kafka_delivers_when_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's Kafka example sends good messages.

    It writes poison messages to the dead-letter topic with their headers.
    """
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
        run = Page().read("Kafka")["run"]
        await asyncio.wait_for(run(stop, Producer()), 10)
    assert 1 == len(server.received)
    assert [("purchases-dead", b"no JSON")] == [(each["topic"], each["value"]) for each in written]
    assert ("talon-origin", b"events-0-1") in written[0]["headers"]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_the_example_for_dask_sends_when_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The README's Dask example sends every row from workers that find the server in their environment."""
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    from support.dask_trial import cluster

    with Sandbox() as sandbox:
        monkeypatch.setenv("TALON_ONE_BASE_URL", sandbox.url)
        monkeypatch.setenv("TALON_ONE_API_KEY", "sandbox")
        with cluster(1) as local, distributed.Client(local) as client:
            client.run(os.environ.update, dict(os.environ))
            monkeypatch.setattr(distributed, "Client", lambda _: contextlib.nullcontext(client))
            names = Page().read("Dask")
        assert (100, 100) == (names["report"].succeeded, sandbox.received)
