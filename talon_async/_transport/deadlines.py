"""The attempt at a request, and the timer that ends attempts whose time is over.

1. One timer serves all attempts of an event loop. This is cheaper than a timer for each attempt, as in asyncio and
   aiohttp.
2. A deadline ends an attempt as asyncio's own timeouts do: it cancels the task, and takes the cancellation back later.
3. A timer can fire late, because the loop was busy or the process was suspended. The answer may have arrived by then,
   so the loop gets a few turns to read it before the attempt is ended.
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
"""Turns of the loop that it needs to read an answer, wake the waiting task and let the task finish.

uvloop runs timers before it reads, so it needs one turn more than asyncio's own loops.
"""
TURNS_TO_READ_A_BODY = 64
"""The same for the rest of an answer whose head has arrived: asyncio reads 256 KiB a turn, so 16 MiB in 64 turns."""
_TICK = time.get_clock_info("monotonic").resolution
"""Seconds by which a loop may wake up early."""


async def let_loop_read() -> None:
    """Wait for the turns that the loop needs to read what its connections have received."""
    for _ in range(TURNS_TO_READ):
        await asyncio.sleep(0)


class Attempt:
    """One attempt at a request, made by one task.

    Attributes:
        task: the task that makes the attempt.
        cancelling: how many cancellations of the task were under way when the attempt began.
        deadline: the loop's time at which the attempt ends.
        connect_deadline: the loop's time at which the attempt ends if there is no connection yet.
        connecting: whether a connection is being made; nothing of the request has been sent then.
        answer: the answer, set when its head has arrived; the body may still be missing.
        transport: the connection that the attempt uses; set by the session transport only.
        expired: whether the deadline has ended the attempt.
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
        """Tell whether the time of the attempt is over."""
        return self.deadline <= now or (self.connecting and self.connect_deadline <= now)

    def expire(self) -> None:
        """End the attempt, by cancelling its task."""
        self.expired = True
        if self.task is not None:
            self.task.cancel()

    def is_cancelled_by_deadline_alone(self) -> bool:
        """Tell whether the deadline, and nothing else, has cancelled the task."""
        return self.expired and self.task is not None and self.task.cancelling() == self.cancelling + 1

    def take_back_cancellation(self) -> bool:
        """Take back the cancellation by the deadline; tell whether it was the only one, so that the task may go on."""
        return self.expired and self.task is not None and self.task.uncancel() <= self.cancelling

    def timeout_error(self) -> TalonOneError:
        """Return the error of an attempt that its deadline has ended."""
        if self.answer is not None:
            return UnreadableAnswerError("the answer was not complete within the time allowed")
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
        self._context = Context()  # an empty one: the timer must not keep the caller's context alive
        self.by_task: dict[asyncio.Task[Any] | None, Attempt] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_time = 0.0  # not every handle of uvloop has `when`

    def __len__(self) -> int:
        return len(self.by_task)

    def start(self, seconds: float, connect_seconds: float) -> Attempt:
        """Start an attempt of the running task: it ends after `seconds`, or `connect_seconds` without a connection."""
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
        """End the attempts that are over, after the loop has had its turns to read their answers."""
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
