"""Keeps the journal of a run: resume, skip, accept before sending, mark calls that are not safe to repeat, settle.

1. A call is sent only once the journal has stored it. Calls that are read together are stored together.
2. A call that is not safe to repeat is marked as leaving before its first byte is sent, together with the next waiting
   calls. At the end of a run the marks of calls that were not sent are taken back.
3. Calls that earlier runs left unsettled are sent first. A call that may have been sent and is not safe to repeat is
   unknown, and is not sent.
4. The source is read again from its beginning. Its recorded items are skipped.
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
"""The highest number of calls that are stored, or marked, together."""
MARKED_AGAIN = GROUP // 4
"""The next calls are marked when fewer marked calls than this wait."""


CANNOT_BE_SENT = digest(b"an item that cannot be sent")


def fingerprint_of(job: Job, item_id: Callable[[Any], object] | None) -> bytes:
    """Return the hash by which an item is recognised in a later run."""
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
        """Wake the reader, because there is room or the source has items."""
        self._more.set()

    def freed(self, job: Job) -> None:
        """Note that a call has ended, and wake the reader if there is room for a group."""
        if job.may_leave:
            self.left(job)
        if job.outcome == "unsent":
            self._kept.append(job)  # the journal keeps it for the next run
        if self._intake.has_room(self._least_room - 1):
            self._more.set()

    # -- reading

    async def resume(self) -> None:
        """Take the calls that earlier runs left unsettled."""
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
        """Read the recorded items of the source again, and compare them with the journal."""
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
        """Read the source to its end: store its calls in groups, then release them for sending."""
        while not is_over():
            group: list[Job] = []
            while len(group) < GROUP and self._intake.has_room() and (job := self._intake.read_one()) is not None:
                group.append(job)
            if not group:
                if not is_over():  # nothing would wake it after the end of the source
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
        has_own_fingerprint = is_prepared or self._item_id is not None
        fingerprint = self._fingerprint_of(job) if has_own_fingerprint else call.fingerprint
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
        """Mark calls in groups, until cancelled."""
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
        """Note that a marked call no longer waits, because it is sent now or has ended."""
        if self._marked.pop(job.index, None) is not None and self.to_mark:
            self._marking.set()

    # -- ends

    async def settle(self, job: Job) -> None:
        """Settle a call in the journal, unless it is unsent."""
        error = job.error
        if job.outcome == "succeeded":
            await self.journal.settle(job.index)
        elif error is not None and job.outcome in ("rejected", "unknown"):
            failure = {
                "outcome": job.outcome,
                "error": type(error).__name__,
                "message": error.message,
                "status": error.status,
                "operation": error.operation,
                "attempts": error.attempts,
            }
            await self.journal.settle(job.index, orjson.dumps(failure).decode())

    async def close(self, unsent: list[Job]) -> None:
        """Take back the marks of calls that were sent in no run, and close the journal."""
        try:
            never_sent = self._not_resumed + [
                job.index
                for job in [*self._kept, *unsent]
                if job.may_leave or job.index in self._marked or not job.may_be_known
            ]
            if never_sent:
                await self.journal.unmark(never_sent)
        finally:
            await self.journal.close()
