"""An open queue, on one event loop of one process: it runs the calls of its line, and is closed in order."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import attrs

from talon_async._core.retry import may_repeat
from talon_async._messages import Failure as Nature
from talon_async.bulk.calls import PreparedCall
from talon_async.bulk.queue.folder import FolderJournal
from talon_async.bulk.queue.line import Line, Queued, Settlements, Tally, build
from talon_async.bulk.queue.options import QueueStatistics
from talon_async.bulk.runner import Runner, plan_of
from talon_async.errors import QueueClosedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._core.core import Core
    from talon_async._messages import Request
    from talon_async.bulk.queue.options import QueueSettings
    from talon_async.bulk.results import Failure
    from talon_async.bulk.runner import Plan
    from talon_async.config import Options

logger: logging.Logger = logging.getLogger("talon_async")

_runs: set[asyncio.Future[None]] = set()
"""The runs of open queues. An event loop holds only weak references to its tasks."""
SENDING = 0.9
"""The part of `drain_timeout` in which calls are sent. In the rest, the queue only waits for their answers."""


@attrs.frozen(eq=False)
class QueueDesign:
    """The settings of a queue, from which it can be opened in any process.

    `request_for` makes the request of an event or call. It raises InvalidArgumentError for one that cannot be sent.
    """

    core: Core
    options: Options
    client: type
    settings: QueueSettings
    request_for: Callable[[Any], Request]

    def prepare(self, item: Any) -> Queued:
        """Check and encode an event or call."""
        request = self.request_for(item)
        repeatable = may_repeat(self.options.retry, request.idempotency, request.operation.method, Nature.UNKNOWN)
        record = b""
        if self.settings.folder is not None:
            has_own_key = isinstance(item, PreparedCall) and item.has_own_key
            record = bytes(PreparedCall.of(request, has_own_key=has_own_key))
        return Queued(item, request, record, repeatable)

    def plan(self, journal: FolderJournal | None) -> Plan:
        """Return the plan of the run, which holds at most `settings.capacity` events."""
        pacing = {**self.settings.pacing, "journal": journal, "item_id": _no_name}
        plan, capacity = plan_of(self.core, pacing), self.settings.capacity
        width = min(plan.width, capacity)
        return attrs.evolve(plan, width=width, buffer=min(plan.buffer, capacity - width))

    async def open(self) -> OpenQueue:
        """Open the queue on the running loop."""
        await self.core.open()
        journal = None
        plan = self.plan(None)
        if self.settings.folder is not None:
            journal = FolderJournal(self.settings.folder, self.core.clock)
            plan = self.plan(journal)
            await journal.begin(destination=plan.destination, trust_keys=self.options.retry.trust_keys)
        return await OpenQueue(self, plan, journal).started()


def _no_name(_: object) -> str:
    """Return an empty ID, as a queue never reads an item twice."""
    return ""


class OpenQueue:
    """Accepts events and sends them, until it is closed.

    Attributes:
        pid: the ID of the process that opened the queue.
        loop: the event loop that the queue was opened on.
    """

    pid: int
    loop: asyncio.AbstractEventLoop

    def __init__(self, design: QueueDesign, plan: Plan, journal: FolderJournal | None) -> None:
        self.pid, self.loop = os.getpid(), asyncio.get_running_loop()
        self._core, self._settings, self._journal = design.core, design.settings, journal
        self._line = line = Line(design.settings, design.core.clock, journal)
        self._storing: asyncio.Future[None] | None = None
        if journal is not None:
            journal.key = line.key
            self._storing = asyncio.ensure_future(line.store(journal))
        self._runner = Runner(
            design.core,
            design.options,
            design.client,
            source=line,
            build=build,
            plan=plan,
            report=Tally(),
            results=Settlements(line),
        )
        line.why = self._why
        self._run = asyncio.ensure_future(self._send())
        _runs.add(self._run)
        self._run.add_done_callback(_runs.discard)
        self._closing: asyncio.Future[None] | None = None

    async def started(self) -> OpenQueue:
        """Return this queue after its run has begun, so that the run ends in order even after a cancellation.

        If this is cancelled, the queue is closed.
        """
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self._runner.stop()
            await self.close()
            raise
        return self

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self._run.done()

    @property
    def undelivered(self) -> list[Failure[Any]]:
        """The events that were left when the run ended; empty with a journal."""
        return self._line.undelivered

    def belongs_here(self) -> bool:
        """Tell whether the running event loop, in this process, is the one of the queue."""
        try:
            return self.pid == os.getpid() and self.loop is asyncio.get_running_loop()
        except RuntimeError:  # no loop runs on this thread
            return False

    async def put(self, queued: Queued) -> None:
        """Accept an event."""
        await self._line.put(queued)

    def statistics(self) -> QueueStatistics:
        """Return the statistics of the queue."""
        line, clock = self._line, self._core.clock
        until = None if self._run.done() else self._runner.paused_until
        return QueueStatistics(
            depth=len(line.unsettled) + (0 if self._journal is None else len(self._journal.places)),
            oldest_age=line.oldest_age,
            delivered=line.delivered,
            failed=line.failed,
            dropped=line.dropped,
            paused_until=None if until is None else clock.now() + timedelta(seconds=until - clock.monotonic()),
        )

    # -- the run

    async def _send(self) -> None:
        """Run until all events are sent, or until an error."""
        try:
            await self._runner.run()
        except Exception:
            logger.exception("the run of a queue ended")
        finally:
            self._line.refuse(self._why())

    def _why(self) -> QueueClosedError:
        """Return the error that says why no more events are accepted."""
        account = self._runner.account
        problem = account.report.stopped_by if account.interrupted_by is None else account.interrupted_by[1]
        error = QueueClosedError("the queue is closed" if problem is None else f"the queue has stopped: {problem}")
        error.__cause__ = problem
        return error

    # -- the end

    async def close(self) -> None:
        """Accept no more events, deliver the rest for up to `drain_timeout` seconds, and end the run."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        seconds = self._settings.drain_timeout
        self._line.refuse(QueueClosedError("the queue is closed"))
        try:
            if self._storing is not None:
                await self._within(SENDING * seconds, self._storing)
            self._line.end()
            await self._within(SENDING * seconds, self._run)
            if not self._run.done():
                self._runner.stop()
                await self._within((1 - SENDING) * seconds, self._run)
        finally:
            await self._end()

    async def _within(self, seconds: float, task: asyncio.Future[None]) -> None:
        """Wait for a task, for so many seconds at most."""
        timer = asyncio.ensure_future(self._core.clock.sleep(seconds))
        try:
            await asyncio.wait([task, timer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()

    async def _end(self) -> None:
        """End the run if it still runs, and log the number of undelivered events."""
        if not self._run.done():
            if not self._line.is_left:  # otherwise it is about to end, and must complete its counts
                self._run.cancel()
            await asyncio.wait([self._run])
        if self._storing is not None:
            self._storing.cancel()
        left = self.statistics().depth
        if left and self._journal is not None:
            logger.info("a queue left %d events in its journal", left)
        elif left:
            logger.warning("a queue was closed with %d events that were not delivered", left)
