"""Reads messages from a consumer, sends their calls, commits offsets, and follows the changes of its group.

1. An offset is committed only when every message before it is settled: the server has acted on its call, or `on_poison`
   has returned. A killed process therefore loses no message; the next process sends the uncommitted messages again.
2. A message that is sent again acts once. Its idempotency key is made of topic, partition and offset, unless the
   message brings its own. Calls that are not safe to repeat are refused, unless `allow_unrepeatable` is set.
3. Messages with the same key, and calls for the same profile or session, are sent one after the other.
4. Before partitions go to another consumer, the calls under way get up to `drain` seconds to end. The other consumer
   gets the remaining messages.
5. At most `ahead` messages of a partition are taken beyond the first unsettled message.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol

from aiokafka import TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from talon_async.bulk.calls import WrongItemError
from talon_async.bulk.kafka.ledger import Ledger
from talon_async.bulk.kafka.messages import DeliveryReport, MessageReader
from talon_async.bulk.kafka.session import Hooks, Session
from talon_async.bulk.runner import PacingOptions, values
from talon_async.bulk.sources import Caught
from talon_async.errors import BulkInterruptedError, InvalidArgumentError, TalonOneError, check_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Unpack

    from talon_async.bulk.kafka.messages import Prepare, Record
    from talon_async.bulk.kafka.session import OnPoison
    from talon_async.bulk.methods import Bulk

logger: logging.Logger = logging.getLogger("talon_async")

POLL_MS = 200
"""Milliseconds that one read of the consumer waits for messages."""
KEEP_ALIVE = 1.0
"""Seconds after which a paused consumer is polled, since its group would otherwise remove it."""
AT_ONCE = 500
"""The highest number of messages in one read."""
COMMIT_WITHIN = 5.0
"""Seconds that the last commit may take."""
FOREVER = 1e9
DRAIN, COMMIT_EVERY, AHEAD = 5.0, 1.0, 10_000


class Consumer(Protocol):
    """The methods of aiokafka's `AIOKafkaConsumer` that `deliver` uses."""

    async def start(self) -> None:
        """Join the group."""
        ...

    async def stop(self) -> None:
        """Leave the group."""
        ...

    def subscription(self) -> Iterable[str]:
        """Return the topics."""
        ...

    def subscribe(self, topics: Any = ..., pattern: Any = ..., listener: Any = ...) -> None:
        """Choose the topics, and the listener for changes of the partitions."""
        ...

    def assignment(self) -> Iterable[Any]:
        """Return the assigned partitions."""
        ...

    async def getmany(self, *partitions: Any, timeout_ms: Any = ..., max_records: Any = ...) -> Mapping[Any, Any]:
        """Return messages by partition."""
        ...

    async def commit(self, offsets: Any = ...) -> None:
        """Store offsets."""
        ...

    def pause(self, *partitions: Any) -> None:
        """Stop fetching from some partitions."""
        ...

    def resume(self, *partitions: Any) -> None:
        """Fetch from some partitions again."""
        ...


class DeliveryOptions(PacingOptions, total=False):
    """The options of `deliver`, in addition to `PacingOptions`.

    Attributes:
        on_poison: called with the `Failure` of each message that cannot be delivered; its `item` is the `Message`. It
            may be a coroutine function, and may write to a dead-letter topic (see `dead_letter_headers`). The message
            is settled when `on_poison` returns. An exception in it ends the delivery. Without `on_poison` such messages
            are logged and kept in the report, and end the delivery when there are `max_failures` of them.
        stop: an event that ends the delivery. The calls under way get up to `drain` seconds to end.
        drain: seconds that the calls under way get when partitions are revoked or the delivery ends; 5 by default. It
            must be shorter than the consumer's `rebalance_timeout_ms`, which is 10 seconds by default.
        ahead: the number of messages of a partition that may be taken beyond the first unsettled message; 10,000 by
            default. After a kill, so many messages of each partition may be sent again.
        commit_every: seconds between two commits; 1 by default.
        namespace: a prefix of the idempotency keys that `deliver` makes. No key may be used for two messages within 24
            hours. Put the name of the cluster here if two clusters have topics of the same name, and change the prefix
            if a topic is deleted and created again.
        allow_unrepeatable: accept calls that act twice if they are sent twice, such as events of V1. They end the
            delivery by default.
    """

    on_poison: OnPoison | None
    stop: asyncio.Event | None
    drain: float
    ahead: int
    commit_every: float
    namespace: str
    allow_unrepeatable: bool


async def deliver(
    consumer: Consumer, talon: Bulk, prepare: Prepare, **options: Unpack[DeliveryOptions]
) -> DeliveryReport:
    """Send the messages of Kafka topics as calls, until `stop` is set.

    Make the consumer with its topics, a `group_id` and `enable_auto_commit=False`. Give it no deserializers, so that a
    message that cannot be read fails alone and does not stop the consumer. Do not start it: `deliver` registers itself
    as the listener of the group first, then starts the consumer, and stops it at the end, which leaves the group.

    During an outage of the server the delivery waits. Once a call has succeeded, it waits without a bound. Calls are
    sent as by `bulk`.

    Args:
        consumer: an `AIOKafkaConsumer`.
        talon: the client.
        prepare: makes the call of a message (a `ConsumerRecord`), for example with
            `talon.prepare(talon.track_event_v2)(...)`. It returns None if there is nothing to send. If it raises, the
            message is a poison message. The idempotency key is the one that `prepare` passes, else the header
            `idempotency-key` of the message, else one made of topic, partition and offset.
        **options: see `DeliveryOptions`.

    Returns:
        The counts, after `stop` was set.

    Raises:
        InvalidArgumentError: the consumer commits by itself, has no group or topics, or was started.
        KafkaError: the consumer cannot be started.
        BulkInterruptedError: the delivery ended by itself: a call is not safe to repeat, the API key is wrong, or
            `on_poison` or the consumer raised. The offsets of settled messages are committed. `__cause__` is the cause.
    """
    check_words("DeliveryOptions", options, (*PacingOptions.__annotations__, *DeliveryOptions.__annotations__))
    topics = sorted(consumer.subscription())
    if getattr(consumer, "_enable_auto_commit", False):  # aiokafka has no public attribute for it
        raise InvalidArgumentError(
            "consumer would commit messages that are not settled: make it with enable_auto_commit=False"
        )
    if getattr(consumer, "_group_id", "") is None:
        raise InvalidArgumentError("consumer has no group to commit offsets for: make it with a group_id")
    if not topics:
        raise InvalidArgumentError("consumer is not subscribed to topics")
    delivery = Delivery(consumer, talon, prepare, dict(options))
    try:
        consumer.subscribe(topics=topics, listener=delivery)
    except IllegalStateError:
        raise InvalidArgumentError(
            "consumer must be subscribed to topics by name, not to partitions or a pattern"
        ) from None
    try:
        await _start(consumer)
        return await delivery.run()
    finally:
        await consumer.stop()


async def _start(consumer: Consumer) -> None:
    try:
        await consumer.start()
    except AssertionError:
        raise InvalidArgumentError("consumer is already started: `deliver` starts and stops it") from None


class Delivery:
    """A delivery under way, and the listener of its consumer's group."""

    report: DeliveryReport

    def __init__(self, consumer: Consumer, talon: Bulk, prepare: Prepare, options: dict[str, Any]) -> None:
        self._consumer, self._talon = consumer, talon
        self._now = asyncio.get_running_loop().time
        values.check_pacing(options)
        values.function("prepare", prepare)
        self._reader = MessageReader(
            prepare,
            namespace=options.pop("namespace", ""),
            allow=options.pop("allow_unrepeatable", False),
        )
        self._stop: asyncio.Event = options.pop("stop", None) or asyncio.Event()
        drain, commit_every = (values.seconds(name, options.pop(name, None)) for name in ("drain", "commit_every"))
        self._drain = DRAIN if drain is None else drain
        self._commit_every = COMMIT_EVERY if commit_every is None else commit_every
        self._ahead = values.whole("ahead", options.pop("ahead", None), 1, AHEAD)
        self._on_poison: OnPoison | None = options.pop("on_poison", None)
        if self._on_poison is not None and not callable(self._on_poison):
            raise InvalidArgumentError(f"on_poison must be a function, not {type(self._on_poison).__name__}")
        self._options = {**options, "sent_before": True}
        self.report = DeliveryReport()
        self._ledgers: defaultdict[Any, Ledger] = defaultdict(Ledger)
        self._session: Session | None = None
        self._ending = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._commit_due = 0.0
        self._problem: BaseException | None = None
        self._is_over = False

    async def run(self) -> DeliveryReport:
        """Deliver until `stop` is set or an error ends the delivery."""
        started = self._now()
        reading = asyncio.ensure_future(self._read())
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([reading, stopping], return_when=asyncio.FIRST_COMPLETED)
            await _ended(reading)
            await self._end_session(self._drain)
        except BaseException as interruption:
            await _ended(reading)
            await self._end_session(0.0)
            interruption.__dict__["report"] = self.report
            raise
        finally:
            stopping.cancel()
            self._is_over = True
            self.report.elapsed = self._now() - started
        problem = self._problem or (None if reading.cancelled() else reading.exception())
        if problem is None and not self._stop.is_set():
            problem = TalonOneError("the delivery ended although `stop` was not set")
        if problem is not None:
            error = BulkInterruptedError(f"the delivery ended: {type(problem).__name__}: {problem}")
            error.report = self.report
            raise error from problem
        return self.report

    # -- reading

    async def _read(self) -> None:
        """Read messages until there is an error."""
        while self._problem is None:
            session = self._session
            if session is not None and session.has_failed():
                return  # `_end_session` takes its error
            if session is not None and session.is_full():
                await self._end_session(self._drain)
            if self._now() >= self._commit_due:
                await self._commit()
            self._wanted.clear()
            partitions = self._with_room()
            if partitions is None:
                await self._wait_for_room()
                continue
            self._take(await self._consumer.getmany(*partitions, timeout_ms=POLL_MS, max_records=AT_ONCE))

    def _with_room(self) -> list[Any] | None:
        """Return the partitions to read, or an empty list for all partitions; None if there is no room."""
        if self._session is not None and not self._session.wants_more():
            return None
        full = {partition for partition, ledger in self._ledgers.items() if len(ledger) >= self._ahead}
        if not full:
            return []
        return [partition for partition in self._consumer.assignment() if partition not in full] or None

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await self._wanted.wait()
        except TimeoutError:
            await self._touch()

    async def _touch(self) -> None:
        """Poll the consumer with all partitions paused, which shows its group that this member is alive."""
        consumer = self._consumer
        partitions = set(consumer.assignment())
        consumer.pause(*partitions)
        try:
            self._take(await consumer.getmany(timeout_ms=0))
        finally:
            consumer.resume(*(partitions & set(consumer.assignment())))

    def _take(self, batches: Mapping[Any, Any]) -> None:
        """Have messages sent. Do not await anything in between, as their partitions could be revoked."""
        for partition, records in batches.items():
            ledger = self._ledgers[partition]
            for record in records:
                ledger.take(record.offset)
                self._take_one(record, ledger)

    def _take_one(self, record: Record, ledger: Ledger) -> None:
        if self._session is None:
            self._session = self._new_session()
        call = None
        with Caught() as caught:
            call = self._reader.read(record)
        if isinstance(caught.error, WrongItemError):
            raise caught.error
        if caught.error is not None:
            self._session.refuse(record, caught.error)
        elif call is None:
            self.report.ignored += 1
            ledger.settle(record.offset)
        else:
            self._session.add(record, call)

    def _new_session(self) -> Session:
        options = self._options.copy()
        if options.get("patience") is None and self.report.succeeded:
            options["patience"] = FOREVER  # uncommitted messages are safe in any outage
        hooks = Hooks(self._settled, self._wanted.set, self._on_poison)
        return Session(self._talon, options, self.report, hooks)

    def _settled(self, record: Record) -> None:
        ledger = self._ledgers[TopicPartition(record.topic, record.partition)]
        was_full = len(ledger) >= self._ahead
        ledger.settle(record.offset)
        if was_full and len(ledger) < self._ahead:
            self._wanted.set()

    # -- committing

    async def _commit(self, *, at_last: bool = False) -> None:
        """Commit the offsets up to which all messages are settled."""
        self._commit_due = self._now() + self._commit_every
        uncommitted = {partition: ledger.uncommitted() for partition, ledger in self._ledgers.items()}
        offsets = {partition: offset for partition, offset in uncommitted.items() if offset is not None}
        if not offsets:
            return
        try:
            async with asyncio.timeout(COMMIT_WITHIN if at_last else None):
                await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            logger.info("another consumer has the partitions now: messages that were not committed are delivered again")
        except (KafkaError, TimeoutError) as error:
            if not (at_last or getattr(error, "retriable", False)):
                raise
            logger.warning("offsets could not be committed: %s", type(error).__name__)
        else:
            for partition, offset in offsets.items():
                self._ledgers[partition].committed = offset

    # -- the group

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """Give the calls under way up to `drain` seconds, and commit, since all partitions are reassigned."""
        del revoked
        if not self._is_over:
            await self._end_session(self._drain)

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Do nothing. The next message starts a new session."""

    async def _end_session(self, seconds: float) -> None:
        async with self._ending:
            if (session := self._session) is not None:
                await session.end(seconds)
                self._problem = self._problem or session.problem
                self._session = None
            await self._commit(at_last=True)
            self._ledgers.clear()


ConsumerRebalanceListener.register(Delivery)  # aiokafka requires its own, untyped class


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for it."""
    task.cancel()
    await asyncio.wait([task])
