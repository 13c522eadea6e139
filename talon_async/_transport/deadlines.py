"""One attempt at a request, and the one timer that ends attempts which take too long.

1. One timer watches over all attempts of an event loop: a timer for each, as asyncio and aiohttp set them, is dearer.
2. A deadline ends an attempt the way asyncio's own timeouts do: it cancels the task, and takes that back afterwards.
3. A timer can fire late: the loop was busy, or the process stood still. The answer may be here by then, so the loop
   gets the chance to read it before an attempt is ended.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import Context
from typing import TYPE_CHECKING, Any, cast

from talon_async.errors import ConnectError, RequestTimeoutError, UnreadableAnswerError

if TYPE_CHECKING:
    from talon_async._messages import Answer
    from talon_async.errors import TalonOneError

TURNS_TO_READ = 3
"""Turns of the loop in which it reads what has come, wakes the task that waits for it, and lets it finish.

uvloop runs timers before it reads, so it needs one more than asyncio's own loops.
"""
TURNS_TO_READ_A_BODY = 64
"""The same for an answer whose head is here: asyncio reads 256 KiB in a turn, and an answer has up to 16 MiB."""
_TICK = time.get_clock_info("monotonic").resolution
"""Seconds by which a loop may wake up early."""


async def let_loop_read() -> None:
    """Give the loop the turns in which it reads what has come to its connections."""
    for _ in range(TURNS_TO_READ):
        await asyncio.sleep(0)


class Attempt:
    """One attempt at a request, made by one task.

    Attributes:
        task: the task that makes it.
        cancelling: how many cancellations of the task were under way when it began.
        deadline: the loop's time at which it is over.
        connect_deadline: the loop's time at which it is over if there is no connection yet.
        connecting: whether a connection is being made for it; nothing of the request has been sent then.
        answer: the answer, from the moment its head is here; the body may still be missing.
        transport: the connection that it uses, in the session transport.
        expired: whether the deadline has ended it.
    """

    answer: Answer | None = None
    cancelling: int = 0
    connect_deadline: float = 0.0
    connecting: bool = False
    deadline: float = 0.0
    expired: bool = False
    task: asyncio.Task[Any] | None = None
    transport: asyncio.Transport | None = None

    def is_over(self, now: float) -> bool:
        """Tell whether its time is over."""
        return self.deadline <= now or (self.connecting and self.connect_deadline <= now)

    def expire(self) -> None:
        """End the attempt, by cancelling its task."""
        self.expired = True
        if self.task is not None:
            self.task.cancel()

    def is_cancelled_by_deadline_alone(self) -> bool:
        """Tell whether nothing else has cancelled the task."""
        return self.expired and self.task is not None and self.task.cancelling() == self.cancelling + 1

    def take_back_cancellation(self) -> bool:
        """Take back the cancellation by the deadline; tell whether it was the only one, so that the task may go on."""
        return self.expired and self.task is not None and self.task.uncancel() <= self.cancelling

    def timeout_error(self) -> TalonOneError:
        """Return the error of an attempt that its deadline has ended."""
        if self.answer is not None:
            return UnreadableAnswerError("the answer did not come to its end in the time allowed")
        if self.connecting:
            which = "connect" if self.connect_deadline < self.deadline else "attempt"
            return ConnectError(f"no connection within the time allowed (Timeout.{which})")
        return RequestTimeoutError("no answer within the time allowed (Timeout.attempt)")


class Deadlines:
    """Ends the attempts on one event loop whose time is over.

    Attributes:
        by_task: the attempts under way, by the task that makes them.
    """

    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._context = Context()  # an empty one: a timer must not keep what is in a caller's
        self.by_task: dict[asyncio.Task[Any] | None, Attempt] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_time = 0.0  # uvloop's handles do not all tell it

    def __len__(self) -> int:
        return len(self.by_task)

    def start(self, seconds: float, connect_seconds: float) -> Attempt:
        """Start an attempt of the running task, which ends after so many seconds, of which so many for connecting."""
        attempt = Attempt()
        attempt.task = task = cast("asyncio.Task[Any]", asyncio.current_task(self.loop))
        attempt.cancelling = task.cancelling()
        now = self.loop.time()
        attempt.deadline, attempt.connect_deadline = now + seconds, now + connect_seconds
        self.by_task[task] = attempt
        if self._timer is None or attempt.connect_deadline < self._timer_time:
            self._set_timer(attempt.connect_deadline)
        return attempt

    def finish(self, attempt: Attempt) -> None:
        """Stop timing an attempt. The timer is not moved."""
        self.by_task.pop(attempt.task, None)

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_time = self.loop.call_at(when, self._fire, context=self._context), when

    def _fire(self) -> None:
        self._timer = None
        now = self.loop.time() + _TICK
        if any(attempt.is_over(now) for attempt in self.by_task.values()):
            self._end_after_reading(now, 0)
        ends = [
            end
            for attempt in self.by_task.values()
            for end in (attempt.connect_deadline, attempt.deadline)
            if end > now
        ]
        if ends:
            self._set_timer(min(ends))

    def _end_after_reading(self, now: float, turn: int) -> None:
        """End the attempts that were over, when the loop has had its turns to read their answers."""
        over = [attempt for attempt in self.by_task.values() if attempt.is_over(now)]
        for attempt in over:
            if turn >= (TURNS_TO_READ if attempt.answer is None else TURNS_TO_READ_A_BODY):
                self.finish(attempt)
                attempt.expire()
        if over and turn < TURNS_TO_READ_A_BODY:
            self.loop.call_soon(self._end_after_reading, now, turn + 1, context=self._context)

    def close(self) -> None:
        """End every attempt now, and stop the timer."""
        for attempt in list(self.by_task.values()):
            self.finish(attempt)
            attempt.expire()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
