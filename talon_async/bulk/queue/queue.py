"""The queue, awaited."""

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
    """Takes events now and has them sent soon; what `talon.queue()` returns.

    It may be made when a module is imported. Use it with `async with`, inside that of its client: in a web application
    in its lifespan. It is open on one event loop of one process at a time, and can be opened again. When it ends it
    delivers what it holds, for `drain_timeout` seconds at most.
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
        """Accept an event of V1, V2 or V3, or a prepared call; with a journal it is on the disk when this returns.

        Events of one customer are sent in the order in which they are put. A `put` that is cancelled has either not put
        its event, or with a journal may have.

        Raises:
            InvalidArgumentError: it cannot be sent.
            QueueFullError: there is no room, with `overflow="raise"`.
            QueueClosedError: the queue is not open, or it has stopped; the cause says why.
            JournalError: it could not be stored.
        """
        queued = self._design.prepare(item)
        await self._here().put(queued)

    async def close(self) -> list[Failure[Any]]:
        """Accept no more, wait until what was put is delivered, and return `undelivered`.

        Who waits for room gets QueueClosedError. Closing twice does nothing.
        """
        opened = self._opened
        if opened is None or not opened.belongs_here():
            return []
        await opened.close()
        return opened.undelivered

    @property
    def undelivered(self) -> list[Failure[Any]]:
        """What was accepted and not delivered when the queue was closed; each has its event as `item`.

        Those with the outcome `unsent` were surely not sent. Those that are `unknown` may have acted; where they have
        an `idempotency_key`, they act once if they are sent again with it. With a journal the list is empty: they are
        in the journal.
        """
        return [] if self._opened is None else self._opened.undelivered

    @property
    def statistics(self) -> QueueStatistics:
        """How the queue is now, or was when it was closed."""
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
