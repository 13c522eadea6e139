"""Runs many requests at once over one source: bounded, in order for each lane, nothing lost.

Workers share one iterator. A job whose lane is busy is parked behind the one under way; when the parking is full,
nothing more is taken from the source. So memory does not grow with the source, and a slow lane does not hold up the
others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Iterable,
    Mapping,
)
from typing import TYPE_CHECKING, Any, Self, cast

from talon_async.batch.report import BatchFailure, BatchReport, not_sent
from talon_async.errors import (
    AuthenticationError,
    BatchInterruptedError,
    ClientClosedError,
    InvalidArgumentError,
    TalonOneError,
)

if TYPE_CHECKING:
    from talon_async._clock import Clock

Job = tuple[int, Any]


def checked_concurrency(concurrency: int) -> int:
    """Return how many requests may be under way at once, if it is a number for that."""
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"concurrency must be 1 or more, not {concurrency!r}")
    return concurrency


def pulled(source: Any, what: str) -> AsyncIterator[Any]:
    """Return the iterator over a source, also an asynchronous one; `what` is the parameter it came in."""
    if isinstance(source, AsyncIterable):
        return aiter(cast("AsyncIterable[Any]", source))
    return _AtHand(checked_source(source, what))


def checked_source(source: Any, what: str) -> Iterable[Any]:
    """Return a source, if it is one."""
    if isinstance(source, str | bytes | Mapping) or not isinstance(source, Iterable):
        raise InvalidArgumentError(f"{what} must be an iterable, not {type(cast('Any', source)).__name__}")
    return cast("Iterable[Any]", source)


class _AtHand:
    """An ordinary iterable as an asynchronous iterator; who knows it asks `give` and does without waiting."""

    def __init__(self, source: Iterable[Any]) -> None:
        self.give = iter(source).__next__

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return self.give()
        except StopIteration:
            raise StopAsyncIteration from None


class Engine:
    """One batch under way."""

    def __init__(  # noqa: PLR0913  # what a batch is made of
        self,
        source: AsyncIterator[Any],
        send: Callable[[Any], Awaitable[Any]],
        *,
        lane: Callable[[Any], Hashable],
        report: BatchReport[Any],
        concurrency: int,
        clock: Clock,
        progress: Callable[[Any], object] | None,
    ) -> None:
        self.report = report
        self._source, self._send, self._lane, self._concurrency = source, send, lane, concurrency
        self._clock, self._started, self._progress = clock, clock.monotonic(), progress
        self._give = source.give if isinstance(source, _AtHand) else None
        self._lanes: dict[Hashable, deque[Job] | None] = {}  # most lanes never see anybody wait
        self._under_way: dict[int, Any] = {}
        self._parked, self._parking = 0, 4 * concurrency
        self._room: asyncio.Future[None] | None = None
        self._taking = asyncio.Lock()
        self._taker: asyncio.Task[Any] | None = None
        self._ended = False
        self._broken: Exception | None = None

    async def run(self) -> Any:
        """Run to the end of the source; the report tells how it went."""
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(self._concurrency):
                    workers.create_task(self._work())
        except BaseException:
            self._account_for_the_rest("the batch was cancelled")
            raise
        finally:
            if close := getattr(self._source, "aclose", None):  # async generators have it
                with contextlib.suppress(Exception):  # the source's own clean-up must not hide the report
                    await close()
        self._account_for_the_rest("the batch ended")
        if self._broken is not None:
            error = BatchInterruptedError(f"the source, or `progress`, raised {type(self._broken).__name__}")
            error.report = self.report
            raise error from self._broken
        return self.report

    async def _work(self) -> None:
        while (taken := await self._take()) is not None:
            name, job = taken
            await self._record(job)
            while lane := self._lanes[name]:
                job = lane.popleft()
                self._leave_parking()
                await self._record(job)
            del self._lanes[name]

    async def _take(self) -> tuple[Hashable, Job] | None:
        """Take the next job whose lane is free, and name the lane; those whose lane is not free are parked."""
        async with self._taking:
            while not self._ended:
                if self._parked >= self._parking:
                    self._room = asyncio.get_running_loop().create_future()
                    await self._room
                    continue
                try:
                    item = await self._next() if self._give is None else self._give()
                except (StopIteration, StopAsyncIteration):
                    self._ended = True
                    break
                except Exception as problem:  # noqa: BLE001  # whatever the user's source raises is told at the end
                    self._ended, self._broken = True, problem
                    break
                job, name = (self._took(item), item), self._lane(item)
                if name not in self._lanes:
                    self._lanes[name] = None
                    return name, job
                waiting = self._lanes[name] = self._lanes[name] or deque()
                waiting.append(job)
                self._parked += 1
        return None

    async def _next(self) -> Any:
        """Wait for the source, but no longer than the batch goes on: it may have nothing to give for hours."""
        self._taker = asyncio.current_task()
        try:
            return await anext(self._source)
        except asyncio.CancelledError:
            if self._ended and self._taker is not None and not self._taker.uncancel():
                raise StopAsyncIteration from None
            raise
        finally:
            self._taker = None

    def _end(self) -> None:
        """Take nothing more, and let whoever waits for the source know."""
        self._ended = True
        if self._taker is not None:
            self._taker.cancel()

    def _leave_parking(self) -> None:
        self._parked -= 1
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    async def _record(self, job: Job) -> None:
        index, item = job
        if self.report.stopped_by is not None:
            self._failed(index, item, not_sent(self.report.stopped_by))
            return
        self._under_way[index] = item
        try:
            answer = await self._send(item)
        except TalonOneError as error:
            if isinstance(error, AuthenticationError | ClientClosedError) and self.report.stopped_by is None:
                self.report.stopped_by = error
                self._end()
            self._failed(index, item, error)
        except Exception as problem:  # noqa: BLE001  # one item's trouble, of whatever kind, is not the others'
            unexpected = TalonOneError(f"{type(problem).__name__}: {problem}")
            unexpected.outcome, unexpected.__cause__ = "unknown", problem
            self._failed(index, item, unexpected)
        else:
            self._succeeded(index, item, answer)
        del self._under_way[index]
        self._settled()

    def _took(self, item: Any) -> int:  # noqa: ARG002  # parts count what they hold
        """Count what was taken; returns its index."""
        self.report.taken += 1
        return self.report.taken - 1

    def _succeeded(self, index: int, item: Any, answer: Any) -> None:  # noqa: ARG002  # parts keep it
        self.report.succeeded += 1

    def _failed(self, index: int, item: Any, error: TalonOneError) -> None:
        self.report.failures.append(BatchFailure(index, item, error))

    def _settled(self) -> None:
        self.report.elapsed = self._clock.monotonic() - self._started
        if self._progress is not None:
            try:
                self._progress(self.report)
            except Exception as problem:  # noqa: BLE001  # told at the end, when nothing is under way any more
                self._broken, self._progress = problem, None
                self._end()

    def _account_for_the_rest(self, why: str) -> None:
        """Put what was taken but not settled among the failures."""
        for index, item in self._under_way.items():
            error = TalonOneError(f"{why} while the item was under way")
            error.outcome = "unknown"
            self._failed(index, item, error)
        for lane in self._lanes.values():
            for index, item in lane or ():
                self._failed(index, item, TalonOneError(f"{why} before the item was sent"))
        self._under_way.clear()
        self._lanes.clear()
        self._settled()
