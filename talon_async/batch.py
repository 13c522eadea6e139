"""Many events at once: bounded, in order for each customer, nothing lost.

Workers share one iterator. An event whose customer is being served is parked behind the one under way; when the
parking is full, nothing more is taken from the source. So memory does not grow with the source, a slow customer does
not hold up the others, and each customer's events arrive in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
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
from typing import TYPE_CHECKING, Any, Protocol, cast

import attrs

from talon_async._clock import Clock
from talon_async.errors import (
    AuthenticationError,
    BatchInterruptedError,
    ClientClosedError,
    InvalidArgumentError,
    TalonOneError,
)

if TYPE_CHECKING:
    from talon_async.models import IntegrationState, NewEvent


@attrs.frozen
class EventFailure:
    """An event that was not recorded for sure: `error.outcome` tells what may have become of it."""

    index: int
    event: NewEvent
    error: TalonOneError


@attrs.define(eq=False)
class BatchReport:
    """How a batch went; while it runs, how it goes.

    Every event taken from the source is either among the `succeeded` or in `failures` once the batch has ended.

    Attributes:
        taken: events taken from the source.
        succeeded: events the server recorded.
        failures: the others, each with its place in the source, the event, and the error.
        elapsed: seconds.
        stopped_by: the error after which nothing more was taken from the source, such as a key that is not valid.
    """

    taken: int = 0
    succeeded: int = 0
    failures: list[EventFailure] = attrs.field(factory=list[EventFailure])
    elapsed: float = 0.0
    stopped_by: TalonOneError | None = None

    @property
    def done(self) -> int:
        """Events whose fate is settled."""
        return self.succeeded + len(self.failures)

    @property
    def failed(self) -> int:
        """Events that were not recorded for sure."""
        return len(self.failures)

    @property
    def rate(self) -> float:
        """Events settled for each second."""
        return self.done / self.elapsed if self.elapsed else 0.0

    def raise_for_failures(self) -> None:
        """Raise the errors as one ExceptionGroup, if there are any."""
        if self.failures:
            summary = f"{self.failed} of {self.taken} events failed"
            raise ExceptionGroup(summary, [failure.error for failure in self.failures])

    def __str__(self) -> str:
        return f"{self.succeeded} succeeded, {self.failed} failed, {self.elapsed:.1f} s ({self.rate:.0f}/s)"


class _Sender(Protocol):
    async def track_event(self, body: NewEvent, *, dry: bool | None = None) -> IntegrationState: ...


class Batches:
    """Calls that make many requests."""

    async def track_events(
        self: _Sender,
        events: Iterable[NewEvent] | AsyncIterable[NewEvent],
        *,
        concurrency: int = 64,
        dry: bool | None = None,
        progress: Callable[[BatchReport], object] | None = None,
    ) -> BatchReport:
        """Record many events concurrently, those of one customer in the order they come.

        The source is read as fast as events are recorded, so it may be endless. One failed event does not stop the
        others; an invalid key does. Anonymous events keep the order of their session. When the call is cancelled, the
        report that `progress` was given counts what was under way among the failures.

        Args:
            events: the events, from any iterable, also an asynchronous one.
            concurrency: requests under way at the same time; `Limits.connections` bounds it as well.
            dry: evaluate only, store nothing.
            progress: called with the report after each event, on the event loop: it must be quick.

        Returns:
            The counts, and every failure with its event and error.

        Raises:
            InvalidArgumentError: `concurrency` is below 1, or `events` is no iterable.
            BatchInterruptedError: the source raised; what it gave before was sent, and `report` tells how it went.
        """
        if isinstance(concurrency, bool) or concurrency < 1:
            raise InvalidArgumentError(f"concurrency must be 1 or more, not {concurrency!r}")
        clock: Clock = getattr(getattr(self, "_options", None), "clock", None) or Clock()
        batch = _Batch(_pulled(events), lambda event: self.track_event(event, dry=dry), concurrency, clock, progress)
        return await batch.run()


def _pulled(events: Any) -> AsyncIterator[Any]:
    if isinstance(events, AsyncIterable):
        return aiter(cast("AsyncIterable[Any]", events))
    return _as_async(checked_source(events))


def checked_source(events: Any) -> Iterable[Any]:
    """Return a source of events, if it is one."""
    if isinstance(events, str | bytes | Mapping) or not isinstance(events, Iterable):
        raise InvalidArgumentError(f"events must be an iterable of events, not {type(cast('Any', events)).__name__}")
    return cast("Iterable[Any]", events)


async def _as_async(events: Iterable[Any]) -> AsyncIterator[Any]:
    for event in events:
        yield event


def _customer(event: Any) -> Hashable:
    """Return whose order an event belongs to."""
    return getattr(event, "profile_id", None) or ("session", getattr(event, "session_id", None))


_Job = tuple[int, Any]


class _Batch:
    def __init__(
        self,
        source: AsyncIterator[Any],
        send: Callable[[Any], Awaitable[Any]],
        concurrency: int,
        clock: Clock,
        progress: Callable[[BatchReport], object] | None,
    ) -> None:
        self.report = BatchReport()
        self._source, self._send, self._concurrency = source, send, concurrency
        self._clock, self._started, self._progress = clock, clock.monotonic(), progress
        self._lanes: dict[Hashable, deque[_Job]] = {}
        self._under_way: dict[int, Any] = {}
        self._parked, self._parking = 0, 4 * concurrency
        self._room: asyncio.Future[None] | None = None
        self._taking = asyncio.Lock()
        self._taker: asyncio.Task[Any] | None = None
        self._ended = False
        self._broken: Exception | None = None

    async def run(self) -> BatchReport:
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
        self._settled()
        if self._broken is not None:
            error = BatchInterruptedError(f"the source of events, or `progress`, raised {type(self._broken).__name__}")
            error.report = self.report
            raise error from self._broken
        return self.report

    async def _work(self) -> None:
        while (job := await self._take()) is not None:
            customer = _customer(job[1])
            while job is not None:
                await self._record(job)
                lane = self._lanes[customer]
                job = lane.popleft() if lane else None
                if job is not None:
                    self._leave_parking()
            del self._lanes[customer]

    async def _take(self) -> _Job | None:
        """Take the next event whose customer is free, parking those whose customer is not."""
        async with self._taking:
            while not self._ended:
                if self._parked >= self._parking:
                    self._room = asyncio.get_running_loop().create_future()
                    await self._room
                    continue
                try:
                    event = await self._next()
                except StopAsyncIteration:
                    self._ended = True
                    break
                except Exception as problem:  # noqa: BLE001  # whatever the user's source raises is told at the end
                    self._ended, self._broken = True, problem
                    break
                job = (self.report.taken, event)
                self.report.taken += 1
                if (lane := self._lanes.get(_customer(event))) is None:
                    self._lanes[_customer(event)] = deque()
                    return job
                lane.append(job)
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

    async def _record(self, job: _Job) -> None:
        index, event = job
        if self.report.stopped_by is not None:
            self._failed(index, event, not_sent(self.report.stopped_by))
            return
        self._under_way[index] = event
        try:
            await self._send(event)
        except TalonOneError as error:
            if isinstance(error, AuthenticationError | ClientClosedError) and self.report.stopped_by is None:
                self.report.stopped_by = error
                self._end()
            self._failed(index, event, error)
        except Exception as problem:  # noqa: BLE001  # one event's trouble, of whatever kind, is not the others'
            unexpected = TalonOneError(f"{type(problem).__name__}: {problem}")
            unexpected.outcome, unexpected.__cause__ = "unknown", problem
            self._failed(index, event, unexpected)
        else:
            self.report.succeeded += 1
        del self._under_way[index]
        self._settled()

    def _failed(self, index: int, event: Any, error: TalonOneError) -> None:
        self.report.failures.append(EventFailure(index, event, error))

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
        for index, event in self._under_way.items():
            error = TalonOneError(f"{why} while the event was under way")
            error.outcome = "unknown"
            self._failed(index, event, error)
        for lane in self._lanes.values():
            for index, event in lane:
                self._failed(index, event, TalonOneError(f"{why} before the event was sent"))
        self._under_way.clear()
        self._lanes.clear()
        self._settled()


def not_sent(error: TalonOneError) -> TalonOneError:
    """Return an error like another, for what was not sent because of it."""
    again = copy.copy(error)
    again.outcome, again.attempts = "not_sent", 0
    return again
