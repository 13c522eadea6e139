"""The account of a run: every call that was taken is settled and counted once, and its result is passed on."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from talon_async.bulk.results import Failure, Report, Success
from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async._clock import Clock
    from talon_async.bulk.results import FailureOutcome, Result, Snapshot
    from talon_async.bulk.runner.jobs import Job

TOLD_EVERY = 0.1
"""Seconds between two snapshots."""


class Account:
    """Counts the calls that are taken and their results, and knows when the run is over.

    Attributes:
        report: the counts.
        is_over: whether the run takes and sends no more calls.
        interrupted_by: which part raised an exception that ended the run or its source, and the exception.
        progress: the user's function for snapshots; None if there is none.
        ended: called when the run is over.
    """

    report: Report[Any]
    is_over: bool

    def __init__(
        self,
        report: Report[Any],
        clock: Clock,
        capacity: int,
        progress: Callable[[Snapshot], object] | None,
        results: Results | None,
    ) -> None:
        self.report, self.is_over = report, False
        self.interrupted_by: tuple[str, BaseException] | None = None
        self.ended: Callable[[], None] = lambda: None
        self.jobs: dict[int, Job] = {}
        self._clock, self._capacity, self.progress, self._results = clock, capacity, progress, results
        self._sequence = 0
        self._started = clock.monotonic()
        self._told_at = self._started

    def has_room(self, waiting: int = 0) -> bool:
        """Tell whether one more call may be taken, besides `waiting` calls that are read already."""
        unread = 0 if self._results is None else self._results.unread
        return not self.is_over and len(self.jobs) + unread + waiting < self._capacity

    def register(self, job: Job) -> Job:
        """Count a call as pending."""
        self.report.pending += job.size
        job.sequence = self._sequence
        self._sequence += 1
        self.jobs[job.sequence] = job
        return job

    def succeeded(self, job: Job, data: Any, now: float) -> None:
        """Settle a call that succeeded."""
        del self.jobs[job.sequence]
        report = self.report
        job.outcome = "succeeded"
        size = job.size
        report.succeeded += size
        report.pending -= size
        if self._results is not None:
            call = job.call
            self._results.put(
                job.sequence,
                Success(
                    index=job.index,
                    item=job.item,
                    data=data,
                    attempts=call.attempts if call else 0,
                    idempotency_key=job.request.idempotency_key,
                    seconds=now - call.first_sent if call else 0.0,
                ),
            )

    def failed(self, job: Job, error: TalonOneError, outcome: FailureOutcome) -> None:
        """Settle a call that failed, or may have."""
        del self.jobs[job.sequence]
        job.outcome, job.error = outcome, error
        call = job.call
        for index, item in job.items():
            failure: Failure[Any] = Failure(
                index=index,
                item=item,
                error=error,
                outcome=outcome,
                attempts=call.attempts if call else 0,
                idempotency_key=job.request.idempotency_key,
                seconds=self._clock.monotonic() - call.first_sent if call and call.attempts else 0.0,
            )
            self.report.add(failure)
            if self._results is not None:
                self._results.put(job.sequence, failure)

    def leave_over(self, job: Job) -> None:
        """Settle a call that is still unsettled at the end of the run."""
        stopped = self.report.stopped_by
        error = TalonOneError(stopped.message if stopped else "the run ended before this call was settled")
        if job.call is not None:
            job.call.describe(error)
        acted = job.may_have_acted
        error.outcome = "unknown" if acted else "not_sent"
        self.failed(job, error, "unknown" if acted else "unsent")

    # -- the end

    def stop(self, error: TalonOneError) -> None:
        """End the run with an error, because further calls would fail too."""
        if not self.is_over:
            self.report.stopped_by = error
        self.finish()

    def interrupt(self, who: str, problem: BaseException) -> None:
        """End the run because a function of the user, or the journal, raised."""
        if self.interrupted_by is None:
            self.interrupted_by = who, problem
        self.finish()

    def source_failed(self, problem: BaseException) -> None:
        """Keep the exception of the source. Items that it gave before are sent, unless the exception is an exit."""
        if self.interrupted_by is None:
            self.interrupted_by = "the source", problem
        if not isinstance(problem, Exception):
            self.finish()

    def finish(self) -> None:
        """Take and send nothing more."""
        self.is_over = True
        self.ended()

    # -- progress

    def tell(self, now: float, *, under_way: int, limit: int, paused: float, at_last: bool = False) -> None:
        """Update the report, and call `progress` with a snapshot if it is time."""
        self.report.elapsed, self.report.paused = now - self._started, paused
        if self.progress is None or not (at_last or now - self._told_at >= TOLD_EVERY):
            return
        self._told_at = now
        progress, self.progress = self.progress, None
        with Interruption(self, "`progress`", exits_too=True):
            progress(self.report.snapshot(under_way=under_way, limit=limit))
            self.progress = progress


class Interruption:
    """Ends a run when the user's code, or the journal, raises in this block. The run then reports who raised what."""

    def __init__(self, account: Account, who: str, *, exits_too: bool = False) -> None:
        self._account, self._who, self._kinds = account, who, BaseException if exits_too else Exception

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, problem: BaseException | None, __: object) -> bool:
        if isinstance(problem, self._kinds):
            self._account.interrupt(self._who, problem)
            return True
        return False


class Results:
    """Passes results to a reader, as they arrive or in the order of the source.

    Attributes:
        unread: the number of results that were not read yet, including those that wait for earlier results.
        arrived: called when a result can be read, while a reader waits.
        read: called when a result was read.
    """

    unread: int

    def __init__(self, *, ordered: bool) -> None:
        self.unread = 0
        self.arrived: Callable[[], None] | None = None
        self.read: Callable[[], None] = lambda: None
        self._ready: deque[Result[Any, Any]] = deque()
        self._early: dict[int, Result[Any, Any]] | None = {} if ordered else None
        self._next = 0

    def put(self, sequence: int, result: Result[Any, Any]) -> None:
        """Add a result, the only one with this number."""
        self.unread += 1
        early = self._early
        if early is None:
            self._ready.append(result)
        else:
            early[sequence] = result
            while (following := early.pop(self._next, None)) is not None:
                self._ready.append(following)
                self._next += 1
        if self._ready and self.arrived is not None:
            self.arrived()

    def take(self) -> Result[Any, Any] | None:
        """Return the next result; None if there is none now."""
        return self._ready.popleft() if self._ready else None

    def count_read(self) -> None:
        """Make room for another call."""
        self.unread -= 1
        self.read()

    async def wait(self, task: asyncio.Future[Any]) -> None:
        """Wait until there is a result, or the run has ended."""
        if self._ready or task.done():
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake(_: object = None) -> None:
            if not waiter.done():
                waiter.set_result(None)

        self.arrived = wake
        task.add_done_callback(wake)
        try:
            await waiter
        finally:
            self.arrived = None
            task.remove_done_callback(wake)
