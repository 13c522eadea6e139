"""Deliveries from a consumer: what is committed, what is poison, what is refused, and how they end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.raw import Exchange, RawServer, answer, hang

from talon_async import TalonOne
from talon_async.bulk import Failure, PreparedCall
from talon_async.errors import AuthenticationError, BulkInterruptedError, InvalidArgumentError
from talon_async.models import IntegrationEventV2Request, IntegrationEventV3Request, NewEvent

pytest.importorskip("aiokafka", reason="aiokafka is not installed: pip install talon-async[kafka]")

from aiokafka import TopicPartition
from support.consumer import FakeConsumer, Record

from talon_async.bulk.kafka import DeliveryReport, Message, dead_letter_headers, deliver
from talon_async.bulk.kafka.ledger import Ledger

FIRST, SECOND = TopicPartition("events", 0), TopicPartition("events", 1)


class Prepare:
    """Makes calls of messages, with a client that is never used."""

    def __init__(self) -> None:
        self._talon = TalonOne("http://127.0.0.1", "key")

    def v1(self, record: Any) -> PreparedCall[Any]:
        body = NewEvent(profile_id="p", type="paid", attributes={}, session_id="s")
        return self._talon.prepare(self._talon.track_event)(body)

    def v2(self, record: Any, key: str | None = None) -> PreparedCall[Any]:
        attributes = json.loads(record.value)
        body = IntegrationEventV2Request(profile_id=attributes.get("p", "p"), type="paid", attributes=attributes)
        return self._talon.prepare(self._talon.track_event_v2)(body, idempotency_key=key)

    def v3(self, record: Any) -> PreparedCall[Any]:
        body = IntegrationEventV3Request(profile_id="p", type="paid", integration_id=f"e{record.offset}", attributes={})
        return self._talon.prepare(self._talon.track_event_v3)(body)


make = Prepare()


async def delivered(
    consumer: FakeConsumer, server: RawServer, function: Any = make.v2, **options: Any
) -> DeliveryReport:
    """Deliver what a consumer has, and stop when every message has been answered and settled."""
    stop = asyncio.Event()

    async def watch() -> None:
        while consumer.given < len(consumer.records):
            await asyncio.sleep(0.001)
        stop.set()

    watching = asyncio.ensure_future(watch())
    try:
        async with TalonOne(server.url, "key") as talon:
            return await asyncio.wait_for(deliver(consumer, talon, function, stop=stop, **options), 10)
    finally:
        watching.cancel()


def keys(server: RawServer) -> list[str]:
    return [exchange.headers.get("idempotency-key", "") for exchange in server.received]


async def test_offsets_are_committed_when_everything_is_settled() -> None:
    """A delivery that is told to stop first commits, for each partition, the offset after its last message."""
    consumer = FakeConsumer(Record(5), Record(6), Record(9), Record(2, partition=1))
    with RawServer() as server:
        report = await delivered(consumer, server)
    assert {FIRST: 10, SECOND: 3} == consumer.committed
    assert (4, 4, 0) == (report.taken, report.succeeded, report.pending)
    assert consumer.is_stopped


async def test_nothing_behind_an_unsettled_message_is_committed_when_the_delivery_is_cancelled() -> None:
    """A cancelled delivery commits each partition up to the first message that is not settled."""
    consumer = FakeConsumer(*(Record(n, json.dumps({"p": f"p{n}"}).encode()) for n in range(4)))

    async def hang_for_the_third(exchange: Exchange) -> None:
        await (hang(exchange) if b'"p2"' in exchange.body else exchange.send(answer({})))

    with RawServer(hang_for_the_third) as server:
        async with TalonOne(server.url, "key") as talon:
            task = asyncio.ensure_future(deliver(consumer, talon, make.v2))
            while len(server.received) < 4:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
    report = caught.value.__dict__["report"]
    assert {FIRST: 2} == consumer.committed
    assert (3, 3, 1, 0) == (report.taken, report.succeeded, report.returned, report.pending)


async def test_a_message_is_sent_under_its_place_when_it_brings_no_key() -> None:
    """The key of a message is made of the namespace, topic, partition and offset.

    A key in a header takes precedence, and a key from `prepare` takes precedence over both.
    """
    header = [("Idempotency-Key", b"from-header")]
    with RawServer() as server:
        await delivered(FakeConsumer(Record(7, key=b"a"), Record(8, key=b"a", headers=header)), server, namespace="eu.")
        await delivered(FakeConsumer(Record(9, headers=header)), server, lambda record: make.v2(record, "own"))
    assert ["eu.events-0-7", "from-header", "own"] == keys(server)


async def test_a_poison_message_is_handed_over_when_it_cannot_be_sent() -> None:
    """A message that cannot be read or that the server refuses is handed to `on_poison`.

    Its partition goes on with the next message.
    """
    consumer = FakeConsumer(Record(0), Record(1, b"no JSON"), Record(2, b'{"bad": 1}'), Record(3))
    handed_over: list[Failure[Message]] = []

    async def on_poison(failure: Failure[Message]) -> None:
        handed_over.append(failure)

    async def refuse_bad(exchange: Exchange) -> None:
        is_bad = b"bad" in exchange.body
        await exchange.send(answer({"message": "bad"}, status=400) if is_bad else answer({}))

    with RawServer(refuse_bad) as server:
        report = await delivered(consumer, server, on_poison=on_poison)
    assert {FIRST: 4} == consumer.committed
    assert ["events-0-1", "events-0-2"] == sorted(failure.item.place for failure in handed_over)
    assert (4, 2, 2, 2, []) == (report.taken, report.succeeded, report.rejected, report.poisoned, report.failures)
    refused = next(failure for failure in handed_over if failure.item.record.offset == 2)
    assert {
        "talon-origin": b"events-0-2",
        "idempotency-key": b"events-0-2",
        "talon-outcome": b"rejected",
    }.items() <= dict(dead_letter_headers(refused)).items()


async def test_the_delivery_ends_when_a_poison_message_cannot_be_handed_over() -> None:
    """An error that `on_poison` raises ends the delivery. The message is not committed, and is delivered again."""
    consumer = FakeConsumer(Record(0), Record(1, b"no JSON"), Record(2))

    def on_poison(_: Failure[Message]) -> None:
        raise OSError("the dead-letter topic is away")

    with RawServer() as server, pytest.raises(BulkInterruptedError, match="dead-letter topic is away"):
        await delivered(consumer, server, on_poison=on_poison)
    assert {FIRST: 1} == consumer.committed


async def test_poison_messages_are_kept_when_there_is_no_on_poison(caplog: pytest.LogCaptureFixture) -> None:
    """Without `on_poison`, poison messages are logged by topic, partition and offset, and kept in the report.

    Too many of them end the delivery.
    """
    with RawServer() as server:
        report = await delivered(FakeConsumer(Record(0, b"no JSON"), Record(1)), server)
        with pytest.raises(BulkInterruptedError, match="max_failures"):
            await delivered(FakeConsumer(*(Record(n, b"no") for n in range(5))), server, max_failures=3)
    assert [0] == [failure.item.record.offset for failure in report.failures]
    assert "events-0-0 cannot be delivered" in caplog.text


async def test_events_of_v1_are_refused_when_they_are_not_allowed() -> None:
    """Events of V1 are refused unless they are allowed, because they act twice when they are delivered again.

    Nothing is sent or committed.
    """
    consumer = FakeConsumer(Record(0))
    with RawServer() as server:
        with pytest.raises(BulkInterruptedError, match="track_event acts twice"):
            await delivered(consumer, server, make.v1)
        assert ({}, 0) == (consumer.committed, len(server.received))
        await delivered(FakeConsumer(Record(0)), server, make.v1, allow_unrepeatable=True)
        assert 1 == len(server.received)


async def test_nothing_is_poison_when_the_key_of_the_api_is_wrong() -> None:
    """A 401 ends the delivery with nothing committed, and no message counts as poison."""
    consumer = FakeConsumer(Record(0), Record(1))
    poisons: list[object] = []
    with RawServer(answer({"message": "no"}, status=401)) as server, pytest.raises(BulkInterruptedError) as caught:
        await delivered(consumer, server, on_poison=poisons.append)
    assert ({}, []) == (consumer.committed, poisons)
    assert isinstance(caught.value.__cause__, BulkInterruptedError)
    assert isinstance(caught.value.__cause__.__cause__, AuthenticationError)


async def test_an_event_of_v3_is_settled_when_the_server_knows_it() -> None:
    """A 409 for an event of V3 counts as success, because it says that an earlier delivery has recorded the event."""
    consumer = FakeConsumer(Record(0), Record(1))
    with RawServer(answer({"message": "exists"}, status=409)) as server:
        report = await delivered(consumer, server, make.v3)
    assert (2, {FIRST: 2}) == (report.succeeded, consumer.committed)


async def test_a_message_is_ignored_when_prepare_returns_none() -> None:
    """A message for which `prepare` returns None is settled without a call."""
    consumer = FakeConsumer(Record(0), Record(1))
    with RawServer() as server:
        report = await delivered(consumer, server, lambda _: None)
    assert (2, 0, {FIRST: 2}) == (report.ignored, len(server.received), consumer.committed)


@pytest.mark.parametrize(("drain", "committed", "returned"), [(5.0, {FIRST: 3}, 0), (0.05, {FIRST: 1}, 2)])
async def test_taken_messages_are_sent_within_a_bound_when_partitions_are_revoked(
    drain: float, committed: dict[Any, int], returned: int
) -> None:
    """Messages under way are sent and committed before their partitions are revoked.

    Messages that take longer than the bound are left to the next owner of the partition.
    """
    consumer = FakeConsumer(Record(0), Record(1, key=b"a"), Record(2, key=b"a"))

    async def slowly(exchange: Exchange) -> None:
        await asyncio.sleep(0.2 if exchange.headers["idempotency-key"] != "events-0-0" else 0)
        await exchange.send(answer({}))

    with RawServer(slowly) as server:
        async with TalonOne(server.url, "key") as talon:
            stop = asyncio.Event()
            task = asyncio.ensure_future(deliver(consumer, talon, make.v2, stop=stop, drain=drain))
            while len(server.received) < 2:
                await asyncio.sleep(0.001)
            await consumer.listener.on_partitions_revoked([FIRST])
            committed_then = dict(consumer.committed)
            stop.set()
            report = await task
    assert (committed, returned) == (committed_then, report.returned)


async def taken_from_a_hanging_server(
    consumer: FakeConsumer, seconds: float, *, until: Callable[[], object] = lambda: True, **options: Any
) -> None:
    """Deliver to a server that never answers, for a number of seconds, and on until something has happened."""
    with RawServer(hang) as server:
        async with TalonOne(server.url, "key") as talon:
            task = asyncio.ensure_future(deliver(consumer, talon, make.v2, **options))
            await asyncio.sleep(seconds)
            async with asyncio.timeout(60):
                while not until():
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])


async def test_reading_stops_when_nothing_can_be_sent() -> None:
    """A delivery whose calls get no answer takes as many messages as it has room for.

    It goes on polling, so that its group does not remove the consumer.
    """
    consumer = FakeConsumer(*(Record(n) for n in range(20_000)))
    await taken_from_a_hanging_server(consumer, 1.3, until=lambda: consumer.touched)
    assert 1000 <= consumer.given <= 1500
    assert consumer.touched


async def test_reading_goes_on_when_one_partition_is_far_ahead() -> None:
    """A partition is read at most `ahead` messages beyond its first unsettled one. Other partitions are read on."""
    consumer = FakeConsumer(*(Record(n) for n in range(600)), *(Record(n, partition=1) for n in range(40)))
    await taken_from_a_hanging_server(consumer, 0.2, ahead=100)
    assert 500 == consumer.given


@pytest.mark.parametrize(
    ("consumer", "message"),
    [(FakeConsumer(auto_commit=True), "enable_auto_commit=False"), (FakeConsumer(group=None), "group_id")],
)
async def test_a_consumer_is_refused_when_it_cannot_keep_the_promise(consumer: FakeConsumer, message: str) -> None:
    """A consumer that commits by itself is refused, because it loses messages.

    One without a group is refused, because it cannot commit.
    """
    with pytest.raises(InvalidArgumentError, match=message):
        await deliver(consumer, TalonOne("http://127.0.0.1", "key"), make.v2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drain": -1}, "drain must be 0 or more seconds, not -1"),
        ({"drain": 10**400}, "drain must be 1,000,000,000 or less"),
        ({"commit_every": "1"}, "commit_every must be 0 or more seconds, not '1'"),
        ({"ahead": 0}, "ahead must be a whole number of 1 or more, not 0"),
        ({"on_poison": 3}, "on_poison must be a function, not int"),
        ({"progress": asyncio.sleep}, "progress must be a function that is not a coroutine function"),
        ({"rate": 0}, "rate must be calls a second above 0, not 0"),
        ({"concurrency": 10**30}, "concurrency must be 1,000,000,000,000 or less"),
        ({"prepare": asyncio.sleep}, "prepare must be a function that is not a coroutine function"),
    ],
)
async def test_an_option_is_refused_when_it_makes_no_sense(options: dict[str, Any], message: str) -> None:
    """An option that makes no sense is refused before the consumer is started."""
    consumer, prepare = FakeConsumer(), options.pop("prepare", make.v2)
    with pytest.raises(InvalidArgumentError, match=message):
        await deliver(consumer, TalonOne("http://127.0.0.1", "key"), prepare, **options)


async def test_a_consumer_is_refused_when_it_was_started() -> None:
    """A consumer that was started already is refused, because its rebalance listener must be set before."""
    consumer = FakeConsumer()
    await consumer.start()
    with pytest.raises(InvalidArgumentError, match="already started"):
        await deliver(consumer, TalonOne("http://127.0.0.1", "key"), make.v2)


@given(st.lists(st.integers(1, 3), max_size=30), st.randoms())
def test_the_position_is_behind_the_settled_beginning_when_messages_settle_in_any_order(
    gaps: list[int], chance: Any
) -> None:
    """The offset to commit is the one after the last message before which all messages are settled."""
    offsets = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    ledger = Ledger()
    for offset in offsets:
        ledger.take(offset)
    settled: set[int] = set()
    for offset in chance.sample(offsets, len(offsets)):
        ledger.settle(offset)
        settled.add(offset)
        beginning = [each for n, each in enumerate(offsets) if settled >= set(offsets[: n + 1])]
        assert (beginning[-1] + 1 if beginning else None) == ledger.position
        assert len(offsets) - len(beginning) == len(ledger)
