"""What a run does with its journal: resume, skip, accept before sending, mark what may not be repeated, settle.

1. A call is sent only once the journal has stored it. Calls that are read together are stored together.
2. A call that is not safe to repeat is marked as leaving before its first byte, with those that wait next. At the end
   of a run the marks of those that did not leave are taken back.
3. What earlier runs left goes first. What they may have sent and cannot repeat is unknown, and is not sent.
4. A source is read again from its beginning, and skipped as far as it was recorded.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import orjson

from talon_async._messages import Idempotency
from talon_async.bulk.calls import PreparedCall, digest
from talon_async.bulk.journal_base import Entry
from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from collections.abc import Callable

    from talon_async.bulk.journal_base import Journal
    from talon_async.bulk.runner.intake import Intake
    from talon_async.bulk.runner.jobs import Job
    from talon_async.bulk.runner.plan import Plan

GROUP = 256
"""Calls that are stored, or marked, together at most."""
MARKED_AGAIN = GROUP // 4
"""When fewer marked calls than this wait, the next are marked."""


CANNOT_BE_SENT = digest(b"an item that cannot be sent")


def fingerprint_of(job: Job, item_id: Callable[[Any], object] | None) -> bytes:
    """Return the hash by which an item is known again."""
    if item_id is not None:
        return digest(str(item_id(job.item)).encode("utf-8", "surrogatepass"))
    if job.problem is not None:
        return CANNOT_BE_SENT
    item: Any = job.item
    if isinstance(item, PreparedCall):
        return item.fingerprint
    return PreparedCall.of(job.request).fingerprint


class Recorder:
    """Keeps one run's journal."""

    journal: Journal

    def __init__(
        self,
        journal: Journal,
        intake: Intake,
        add: Callable[[Job], None],
        plan: Plan,
    ) -> None:
        self.journal, self._intake, self._add, self._item_id = journal, intake, add, plan.item_id
        self._least_room = max(1, min(GROUP, plan.buffer // 2))
        self.to_mark: deque[Job] = deque()
        self._marked: dict[int, Job] = {}
        self._kept: list[Job] = []
        self._not_resumed: list[int] = []
        self._marking = asyncio.Event()
        self._more = asyncio.Event()

    def wake(self) -> None:
        """Look again: there is room, or the source has something."""
        self._more.set()

    def freed(self, job: Job) -> None:
        """Note that a call has ended, and read on once there is room for a group."""
        if job.may_leave:
            self.left(job)
        if job.outcome == "unsent":
            self._kept.append(job)  # the journal keeps it for the next run
        if self._intake.has_room(self._least_room - 1):
            self._more.set()

    # -- reading

    async def resume(self) -> None:
        """Take what earlier runs left."""
        async for entry in self.journal.unsettled():
            while not self._intake.has_room():
                if self._intake.is_over():
                    self._not_resumed = [] if entry.maybe_sent else [entry.index]
                    return
                await self._wait()
            job = self._intake.resume(entry)
            job.must_be_marked = not job.repeatable
            if entry.maybe_sent and not job.repeatable:
                job.problem = TalonOneError("an earlier run may have sent this call, and it is not safe to repeat")
                job.problem.outcome, job.problem.operation = "unknown", job.request.operation.name
            self._add(job)
            if job.problem is not None:
                await self.settle(job)

    async def skip(self) -> None:
        """Read the source as far as it was recorded, and compare."""
        for index in range(self.journal.recorded):
            job = None
            while job is None:
                if self._intake.is_over():
                    return
                if (job := self._intake.skip_one(index, self.journal)) is None:
                    await self._wait()
            self.journal.check(index, self._fingerprint_of(job))
            if index % GROUP == 0:
                await asyncio.sleep(0)

    async def record(self, is_over: Callable[[], bool]) -> None:
        """Read the source to its end: store its calls in groups, then let them go."""
        while not is_over():
            group: list[Job] = []
            while len(group) < GROUP and self._intake.has_room() and (job := self._intake.read_one()) is not None:
                group.append(job)
            if not group:
                if not is_over():  # it may have found the end of the source, after which nothing wakes it
                    await self._wait()
                continue
            await self.journal.accept([self._entry(job) for job in group])
            for job in group:
                self._add(job)
                if job.problem is not None:
                    await self.settle(job)
            await asyncio.sleep(0)

    async def _wait(self) -> None:
        self._more.clear()
        await self._more.wait()

    def _entry(self, job: Job) -> Entry:
        if job.problem is not None:
            return Entry(job.index, b"", self._fingerprint_of(job), repeatable=False)
        item: Any = job.item
        is_prepared = isinstance(item, PreparedCall)
        has_own_key = is_prepared and item.has_own_key
        request = job.request
        if request.idempotency is Idempotency.KEYED and not has_own_key:
            request.idempotency_key = self.journal.key(job.index)
        call = PreparedCall.of(request, has_own_key=has_own_key)
        is_told = is_prepared or self._item_id is not None
        fingerprint = self._fingerprint_of(job) if is_told else call.fingerprint
        repeatable = job.repeatable
        job.must_be_marked = not repeatable
        return Entry(job.index, bytes(call), fingerprint, repeatable)

    def _fingerprint_of(self, job: Job) -> bytes:
        try:
            return fingerprint_of(job, self._item_id)
        except Exception as problem:
            self._intake.interrupt("`item_id`" if self._item_id is not None else "the journal", problem)
            raise

    # -- leaving

    def mark_soon(self, job: Job) -> None:
        """Have a call marked with the next group."""
        self.to_mark.append(job)
        self._marking.set()

    async def mark(self, add: Callable[[Job], None]) -> None:
        """Mark calls in groups for ever."""
        while True:
            await self._marking.wait()
            while self.to_mark and len(self._marked) < MARKED_AGAIN:
                count = min(len(self.to_mark), GROUP - len(self._marked))
                group = [self.to_mark.popleft() for _ in range(count)]
                self._marked.update((job.index, job) for job in group)
                await self.journal.mark_leaving([job.index for job in group])
                for job in group:
                    job.may_leave = True
                    add(job)
            self._marking.clear()

    def left(self, job: Job) -> None:
        """Note that a marked call waits no longer: it is sent now, or has ended."""
        if self._marked.pop(job.index, None) is not None and self.to_mark:
            self._marking.set()

    # -- ends

    async def settle(self, job: Job) -> None:
        """Note that a call needs no further attempt, if that is so."""
        error = job.error
        if job.outcome == "succeeded":
            await self.journal.settle(job.index)
        elif error is not None and job.outcome in ("rejected", "unknown"):
            told = {
                "outcome": job.outcome,
                "error": type(error).__name__,
                "message": error.message,
                "status": error.status,
                "operation": error.operation,
                "attempts": error.attempts,
            }
            await self.journal.settle(job.index, orjson.dumps(told).decode())

    async def close(self, unsent: list[Job]) -> None:
        """Take back the marks of calls that were not sent, in no run, and close the journal."""
        try:
            surely = self._not_resumed + [
                job.index
                for job in [*self._kept, *unsent]
                if job.may_leave or job.index in self._marked or not job.may_be_known
            ]
            if surely:
                await self.journal.unmark(surely)
        finally:
            await self.journal.close()
