"""The queue for ordinary code: safe from any thread, in each process its own, and bounded at the interpreter's exit.

1. It runs on the event loop of its blocking client. It opens with the first `put` in each process: a forked child has
   its own, with a file of its own in the journal's folder, and leaves its parent's alone.
2. At the interpreter's exit, open queues are closed as `close` does it, before their clients.
3. It opens and closes on the event loop, one after the other, and holds no lock elsewhere: a signal handler may put,
   and close.
4. When the main thread has ended, a thread that waits for room waits for `drain_timeout` at most: else it would hold up
   the exit for as long as the server is away.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from talon_async._core.handover import Handover
from talon_async._transport.threads import keep_for_parent
from talon_async.bulk.queue.options import QueueStatistics
from talon_async.errors import ClientClosedError, QueueClosedError, TalonOneError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Self

    from talon_async._core.handover import LoopThread
    from talon_async.bulk.queue.opened import OpenQueue, QueueDesign
    from talon_async.bulk.queue.options import QueueItem
    from talon_async.bulk.results import Failure

T = TypeVar("T")
logger: logging.Logger = logging.getLogger("talon_async")

LOOK = 0.5
"""Seconds after which a thread that waits looks whether the interpreter ends."""
GRACE = 2.0
"""Seconds that the exit waits beyond `drain_timeout`."""


class Portal(Protocol):
    """Starts the thread with the event loop of a blocking client, once in each process."""

    def thread(self) -> LoopThread:
        """Return this process's thread."""
        ...


class QueueSync:
    """Takes events now and has them sent soon; what `talon.queue()` of the blocking client returns.

    Safe to share between threads. It may be made when a module is imported; it opens with the first `put`, and a forked
    child has its own. Use it with `with`, or close it with `close()`, before its client: it then delivers what it
    holds, for `drain_timeout` seconds at most. The interpreter's exit closes it, too.
    """

    drain_timeout: float

    def __init__(self, design: QueueDesign, portal: Portal) -> None:
        self._design, self._portal = design, portal
        self._is_closed = False
        self._begin()
        self.drain_timeout = design.settings.drain_timeout
        _queues.add(self)

    def _begin(self) -> None:
        self._thread: LoopThread | None = None
        self._opened: OpenQueue | None = None
        self._lock: asyncio.Lock | None = None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def put(self, item: QueueItem) -> None:
        """Accept an event of V1, V2 or V3, or a prepared call; with a journal it is on the disk when this returns.

        Events of one customer that a thread puts are sent in that order.

        Raises:
            InvalidArgumentError: it cannot be sent.
            QueueFullError: there is no room, with `overflow="raise"`.
            QueueClosedError: the queue is closed, or it has stopped; the cause says why.
            JournalError: it could not be stored.
        """
        queued = self._design.prepare(item)
        opened, thread = self._open()
        self._wait(thread, opened.put(queued))

    def close(self) -> list[Failure[Any]]:
        """Accept no more, wait until what was put is delivered, and return `undelivered`.

        Threads that wait for room get QueueClosedError. Closing twice does nothing.
        """
        self._is_closed = True
        self.end(None)
        return self.undelivered

    def end(self, seconds: float | None) -> None:
        """Close what is open, or about to be, and wait for so long."""
        opened, thread = self._here()
        if thread is None:
            return
        if opened is not None and opened.belongs_here() and not opened.is_over:
            raise RuntimeError("a queue cannot wait for itself: close it from another thread")
        if opened is None or not opened.is_over:
            with contextlib.suppress(ClientClosedError):  # then the run ends by that
                call = Handover(self._close())
                thread.start(call)
                if not call.wait(seconds):
                    raise TimeoutError
                call.result()
        _open_queues.discard(self)

    @property
    def undelivered(self) -> list[Failure[Any]]:
        """What was accepted and not delivered when the queue was closed; each has its event as `item`.

        Those with the outcome `unsent` were surely not sent. Those that are `unknown` may have acted; where they have
        an `idempotency_key`, they act once if they are sent again with it. With a journal the list is empty: they are
        in the journal.
        """
        opened, _ = self._here()
        return [] if opened is None else opened.undelivered

    @property
    def statistics(self) -> QueueStatistics:
        """How the queue is now, or was when it was closed."""
        opened, thread = self._here()
        if opened is None or thread is None:
            return QueueStatistics()
        if not opened.is_over and not opened.belongs_here():
            with contextlib.suppress(ClientClosedError):
                call = Handover(_statistics(opened))
                thread.start(call)
                return call.result()
        return opened.statistics()

    def _here(self) -> tuple[OpenQueue | None, LoopThread | None]:
        """Return what is open in this process, and on which thread it is or will be."""
        if self._thread is not None and self._thread.pid != os.getpid():
            self.forget()  # some servers fork without Python's hooks
        return self._opened, self._thread

    def _open(self) -> tuple[OpenQueue, LoopThread]:
        """Return what is open in this process, opened if need be."""
        thread = self._portal.thread()  # also warns where an event loop would stand still
        opened, opened_on = self._here()
        if opened is None or opened_on is None:
            if self._is_closed:
                raise QueueClosedError("the queue is closed")
            if self._thread is not thread:
                self._thread, self._lock = thread, None
            opened_on = thread
            _open_queues.add(self)
            _close_at_exit()
            opened = self._wait(opened_on, self._open_once())
        return opened, opened_on

    # -- on the loop

    async def _open_once(self) -> OpenQueue:
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if self._opened is None:
                if self._is_closed:
                    raise QueueClosedError("the queue is closed")
                self._opened = await self._design.open()
            return self._opened

    async def _close(self) -> None:
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:  # what is about to be opened is opened first
            opened = self._opened
        if opened is not None:
            await opened.close()

    # -- on any thread

    def _wait(self, thread: LoopThread, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine; what interrupts the wait cancels it."""
        call = Handover(coroutine)
        try:
            thread.start(call)
            self._watch(call)
            return call.result()
        except BaseException:
            thread.give_up(call)
            raise

    def _watch(self, call: Handover[Any]) -> None:
        """Wait until a coroutine is settled; raise QueueClosedError when the interpreter's end is held up too long."""
        looks_left = self.drain_timeout / LOOK
        while not call.wait(LOOK):
            looks_left -= not threading.main_thread().is_alive()
            if looks_left < 0:
                raise QueueClosedError("the queue is full, and the interpreter ends")

    def forget(self) -> None:
        """Begin anew in a forked child."""
        keep_for_parent((self._opened, self._lock))
        self._begin()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.statistics!r})"


async def _statistics(opened: OpenQueue) -> QueueStatistics:
    return opened.statistics()


_queues: weakref.WeakSet[QueueSync] = weakref.WeakSet()
_open_queues: set[QueueSync] = set()
"""Queues that are open in this process; kept so that they are closed in the end."""
_at_exit: list[int] = []
"""Whether this process, or its parent, closes queues at its exit."""


def _close_at_exit() -> None:
    """Have open queues closed at the exit: registered after what ends their clients' threads, so done before."""
    if not _at_exit:
        _at_exit.append(os.getpid())
        atexit.register(_close_all)


def _close_all() -> None:
    for queue in list(_open_queues):
        try:
            queue.end(queue.drain_timeout + GRACE)
        except (TalonOneError, RuntimeError, TimeoutError):
            logger.warning("a queue could not be closed at the interpreter's exit", exc_info=True)


def _after_fork() -> None:
    _open_queues.clear()
    for queue in list(_queues):
        queue.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
