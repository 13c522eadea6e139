"""Messages of Kafka, and the calls that they stand for."""

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
    """A message as aiokafka gives it, a `ConsumerRecord`."""

    @property
    def topic(self) -> str:
        """Its topic."""
        ...

    @property
    def partition(self) -> int:
        """Its partition."""
        ...

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        ...

    @property
    def key(self) -> Any:
        """Its key, None if it has none."""
        ...

    @property
    def value(self) -> Any:
        """Its content."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Its headers."""
        ...


@attrs.frozen(eq=False)
class Message:
    """A message that was taken, and the call that was made of it.

    Attributes:
        record: the message as aiokafka gave it.
        call: what is sent; None if none could be made of it.
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
    """How a delivery went. With `on_poison` the failures are handed over, and only counted here.

    Attributes:
        poisoned: messages that cannot be delivered: handed to `on_poison`, or else logged and kept in `failures`.
        ignored: messages of which `prepare` made nothing.
        returned: messages that were taken and given up; they are delivered again, here or elsewhere.
    """

    poisoned: int = 0
    ignored: int = 0
    returned: int = 0


class MessageReader:
    """Makes calls of messages."""

    def __init__(self, prepare: Prepare, *, namespace: str, allow: bool) -> None:
        self._prepare, self._namespace = prepare, namespace
        self._allow = allow

    def read(self, record: Record) -> PreparedCall[Any] | None:
        """Return the call that a message stands for, None if there is nothing to send; or raise why there is none.

        Raises:
            WrongItemError: such calls cannot be delivered at all.
        """
        call = self._prepare(record)
        if call is None:
            return None
        if call.__class__ is not PreparedCall:
            raise WrongItemError(f"`prepare` must return a PreparedCall or None, not {type(call).__name__}")
        if not (self._allow or is_safe_to_send_again(call)):
            raise WrongItemError(
                f"{call.operation} acts twice when it is sent twice, and Kafka delivers again what was not committed: "
                "use an operation with a key, such as track_event_v2, or say allow_unrepeatable=True"
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
    """Return the headers for a dead-letter topic: those of the message, where it came from, and why it is there.

    With them goes the idempotency key, so that the message acts once also when it is delivered from there.
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
