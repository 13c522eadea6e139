"""Makes calls from the messages of Kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import attrs

from talon_async.bulk.calls import PreparedCall, WrongItemError, digest, is_safe_to_send_again
from talon_async.bulk.results import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from talon_async.bulk.results import Failure

    Prepare = Callable[[Any], PreparedCall[Any] | None]

KEY_HEADER = "idempotency-key"
LONGEST_KEY = 255


class Record(Protocol):
    """A message of aiokafka (`ConsumerRecord`)."""

    @property
    def topic(self) -> str:
        """The topic."""
        ...

    @property
    def partition(self) -> int:
        """The partition."""
        ...

    @property
    def offset(self) -> int:
        """The place in the partition."""
        ...

    @property
    def key(self) -> Any:
        """The key; None if the message has none."""
        ...

    @property
    def value(self) -> Any:
        """The content."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """The headers."""
        ...


@attrs.frozen(eq=False)
class Message:
    """A message, and the call that was made from it.

    Attributes:
        record: the message of aiokafka.
        call: the call that is sent; None if `prepare` could not make one.
    """

    record: Record = attrs.field(repr=False)
    call: PreparedCall[Any] | None

    @property
    def place(self) -> str:
        """Topic, partition and offset."""
        record = self.record
        return f"{record.topic}-{record.partition}-{record.offset}"


@attrs.define(eq=False)
class DeliveryReport(Report[Message]):
    """The report of a delivery. With `on_poison`, `failures` stays empty: failures are passed to it and only counted.

    Attributes:
        poisoned: the number of messages that cannot be delivered. They are passed to `on_poison`, or else logged and
            kept in `failures`.
        ignored: the number of messages for which `prepare` returned None.
        returned: the number of messages that were taken and given up. Kafka delivers them again, to this or another
            consumer.
    """

    poisoned: int = 0
    ignored: int = 0
    returned: int = 0


class MessageReader:
    """Makes the call of a message, with its idempotency key and ordering keys."""

    def __init__(self, prepare: Prepare, *, namespace: str, allow: bool) -> None:
        self._prepare, self._namespace = prepare, namespace
        self._allow = allow

    def read(self, record: Record) -> PreparedCall[Any] | None:
        """Return the call of a message; None if there is nothing to send.

        Raises:
            WrongItemError: `prepare` returned something else, or a call that is not safe to repeat.
            Exception: whatever `prepare` raised.
        """
        call = self._prepare(record)
        if call is None:
            return None
        if call.__class__ is not PreparedCall:
            raise WrongItemError(f"`prepare` must return a PreparedCall or None, not {type(call).__name__}")
        if not (self._allow or is_safe_to_send_again(call)):
            raise WrongItemError(
                f"{call.operation} acts twice if it is sent twice, and Kafka delivers uncommitted messages again: "
                "use an operation with a key, such as track_event_v2, or pass allow_unrepeatable=True"
            )
        return self._in_order(self._with_key(call, record), record)

    def _with_key(self, call: PreparedCall[Any], record: Record) -> PreparedCall[Any]:
        if (own_key := _header(record, KEY_HEADER)) is not None:
            return call.with_key(own_key)
        key = f"{self._namespace}{record.topic}-{record.partition}-{record.offset}"
        return call.with_key(key if len(key) <= LONGEST_KEY else digest(key.encode()).hex())

    def _in_order(self, call: PreparedCall[Any], record: Record) -> PreparedCall[Any]:
        if record.key is None:
            return call
        key = f"kafka:{record.topic}-{record.partition}:{record.key!r}"
        return attrs.evolve(call, ordering_keys=(*call.ordering_keys, key))


def _header(record: Record, name: str) -> str | None:
    for header, value in record.headers or ():
        if header.lower() == name:
            return value.decode("ascii")
    return None


def dead_letter_headers(failure: Failure[Message]) -> list[tuple[str, bytes]]:
    """Return the headers for a message in a dead-letter topic.

    They are the headers of the original message, `talon-origin` (topic, partition and offset), `talon-outcome` and
    `talon-error`. The header `idempotency-key` makes the message act once, even if it is delivered from there later.
    """
    message, error = failure.item, failure.error
    added = {
        "talon-origin": message.place,
        "talon-outcome": failure.outcome,
        "talon-error": f"{type(error).__name__}: {error.status or ''}",
    }
    if failure.idempotency_key is not None:
        added[KEY_HEADER] = failure.idempotency_key
    kept = [(name, value) for name, value in message.record.headers or () if name.lower() not in added]
    return [*kept, *((name, value.encode("utf-8", "replace")) for name, value in added.items())]
