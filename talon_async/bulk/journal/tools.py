"""The operations on a journal between runs: count, list, export, requeue, erase.

Reading works at any time, also while a process writes. Operations that change the file take the lock, so they are
refused while a process uses the journal.
"""

from __future__ import annotations

import heapq
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, TypeGuard

import attrs
import orjson

from talon_async._messages import Idempotency
from talon_async.bulk.calls import PreparedCall
from talon_async.bulk.journal.beside import refuse_kind
from talon_async.bulk.journal.format import Stored, pack, pack_numbers, unpack
from talon_async.bulk.journal.store import Store, Table
from talon_async.bulk.journal.writer import Held
from talon_async.errors import InvalidArgumentError, JournalError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from talon_async._clock import Clock

State = Literal["unsettled", "failed"]
TABLES: tuple[Table, Table] = ("calls", "failures")
LAST = 2**63 - 1
"""The highest possible index."""


@attrs.frozen
class JournaledCall:
    """One call in a journal. Its `repr` holds no ID of a customer.

    Attributes:
        index: the place of the call among all calls of the journal, counted from 0.
        state: `unsettled` if the next run will send the call, or `failed`.
        call: the call itself, with operation, target, body, ordering keys and idempotency key. None for an item that
            could not be encoded, such as one with an attribute of a type that JSON does not have.
        accepted: when the journal accepted the call, in UTC.
        failure: the description of the failure that the run recorded; None for an unsettled call.
        settled: when the call failed, in UTC; None for an unsettled call.
    """

    index: int
    state: State
    call: PreparedCall[Any] | None
    accepted: datetime
    failure: dict[str, Any] | None = attrs.field(default=None, repr=False)
    settled: datetime | None = None

    def to_json(self) -> bytes:
        """Return the call as one line of JSON, without the line's end."""
        call = self.call
        return orjson.dumps(
            {
                "index": self.index,
                "state": self.state,
                "operation": call and call.operation,
                "target": call and call.target,
                "body": orjson.Fragment(call.body) if call and call.body else None,
                "ordering_keys": call.ordering_keys if call else (),
                "idempotency_key": call and call.idempotency_key,
                "accepted": self.accepted,
                "settled": self.settled,
                "failure": self.failure,
            }
        )


@attrs.frozen
class JournalCounts:
    """The counts of a journal.

    Attributes:
        recorded: the number of source items that were ever recorded.
        unsettled: the number of calls that the next run will send.
        failed: the number of calls that failed.
    """

    recorded: int
    unsettled: int
    failed: int


class JournalFile:
    """The file of a journal, with the operations between runs."""

    path: Path

    def __init__(self, path: str | os.PathLike[str], *, clock: Clock) -> None:
        self.path = Path(path)
        self._clock = clock

    def _hold(self) -> Held:
        refuse_kind(self.path)
        if not self.path.exists():
            raise JournalError(f"{self.path}: there is no such journal")
        return Held(self.path)

    def count(self) -> JournalCounts:
        """Return the counts of calls. The calls themselves are not read.

        Raises:
            JournalError: there is no such journal, or the file is not a journal or is damaged.
        """
        store = Store(self.path, readonly=True)
        try:
            late = store.late()
            unsettled = store.value("SELECT count(*) FROM calls") - len(late.gone())
            failed = store.value("SELECT count(*) FROM failures") + len(late.failures)
            return JournalCounts(store.recorded, unsettled, failed)
        finally:
            store.close()

    def list(self, state: State | None = None, *, ordering_key: str | None = None) -> Iterator[JournaledCall]:
        """Return the unsettled calls and then the failed calls, both in the order of their indices.

        `state` selects only one kind. `ordering_key`, such as `profile:jane`, selects the calls of one customer,
        without items that could not be encoded.

        Raises:
            JournalError: there is no such journal, or the file is not a journal or is damaged.
        """
        store = Store(self.path, readonly=True)
        try:
            for call in _calls(store, state):
                if ordering_key is None or (call.call is not None and ordering_key in call.call.ordering_keys):
                    yield call
        finally:
            store.close()

    def export(self, file: IO[bytes], state: State | None = None, *, ordering_key: str | None = None) -> int:
        """Write calls, with bodies, keys and failures, into a binary file as NDJSON; return the number of calls.

        The lines hold customers' data.
        """
        count = 0
        for call in self.list(state, ordering_key=ordering_key):
            file.write(call.to_json() + b"\n")
            count += 1
        return count

    def requeue(self, indices: Iterable[int] | None = None, *, unknown: bool = False) -> int:
        """Have the next run send failed calls again; return the number of calls.

        Calls with an unknown outcome, on which the server may have acted, are requeued only if `indices` names them or
        with `unknown=True`. They keep their idempotency key. A call that the server refused gets a new key, unless the
        caller chose its key, because the server may remember the refusal under the old key. Items that could not be
        encoded stay failed.

        Raises:
            JournalError: a process uses the journal, or `indices` names an item that could not be encoded. Nothing is
                requeued.
        """
        wanted = None if indices is None else set(indices)
        now = int(self._clock.now().timestamp())
        count = 0
        held = self._hold()
        try:
            if wanted:
                _refuse_without_call(held.store, wanted)
            for rows in _chunks(held.store, "failures"):
                for row in rows:
                    stored, failure = unpack(row[0], row[1]), _read(row[2])
                    if not stored.record:
                        continue
                    in_doubt = failure.get("outcome") in ("unknown", "accepted")
                    if stored.index in wanted if wanted is not None else (unknown or not in_doubt):
                        with held.store.transaction() as connection:
                            _requeue(connection, stored, None if in_doubt else now, held.store.id)
                        count += 1
        finally:
            held.close()
        return count

    def erase(self, ordering_key: str) -> int:
        """Remove all calls with an ordering key, such as `profile:jane`; return the number of calls removed.

        Both unsettled and failed calls are removed. Calls that succeeded are not in the file any more. The file is then
        rewritten, so that no byte of the removed calls is left in it. A call names the profile and the session that it
        changes, so erase both for a customer. Items that could not be encoded name no customer. They are removed too,
        since they may hold data of this customer.

        Raises:
            JournalError: a process uses the journal, there is no such journal, or it is damaged.
        """
        held = self._hold()
        count = 0
        try:
            for table in TABLES:
                for rows in _chunks(held.store, table):
                    calls = [unpack(row[0], row[1]) for row in rows]
                    gone = [call.index for call in calls if _may_be_of(ordering_key, call)]
                    held.store.forget(table, gone)
                    count += len(gone)
            held.store.rewrite()
        finally:
            held.close()
        return count


def described(stored: Stored) -> PreparedCall[Any] | None:
    """Return the call of a record; None for an item that could not be encoded, which has no record."""
    if not stored.record:
        return None
    try:
        return PreparedCall.from_bytes(stored.record)
    except InvalidArgumentError as problem:
        raise JournalError(f"call {stored.index} of the journal cannot be read: {problem.message}") from problem


def is_keyed(stored: Stored) -> bool:
    """Tell whether only an idempotency key makes the call safe to repeat."""
    call = described(stored)
    return call is not None and call.idempotency is Idempotency.KEYED


def _may_be_of(ordering_key: str, stored: Stored) -> bool:
    """Tell whether a call has the ordering key, or is an item that could not be encoded."""
    call = described(stored)
    return call is None or ordering_key in call.ordering_keys


def _refuse_without_call(store: Store, wanted: set[int]) -> None:
    """Raise JournalError if one of these failures is an item that could not be encoded, and so has no call."""
    rows = (row for rows in _chunks(store, "failures") for row in rows if row[0] in wanted)
    for row in rows:
        if not unpack(row[0], row[1]).record:
            why = _read(row[2]).get("message", "")
            raise JournalError(
                f"{store.path}: item {row[0]} could not be encoded, so there is no call to send again: correct the "
                f"item and send it separately ({why})"
            )


def keys_of_failures(store: Store) -> set[str]:
    """Return the ordering keys of the failed calls. Items that could not be encoded have none."""
    rows = (row for rows in _chunks(store, "failures") for row in rows)
    calls = (described(unpack(row[0], row[1])) for row in rows)
    return {key for call in calls if call is not None for key in call.ordering_keys}


def _chunks(store: Store, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    after = -1
    while rows := store.chunk(table, after, LAST):
        after = rows[-1][0]
        yield rows


def _calls(store: Store, state: State | None) -> Iterator[JournaledCall]:
    late = store.late()
    if state in (None, "unsettled"):
        gone = set(late.gone())
        for rows in _chunks(store, "calls"):
            for stored in (unpack(*row) for row in rows if row[0] not in gone):
                yield JournaledCall(stored.index, "unsettled", described(stored), _date(stored.accepted))
    if state in (None, "failed"):
        rows_late = sorted((index, store.entry(index), text, settled) for text, settled, index in late.failures)
        on_time = (row for rows in _chunks(store, "failures") for row in rows)
        for index, blob, failure, settled in heapq.merge(on_time, rows_late):
            stored = unpack(index, blob)
            when, why = _date(settled), _read(failure)
            yield JournaledCall(index, "failed", described(stored), _date(stored.accepted), why, when)


def _requeue(connection: sqlite3.Connection, stored: Stored, accepted: int | None, name: str) -> None:
    """Move a failed call back to the unsettled calls. With `accepted`, for a refused call, it gets a new key."""
    record = stored.record
    if accepted is not None and (call := described(stored)) is not None:
        record = bytes(call.with_key(f"{name}-{stored.index}-{os.urandom(4).hex()}"))
    entry = pack(stored.index, record, stored.digest, accepted or stored.accepted, repeatable=stored.repeatable)
    connection.execute("DELETE FROM failures WHERE number = ?", (stored.index,))
    connection.execute("INSERT INTO calls VALUES (?, ?)", (stored.index, entry))
    connection.execute("INSERT INTO marks (leaving, numbers) VALUES (0, ?)", (pack_numbers([stored.index]),))


def _read(failure: str) -> dict[str, Any]:
    try:
        value: Any = orjson.loads(failure)
    except ValueError:
        return {"message": failure}
    return value if _is_object(value) else {"message": value}


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _date(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
