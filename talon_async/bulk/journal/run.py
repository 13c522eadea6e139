"""The state of an open journal: the changes for the next transaction, and the tasks that wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from talon_async._core.retry import KEY_LIFETIME
from talon_async.bulk.journal.store import GROUP, Batch
from talon_async.bulk.journal.tools import is_keyed
from talon_async.bulk.journal_base import Entry
from talon_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from talon_async.bulk.journal.format import Stored
    from talon_async.bulk.journal.writer import Held, Writer

T = TypeVar("T")

SETTLE_WITHIN = 0.05
"""Seconds after which settlements are written, if no other change is written before."""
SETTLE_WITHIN_RESERVE = 1.0
"""The same after a failure of writing: each transaction takes 4 to 8 KiB of the reserve of 256 KiB."""


class Run:
    """An open journal, on one event loop."""

    held: Held
    leaving: set[int]
    taken_back: set[int]
    not_given: set[int]
    pid: int
    loop: asyncio.AbstractEventLoop
    earlier: int
    recorded: int
    block: int
    digests: bytes
    batch: Batch

    def __init__(self, writer: Writer, marks: tuple[set[int], set[int]], *, trust_keys: bool) -> None:
        self.writer = writer
        self.held = writer.working_on()
        self.trust_keys = trust_keys
        self.leaving, self.taken_back = marks
        self.not_given = self.taken_back.copy()
        self.pid, self.loop = os.getpid(), asyncio.get_running_loop()
        self.earlier = self.recorded = self.held.store.recorded
        self.block, self.digests = -1, b""
        self.batch = Batch()
        self._waiters: list[asyncio.Future[None]] = []
        self._writing = self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def entry(self, stored: Stored, now: int) -> Entry:
        """Return a call of an earlier run, with whether it may have been sent and may be sent again."""
        index, repeatable = stored.index, stored.repeatable
        self.not_given.discard(index)
        maybe_sent = index in self.leaving or (repeatable and index not in self.taken_back)
        is_old = abs(now - stored.accepted) > KEY_LIFETIME  # abs(), as the clock may have been set back
        if maybe_sent and repeatable and (is_old or not self.trust_keys):
            repeatable = not is_keyed(stored)
        return Entry(index, stored.record, stored.digest, repeatable, maybe_sent)

    def refuse_if_broken(self) -> None:
        """Raise JournalError if writing has failed."""
        if self.held.problem is not None:
            raise JournalError(self.held.problem.message) from self.held.problem

    def mark(self, indices: Sequence[int], *, leaving: bool) -> None:
        """Add marks to the next transaction."""
        if indices:
            self.batch.marks.append((leaving, list(indices)))

    async def durable(self) -> None:
        """Wait until all gathered changes are written."""
        waiter = self.loop.create_future()
        self._waiters.append(waiter)
        if len(self._waiters) == 1:
            self.loop.call_soon(self.flush)  # other tasks may add changes until then
        await waiter

    def settled_one(self) -> None:
        """Write the settlements if they are many, or schedule their writing."""
        if len(self.batch.settled) >= GROUP or len(self.batch.failures) >= GROUP:
            self.flush()
        elif self._timer is None and not self._writing:
            delay = SETTLE_WITHIN if self.held.problem is None else SETTLE_WITHIN_RESERVE
            self._timer = self.loop.call_later(delay, self.flush)

    def flush(self) -> None:
        """Have the thread write the gathered changes. If it is writing, they are written afterwards."""
        if not self._writing and not self._closed and (self.batch or self._waiters):
            self._hand_over()

    def _hand_over(self) -> None:
        self._writing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, waiters = self.batch, self._waiters
        self.batch, self._waiters = Batch(), []
        self.writer.submit(partial(self._write, batch, waiters))

    def _write(self, batch: Batch, waiters: list[asyncio.Future[None]]) -> None:
        with _Outcome() as outcome:
            self.held.write(batch)
        call_in(self.loop, partial(self._written, waiters, outcome.error))

    def _written(self, waiters: list[asyncio.Future[None]], problem: BaseException | None) -> None:
        self._writing = False
        for waiter in waiters:
            if waiter.done():
                continue
            if problem is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(problem)
        if self._closed:
            return
        if self._waiters:
            self.flush()
        elif self.batch:
            self.settled_one()

    async def close(self) -> None:
        """Write the gathered changes, and end the thread. Calls that the run was not given stay marked as not sent."""
        self.mark(sorted(self.not_given), leaving=False)
        self._closed = True
        if self.batch or self._waiters:
            self._hand_over()
        elif self._timer is not None:
            self._timer.cancel()
        await in_thread(self.writer, self.writer.end)


async def in_thread(writer: Writer, work: Callable[[], T]) -> T:
    """Call a function on the writer's thread, and return its result."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[T] = loop.create_future()
    writer.submit(partial(_do, work, loop, waiter))
    return await waiter


def _do(work: Callable[[], T], loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[T]) -> None:
    with _Outcome() as outcome:
        result = work()
        call_in(loop, partial(_resolve, waiter, result))
    if outcome.error is not None:
        call_in(loop, partial(_reject, waiter, outcome.error))


def _resolve(waiter: asyncio.Future[T], result: T) -> None:
    if not waiter.done():
        waiter.set_result(result)


def _reject(waiter: asyncio.Future[T], error: BaseException) -> None:
    if not waiter.done():
        waiter.set_exception(error)


def call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    """Call a function on a loop, unless the loop is closed, since nothing waits there any more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)


class _Outcome:
    """Keeps the exception of a block, for a waiter in another thread."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self.error = error
        return True
