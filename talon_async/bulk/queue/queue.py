"""The queue of the asynchronous client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_async.bulk.queue.options import QueueStatistics
from talon_async.errors import QueueClosedError

if TYPE_CHECKING:
    from typing import Self

    from talon_async.bulk.queue.opened import OpenQueue, QueueDesign
    from talon_async.bulk.queue.options import QueueItem
    from talon_async.bulk.results import Failure


class Queue:
    """Accepts events and sends them in the background. `talon.queue()` returns it.

    A queue may be made when a module is imported. Open it with `async with`, inside the `async with` of its client; in
    a web application, do both in the lifespan. A queue is open on one event loop of one process at a time, and can be
    opened again. Closing it delivers the events that it holds, for `drain_timeout` seconds at most.
    """

    def __init__(self, design: QueueDesign) -> None:
        self._design = design
        self._opened: OpenQueue | None = None

    async def __aenter__(self) -> Self:
        opened = self._opened
        if opened is not None and opened.belongs_here() and not opened.is_over:
            raise QueueClosedError("the queue is open already")
        self._opened = await self._design.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def put(self, item: QueueItem) -> None:
        """Accept an event of V1, V2 or V3, or a prepared call. With a journal, it is on the disk when this returns.

        Events of one customer are sent in the order in which they are put. If `put` is cancelled, its event is not
        accepted. With a journal the event may have been accepted.

        Raises:
            InvalidArgumentError: the item cannot be sent.
            QueueFullError: the queue is full, and `overflow` is `"raise"`.
            QueueClosedError: the queue is not open, or it has stopped; `__cause__` is the reason.
            JournalError: the item could not be stored.
        """
        queued = self._design.prepare(item)
        await self._here().put(queued)

    async def close(self) -> list[Failure[Any]]:
        """Accept no more events, deliver the accepted ones for up to `drain_timeout` seconds, and return `undelivered`.

        Calls of `put` that wait for room raise QueueClosedError. A second `close` does nothing.
        """
        opened = self._opened
        if opened is None or not opened.belongs_here():
            return []
        await opened.close()
        return opened.undelivered

    @property
    def undelivered(self) -> list[Failure[Any]]:
        """The events that were not delivered when the queue was closed, as failures with the event as `item`.

        An event with the outcome `unsent` was not sent. The server may have acted on an event with the outcome
        `unknown`; if the failure has an `idempotency_key`, sending the event again with that key acts once. With a
        journal the list is empty, because the events are in the journal.
        """
        return [] if self._opened is None else self._opened.undelivered

    @property
    def statistics(self) -> QueueStatistics:
        """The statistics of the queue now, or at the moment when it was closed."""
        return QueueStatistics() if self._opened is None else self._opened.statistics()

    def _here(self) -> OpenQueue:
        opened = self._opened
        if opened is None:
            raise QueueClosedError("the queue is not open: use `async with`")
        if not opened.belongs_here():
            raise QueueClosedError("the queue is open on another event loop, or in the parent process")
        return opened

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.statistics!r})"
