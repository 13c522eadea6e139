"""Runs from ordinary code: the source is read on the caller's thread, and the run is over before an exception leaves.

1. The source may block, and belongs to the caller's thread, as cursors of databases do. What it gives is sent at once.
2. Whatever interrupts the caller, Ctrl-C above all, ends the run; the exception goes on when its account is complete,
   and has the report as its `report`. A second interruption does not wait for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from talon_async._core.handover import Handover
from talon_async.bulk.methods.base import ExitError
from talon_async.bulk.results import Failure, Report
from talon_async.bulk.sources import PushedSource
from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Generator, Iterator

    from talon_async._core.handover import LoopThread

T = TypeVar("T")

RESULTS_AHEAD = 256
"""Results that wait for a caller who reads them slowly, before the run waits as well."""


def _is_report(value: object) -> TypeGuard[Report[Any]]:
    return isinstance(value, Report)


class CallersRun:
    """One run, seen from the thread that asked for it."""

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self.source: PushedSource = PushedSource()
        self._report: Any = None
        self._at_hand: deque[Any] = deque()
        self._results: deque[Any] = deque()
        self._room = asyncio.Event()

    # -- on the caller's thread

    def report(self, run: Coroutine[Any, Any, T], items: Iterator[Any] | None) -> T:
        """Run to the end and return the report; without items, the run has what it needs."""
        call = Handover(self._main(run), self._finished)
        try:
            return self._to_end(call, items)
        except BaseException as problem:
            self._interrupted(call, problem)
            if not call.has_begun:
                run.close()
            raise

    def _to_end(self, call: Handover[T], items: Iterator[Any] | None) -> T:
        self._thread.start(call)
        while items is not None:
            self.source.changed.clear()  # before looking, so that no change is missed
            if self._read_some(items):
                break
            self.source.changed.wait()
        report = self._result(call)
        self._count_late(report)
        return report

    def results(self, run: AsyncGenerator[T, None], items: Iterator[Any]) -> Generator[T, None, None]:
        """Run to the end and give the results as they come, in between what is read of the source."""
        collecting = self._collect(run)
        call = Handover(self._main(collecting), self._finished)
        try:
            yield from self._all_results(call, items)  # an exception at the end of a loop escapes a `try` around it
        except BaseException as problem:
            late = self._interrupted(call, problem)
            if not call.has_begun:
                collecting.close()
            if isinstance(problem, Exception):
                yield from late
            raise

    def _all_results(self, call: Handover[None], items: Iterator[Any]) -> Generator[Any, None, None]:
        has_items, changed = True, self.source.changed
        self._thread.start(call)
        while has_items or not call.is_settled:
            changed.clear()  # before looking, so that no change is missed
            while self._results:
                yield self._results.popleft()
                self._make_room()
            if has_items:
                has_items = not self._read_some(items, most=1)
            can_read = has_items and self.source.has_room()
            if not (self._results or can_read or call.is_settled):
                changed.wait()
        yield from self._results
        self._result(call)

    def _read_some(self, items: Iterator[Any], *, most: float = math.inf) -> bool:
        """Read the source while there is room, but no more items than this; tell whether that was all."""
        source, count = self.source, 0
        while count < most and not source.is_closed and source.has_room():
            try:
                # in C, and so below: no interruption comes between taking an item and keeping it
                self._at_hand.extend(islice(items, 1))
            except Exception as problem:  # noqa: BLE001  # whatever the user's source raises is told by the run
                source.end(problem)
                return True
            if not self._at_hand:
                source.end()
                return True
            source.push_from(self._at_hand)
            count += 1
        return source.is_closed

    def _result(self, call: Handover[T]) -> T:
        try:
            result: T = call.result()
        except ExitError as error:
            raise error.problem from None
        return result

    def _interrupted(self, call: Handover[Any], problem: BaseException) -> list[Any]:
        """End the run and wait until it has ended; return what it was too late for."""
        self._thread.give_up(call)
        if not hasattr(problem, "report"):
            report = self._report or self.source.report or call.value
            problem.__dict__["report"] = report if _is_report(report) else Report()  # the run has not begun
        return self._count_late(getattr(problem, "report", None))

    def _count_late(self, report: object) -> list[Any]:
        """Count what was read when the run had just ended: it is unsent."""
        late: list[Any] = []
        if not _is_report(report):
            return late
        for item in [*self.source.rest(), *self._at_hand]:
            error = TalonOneError("the run had ended when the source gave this item")
            error.outcome = "not_sent"
            failure = Failure(index=report.skipped + report.taken, item=item, error=error, outcome="unsent")
            report.taken += 1
            report.pending += 1
            report.add(failure)
            late.append(failure)
        self._at_hand.clear()
        return late

    def _finished(self) -> None:
        self.source.is_closed = True
        self.source.changed.set()

    # -- on the loop

    async def _main(self, run: Coroutine[Any, Any, T]) -> T:
        try:
            return await run
        except asyncio.CancelledError as problem:
            self._report = getattr(problem, "report", None)
            raise

    async def _collect(self, run: AsyncGenerator[Any, None]) -> None:
        async with contextlib.aclosing(run):
            async for result in run:
                self._results.append(result)
                self.source.changed.set()
                while len(self._results) >= RESULTS_AHEAD:
                    self._room.clear()
                    await self._room.wait()

    def _make_room(self) -> None:
        if len(self._results) == RESULTS_AHEAD - 1:
            with contextlib.suppress(RuntimeError):  # the loop is closed: so is the run
                self._thread.loop.call_soon_threadsafe(self._room.set)
