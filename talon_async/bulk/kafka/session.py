"""Sends the messages of the assigned partitions in one run, until the partitions are revoked or the delivery ends."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import attrs

from talon_async.bulk.kafka.messages import Message
from talon_async.bulk.limits import Sign, sign_of
from talon_async.bulk.results import Failure, Success
from talon_async.errors import TalonOneError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from talon_async.bulk.calls import PreparedCall
    from talon_async.bulk.kafka.messages import DeliveryReport, Record
    from talon_async.bulk.methods import Bulk
    from talon_async.bulk.results import Result

    OnPoison = Callable[[Failure[Message]], object]

logger: logging.Logger = logging.getLogger("talon_async")

LOW_WATER = 500
"""More messages are read when fewer than this number wait to be sent."""
FAILURES_OF_A_RUN = 5_000
"""A run is replaced by a new one after so many failures, because it keeps its failures until it ends."""
POISON_AT_ONCE = 64
"""The highest number of calls of `on_poison` under way. The run waits while there are as many."""


@attrs.frozen(eq=False)
class Hooks:
    """The callbacks of a session.

    Attributes:
        settled: called with each message that is settled.
        wanted: called when there may be room for more messages.
        on_poison: called with the failure of each message that cannot be delivered.
    """

    settled: Callable[[Record], None]
    wanted: Callable[[], None]
    on_poison: OnPoison | None


class Session:
    """Sends messages, and reports each message that is settled.

    Attributes:
        task: the task of the session; it is done when the session has ended.
    """

    task: asyncio.Task[None]

    def __init__(self, talon: Bulk, options: dict[str, Any], report: DeliveryReport, hooks: Hooks) -> None:
        self._talon, self._options, self._report, self._hooks = talon, options, report, hooks
        self._most = options.get("max_failures", 10_000)
        self._failures = 0
        self._waiting: deque[Message] = deque()
        self._arrived = asyncio.Event()
        self._has_ended = False
        self._problem: BaseException | None = None
        self._under_way: dict[int, Message] = {}
        self._poisonings: set[asyncio.Task[None]] = set()
        self.task = asyncio.ensure_future(self._run())
        self.task.add_done_callback(lambda _: hooks.wanted())

    @property
    def problem(self) -> BaseException | None:
        """The error that ended the session early, or that `on_poison` raised; None if there was none."""
        has_ended = self.task.done() and not self.task.cancelled()
        return self._problem or (self.task.exception() if has_ended else None)

    # -- taking

    def wants_more(self) -> bool:
        """Tell whether few messages wait to be sent, and few calls of `on_poison` are under way."""
        return len(self._waiting) < LOW_WATER and len(self._poisonings) < POISON_AT_ONCE

    def is_full(self) -> bool:
        """Tell whether the run has as many failures as it may keep."""
        return self._failures >= FAILURES_OF_A_RUN

    def has_failed(self) -> bool:
        """Tell whether the session has ended by itself, or must be ended because of an error."""
        return self.problem is not None or (self.task.done() and not self._has_ended)

    def add(self, record: Record, call: PreparedCall[Any]) -> None:
        """Have a message sent."""
        self._waiting.append(Message(record, call))
        self._arrived.set()

    def refuse(self, record: Record, problem: Exception) -> None:
        """Report a message for which `prepare` raised as a failure."""
        error = problem
        if not isinstance(error, TalonOneError):
            error = TalonOneError(f"{type(problem).__name__}: {problem}")
            error.__cause__ = problem
        self._report.taken += 1
        self._report.pending += 1
        self._ended(Failure(index=-1, item=Message(record, None), error=error, outcome="rejected"))

    async def _calls(self) -> AsyncGenerator[PreparedCall[Any], None]:
        report = self._report
        index = 0
        while not self._has_ended:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            message = self._waiting.popleft()
            if len(self._waiting) == LOW_WATER - 1:
                self._hooks.wanted()
            if (call := message.call) is not None:
                self._under_way[index] = message
                index += 1
                report.taken += 1
                report.pending += 1
                yield call

    # -- sending

    async def _run(self) -> None:
        """Send messages until the end of the session, and wait for all calls of `on_poison`."""
        try:
            options: dict[str, Any] = {**self._options, "max_failures": 2 * FAILURES_OF_A_RUN}
            async with contextlib.aclosing(self._talon.stream(self._calls(), **options)) as results:
                async for result in results:
                    self._ended(self._of_message(result))
                    while len(self._poisonings) >= POISON_AT_ONCE:
                        await asyncio.wait(self._poisonings, return_when=asyncio.FIRST_COMPLETED)
            if self._poisonings:
                await asyncio.wait(self._poisonings)
        finally:
            for poisoning in self._poisonings:
                poisoning.cancel()
            left = len(self._under_way)
            self._report.taken -= left
            self._report.pending -= left
            self._report.returned += left

    def _of_message(self, result: Result[Any, Any]) -> Result[Message, Any]:
        """Return a result with the message in place of its call."""
        message = self._under_way.pop(result.index)
        if isinstance(result, Success):
            return Success(
                index=result.index,
                item=message,
                data=None,
                attempts=result.attempts,
                idempotency_key=result.idempotency_key,
                seconds=result.seconds,
            )
        return Failure(
            index=result.index,
            item=message,
            error=result.error,
            outcome=result.outcome,
            attempts=result.attempts,
            idempotency_key=result.idempotency_key,
            seconds=result.seconds,
        )

    def _ended(self, result: Result[Message, Any]) -> None:
        report = self._report
        report.add(result)
        if isinstance(result, Success):
            self._hooks.settled(result.item.record)
            return
        self._failures += 1
        if not _is_poison(result):
            report.failures.pop()
            return
        report.poisoned += 1
        if self._hooks.on_poison is not None:
            report.failures.pop()
            poisoning = asyncio.ensure_future(self._hand_over(self._hooks.on_poison, result))
            self._poisonings.add(poisoning)
            poisoning.add_done_callback(self._handed_over)
            return
        kind = type(result.error).__name__
        logger.error("message %s cannot be delivered (%s): %s", result.item.place, result.outcome, kind)
        self._hooks.settled(result.item.record)
        if len(report.failures) >= self._most:
            self._problem = self._problem or TalonOneError(f"{self._most} messages cannot be delivered (max_failures)")

    async def _hand_over(self, on_poison: OnPoison, failure: Failure[Message]) -> None:
        awaitable = on_poison(failure)
        if inspect.isawaitable(awaitable):
            await awaitable
        self._hooks.settled(failure.item.record)

    def _handed_over(self, poisoning: asyncio.Task[None]) -> None:
        self._poisonings.discard(poisoning)
        if not poisoning.cancelled():
            self._problem = self._problem or poisoning.exception()
        self._hooks.wanted()

    # -- the end

    async def end(self, seconds: float) -> None:
        """Send the messages under way for so many seconds at most, then give up the rest."""
        self._has_ended = True
        self._waiting.clear()
        self._arrived.set()
        await asyncio.wait([self.task], timeout=seconds)
        await self.cancel()

    async def cancel(self) -> None:
        """Give up the messages under way."""
        self.task.cancel()
        await asyncio.wait([self.task])


def _is_poison(failure: Failure[Message]) -> bool:
    """Tell whether the message itself caused the failure. Otherwise it stays unsettled, and is delivered again."""
    error = failure.error
    if failure.outcome == "rejected":
        return sign_of(error) is not Sign.FATAL
    was_given_up_by_the_run = type(error) is TalonOneError and error.__cause__ is None
    return failure.outcome == "unknown" and not was_given_up_by_the_run
