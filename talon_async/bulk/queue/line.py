"""The events of an open queue. They are bounded in number, and are the source of the run that sends them.

1. An event holds a place from just before it is accepted until it is settled. The queue has `size` places.
2. With a journal, events that are put at the same time are stored together. `put` returns when they are on the disk.
3. A `put` that is cancelled before its event goes to the journal leaves the event out. After that the event is sent.
4. Events that are not settled when the run ends are handed back, or stay in the journal.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import attrs

from talon_async._core.limits import Limiter
from talon_async.bulk.journal_base import Entry
from talon_async.bulk.results import Failure, Report, Success
from talon_async.bulk.runner import Results
from talon_async.bulk.sources import END, WAIT
from talon_async.errors import QueueClosedError, QueueFullError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._clock import Clock
    from talon_async._messages import Request
    from talon_async.bulk.queue.folder import FolderJournal
    from talon_async.bulk.queue.options import QueueSettings
    from talon_async.bulk.results import Result

logger: logging.Logger = logging.getLogger("talon_async")

GROUP = 256
"""The highest number of events that are stored together."""


@attrs.define(eq=False)
class Queued:
    """One event or call in a queue.

    Attributes:
        item: the event or call that was put.
        request: the request that is sent, including its idempotency key.
        record: the bytes that the journal stores; empty without a journal.
        repeatable: whether the request may be sent twice.
        number: the place among all accepted events.
        accepted: the time of acceptance, on the monotonic clock, in seconds.
        waiter: the future of the `put` that waits until the event is stored.
    """

    item: Any
    request: Request
    record: bytes
    repeatable: bool
    number: int = -1
    accepted: float = 0.0
    waiter: asyncio.Future[None] | None = None


def build(queued: Queued) -> tuple[Request, tuple[str, ...]]:
    """Return the request of an event, and its ordering keys."""
    return queued.request, queued.request.ordering_keys


class Line:
    """The events of one queue, on one event loop.

    Attributes:
        unsettled: the events that are accepted and not settled, the oldest first.
        delivered: the number of events that succeeded.
        failed: the number of events that failed.
        dropped: the number of events that were dropped for newer ones.
        undelivered: the events that were left when the run ended; empty with a journal.
        is_left: whether the run has stopped reading. Failures that it reports after that are undelivered events.
        why: returns the error that says why the run has stopped reading.
        exit_by: always None, as closing a queue raises no exit.
        late_items: always empty, as a queue accepts nothing after its end.
    """

    delivered: int
    failed: int
    dropped: int
    is_left: bool

    exit_by: BaseException | None = None

    def __init__(self, settings: QueueSettings, clock: Clock, journal: FolderJournal | None) -> None:
        self._settings, self._clock, self._journal = settings, clock, journal
        self.unsettled: dict[int, Queued] = {}
        self.delivered = self.failed = self.dropped = 0
        self.undelivered: list[Failure[Any]] = []
        self.is_left = False
        self.late_items: list[Any] = []
        self._places = Limiter(settings.size)
        self._waiting: deque[Queued] = deque()
        self._to_store: deque[Queued] = deque()
        self._storing = asyncio.Event()
        self._refused: asyncio.Future[QueueClosedError] = asyncio.get_running_loop().create_future()
        self._numbers, self._ended = 0, False
        self._notify: Callable[[], None] = lambda: None
        self.why: Callable[[], QueueClosedError] = lambda: QueueClosedError("the queue is closed")

    @property
    def oldest_age(self) -> float:
        """The age of the oldest unsettled event, in seconds; 0 if there is none."""
        for queued in self.unsettled.values():
            return self._clock.monotonic() - queued.accepted
        return 0.0

    # -- accepting

    async def put(self, queued: Queued) -> None:
        """Accept an event: wait for room and, with a journal, until the event is on the disk."""
        self._raise_if_refused()
        if not self._places.try_acquire():
            await self._make_room()
        if self._journal is None:
            self._accept(queued)
            self._notify()
            return
        queued.waiter = asyncio.get_running_loop().create_future()
        self._to_store.append(queued)
        self._storing.set()
        await queued.waiter

    def refuse(self, error: QueueClosedError) -> None:
        """Accept no more events. Waiting calls of `put` raise the error."""
        if not self._refused.done():
            self._refused.set_result(error)
            self._storing.set()

    def _raise_if_refused(self) -> None:
        if self._refused.done():
            raise self._refusal()

    def _refusal(self) -> QueueClosedError:
        """Return a new error for each refused call of `put`."""
        error = self._refused.result()
        refusal = QueueClosedError(error.message)
        refusal.__cause__ = error.__cause__
        return refusal

    async def _make_room(self) -> None:
        """Get a place in a full queue."""
        if self._settings.overflow == "raise":
            raise QueueFullError(f"the queue is full: it holds {self._settings.size} events that are not settled")
        if self._settings.overflow == "drop_oldest":
            self._drop(self._waiting.popleft())  # never empty, as the run holds half of the places at most
            return
        place = asyncio.ensure_future(self._places.acquire())
        has_place = False
        try:
            ends: list[asyncio.Future[Any]] = [place, self._refused]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            self._raise_if_refused()
            has_place = True
        finally:
            if place.done() and not has_place:
                self._places.release()
            place.cancel()

    def _drop(self, queued: Queued) -> None:
        """Drop an event; the new event takes its place."""
        del self.unsettled[queued.number]
        self.dropped += 1
        tell(self._settings.on_drop, queued.item)

    def _accept(self, queued: Queued) -> None:
        if self._journal is None:
            self._number(queued)
        queued.accepted = self._clock.monotonic()
        self.unsettled[queued.number] = queued
        self._waiting.append(queued)

    def _number(self, queued: Queued) -> None:
        queued.number = self._numbers
        self._numbers += 1

    # -- storing

    async def store(self, journal: FolderJournal) -> None:
        """Store events, in groups, until no more are accepted."""
        while self._to_store or not self._refused.done():
            self._storing.clear()
            while group := self._next_group():
                for queued in group:
                    self._number(queued)
                entries = [Entry(q.number, q.record, b"", q.repeatable) for q in group]
                problem: TalonOneError | None = None
                try:
                    await journal.store(entries)
                except TalonOneError as error:
                    problem = error
                self._stored(group, problem)
            if not self._refused.done():
                await self._storing.wait()

    def _next_group(self) -> list[Queued]:
        group: list[Queued] = []
        while self._to_store and len(group) < GROUP:
            queued = self._to_store.popleft()
            if queued.waiter is not None and queued.waiter.cancelled():
                self._places.release()
            else:
                group.append(queued)
        return group

    def _stored(self, group: list[Queued], problem: TalonOneError | None) -> None:
        for queued in group:
            waiter, queued.waiter = queued.waiter, None
            if problem is None:
                self._accept(queued)
            else:
                self._places.release()
            if waiter is None or waiter.done():
                continue
            if problem is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(type(problem)(problem.message))
        self._notify()

    def key(self, number: int) -> str:
        """Return the idempotency key of an event."""
        return self.unsettled[number].request.idempotency_key or ""

    # -- the source of the run

    def start(self, notify: Callable[[], None], has_room: Callable[[int], bool]) -> None:
        """Keep the callback for new events. `has_room` is for sources that read ahead, and is not used here."""
        del has_room
        self._notify = notify

    def take(self) -> Any:
        """Return the next event, WAIT or END."""
        if self._waiting:
            return self._waiting.popleft()
        if not self._ended:
            return WAIT
        asyncio.get_running_loop().call_soon(self._notify)  # so that every waiter sees the end
        return END

    def end(self) -> None:
        """End the source: no more events will come."""
        self._ended = True
        self._notify()

    async def close(self) -> list[Any]:
        """Stop giving and accepting events; return the events that were not given, unless the journal keeps them."""
        self.is_left = True
        self.refuse(self.why())
        for queued in self._to_store:
            self._places.release()
            if queued.waiter is not None and not queued.waiter.done():
                queued.waiter.set_exception(self._refusal())
        self._to_store.clear()
        rest = list(self._waiting)
        self._waiting.clear()
        if self._journal is None:
            return rest
        self._journal.never_left = [queued.number for queued in rest]
        return []

    # -- results

    def settled(self, result: Result[Any, Any]) -> None:
        """Count the result of an event, and free its place."""
        item = result.item
        if isinstance(result, Failure) and (self.is_left or result.outcome == "unsent"):
            if self._journal is None:
                self.undelivered.append(_of_item(result))
            return
        if isinstance(item, Queued):
            del self.unsettled[item.number]
            self._places.release()
        if isinstance(result, Success):
            self.delivered += 1
        else:
            self.failed += 1
            tell(self._settings.on_failure, _of_item(result))


def _of_item(failure: Failure[Any]) -> Failure[Any]:
    """Return a failure with the event or call that was put as its item."""
    item = failure.item
    return attrs.evolve(failure, item=item.item) if isinstance(item, Queued) else failure


def tell(function: Callable[[Any], object] | None, value: Any) -> None:
    """Call a function of the user. An exception in it is logged, so that it does not disturb the queue."""
    if function is None:
        return
    try:
        function(value)
    except (Exception, SystemExit):
        logger.exception("%s of a queue raised", getattr(function, "__qualname__", "a function"))


class Settlements(Results):
    """Settles the results of a run as they arrive, and keeps none."""

    def __init__(self, line: Line) -> None:
        super().__init__(ordered=False)
        self._line = line

    def put(self, sequence: int, result: Result[Any, Any]) -> None:
        """Settle an event."""
        del sequence
        self._line.settled(result)


class Tally(Report[Any]):
    """A report that counts failures without keeping them, as a queue may run without end."""

    def add(self, result: Result[Any, Any]) -> None:
        """Count a result."""
        super().add(result)
        self.failures.clear()
